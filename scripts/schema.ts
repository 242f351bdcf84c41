/** Writes schemas/*.json from the zod schemas: `npx tsx scripts/schema.ts`. Tests check that it was run. */
import { writeFileSync } from "node:fs";
import { testPlanJsonSchema } from "../src/labplan/file/schema.js";
import { profileJsonSchema } from "../src/profile/traffic-schema.js";
import { compareResultJsonSchema } from "../src/result/compare-schema.js";
import { planResultJsonSchema } from "../src/result/labplan-schema.js";
import { replayResultJsonSchema } from "../src/result/replay-schema.js";
import { resultJsonSchema } from "../src/result/run-schema.js";

const schemas = {
  "compare-result.schema.json": compareResultJsonSchema(),
  "plan-result.schema.json": planResultJsonSchema(),
  "profile.schema.json": profileJsonSchema(),
  "replay-result.schema.json": replayResultJsonSchema(),
  "result.schema.json": resultJsonSchema(),
  "test-plan.schema.json": testPlanJsonSchema(),
};

for (const [name, schema] of Object.entries(schemas)) {
  writeFileSync(new URL(`../schemas/${name}`, import.meta.url), `${JSON.stringify(schema, null, 2)}\n`);
}
