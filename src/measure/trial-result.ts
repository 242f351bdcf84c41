/** The one builder of a trial in the result document, from what the generator's thread and counters say. Pure. */
import type { TrialReport, TrialSpec } from "../engine/loop/index.js";
import type { DutOwnRates, InjectedResult, Requested, Trial, TrialChange } from "../result/run-result.js";
import type { Reason } from "../stats/cause.js";
import type { ForeignCounters, HopCounters, TrialCounts } from "../stats/ledger.js";
import { lossRatioOf } from "../stats/rates.js";
import { reorderRunsOf } from "../stats/reordering.js";
import { judgeTrial, type VerdictRules } from "../stats/verdict.js";
import { frameSizeName, meanFrameBytes } from "../units.js";
import type { MeasureRequest } from "./measurer.js";
import { evenQueues, gapsOf, hasSchedules, type Outages, outagesOf } from "./outages.js";
import { streamsOf } from "./stream-results.js";
import { countsOf, hopsOf, ledgerOf, queuesSeen, ratesOfTrial } from "./trial-counts.js";
import { notesOf } from "./trial-notes.js";
import { delaysOf, intendedOf, lossUntilOf, probeOf } from "./trial-times.js";
import { shareReasons, workersOf } from "./worker-shares.js";

/** Everything that a trial's result is made of. What is not known is absent. */
export interface TrialInputs {
  readonly phase: string;
  /** Absent: there is only one. */
  readonly direction?: "forward" | "reverse";
  readonly requested: Requested;
  readonly spec: TrialSpec;
  readonly report: TrialReport;
  /** Frames were large enough for a signature. */
  readonly signed: boolean;
  /** What the verdict depends on. */
  readonly limits?: Partial<Omit<VerdictRules, "faults" | "failures">>;
  /** Differences over the trial, by hop. */
  readonly hops?: readonly HopCounters[];
  /** Frames that the hops count and that are not the trial's. */
  readonly foreign?: ForeignCounters;
  readonly injected?: InjectedResult | null;
  /** null: the trial was too short to tell. */
  readonly dutOwnRates?: DutOwnRates | null;
  readonly floorNs?: number | null;
  readonly disturbance: { readonly stealMs: number; readonly switches: number };
  /** The device was reset in the middle. */
  readonly reset?: { readonly atNs: number; readonly tookNs: number; readonly forwardsAgain: boolean } | null;
  /** Frames that our own ports had no room for, both directions together, and frames that they did not send. */
  readonly drops?: { readonly received: number; readonly sent: number };
  /** What somebody did to the load while it ran. */
  readonly changes?: readonly TrialChange[];
  /** What already makes the trial useless. */
  readonly faults?: readonly Reason[];
  /** What the device already failed by, in words. */
  readonly failures?: readonly string[];
  readonly notes?: readonly string[];
}

/** What was asked for, as the document has it. */
export const requestedOf = ({ rateText, pps, durationNs, count, steps }: MeasureRequest): Requested => ({
  rate: rateText,
  pps,
  durationNs: Number.isFinite(durationNs) ? durationNs : null,
  count,
  ...(steps === undefined ? {} : { steps: steps.map((step) => ({ ...step })) }),
});

/** The trial with its verdict. */
export function trialResult(inputs: TrialInputs): Trial {
  const { spec, report, failures } = inputs;
  const faults = [...(inputs.faults ?? []), ...shareReasons(report, spec)];
  const counts = countsOf(report, inputs.signed);
  const rates = ratesOfTrial(report, counts);
  const unjudged = {
    ...headOf(inputs),
    ...counts,
    ...framesBeside(inputs, counts),
    ...outagesOfTrial(inputs, counts),
    ...lossUntilOf(inputs),
    ...resetOf(inputs),
    ...probeOf(inputs),
    ...samplesOf(report),
    ...rates,
    ...delaysOf(inputs, rates.rxPps),
    ...intendedOf(inputs),
    ...(typeof inputs.floorNs !== "number" || spec.load.kind === "max" ? {} : { generatorFloorNs: inputs.floorNs }),
    pacing: report.transmit.pacing,
    queuesSeen: queuesSeen(report),
    ...streamsOf(inputs, rates.rxPps),
    ...changesOf(inputs),
    ...flowsOf(inputs),
    ...accountOf(inputs),
    ...observedOf(inputs),
    ...workersOf(report),
  };
  const startLateNs = spec.load.kind === "paced" ? report.transmit.firstNs : 0;
  const rules: VerdictRules = { lossRatioMax: null, minPps: null, ...inputs.limits, faults, failures };
  const judgement = judgeTrial({ ...unjudged, startLateNs }, rules);
  return { ...unjudged, ...judgement, notes: [...notesOf(inputs, unjudged), ...judgement.notes] };
}

