/**
 * The result document as a zod schema: the one place where its shape is written. `result.ts` infers the types,
 * scripts/schema.ts writes schemas/result.schema.json. A run imports its types only: zod is for checking
 * documents, and need not be loaded to write one.
 */
import { z } from "zod";
import { causes } from "../stats/cause.js";
import { resultParts } from "../stats/run-verdict.js";
import { trialChangeSchema } from "./change-schema.js";
import { fleetRunSchema, fleetTrialSchema } from "./fleet-schema.js";
import {
  absorptionSchema,
  backToBackSchema,
  checkSchema,
  lossCurveSchema,
  methodSchema,
  recoverySchema,
  resetSchema,
  searchResultSchema,
  searchStepSchema,
  serviceStepSchema,
  soakSchema,
  thresholdSchema,
} from "./method-schema.js";
import { pacingSchema } from "./pacing-schema.js";
import { reordering } from "./reordering-schema.js";

/** Frames: exact to 2^53. */
const frames = z.int().min(0);
const share = z.number().min(0).max(1);
const ns = z.number();
const verdict = z.enum(["pass", "fail", "invalid"]);
const text = z.string();

/** Nearest-rank percentiles, at most 0.8 % above the true value; minimum, mean and maximum exact. */
const summary = { count: frames, min: ns, mean: ns, p50: ns, p90: ns, p99: ns, p99_9: ns, p99_99: ns, max: ns };
/** One more digit, if there are enough frames for it. */
const farTail = { p99_999: ns.optional() };
const variation = z.strictObject(summary);

const requested = z.strictObject({
  rate: text.describe("as it was asked for, e.g. max or 2.5Gbps-l1"),
  pps: z.number().positive().nullable().describe("frames per second over all queues; null: max"),
  durationNs: ns.nullable(),
  count: frames.nullable(),
  steps: z
    .array(z.strictObject({ pps: z.number().positive(), durationNs: ns }))
    .optional()
    .describe("one rate after another; pps is their mean"),
});

const latency = z
  .strictObject({
    ...summary,
    ...farTail,
    kind: z.enum(["polled", "slept"]).describe("slept: the generator's own worker slept"),
  })
  .describe("software publish-to-seen, not RFC 1242 latency");

const hopQueue = z.strictObject({
  queue: z.int().min(0),
  rx: frames,
  tx: frames,
  dropped: frames,
  duplicated: frames.optional(),
});

const hop = z
  .strictObject({
    name: text.describe("host>, container, host<: in the frame's order"),
    rx: frames,
    tx: frames,
    dropped: frames,
    duplicated: frames.optional().describe("frames that the hop made out of others, on purpose"),
    queues: z.array(hopQueue).describe("empty where the DUT counts per port only"),
  })
  .describe("a DUT's own counters, as the difference over the trial");

const injected = z
  .strictObject({
    lost: frames,
    policed: frames.describe("dropped at the end of a full queue"),
    duplicated: frames,
    reordered: frames,
    corrupted: frames,
    padded: frames,
    trimmed: frames,
    frozenNs: ns,
  })
  .partial()
  .describe("what the embedded DUT really did, to check the rest against");

const disturbance = z.strictObject({
  stealMs: z.number(),
  switches: frames.describe("involuntary context switches of the generator"),
  calibration: z.number().describe("time of a fixed loop after the trial ÷ before it; 1: undisturbed"),
  watchedNs: ns
    .optional()
    .describe("how long the trial took with its settling, in which the hypervisor's time was counted"),
});

const streamDelays = z.strictObject({ min: ns, mean: ns, p50: ns, p90: ns, p99: ns, max: ns }).nullable();

/** Layer 2 has the FCS; layer 1 also preamble, delimiter and gap. */
const rates = (rxPps: string) => ({
  txPps: z.number().describe("frames sent over the transmit window"),
  txBpsL1: z.number(),
  txBpsL2: z.number().describe("bits per second of frames with FCS, from the bytes that were sent"),
  rxPps: z.number().describe(rxPps),
  rxBpsL1: z.number(),
  rxBpsL2: z.number().describe("the same of bits, from the bytes that came back"),
});

/** Loss as a time; measure/outages.ts says how. */
const outages = (whose: string) => ({
  lossDurationNs: ns
    .optional()
    .describe(`${whose} that did not come back whole ÷ the rate at which they were sent (RFC 6412); absent: not known`),
  outageNs: ns
    .optional()
    .describe(
      "the longest run of numbers of one queue that did not come back whole, times the mean gap between them; exact to one gap; absent: no numbers, or not known",
    ),
});

