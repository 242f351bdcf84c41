/** What a run's events say: its figures by name, its trials in short, and how it is planned. Pure. */
import type { TrialSample } from "../../measure/plan.js";
import { plannedTrials } from "../../method/forwarding.js";
import type { Trial } from "../../result/run-result.js";
import { frameSizeName, layer1OverheadBytes } from "../../units.js";
import type { EventData, RunPlanned, TrialRow } from "../contract.js";
import type { RunFigure } from "../events/sample-figures.js";
import { trafficInfo } from "../traffic-info.js";
import type { PlannedRun } from "./planned.js";

const nothing: Omit<TrialSample, "index" | "meanFrameBytes" | "pps"> = {
  ...{ settling: false, elapsedNs: 0, sent: 0, received: 0, accepted: 0, corrupt: 0, missing: 0, late: 0 },
  ...{ latencyNs: null, stealMs: 0, paused: false },
};

/** Figures of the time since the sample before, which may be of another trial; latencies are of the trial until now. */
export function liveFiguresOf(now: TrialSample, before: TrialSample | null): Record<RunFigure, number | null> {
  const from = before?.index === now.index ? before : { ...now, ...nothing };
  const seconds = (now.elapsedNs - from.elapsedNs) / 1e9;
  const each = (of: (sample: TrialSample) => number): number => (seconds > 0 ? (of(now) - of(from)) / seconds : 0);
  const [txPps, rxPps] = [each(({ sent }) => sent), each(({ received }) => received)];
  const [l2, l1] = [8 * now.meanFrameBytes, 8 * (now.meanFrameBytes + layer1OverheadBytes)];
  return {
    trial: now.index,
    sent: now.sent,
    received: now.received,
    accepted: now.accepted,
    lost: now.missing,
    corrupt: now.corrupt,
    offeredPps: now.pps,
    ...{ txPps, rxPps },
    lostPps: each(({ missing }) => missing),
    txBpsL2: txPps * l2,
    rxBpsL2: rxPps * l2,
    txBpsL1: txPps * l1,
    rxBpsL1: rxPps * l1,
    latencyP50Ns: now.latencyNs?.p50 ?? null,
    latencyP99Ns: now.latencyNs?.p99 ?? null,
    latencyMaxNs: now.latencyNs?.max ?? null,
    lateShare: now.sent > from.sent ? (now.late - from.late) / (now.sent - from.sent) : null,
    stealShare: seconds > 0 ? (now.stealMs - from.stealMs) / (seconds * 1000) : null,
  };
}

/** The figures of a trial that has ended: its counts are exact, its rates are of its whole window. */
export const endFigures = (trial: Trial, index: number): Record<RunFigure, number | null> => ({
  ...{ trial: index, sent: trial.sent, received: trial.received, accepted: trial.accepted },
  ...{ lost: trial.lost, corrupt: trial.corrupt, offeredPps: trial.requested.pps },
  ...{ txPps: trial.txPps, rxPps: trial.rxPps, lostPps: null },
  ...{ txBpsL2: trial.txBpsL2, rxBpsL2: trial.rxBpsL2, txBpsL1: trial.txBpsL1, rxBpsL1: trial.rxBpsL1 },
  latencyP50Ns: trial.latencyNs?.p50 ?? null,
  latencyP99Ns: trial.latencyNs?.p99 ?? null,
  latencyMaxNs: trial.latencyNs?.max ?? null,
  ...{ lateShare: trial.intended === 0 ? null : trial.late / trial.intended, stealShare: null },
});

/** A trial without its buckets, ranges and streams. */
export function trialRow(trial: Trial, index: number, t: number): TrialRow {
  const { requested, direction, untimely, latencyNs } = trial;
  return {
    ...{ t, index },
    frameBytes: trial.frameBytes,
    phase: trial.phase,
    ...(direction === undefined ? {} : { direction }),
    requested: { rate: requested.rate, pps: requested.pps, durationNs: requested.durationNs, count: requested.count },
    ...countsOf(trial),
    outageNs: trial.outageNs ?? null,
    latencyNs: latencyNs === null ? null : { ...latencyNs },
    inFlightFrames: trial.inFlightFrames,
    hops: trial.hops.map(({ name, rx, tx, dropped }) => ({ name, rx, tx, dropped })),
    unaccounted: trial.unaccounted,
    ledger: trial.ledger,
    verdict: trial.verdict,
    reasons: trial.reasons,
    causes: trial.causes ?? [],
    notes: trial.notes,
    ...(untimely === undefined ? {} : { untimely }),
  };
}

