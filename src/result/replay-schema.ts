/** The document of a replay, as a zod schema; types in replay-result.ts, so that zod is not loaded with them. */

import { z } from "zod";
import { causes } from "../stats/cause.js";
import { compareResultSchema } from "./compare-schema.js";
import type { ReplayResult } from "./replay-result.js";

const text = z.string();
const frames = z.int().min(0);
const share = z.number().min(0).max(1);
const ns = z.number();

const source = z.strictObject({
  read: frames.describe("= filtered + notEthernet + cutSkipped + tooShort + tooLong + fed"),
  filtered: frames,
  notEthernet: frames.describe("left out since they are not Ethernet (--not-ethernet skip)"),
  cutSkipped: frames,
  cutPadded: frames,
  tooShort: frames,
  tooLong: frames.describe("cut, and said to be longer than any frame is: not padded"),
  fed: frames,
  backwards: frames.describe("steps back in time; such a frame goes with the one before it"),
  perLoop: frames,
  spanNs: ns,
  fault: text.nullable(),
});

const gapOff = z.strictObject({
  gaps: frames,
  within1us: share,
  within10us: share,
  within100us: share,
  p50: ns,
  p90: ns,
  p99: ns,
  p99_9: ns,
  max: ns,
});

export const replayResultSchema: z.ZodType<ReplayResult> = z.strictObject({
  tool: z.strictObject({ name: text, version: text, node: text }),
  command: text,
  file: text,
  source,
  pace: text,
  loops: frames,
  intended: frames.nullable().describe("= sent + unsent + tooLong; null: no number was asked for"),
  sent: frames.describe("taken by the peer"),
  unsent: frames.nullable(),
  tooLong: frames,
  late: frames,
  received: frames,
  unanswered: frames,
  durationNs: ns,
  txPps: z.number().nullable(),
  gapOffNs: gapOff.nullable(),
  lagMaxNs: ns,
  blockedNs: ns,
  ports: z.array(
    z.strictObject({
      port: text,
      sends: z.boolean(),
      receives: z.boolean().describe("what comes in is looked for; virtqueues count also where it is not"),
      sent: frames,
      handedOverByQueue: z.array(frames),
      untaken: frames,
      received: frames,
      receivedBytes: frames,
    }),
  ),
  recorded: z.array(z.strictObject({ file: text, frames, missed: frames, failure: text.nullable() })),
  notes: z.array(text),
  comparison: compareResultSchema.nullable(),
  verdict: z.enum(["pass", "fail", "invalid"]),
  reasons: z.array(text),
  causes: z.array(z.enum(causes)).optional().describe("one for each reason"),
});

/** The published form: JSON Schema, draft 2020-12. */
export function replayResultJsonSchema(): Readonly<Record<string, unknown>> {
  const { $schema, ...rest } = z.toJSONSchema(replayResultSchema, { target: "draft-2020-12" });
  return { $schema, title: "pktgen-ts replay result", description: "What `pktgen-ts replay --json` writes.", ...rest };
}