function headOf({ phase, direction, spec, requested, report, signed }: TrialInputs) {
  const { transmit, receive, elapsedNs } = report;
  return {
    frameBytes: frameSizeName(spec.size),
    meanFrameBytes: meanFrameBytes(spec.size),
    phase,
    ...(direction === undefined ? {} : { direction }),
    queues: spec.queues,
    requested,
    durationNs: transmit.windowNs,
    settleNs: Math.round(Math.max(0, elapsedNs - Math.max(receive.lastArrivalNs, transmit.lastNs))),
    signature: signed,
    notionalL1: true,
  };
}

/** Frames that no count of the trial's has, and what became of those that have one. */
function framesBeside({ report, foreign, hops = [] }: TrialInputs, { lost, sent }: TrialCounts) {
  const { transmit, receive, answered, returned } = report;
  return {
    ...(answered === 0 ? {} : { answered }),
    ...(foreign === undefined || hops.length === 0 ? {} : { foreignSent: foreign.entered }),
    ...(returned === null ? {} : { returned }),
    blockedOwn: transmit.blockedOwn,
    blockedNs: transmit.blockedNs,
    lossRatio: lossRatioOf(lost, sent),
    reorderExtent: receive.reorderExtent,
    ...reorderRunsOf(receive.reorderRuns),
    corruptKinds: receive.corruptKinds,
  };
}

/** Of several streams: all their loss at the rate of all, and the longest outage of one, if that of each is known. */
function outagesOfTrial(inputs: TrialInputs, { lost, corrupt, sent }: TrialCounts): Outages {
  const { windowNs, streams } = inputs.report.transmit;
  const { longestLost, streams: back } = inputs.report.receive;
  const [gaps, queues] = [gapsOf(inputs), evenQueues(inputs)];
  const ofOne = gaps.length === 1 ? gaps[0] : undefined;
  const gapNs = hasSchedules(inputs.spec) ? ofOne : sent > 0 ? windowNs / sent : undefined;
  const loss = { missing: lost + corrupt, longestLost, gapNs, queues, windowNs };
  if (streams === undefined || back === undefined || longestLost === undefined) return outagesOf(loss);
  const { outageNs: _, ...whole } = outagesOf(loss);
  const longest = back.map(
    ({ longestLost: run }, k) => outagesOf({ ...loss, longestLost: run, gapNs: gaps[k] }).outageNs,
  );
  const known = longest.flatMap((outageNs) => outageNs ?? []);
  return known.length < longest.length ? whole : { ...whole, outageNs: Math.max(0, ...known) };
}

function resetOf({ reset, report: { receive } }: TrialInputs): Pick<Trial, "reset" | "silence"> {
  if (reset == null) return {};
  const { atNs, tookNs, forwardsAgain } = reset;
  return { reset: { atNs, tookNs, forwardsAgain }, ...(receive.silence === null ? {} : { silence: receive.silence }) };
}

/** The first of what went wrong, frame by frame. */
const samplesOf = ({ receive }: TrialReport): Pick<Trial, "lostRanges" | "firstCorrupt" | "firstForeign"> => ({
  lostRanges: receive.lostRanges.map(([from, to]): [number, number] => [from, to]),
  firstCorrupt: receive.firstCorrupt.map(({ reason, hex }) => `${reason}: ${hex}`),
  firstForeign: receive.firstForeign.map(({ hex }) => hex),
});

/** Where frames can come out of more than one queue: which queue each flow came out of. */
function flowsOf({ spec, report }: TrialInputs): Pick<Trial, "flows"> {
  const { flows } = report.receive;
  if (flows === undefined) return {};
  const { streams, plain } = spec.stream;
  const list = flows.list.map(({ stream, flow, queues }) => ({
    ...(plain !== undefined ? {} : { stream: streams[stream].name }),
    flow,
    queues: [...queues],
  }));
  return { flows: { list, more: flows.more } };
}

const changesOf = ({ changes = [] }: TrialInputs): Pick<Trial, "changes"> =>
  changes.length === 0 ? {} : { changes: changes.map((change) => ({ ...change })) };

function accountOf({ report, hops = [], foreign }: TrialInputs): Pick<Trial, "hops" | "unaccounted" | "ledger"> {
  const { unaccounted, sentences } = ledgerOf(report, hops, foreign);
  return { hops: hopsOf(hops), unaccounted, ledger: [...sentences] };
}

/** What others saw and did meanwhile. */
function observedOf({ dutOwnRates, drops, injected, disturbance, report }: TrialInputs) {
  const { received = 0, sent = 0 } = drops ?? {};
  const { calibrationNs, elapsedNs, stoodStillNs } = report;
  return {
    ...(dutOwnRates == null ? {} : { dutOwnRates }),
    ...(received > 0 ? { receiveDrops: received } : {}),
    ...(sent > 0 ? { sendDrops: sent } : {}),
    ...(injected == null ? {} : { injected }),
    disturbance: { ...disturbance, calibration: calibrationNs[1] / calibrationNs[0], watchedNs: elapsedNs },
    ...(stoodStillNs === undefined ? {} : { stoodStillNs }),
  };
}
