/** From what the generator's thread and the DUT's counters say to one trial of the result document. Pure. */
import type { TrialReport } from "../engine/loop/trial-report.js";
import type { TrialSpec } from "../engine/loop/trial-spec.js";
import type { Disturbance, DutOwnRates, Injected, Requested, Trial } from "../result/run-result.js";
import { delayVariation, Histogram } from "../stats/histogram.js";
import { type ForeignCounters, type HopCounters, ledger, type TrialCounts } from "../stats/ledger.js";
import { lossRatioOf, ratesOf, receiveRates } from "../stats/rates.js";
import { SignedHistogram } from "../stats/signed-histogram.js";
import { judgeTrial } from "../stats/verdict.js";
import { framesWord, percentWord, rateWord } from "../stats/words.js";
import { isPlain, trafficOf } from "../stream/spec.js";
import type { Tolerances } from "../tolerances.js";
import { streamNotes, streamsOf } from "./stream-results.js";

/** A percentile of 99.999 is a frame of its own from here on. */
const farTailFrames = 100_000;

export interface TrialInputs {
  readonly frameBytes: number | string;
  readonly meanFrameBytes: number;
  readonly phase: string;
  /** Absent or null: there is only one. */
  readonly direction?: "forward" | "reverse" | null;
  readonly requested: Requested;
  readonly order: TrialSpec;
  readonly report: TrialReport;
  /** Frames were large enough for a signature. */
  readonly signed: boolean;
  /** Differences over the trial; empty where the DUT has no counters. */
  readonly hops: readonly HopCounters[];
  /** Frames that the hops count and that are not the trial's; absent: none do. */
  readonly foreign?: ForeignCounters;
  readonly injected: Injected | null;
  /** Absent or null: the DUT has no rate of its own, or the trial was too short. */
  readonly dutOwnRates?: DutOwnRates | null;
  /** Absent or null: not measured. */
  readonly floorNs?: number | null;
  readonly stealMs: number;
  readonly switches: number;
  /** The device was reset in the middle; absent or null: it was not. */
  readonly reset?: { readonly atNs: number; readonly tookNs: number; readonly forwardsAgain: boolean } | null;
  /** Frames that arrived and that our own ports had no room for, both directions together; absent: nobody counts. */
  readonly receiveDrops?: number;
  /** Frames that our own ports' interfaces did not take. */
  readonly sendDrops?: number;
  readonly lossRatioMax: number | null;
  readonly minPps: number | null;
  /** Loss is a figure that somebody else judges; absent: it is judged here. */
  readonly measuresLoss?: boolean | undefined;
  /** Absent: the usual ones. */
  readonly tolerances?: Tolerances | undefined;
  /** What already makes the trial useless, in words. */
  readonly faults: readonly string[];
  /** What the DUT already failed by, in words. */
  readonly failures?: readonly string[];
  readonly notes: readonly string[];
}

/** The trial with its verdict. */
export function trialResult(inputs: TrialInputs): Trial {
  const counts = countsOf(inputs);
  const rates = ratesOfTrial(inputs, counts);
  const account = ledgerOf(inputs);
  const { order, report } = inputs;
  const unjudged = {
    frameBytes: inputs.frameBytes,
    meanFrameBytes: inputs.meanFrameBytes,
    phase: inputs.phase,
    ...(inputs.direction == null ? {} : { direction: inputs.direction }),
    queues: order.queues,
    requested: inputs.requested,
    durationNs: report.transmit.windowNs,
    settleNs: Math.round(
      Math.max(0, report.elapsedNs - Math.max(report.receive.lastArrivalNs, report.transmit.lastNs)),
    ),
    signature: inputs.signed,
    notionalL1: true,
    ...counts,
    ...(report.answered === 0 ? {} : { answered: report.answered }),
    ...(inputs.foreign === undefined || inputs.hops.length === 0 ? {} : { foreignSent: inputs.foreign.entered }),
    ...(report.returned === null ? {} : { returned: report.returned }),
    blockedOwn: report.transmit.blockedOwn,
    blockedNs: report.transmit.blockedNs,
    lossRatio: lossRatioOf(counts.lost, counts.sent),
    reorderExtent: report.receive.reorderExtent,
    corruptKinds: report.receive.corruptKinds,
    ...lossUntilOf(inputs),
    ...resetOf(inputs),
    ...probeOf(inputs),
    lostRanges: report.receive.lostRanges.map(([from, to]): [number, number] => [from, to]),
    firstCorrupt: report.receive.firstCorrupt.map(({ reason, hex }) => `${reason}: ${hex}`),
    firstForeign: report.receive.firstForeign.map(({ hex }) => hex),
    ...rates,
    ...delaysOf(inputs, rates.rxPps),
    ...intendedOf(inputs),
    ...(typeof inputs.floorNs !== "number" || order.load.kind === "max" ? {} : { generatorFloorNs: inputs.floorNs }),
    pacing: report.transmit.pacing,
    queuesSeen: queuesSeen(report),
    ...streamsOf(inputs, rates.rxPps),
    ...flowsOf(inputs),
    hops: hopsOf(inputs.hops),
    unaccounted: account.unaccounted,
    ledger: [...account.sentences],
    ...(inputs.dutOwnRates == null ? {} : { dutOwnRates: inputs.dutOwnRates }),
    ...((inputs.receiveDrops ?? 0) > 0 ? { receiveDrops: inputs.receiveDrops } : {}),
    ...((inputs.sendDrops ?? 0) > 0 ? { sendDrops: inputs.sendDrops } : {}),
    ...(inputs.injected === null ? {} : { injected: inputs.injected }),
    disturbance: disturbanceOf(inputs),
    ...(report.stoodStillNs === undefined ? {} : { stoodStillNs: report.stoodStillNs }),
  };
  const startLateNs = order.load.kind === "paced" ? report.transmit.firstNs : 0;
  const judgement = judgeTrial({ ...unjudged, startLateNs }, inputs);
  return {
    ...unjudged,
    ...judgement,
    notes: [...notesOf(inputs, unjudged), ...judgement.notes],
  };
}

