/** The parts of the result document that methods add: what was looked for, how, and what was found. */
import { z } from "zod";
import { causes } from "../stats/cause.js";

const frames = z.int().min(0);
const share = z.number().min(0).max(1);
const ns = z.number();
const text = z.string();
const cause = z.enum(causes).optional();
const causesOf = z.array(z.enum(causes)).optional().describe("one for each reason");
const size = z.union([z.int(), text]).describe("with FCS; the name of a mix");

export const methodSchema = z.strictObject({
  name: text.describe("rfc2544, ndr, latency, soak, y1564, burst"),
  preset: text.describe("standard or quick"),
  conforming: z.boolean().nullable().describe("to the standard it is named after; null: there is none"),
  deviations: z.array(text).describe("from that standard, a sentence each"),
  settings: z.record(text, z.union([text, z.number(), z.boolean(), z.null()])).describe("what was asked for"),
});

export const searchResultSchema = z.strictObject({
  frameBytes: size,
  goal: text,
  pps: z.number().describe("the lower bound; 0: no load held the goal"),
  ppsUpper: z.number().nullable().describe("the least load that was measured not to hold it"),
  limitedBy: z
    .enum(["dut", "generator", "line", "time"])
    .describe("generator: the device does pps or more; time: the search ended before it was narrow enough"),
  lossRatio: share.describe("at the lower bound"),
  conditionalPps: z.number().optional().describe("what came back at the lower bound (RFC 9971)"),
  trials: frames.optional().describe("made for this goal; other goals' are used, too"),
  linePps: z.number().optional().describe("the theoretical maximum of the line that was named"),
  endedBy: text.optional().describe("why the search ended early"),
  cause: cause.describe("of endedBy"),
});

export const searchStepSchema = z.strictObject({
  frameBytes: size,
  goal: text,
  pps: z.number(),
  durationNs: ns,
  outcome: z.enum(["measured", "short", "unusable"]).describe("short: the generator could not offer it"),
  lossRatio: share.nullable(),
});

export const lossCurveSchema = z.strictObject({
  frameBytes: size,
  maxPps: z.number().describe("100 %: the line's, or what the generator can do"),
  points: z.array(z.strictObject({ share, pps: z.number(), lossRatio: share })),
});

export const backToBackSchema = z
  .strictObject({
    frameBytes: size,
    pps: z.number().describe("the rate of frames in a burst"),
    bursts: z.array(frames).describe("the longest burst without loss of each repetition, frames"),
    meanFrames: z.number(),
    minFrames: frames,
    maxFrames: frames,
    stddevFrames: z.number(),
    longestFrames: frames.describe("the longest burst that was tried"),
    impliedBufferNs: ns.describe("RFC 9004 §6.4: the mean burst's time at that rate"),
    correctedBufferNs: ns.nullable().describe("RFC 9004 §6.4: less what was forwarded meanwhile"),
    limitedBy: z.enum(["dut", "time"]).describe("time: the longest burst came back whole"),
  })
  .describe("RFC 2544 §26.4 as RFC 9004 has it");

const spread = z
  .strictObject({ meanNs: ns, minNs: ns, maxNs: ns, stddevNs: ns })
  .nullable()
  .describe("of the repetitions that have a time; null: of none");
const judged = {
  verdict: z.enum(["pass", "fail", "invalid"]),
  reasons: z.array(text).describe("why it is not a pass"),
  causes: causesOf,
  note: text.optional().describe("what one should know, and what decided nothing"),
};

export const recoverySchema = z
  .strictObject({
    frameBytes: size,
    throughputPps: z.number(),
    overloadPps: z.number().describe("110 % of the throughput, or the line's rate where that is less"),
    overloadNs: ns,
    afterPps: z.number().describe("half of the overload, from time A on"),
    afterNs: ns,
    trialsNs: z
      .array(ns.nullable())
      .describe("of each repetition, B - A: from the reduction to the last loss; null: still losing at its end"),
    lossRatio: share.describe("of whole trials, mean"),
    spread,
    ...judged,
  })
  .describe("system recovery, RFC 2544 §26.5");