const buckets = z.array(z.tuple([ns, frames])).optional();

const streamResult = z
  .strictObject({
    name: text,
    sent: frames,
    late: frames,
    missed: frames,
    blocked: frames,
    accepted: frames,
    missing: frames.describe("sent − accepted: lost, or damaged so that nobody can tell whose it was"),
    duplicate: frames,
    reordered: frames,
    tooOld: frames,
    ...rates("its accepted frames' share of the rate of all frames received"),
    corrupt: frames.describe("damaged frames whose signature says that they were this stream's"),
    lostRanges: z
      .array(z.tuple([frames, frames]))
      .describe(
        "the first runs of its numbers that did not come back, first and last; 16 at most, fewer of more than 32,768 streams",
      ),
    lostRangesMore: z.int().min(0).describe("runs beyond those"),
    ...outages("its frames"),
    ...reordering,
    latencyNs: streamDelays.describe(
      "percentiles from 16 buckets per power of two: at most 6.25 % above the true value; p99 less min is its PDV",
    ),
    latencyBuckets: buckets.describe(
      "the histogram: frames up to this latency and above the one before; at most 16 buckets per doubling; absent: nothing was measured, or there are more than 64 streams",
    ),
    ipdvNs: streamDelays.describe("RFC 5481: how much the latency of consecutive frames differs, whichever way"),
    queues: z.array(frames).describe("accepted frames by the queue that they came in on"),
  })
  .describe("one stream");

const flows = z
  .strictObject({
    list: z.array(
      z.strictObject({
        stream: text.optional().describe("of a profile with streams"),
        flow: text
          .nullable()
          .describe(
            "addresses and ports; null: all of a stream whose flows are too many to tell apart, or a program's",
          ),
        queues: z.array(frames).describe("accepted frames by the queue that they came out of"),
      }),
    ),
    more: z.int().min(0).describe("flows beyond the first 1,024"),
  })
  .describe("which queue each flow came out of, where there are several queues");

const worker = z
  .strictObject({
    intended: frames,
    sent: frames,
    late: frames,
    missed: frames,
    blockedOwn: frames,
    strayed: frames.describe("of other threads, came in here, and could not be told to them"),
    unordered: frames.describe("of its frames, came in at several threads, so that their order is not known"),
    windowNs: ns.describe("its transmit window"),
    begunLateNs: ns.describe("after the time at which all were to begin"),
    slept: z.boolean(),
    stoodStillNs: ns.optional(),
  })
  .describe("a thread's share of the trial");

