/** One stream of events for the live page, the recording and the report that needs no server. */
import { z } from "zod";
import { commandName } from "./about.js";
import { errorDetail, frames, maybe, number, optionValues, text } from "./common.js";
import { requestedTrial, runPlanned, verdict } from "./runs.js";

const t = number.describe("milliseconds since config.started");
const table = z.array(z.array(maybe)).describe("v[figure][row]");
export const units = z.enum(["frames", "pps", "bps", "ns", "ratio", "index"]);

const hop = z.object({ name: text, rx: frames, tx: frames, dropped: frames });
const latency = z.object({ min: number, mean: number, p50: number, p90: number, p99: number, max: number }).loose();

export const trialFacts = z.object({
  t,
  index: frames,
  frameBytes: z.union([number, text]),
  phase: text,
  direction: z.enum(["forward", "reverse"]).optional(),
  requested: requestedTrial.pick({ rate: true, durationNs: true, count: true }).extend({ pps: number.nullable() }),
  durationNs: number,
  intended: frames,
  sent: frames,
  received: frames,
  accepted: frames,
  lost: frames,
  lossRatio: number,
  outageNs: number.nullable(),
  duplicate: frames,
  reordered: frames,
  corrupt: frames,
  late: frames,
  missed: frames,
  blocked: frames,
  txPps: number,
  rxPps: number,
  txBpsL1: number,
  txBpsL2: number,
  rxBpsL1: number,
  rxBpsL2: number,
  latencyNs: latency.nullable(),
  inFlightFrames: number.nullable(),
  hops: z.array(hop),
  unaccounted: frames.nullable(),
  ledger: z.array(text),
  verdict,
  reasons: z.array(text),
  causes: z.array(text),
  notes: z.array(text),
  untimely: text.optional(),
});

export const eventConfig = z.object({
  format: z.literal("pktgen-ts events 1"),
  kind: z.enum(["run", "session"]),
  id: text,
  name: text,
  started: text,
  commandLine: text,
  command: commandName.nullable(),
  options: optionValues,
  everyMs: number,
  names: z.array(text).describe("order of sample.v"),
  units: z.record(text, units),
  ports: z.array(text),
  portNames: z.array(text),
  flowNames: z.array(text),
  version: text,
  host: z.object({ cpu: text, cores: number, kernel: text }),
  plan: runPlanned.nullable(),
  thresholds: z.array(text),
});

const markers = ["rate", "pause", "resume", "extend", "start", "stop", "link", "flow", "note"] as const;

/** Data by event. */
export const eventData = {
  config: eventConfig,
  state: z.object({ t, state: text, trial: frames.optional(), text: text.optional() }),
  sample: z.object({ t, v: z.array(maybe) }),
  ports: z.object({ t, v: table }),
  flowlist: z.object({
    t,
    flows: z.array(z.object({ index: frames, name: text, tx: text, rx: z.array(text) })),
    removed: z.array(frames),
  }),
  flows: z.object({ t, rows: z.array(frames).nullable(), v: table }),
  ledger: z.object({
    t,
    settled: z.boolean(),
    sent: frames,
    received: frames,
    inFlight: number.nullable(),
    hops: z.array(hop),
    unaccounted: number.nullable(),
  }),
  histogram: z.object({
    t,
    what: z.enum(["latency", "gap"]),
    flow: frames.nullable(),
    buckets: z.array(z.array(number)),
  }),
  trial: trialFacts,
  marker: z.object({
    ...{ t, what: z.enum(markers), text, flow: text.optional(), port: text.optional() },
    addMs: number.optional().describe("of extend: so much longer"),
  }),
  trouble: z.object({ t, text }),
  done: z.object({
    t,
    state: z.enum(["done", "failed"]),
    verdict: verdict.nullable(),
    reasons: z.array(text),
    causes: z.array(text),
    stopped: z.boolean(),
    error: errorDetail.nullable(),
    result: text.nullable(),
  }),
} as const;
