/**
 * The document of a test plan's run: the result document with the plan next to its trials. Types are in
 * labplan-result.ts, so that they can be used without loading zod.
 */

import { z } from "zod";
import { causes } from "../stats/cause.js";
import { resultSchema } from "./run-schema.js";

const text = z.string();
const verdict = z.enum(["pass", "fail", "invalid"]);

const step = z.strictObject({
  number: text.describe("case.step, e.g. 1.3"),
  heading: text.nullable().describe("the step of the plan's text that begins here"),
  what: text.describe("what was done"),
  commandLine: text.optional().describe("of a launch, as it was run"),
  literal: text.optional().describe("of a launch, as the plan has it"),
  output: text.optional().describe("the file with what came back, in the results folder"),
  trials: z.array(z.int().min(0)).describe("indices into trials"),
  durationMs: z.number(),
  verdict: z.enum(["pass", "fail", "invalid", "skipped"]),
  reasons: z.array(text),
  causes: z.array(z.enum(causes)).optional().describe("one for each reason"),
  notes: z.array(text),
});

const throughput = z.strictObject({
  frameBytes: z.union([z.int(), text]),
  descriptors: z.int(),
  queues: z.int(),
  mpps: z.number().describe("three decimals, as the DPDK Test Suite has it"),
  lineRatePercent: z.number().nullable().describe("null: no line, and no --line-rate"),
  expectedMpps: z.number(),
  deltaMpps: z.number(),
  status: z.enum(["PASS", "FAIL", "INVALID"]),
});

const planCase = z.strictObject({
  number: z.int().min(1),
  name: text,
  id: text,
  notes: z.array(text),
  steps: z.array(step),
  throughput: z.array(throughput),
  verdict,
  reasons: z.array(text),
  causes: z.array(z.enum(causes)).optional().describe("one for each reason"),
});

export const planResultSchema = resultSchema.extend({
  plan: z.strictObject({
    file: text,
    title: text,
    source: text,
    notes: z.array(text),
    results: text.describe("the folder with the evidence"),
    cases: z.array(planCase),
  }),
});

/** The published form: JSON Schema, draft 2020-12. */
export function planResultJsonSchema(): Readonly<Record<string, unknown>> {
  const { $schema, ...rest } = z.toJSONSchema(planResultSchema, { target: "draft-2020-12" });
  return { $schema, title: "pktgen-ts test plan result", ...rest };
}
