/** The schemas that the package publishes, by their file in schemas/. */
import { testPlanJsonSchema } from "../src/labplan/file/schema.js";
import { profileJsonSchema } from "../src/profile/traffic-schema.js";
import { compareResultJsonSchema } from "../src/result/compare-schema.js";
import { planResultJsonSchema } from "../src/result/labplan-schema.js";
import { replayResultJsonSchema } from "../src/result/replay-schema.js";
import { resultJsonSchema } from "../src/result/run-schema.js";

export const publishedSchemas: Readonly<Record<string, object>> = {
  "compare-result.schema.json": compareResultJsonSchema(),
  "plan-result.schema.json": planResultJsonSchema(),
  "profile.schema.json": profileJsonSchema(),
  "replay-result.schema.json": replayResultJsonSchema(),
  "result.schema.json": resultJsonSchema(),
  "test-plan.schema.json": testPlanJsonSchema(),
};