/** What one should know of it beside the verdict. */
function notesOf(inputs: TrialInputs, trial: TrialCounts & Pick<Trial, "streams" | "flows">): string[] {
  return [
    ...inputs.notes,
    ...streamNotes(trial.streams ?? []),
    ...flowNotes(trial.flows),
    ...ownRateNotes(inputs),
    ...returnedNotes(inputs),
    ...damageNotes(trial),
    ...lengthNotes(inputs, trial),
  ];
}

const disturbanceOf = ({ stealMs, switches, report }: TrialInputs): Disturbance => ({
  stealMs,
  switches,
  calibration: report.calibrationNs[1] / report.calibrationNs[0],
  watchedNs: report.elapsedNs,
});

function countsOf({ report, signed }: TrialInputs): TrialCounts {
  const { transmit, receive } = report;
  const sent = transmit.queues.reduce((sum, queue) => sum + queue.published - queue.outstanding, 0);
  // Without a signature nobody can tell a duplicate; what is more than was sent must be some.
  const extra = signed ? 0 : Math.max(0, receive.accepted - sent);
  const accepted = receive.accepted - extra;
  // Which frames the damaged ones were cannot be told. So many of them as numbers are missing stand in these frames'
  // places; where there are more, the rest can only be copies of frames that came back whole as well.
  const copies = Math.max(0, receive.corrupt - (sent - accepted));
  const corrupt = receive.corrupt - copies;
  return {
    intended: transmit.intended,
    late: transmit.late,
    missed: transmit.missed,
    blocked: transmit.blocked,
    sent,
    received: receive.received,
    accepted,
    lost: sent - accepted - corrupt,
    duplicate: receive.duplicate + extra + copies,
    reordered: receive.reordered,
    corrupt,
    tooOld: receive.tooOld,
    stale: receive.stale,
    foreign: receive.foreign,
    ...(receive.staleOfOthers === 0 ? {} : { staleOfOthers: receive.staleOfOthers }),
    ...(copies === 0 ? {} : { damagedCopies: copies }),
  };
}

function ratesOfTrial(
  { report: { transmit, receive } }: TrialInputs,
  counts: TrialCounts,
): Pick<Trial, "txPps" | "txBpsL1" | "txBpsL2" | "rxPps" | "rxBpsL1" | "rxBpsL2"> {
  const sentBytes = transmit.queues.reduce((sum, queue) => sum + queue.sentBytes, 0);
  const tx = ratesOf(counts.sent, sentBytes, transmit.windowNs);
  const rx = receiveRates(
    {
      ...{ frames: receive.received, bufferBytes: receive.receivedBytes },
      ...{ firstNs: receive.firstArrivalNs, lastNs: receive.lastArrivalNs, inWindow: receive.inWindow },
    },
    transmit.windowNs,
  );
  return {
    ...{ txPps: tx.pps, txBpsL1: tx.bpsL1, txBpsL2: tx.bpsL2 },
    ...{ rxPps: rx.pps, rxBpsL1: rx.bpsL1, rxBpsL2: rx.bpsL2 },
  };
}

