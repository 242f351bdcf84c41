/** The document of a comparison, as a zod schema; types in compare-result.ts, so that zod is not loaded with them. */

import { z } from "zod";
import { causes } from "../stats/cause.js";
import type { CompareResult } from "./compare-result.js";

const text = z.string();
const frames = z.int().min(0);

const change = z.strictObject({
  field: text.describe("protocol and field, e.g. ipv4.ttl"),
  offset: z.int().describe("byte of the expected frame"),
  expected: text,
  actual: text,
});

const finding = z.strictObject({
  kind: z.enum(["missing", "unexpected", "changed", "reordered", "mistimed"]),
  expected: z.int().min(1).nullable().describe("number in the expected capture, from 1"),
  actual: z.int().min(1).nullable(),
  frame: text,
  changes: z.array(change),
  offByNs: z.number().nullable(),
});

const file = z.strictObject({
  file: text,
  format: z.enum(["pcap", "pcapng"]),
  frames,
  filtered: frames,
  notEthernet: frames.describe("left out since they are not Ethernet"),
  cut: frames.describe("of the frames compared, those that the capture cut: what is gone was not compared"),
  fault: text.nullable().describe("why the file ended early"),
});

export const compareResultSchema: z.ZodType<CompareResult> = z.strictObject({
  tool: z.strictObject({ name: text, version: text, node: text }),
  command: text,
  expected: file,
  actual: file,
  by: z.enum(["content", "signature"]),
  masks: z.array(text),
  order: z.enum(["strict", "free"]),
  timingToleranceNs: z.number().nullable(),
  same: frames.describe("expected = same + changed + missing; actual = same + changed + unexpected"),
  changed: frames,
  missing: frames,
  unexpected: frames,
  reordered: frames,
  mistimed: frames,
  outageNs: z
    .number()
    .min(0)
    .optional()
    .describe("the longest run of missing frames that follow each other, from the frame before it; absent: not known"),
  timeOffNs: z.strictObject({ p50: z.number(), p99: z.number(), max: z.number() }).nullable(),
  findings: z.array(finding),
  findingsLeftOut: frames,
  notes: z.array(text),
  verdict: z.enum(["pass", "fail", "invalid"]),
  reasons: z.array(text),
  causes: z.array(z.enum(causes)).optional().describe("one for each reason"),
});

/** The published form: JSON Schema, draft 2020-12. */
export function compareResultJsonSchema(): Readonly<Record<string, unknown>> {
  const { $schema, ...rest } = z.toJSONSchema(compareResultSchema, { target: "draft-2020-12" });
  const about = { title: "pktgen-ts comparison of captures", description: "What `pktgen-ts compare --json` writes." };
  return { $schema, ...about, ...rest };
}