const counted = [
  ...[
    "durationNs",
    "intended",
    "sent",
    "received",
    "accepted",
    "lost",
    "lossRatio",
    "duplicate",
    "reordered",
    "corrupt",
  ],
  ...["late", "missed", "blocked", "txPps", "rxPps", "txBpsL1", "txBpsL2", "rxBpsL1", "rxBpsL2"],
] as const satisfies readonly string[];

type Counts = Pick<
  TrialRow,
  | "durationNs"
  | "intended"
  | "sent"
  | "received"
  | "accepted"
  | "lost"
  | "lossRatio"
  | "duplicate"
  | "reordered"
  | "corrupt"
  | "late"
  | "missed"
  | "blocked"
  | "txPps"
  | "rxPps"
  | "txBpsL1"
  | "txBpsL2"
  | "rxBpsL1"
  | "rxBpsL2"
>;

const countsOf = (trial: Trial): Counts =>
  Object.fromEntries(counted.map((name) => [name, trial[name as keyof Trial]])) as unknown as Counts;

/** The queue that all frames came in on; null: several, or none came. */
function onlyQueue(queues: readonly number[]): number | null {
  const used = queues.flatMap((frames, queue) => (frames > 0 ? [queue] : []));
  return used.length === 1 ? used[0]! : null;
}

/** Figures of the streams of a trial that has ended, as a table of flows has them. */
const streamFigures: Readonly<Record<string, (stream: Stream) => number | null>> = {
  sent: ({ sent }) => sent,
  received: ({ accepted }) => accepted,
  lost: ({ missing }) => missing,
  corrupt: ({ corrupt }) => corrupt,
  duplicate: ({ duplicate }) => duplicate,
  reordered: ({ reordered }) => reordered,
  reorderExtent: ({ reorderExtent }) => reorderExtent?.max ?? null,
  outageNs: ({ outageNs }) => outageNs ?? null,
  late: ({ late }) => late,
  txPps: ({ txPps }) => txPps,
  rxPps: ({ rxPps }) => rxPps,
  latencyMeanNs: ({ latencyNs }) => latencyNs?.mean ?? null,
  latencyP50Ns: ({ latencyNs }) => latencyNs?.p50 ?? null,
  latencyP99Ns: ({ latencyNs }) => latencyNs?.p99 ?? null,
  latencyMaxNs: ({ latencyNs }) => latencyNs?.max ?? null,
  queue: ({ queues }) => onlyQueue(queues),
};
type Stream = NonNullable<Trial["streams"]>[number];
export const streamFigureNames: readonly string[] = Object.keys(streamFigures);

/** `t`, then the streams in their order: their names with the ports, and their figures, a column for each. */
export function eventsOfStreams(streams: readonly Stream[], ports: readonly string[], t: number): StreamEvents {
  const [tx = "", rx = tx] = ports;
  return {
    list: { t, flows: streams.map(({ name }, index) => ({ index, name, tx, rx: [rx] })), removed: [] },
    table: { t, rows: null, v: Object.values(streamFigures).map((figure) => streams.map(figure)) },
  };
}
interface StreamEvents {
  readonly list: EventData<"flowlist">;
  readonly table: EventData<"flows">;
}

/** Streams whose first frame is shown. */
const mostStreams = 16;

export function plannedOf(planned: PlannedRun, free: boolean): RunPlanned {
  const { plan, command, commandLine, ports, method, trialsExpected, description } = planned;
  const trials = command === "run" ? plannedTrials(plan) : [];
  return {
    ...{ command, commandLine, free, trialsExpected },
    ports: [...ports],
    sizes: plan.sizes.map(frameSizeName),
    trials: trials.map(({ size, phase, rateText, durationNs, count }) => ({
      ...{ phase, rate: rateText, count },
      frameBytes: frameSizeName(size),
      durationNs: Number.isFinite(durationNs) ? durationNs : null,
    })),
    method: method === null ? null : { ...method },
    notes: [...(plan.notes ?? [])],
    traffic: trafficInfo(plan.stream, description, mostStreams),
  };
}