/** Latency at a set rate; at max the rings dominate, and the time in flight is a figure of theirs (Little's law). */
function delaysOf(
  { report, order }: TrialInputs,
  rxPps: number,
): Pick<Trial, "latencyNs" | "latencyBuckets" | "ipdvNs" | "pdvNs" | "queueingNs" | "inFlightFrames"> {
  const none = { latencyNs: null, ipdvNs: null, pdvNs: null, queueingNs: null, inFlightFrames: null };
  const { latency, ipdv } = report.receive;
  if (latency === null) return none;
  const histogram = Histogram.fromData(latency);
  if (order.load.kind === "max") {
    const queueingNs = histogram.mean;
    return { ...none, queueingNs, inFlightFrames: Math.round((queueingNs * rxPps) / 1e9) };
  }
  const summary = histogram.summary();
  if (summary === null) return none;
  const p99_999 = summary.count >= farTailFrames ? { p99_999: histogram.percentile(0.99999) } : {};
  return {
    ...none,
    latencyNs: { ...summary, ...p99_999, kind: report.slept ? "slept" : "polled" },
    latencyBuckets: histogram.coarseBuckets(),
    ipdvNs: ipdv === null ? null : SignedHistogram.fromData(ipdv).summary(),
    pdvNs: delayVariation(histogram),
  };
}

/** The probe's part: the last stream's counts, and its own histogram. */
function probeOf({ order, report: { transmit, receive } }: TrialInputs): Pick<Trial, "probe"> {
  const sent = transmit.streams?.at(-1)?.sent;
  const accepted = receive.streams?.at(-1)?.accepted;
  if (order.hasProbe !== true || receive.probeLatency === undefined || sent === undefined || accepted === undefined) {
    return {};
  }
  const histogram = Histogram.fromData(receive.probeLatency);
  const summary = histogram.summary();
  const latency =
    summary === null
      ? { latencyNs: null, pdvNs: null }
      : { latencyNs: summary, pdvNs: delayVariation(histogram), latencyBuckets: histogram.coarseBuckets() };
  const pps = (sent * 1e9) / Math.max(1, transmit.windowNs);
  return { probe: { pps, sent, missing: Math.max(0, sent - accepted), ...latency } };
}

/** Where the load changed: until when frames were lost, or found no room, which is as bad. */
function lossUntilOf({ order: { load }, report }: TrialInputs): Pick<Trial, "lossUntilNs"> {
  const { transmit, receive } = report;
  if (load.kind !== "stepped" || receive.lossUntilNs === null) return {};
  const gapNs = 1e9 / (load.steps.at(-1)?.pps ?? 1);
  const blockedUntilNs = transmit.lastBlockedNs < 0 ? 0 : transmit.lastBlockedNs + gapNs;
  const untilNs = Math.max(receive.lossUntilNs, blockedUntilNs);
  return { lossUntilNs: Number.isFinite(untilNs) && transmit.cutShort === null ? untilNs : null };
}

function resetOf({ reset, report: { receive } }: TrialInputs): Pick<Trial, "reset" | "silence"> {
  if (reset == null) return {};
  const { atNs, tookNs, forwardsAgain } = reset;
  return { reset: { atNs, tookNs, forwardsAgain }, ...(receive.silence === null ? {} : { silence: receive.silence }) };
}

/** What the DUT counted beside what we did, in the middle of the trial. */
function ownRateNotes({ dutOwnRates }: TrialInputs): string[] {
  if (dutOwnRates == null) return [];
  const { rxPps, txPps, generatorTxPps, generatorRxPps } = dutOwnRates;
  const apart = (theirs: number, ours: number): string =>
    percentWord(Math.abs(theirs - ours) / Math.max(1, ours, theirs));
  return [
    `the device's own figures: it took ${rateWord(rxPps)} (${apart(rxPps, generatorTxPps)} from ours) ` +
      `and gave back ${rateWord(txPps)} (${apart(txPps, generatorRxPps)} from ours)`,
  ];
}

function returnedNotes({ report: { returned } }: TrialInputs): string[] {
  return returned === null || returned === 0
    ? []
    : [`${framesWord(returned)} came back on the port that they were sent on`];
}

/** What nobody can tell of damaged frames. */
function damageNotes({ corrupt }: TrialCounts): string[] {
  if (corrupt === 0) return [];
  return [
    `corrupt is an upper bound: some of the ${framesWord(corrupt)} may be damaged copies of frames that came back whole, ` +
      "and then as many more are lost",
  ];
}

