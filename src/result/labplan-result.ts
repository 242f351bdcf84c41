/** The types of a test plan's result, inferred from the schema. Type-only, so that zod is not loaded with them. */
import type { z } from "zod";
import type { planResultSchema } from "./labplan-schema.js";

/** What `plan --json` writes. */
export type PlanResult = z.infer<typeof planResultSchema>;
export type CaseResult = PlanResult["plan"]["cases"][number];
export type StepResult = CaseResult["steps"][number];
/** A line of the DPDK Test Suite's table. */
export type CaseThroughput = CaseResult["throughput"][number];