const trial = z.strictObject({
  frameBytes: z.union([z.int(), text]).describe("with FCS; the name of a mix, e.g. imix"),
  meanFrameBytes: z.number(),
  phase: text.describe("forwarding: an exact count that must come back intact; rate: at the rate asked; …"),
  direction: z
    .enum(["forward", "reverse"])
    .optional()
    .describe("with --bidirectional: from --tx to --rx, or back; each has the whole rate and count"),
  queues: z.int().min(1),
  requested,
  durationNs: ns.describe("the transmit window, which rates are over"),
  settleNs: ns.describe("how long nothing had arrived when the counters were read"),
  signature: z.boolean().describe("false: frames too small for it; sequence and latency were not measured"),
  notionalL1: z.boolean().describe("a virtual port has no line: layer-1 rates are computed, not seen"),
  intended: frames,
  late: frames.describe("sent after their slot by more than 10 us, or a hundredth of the gap"),
  missed: frames.describe("never sent in time, by the generator's fault"),
  blocked: frames.describe("not sent because the peer gave no free slot"),
  blockedOwn: frames.optional().describe("of the blocked: those in the generator's own catch-up bursts"),
  blockedNs: ns.optional().describe("time in which frames were due and the peer gave no free slot"),
  sent: frames,
  received: frames,
  accepted: frames,
  lost: frames,
  lossRatio: share.describe("lost ÷ sent"),
  ...outages("frames"),
  duplicate: frames.describe("beyond the first of their number"),
  damagedCopies: frames
    .optional()
    .describe("of the duplicate frames, those that came back damaged: more came back damaged than are missing"),
  reordered: frames,
  ...reordering,
  corrupt: frames.describe(
    "damaged, each in the place of a missing frame: an upper bound, since a damaged copy of a frame that came back whole looks the same",
  ),
  corruptKinds: z.strictObject({ signature: frames, padded: frames, trimmed: frames, payload: frames }),
  tooOld: frames.describe("more than 65,536 frames late: nobody can tell whether they are duplicates"),
  stale: frames.describe("whole test frames of another trial, in none of the sums"),
  staleOfOthers: frames.optional().describe("of the stale frames, those of another run or generator"),
  foreign: frames.describe("not ours"),
  receiveDrops: frames
    .optional()
    .describe("arrived at this machine, ours or not, and found no room in our own rings: never the DUT's loss"),
  answered: frames.optional().describe("questions of neighbours that were answered: ARP, neighbour discovery, echo"),
  foreignSent: frames
    .optional()
    .describe("not the trial's, and sent to the DUT beside it: answers, and what our interface sends itself"),
  sendDrops: frames.optional().describe("handed to our own interface, which did not take them: never the DUT's loss"),
  returned: frames.optional().describe("with two ports: frames that came back on the port that they were sent on"),
  probe: z
    .strictObject({
      pps: z.number(),
      sent: frames,
      missing: frames.describe("sent and not accepted"),
      latencyNs: variation.nullable(),
      pdvNs: variation.nullable(),
      latencyBuckets: buckets,
    })
    .optional()
    .describe("a stream of a low rate beside the load, and part of all counts and of latencyNs"),
  reset: z
    .strictObject({ atNs: ns, tookNs: ns, forwardsAgain: z.boolean() })
    .optional()
    .describe("the device was reset so long after the trial's start; how long whatever did it took"),
  silence: z
    .strictObject({ fromNs: ns, toNs: ns })
    .optional()
    .describe("with a reset: the longest time in which nothing arrived, from one arrival to the next"),
  lossUntilNs: ns
    .nullable()
    .optional()
    .describe(
      "with steps: since the trial's start, when a frame left behind which none was lost; 0: none was; null: the last one was, too",
    ),
  lostRanges: z
    .array(z.tuple([frames, frames]))
    .describe(
      "numbers that did not come back whole, lost or corrupt: the first 100 ranges, inclusive; with several queues each is of one queue, every queues-th number of it",
    ),
  firstCorrupt: z.array(text).describe("hex, at most a few"),
  firstForeign: z.array(text).describe("hex, at most a few"),
  ...rates(
    "frames received within the receive window, over its length: the transmit window moved by the time from the first departure to the first arrival, so that a delay takes nothing away, what a queue gives back afterwards adds nothing, and loss shows; all frames received count where they came within its length and a thousandth, and of windows below 100 ms, or merged halves, over the time from the first to the last arrival",
  ),
  latencyNs: latency.nullable(),
  latencyBoundNs: z
    .number()
    .optional()
    .describe("how wrong latencies are at most, where clocks of several hosts told them; absent: one clock did"),
  queueingNs: ns
    .nullable()
    .describe("in flight ÷ rate, at max, where the rings dominate and latency is no figure of the DUT"),
  inFlightFrames: frames.nullable(),
  latencyBuckets: buckets.describe(
    "the histogram: frames up to this latency and above the one before; at most 8 buckets per doubling",
  ),
  latencyIntendedNs: variation
    .optional()
    .describe("from the departure intended, not the actual one: what a stall of the generator hides"),
  generatorFloorNs: ns.optional().describe("median latency of a direct loop: the generator's own share"),
  ipdvNs: variation.nullable().describe("RFC 5481 §4.1"),
  pdvNs: variation.nullable().describe("RFC 5481 §4.2"),
  pacing: pacingSchema.nullable().describe("null at max"),
  queuesSeen: z.array(z.strictObject({ queue: z.int().min(0), sent: frames, accepted: frames, lost: frames })),
  flows: flows.optional(),
  streams: z
    .array(streamResult)
    .optional()
    .describe("stream by stream, where there are several, or one with a schedule"),
  changes: z.array(trialChangeSchema).optional().describe("absent: nobody changed it"),
  duplicateWindow: z
    .int()
    .optional()
    .describe("numbers of a stream back to which duplicates are told from frames too old to say; absent: 65536"),
  hops: z.array(hop).describe("empty where the DUT has no counters"),
  unaccounted: frames.nullable().describe("Σ |residual| of the ledger; null where the DUT has no counters"),
  ledger: z.array(text).describe("a sentence for each residual"),
  dutOwnRates: z
    .strictObject({ rxPps: z.number(), txPps: z.number(), generatorTxPps: z.number(), generatorRxPps: z.number() })
    .optional()
    .describe("the DUT's own figures in the middle of the trial, and ours over the same time"),
  injected: injected.optional(),
  disturbance: disturbance.nullable(),
  fleet: fleetTrialSchema.optional(),
  stoodStillNs: ns.optional().describe("the longest time between two turns of the generator's loop while it sent"),
  workers: z.array(worker).optional().describe("each of the generator's threads, where there are several"),
  untimely: text
    .optional()
    .describe("why latency and pacing are not the device's: frames left late, or the machine was disturbed"),
  verdict,
  reasons: z.array(text).describe("why it is not a pass"),
  causes: z.array(z.enum(causes)).optional().describe("one for each reason"),
  notes: z.array(text).describe("what one should know, and what decided nothing"),
});