export const resetSchema = z
  .strictObject({
    frameBytes: size,
    pps: z.number().describe("the throughput, at which frames were offered"),
    how: text.describe("what was reset, and how"),
    withinNs: ns.describe("how long it was waited for"),
    trials: z.array(
      z.strictObject({
        resetNs: ns.nullable().describe("from the last frame before to the first one behind; null: none came in time"),
        byLossNs: ns.nullable().describe("frames lost or refused / rate (RFC 6201, frame loss)"),
        tookNs: ns.describe("until whatever did the reset came back"),
      }),
    ),
    spread,
    ...judged,
  })
  .describe("reset, RFC 2544 §26.6 as RFC 6201 has it");

export const checkSchema = z.strictObject({
  what: text.describe("e.g. 64 bytes, latency 50 %"),
  verdict: z.enum(["pass", "fail", "invalid"]).describe("invalid: it was not measured"),
  reasons: z.array(text),
  causes: causesOf,
});

const soakTotal = z.strictObject({
  direction: z.enum(["forward", "reverse"]).optional().describe("absent: there is one"),
  pieces: frames,
  durationNs: ns,
  blockedNs: ns.describe("frames were due and the device gave no free slot"),
  sent: frames,
  accepted: frames,
  lost: frames,
  corrupt: frames,
  refused: frames.describe("due, and found no free slot by the device's doing"),
  unaccounted: frames,
  outageNs: ns
    .optional()
    .describe("the longest outage of all pieces; one that goes on in the next piece is told twice"),
  uneven: z
    .strictObject({ pieces: frames, bad: frames })
    .describe("pieces that the generator or the machine spoiled, and the frames that did not come back whole in them"),
  unsound: z
    .strictObject({ pieces: frames, why: text.nullable(), cause: z.enum(causes).nullable().optional() })
    .describe("pieces whose figures mean nothing, and why the first of them does"),
});

const interval = z.strictObject({
  startNs: ns,
  durationNs: ns,
  sent: frames,
  received: frames,
  lost: frames,
  txPps: z.number().describe("of a direction, in the mean"),
  rxPps: z.number().describe("of a direction, in the mean"),
});

export const soakSchema = z.strictObject({
  frameBytes: size,
  pps: z.number(),
  elapsedNs: ns,
  totals: z.array(soakTotal).describe("of each direction, which the verdict rests on"),
  intervals: z.array(interval).describe("at most 1,000: neighbours are added up as it gets longer"),
  events: z
    .array(z.strictObject({ at: z.iso.datetime(), startNs: ns, durationNs: ns, lost: frames }))
    .describe("spells of loss: when, how long, how many frames did not come back whole; the first 1,000"),
  eventsLeftOut: frames,
  resumed: z.int().min(0).describe("so many times this report was taken up again after an interrupt"),
  setup: z
    .record(text, text)
    .optional()
    .describe("machine, device, queues and traffic: only the same setup takes the report up again"),
});

export const serviceStepSchema = z.strictObject({
  frameBytes: size,
  step: text.describe("CIR 25 %, CIR + EIR, policing, performance"),
  pps: z.number(),
  rxPps: z.number(),
  lossRatio: share,
  delayNs: ns.nullable(),
  delayVariationNs: ns.nullable(),
  verdict: z.enum(["pass", "fail", "invalid"]),
  reasons: z.array(text),
  causes: causesOf,
});

export const absorptionSchema = z.strictObject({
  frameBytes: size,
  kind: z.enum(["burst", "ramp"]),
  pps: z.number(),
  frames: frames.describe("of the burst"),
  lost: frames,
  lossRatio: share,
  absorbed: frames.describe("frames of it that came back"),
  unusable: text.optional().describe("why the figures say nothing of the device, after several attempts"),
  cause: cause.describe("of unusable"),
});

export const thresholdSchema = z.strictObject({
  what: text,
  wanted: text,
  found: text,
  verdict: z.enum(["pass", "fail", "invalid"]),
  cause: cause.describe("why it is not a pass"),
});