/**
 * A device that pushes or pops tags gives frames back longer or shorter, all of them whole. What came inside an
 * encapsulation is longer as well, but there no frame is whole.
 */
function lengthNotes({ order, report }: TrialInputs, { sent, accepted, received }: TrialCounts): string[] {
  const { transmit, receive } = report;
  // Of several sizes, means are comparable only where no frame is missing.
  const isComparable = (order.size.kind === "fixed" && isPlain(order.stream)) || received === sent;
  if (received === 0 || (accepted > 0 && accepted < received) || !isComparable) return [];
  const sentBytes = transmit.queues.reduce((sum, queue) => sum + queue.sentBytes, 0);
  const more = Number((receive.receivedBytes / received - sentBytes / sent).toFixed(2));
  if (more === 0) return [];
  const how = `${Math.abs(more)} bytes ${more > 0 ? "longer" : "shorter"}`;
  const mean = Number.isInteger(more) ? how : `${how} on average`;
  const tags = `the device ${more > 0 ? "pushed" : "popped"} tags`;
  const why = accepted > 0 ? tags : more > 0 ? "inside an encapsulation, or padded" : "they were cut";
  return [`frames came back ${mean} than they were sent: ${why}`];
}

/** No coordinated omission: with what each frame was behind its slot. */
function intendedOf({ report }: TrialInputs): Pick<Trial, "latencyIntendedNs"> {
  const { latencyIntended } = report.receive;
  const summary = latencyIntended === null ? null : Histogram.fromData(latencyIntended).summary();
  return summary === null ? {} : { latencyIntendedNs: summary };
}

function queuesSeen({ transmit, receive }: TrialReport): Trial["queuesSeen"] {
  return transmit.queues.map(({ queue, published, outstanding }) => {
    const sent = published - outstanding;
    const accepted = receive.acceptedByQueue[queue];
    // Which queue a damaged frame was sent on is not known for sure: it counts where it came in.
    return { queue, sent, accepted, lost: Math.max(0, sent - accepted - (receive.corruptByQueue[queue] ?? 0)) };
  });
}

/** Where frames can come out of more than one queue: which queue each flow came out of. */
function flowsOf({ order, report }: TrialInputs): Pick<Trial, "flows"> {
  const { flows } = report.receive;
  if (flows === undefined) return {};
  const { streams } = trafficOf(order.stream);
  const list = flows.list.map(({ stream, flow, queues }) => ({
    ...(isPlain(order.stream) ? {} : { stream: streams[stream].name }),
    flow,
    queues: [...queues],
  }));
  return { flows: { list, more: flows.more } };
}

/** How many flows kept to one queue. */
function flowNotes(flows: Trial["flows"]): string[] {
  const told = (flows?.list ?? []).filter(({ flow, queues }) => flow !== null && queues.some((count) => count > 0));
  if (told.length === 0) return [];
  const queuesOf = ({ queues }: (typeof told)[number]): number => queues.filter((count) => count > 0).length;
  const spread = told.filter((flow) => queuesOf(flow) > 1);
  const count = `${told.length} ${told.length === 1 ? "flow" : "flows"}`;
  if (spread.length === 0) return [`${count}: each came out of one queue`];
  const most = spread.reduce((a, b) => (queuesOf(b) > queuesOf(a) ? b : a));
  return [`${count}: ${spread.length} came out of several queues, e.g. ${most.flow} out of ${queuesOf(most)}`];
}

/** Per queue: what the peer took, and everything that came back, whatever it was. */
function ledgerOf({ report, hops, foreign }: TrialInputs): ReturnType<typeof ledger> {
  const { transmit, receive } = report;
  const entered = foreign?.entered ?? 0;
  const queues = Math.max(transmit.queues.length, receive.queues.length);
  const generator = Array.from({ length: queues }, (_, queue) => {
    const sender = transmit.queues[queue];
    return {
      queue,
      sent:
        sender === undefined ? 0 : sender.published - sender.outstanding + sender.carried + (queue === 0 ? entered : 0),
      arrived: receive.queues[queue]?.packets ?? 0,
      inRing: 0,
    };
  });
  return foreign === undefined ? ledger(generator, hops) : ledger(generator, hops, foreign);
}

function hopsOf(hops: readonly HopCounters[]): Trial["hops"] {
  return hops.map(({ name, rx, tx, dropped, duplicated, queues }) => ({
    name,
    rx,
    tx,
    dropped,
    duplicated,
    queues: queues.map((queue) => ({
      queue: queue.queue,
      rx: queue.rx,
      tx: queue.tx,
      dropped: queue.dropped,
      duplicated: queue.duplicated,
    })),
  }));
}