const besideTrials = z
  .strictObject({
    warmUp: frames.describe("through the built-in device; 0 for all others"),
    learning: frames.describe("before trials, so that the device knows where to send to (RFC 2544 section 23)"),
    probes: frames.describe("in trials of phase probe, which tell a search where to look"),
    neighbours: frames.describe("questions to gateways and answers to neighbours, while no trial ran"),
  })
  .describe("frames that were sent to the device, and that no result is made of");

export const resultSchema = z.strictObject({
  tool: z.strictObject({ name: text, version: text, node: text }),
  host: z.looseObject({
    cpu: text,
    cores: z.int().min(1),
    kernel: text,
    governor: text.nullable(),
    smt: z.boolean().nullable(),
    clocksource: text.nullable(),
  }),
  started: z.iso.datetime(),
  command: text,
  dut: z.looseObject({ kind: text, version: text.nullable() }),
  seed: z.number(),
  runId: z
    .int()
    .min(0)
    .max(2 ** 24 - 1)
    .optional()
    .describe("every frame says which run it is of: the id of the first trial; each further one has the next"),
  traffic: text
    .optional()
    .describe("what was sent but for sizes and rates; the same words where the frames are the same"),
  besideTrials: besideTrials.optional().describe("of run and of methods"),
  sharing: z
    .strictObject({ pollers: z.int().min(1), cpus: z.int().min(1) })
    .optional()
    .describe("polling threads, and CPUs that they may use; absent: there were as many CPUs"),
  fleet: fleetRunSchema.optional(),
  workers: z.int().min(2).optional().describe("threads of the generator; absent: one"),
  trials: z.array(trial),
  method: methodSchema.optional().describe("absent: a forwarding run"),
  results: z.array(searchResultSchema).optional().describe("of a search"),
  searchPath: z.array(searchStepSchema).optional().describe("every load that was tried, in order"),
  lossCurves: z.array(lossCurveSchema).optional().describe("RFC 2544 §26.3"),
  backToBack: z.array(backToBackSchema).optional(),
  recovery: z.array(recoverySchema).optional(),
  resets: z.array(resetSchema).optional(),
  soak: soakSchema.optional(),
  service: z.array(serviceStepSchema).optional().describe("ITU-T Y.1564"),
  absorption: z.array(absorptionSchema).optional(),
  checks: z.array(checkSchema).optional().describe("what was asked for and has no verdict of its own elsewhere"),
  thresholds: z.array(thresholdSchema).optional().describe("what was to be reached, and what was"),
  tolerances: z
    .strictObject({
      rateShare: share.describe("how far the load offered may be from the one asked for"),
      lateShare: share.describe("how many frames may leave late before latency and pacing are of no use"),
    })
    .optional(),
  verdict,
  reasons: z.array(text).optional().describe("why the run is not a pass"),
  causes: z.array(z.enum(causes)).optional().describe("one for each reason"),
  about: z.array(z.enum(resultParts)).optional().describe("for each reason, the part of this document it is about"),
  advice: z.array(text).optional().describe("where it is invalid: what on this machine was in the way, and what to do"),
});

/** The published form: JSON Schema, draft 2020-12. */
export function resultJsonSchema(): Readonly<Record<string, unknown>> {
  const { $schema, ...rest } = z.toJSONSchema(resultSchema, { target: "draft-2020-12" });
  return { $schema, title: "pktgen-ts result", ...rest };
}
