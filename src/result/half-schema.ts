/** Checks a half when it is read, for what merging needs: it may come from another machine by any way. */
import { z } from "zod";
import { causes } from "../stats/cause.js";
import { halfFormats, type ReceivedHalf, reviveHalf, type SentHalf } from "./half.js";

const frames = z.int().min(0);
const text = z.string();
const trialId = frames.max(2 ** 24 - 1);
const histogram = z.instanceof(Float64Array);
const queues = z.array(z.looseObject({ queue: frames })).max(64);

const plainTraffic = z.looseObject({
  ip: z.union([z.literal(4), z.literal(6)]),
  ...{ srcMac: text, dstMac: text, srcAddress: text, dstAddress: text },
  ...{ srcPort: frames, dstPort: frames, vlan: frames.nullable() },
  ...{ flows: frames.min(1), pinQueues: frames.min(1).nullable() },
});

const order = z.looseObject({
  trial: trialId,
  stream: z.union([z.looseObject({ streams: z.array(z.looseObject({ name: text })).min(1) }), plainTraffic]),
  size: z.looseObject({ kind: text }),
  queues: frames.min(1).max(64),
  startSequence: frames,
  load: z.looseObject({ kind: text }),
});

const common = {
  frameBytes: z.union([z.number(), text]),
  meanFrameBytes: z.number(),
  phase: text,
  requested: z.looseObject({ rate: text, pps: z.number().nullable() }),
  signature: z.boolean(),
  order,
  disturbance: z.looseObject({ stealMs: z.number(), switches: frames, calibration: z.number() }),
  faults: z.array(text),
  causes: z.array(z.enum(causes)).optional(),
};

const transmit = z.looseObject({
  queues: z.array(z.looseObject({ queue: frames, published: frames, outstanding: frames, sentBytes: frames })).min(1),
  intended: frames,
  late: frames,
  missed: frames,
  blocked: frames,
  blockedOwn: frames,
  blockedNs: z.number(),
  windowNs: z.number(),
  lastNs: z.number(),
});

const receive = z.looseObject({
  queues,
  corruptByQueue: z.array(frames),
  acceptedByQueue: z.array(frames),
  received: frames,
  receivedBytes: frames,
  accepted: frames,
  duplicate: frames,
  reordered: frames,
  corrupt: frames,
  corruptKinds: z.looseObject({ signature: frames, padded: frames, trimmed: frames, payload: frames }),
  tooOld: frames,
  stale: frames,
  staleOfOthers: frames,
  foreign: frames,
  lostRanges: z.array(z.tuple([frames, frames])),
  latency: histogram.nullable(),
  ipdv: z.looseObject({ negative: histogram, positive: histogram }).nullable(),
  firstArrivalNs: z.number(),
  lastArrivalNs: z.number(),
  firstCorrupt: z.array(z.looseObject({ reason: text, hex: text })),
  firstForeign: z.array(z.looseObject({ hex: text })),
  early: frames.optional(),
  flows: z
    .looseObject({
      // A half is of one stream.
      list: z.array(z.looseObject({ stream: z.literal(0), flow: text.nullable(), queues: z.array(frames) })),
      more: frames,
    })
    .optional(),
});

const head = {
  tool: z.looseObject({ name: text, version: text }),
  host: z.looseObject({ cpu: text }),
  bootId: text.nullable(),
  clock: z.enum(["monotonic", "realtime"]),
  started: text,
  command: text,
  seed: z.number(),
  runId: trialId.nullable(),
  port: z.looseObject({}),
};

const sent = z.looseObject({
  ...head,
  format: z.literal(halfFormats.send),
  trials: z.array(z.looseObject({ ...common, transmit })).min(1),
});
const received = z.looseObject({
  ...head,
  format: z.literal(halfFormats.receive),
  trials: z
    .array(
      z.looseObject({ ...common, receive, seenByQueue: z.array(frames), receiveDrops: frames, slept: z.boolean() }),
    )
    .min(1),
});

/** Throws an Error with one line about the mistake. */
export function parseHalf(content: string): SentHalf | ReceivedHalf {
  const value = reviveHalf(content);
  const format = typeof value === "object" && value !== null ? (value as { format?: unknown }).format : undefined;
  const known: readonly unknown[] = Object.values(halfFormats);
  if (!known.includes(format)) throw new Error("it is no result of send or receive");
  const checked = (format === halfFormats.send ? sent : received).safeParse(value);
  if (checked.success) return value as SentHalf | ReceivedHalf;
  const [issue] = checked.error.issues;
  throw new Error(`${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not as expected"}`);
}
