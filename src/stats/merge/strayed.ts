/**
 * Frames that came in at a measurer that did not send them. Whether such a frame is the first of its number, only all
 * receivers of its lane know together:
 *
 *  - Each knows the numbers that it misses. Then the frames are accepted or duplicate, and the lost numbers are known.
 *  - One does not, or frames were only counted. Then as many count as accepted as numbers are missing, and the others as
 *    duplicates: the loss is the least that it can be. This is said, of `accepted`.
 */
import type { SequenceRange } from "../run-collector.js";
import { lostRangesKept, rangesKeptOf } from "../sequence-table.js";
import type { LaneSeen, ReceiveReport, StrayedFrames, StreamReceive, TransmitReport } from "../trial-report.js";
import { type LaneUnion, laneUnion } from "./lane-union.js";
import { firstRanges, type LostRanges, longestOf } from "./lost-ranges.js";
import { type Inexact, type Merged, type MergePlan, type PlacedReport, sumOver } from "./part.js";

/** What the strayed frames of a stream come to. */
interface Settled {
  readonly stream: number;
  readonly accepted: number;
  readonly acceptedBytes: number;
  readonly duplicate: number;
  readonly tooOld: number;
  /** By transmit queue: accepted frames; empty: unknown. */
  readonly byQueue: ReadonlyMap<number, number>;
  /** null: they are not known. */
  readonly lost: LostRanges | null;
  readonly longestLost?: number;
  readonly inexact: readonly Inexact[];
}

/** Adds the parts' strayed frames to what they accounted for themselves. */
export function withStrayed(
  plan: MergePlan,
  parts: readonly PlacedReport<ReceiveReport>[],
  sent: TransmitReport,
  merged: Merged<ReceiveReport>,
): Merged<ReceiveReport> {
  const strayed = parts.flatMap(({ report }) => report.strayed ?? []).filter(({ frames }) => frames > 0);
  if (strayed.length === 0) return merged;
  const lanes = strayed.flatMap((one) => one.lanes ?? []);
  const areListed = strayed.every((one) => one.lanes !== undefined);
  const own = parts.flatMap(({ report }) => report.lanes ?? []);
  const kept = merged.report.streams === undefined ? lostRangesKept : rangesKeptOf(plan.streams * plan.queues);
  const settled = areListed ? byLane(plan, own, lanes, kept) : byCount(strayed, sent, merged.report);
  const report = withSettled(merged.report, settled);
  return {
    report: { ...report, lossUntilNs: null },
    inexact: [...merged.inexact, ...settled.flatMap(({ inexact }) => inexact), ...withoutThem(merged.report)],
  };
}

/** Figures that the strayed frames are no part of. */
function withoutThem({ latency, latencyIntended, ipdv, lossUntilNs, flows, streams }: ReceiveReport): Inexact[] {
  const known = { latency, latencyIntended, ipdv, lossUntilNs, flows, "streams.queues": streams, reordered: true };
  return Object.entries(known)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([field]) => ({ field, reason: "strayed" }));
}

function byLane(plan: MergePlan, own: readonly LaneSeen[], strayed: readonly LaneSeen[], kept: number): Settled[] {
  const streams = new Set(strayed.map(({ stream }) => stream));
  return [...streams]
    .sort((a, b) => a - b)
    .map((stream) => {
      const of = (lanes: readonly LaneSeen[]): LaneSeen[] => lanes.filter((lane) => lane.stream === stream);
      return settledStream(plan, kept, of(own), of(strayed));
    });
}

function settledStream(plan: MergePlan, kept: number, own: readonly LaneSeen[], strayed: readonly LaneSeen[]): Settled {
  const { stream } = strayed[0];
  const lanes = Array.from({ length: plan.queues }, (_, queue) => {
    const of = (list: readonly LaneSeen[]): LaneSeen[] => list.filter((lane) => lane.queue === queue);
    return settledLane(of(own)[0], of(strayed), kept);
  });
  const lost = lanes.every(({ union }) => union !== null)
    ? firstRanges(
        lanes.flatMap(({ union }, queue) => numbered(plan, queue, union!)),
        sumOver(lanes, ({ union }) => union!.missingMore),
        kept,
      )
    : null;
  return {
    stream,
    accepted: sumOver(lanes, ({ accepted }) => accepted),
    acceptedBytes: sumOver(lanes, ({ acceptedBytes }) => acceptedBytes),
    duplicate: sumOver(lanes, ({ duplicate }) => duplicate),
    tooOld: sumOver(strayed, ({ tooOld }) => tooOld),
    byQueue: new Map(lanes.map(({ accepted }, queue) => [queue, accepted])),
    lost,
    ...longestOf(
      lanes.map(({ union }) => (union?.missingLongest == null ? {} : { longestLost: union.missingLongest })),
    ),
    inexact: [
      ...lanes.flatMap(({ reasons }) => reasons.map((reason): Inexact => ({ field: "accepted", reason, stream }))),
      ...(lost === null ? [{ field: "lostRanges", reason: "list cut", stream } as const] : []),
    ],
  };
}

const numbered = ({ startSequence, queues }: MergePlan, queue: number, { missing }: LaneUnion): SequenceRange[] => {
  const numberOf = (index: number): number => startSequence + index * queues + queue;
  return missing.map(([from, to]) => [numberOf(from), numberOf(to)]);
};

interface SettledLane extends Pick<Settled, "accepted" | "acceptedBytes" | "duplicate"> {
  readonly union: LaneUnion | null;
  readonly reasons: readonly Inexact["reason"][];
}

/** `own`: the account of whoever sent the lane's frames; undefined: it has not told. */
function settledLane(own: LaneSeen | undefined, strayed: readonly LaneSeen[], kept: number): SettledLane {
  const sent = own?.sent ?? null;
  const union = own === undefined || sent === null ? null : laneUnion([own, ...strayed], sent, kept);
  const came = sumOver(strayed, (lane) => lane.accepted);
  const [here, room] = [own?.accepted ?? 0, sent === null ? came : Math.max(0, sent - (own?.accepted ?? 0))];
  const accepted = union === null ? Math.min(came, room) : union.accepted - here;
  const bytes = sumOver(strayed, (lane) => lane.acceptedBytes);
  const isBeyond = sent !== null && strayed.some(({ next }) => next > sent);
  return {
    accepted,
    // Of frames that came in twice, both copies have the same length.
    acceptedBytes: came === 0 ? 0 : Math.round((bytes * accepted) / came),
    duplicate: sumOver(strayed, (lane) => lane.duplicate) + came - accepted,
    union,
    reasons: [
      ...(union === null && came > 0 ? (["several receivers"] as const) : []),
      ...(isBeyond ? (["numbers never sent"] as const) : []),
    ],
  };
}

/** Frames that were only counted, by stream where there are several. */
function byCount(strayed: readonly StrayedFrames[], sent: TransmitReport, report: ReceiveReport): Settled[] {
  const { streams } = report;
  const count = streams?.length ?? 1;
  return Array.from({ length: count }, (_, stream) => {
    const one = streams?.[stream];
    const came = sumOver(strayed, ({ frames, byStream }) => (count === 1 ? frames : (byStream?.[stream]?.frames ?? 0)));
    const bytes = sumOver(strayed, ({ byStream }) => byStream?.[stream]?.bytes ?? 0);
    const accepted = Math.min(came, Math.max(0, sentOf(sent, stream) - (one ?? report).accepted));
    const fields = ["accepted", "acceptedByQueue", "lostRanges"];
    return {
      ...{ stream, accepted, duplicate: came - accepted, tooOld: 0 },
      acceptedBytes: came === 0 ? 0 : Math.round((bytes * accepted) / came),
      byQueue: new Map(),
      lost: null,
      inexact: fields.map((field) => ({ field, reason: "several receivers", stream })),
    } satisfies Settled;
  }).filter(({ accepted, duplicate }) => accepted + duplicate > 0);
}

const sentOf = ({ streams, queues }: TransmitReport, stream: number): number =>
  streams?.[stream]?.sent ?? sumOver(queues, ({ published, outstanding }) => published - outstanding);

function withSettled(report: ReceiveReport, settled: readonly Settled[]): ReceiveReport {
  const isOne = (report.streams?.length ?? 1) === 1;
  const streams = report.streams?.map((stream, index) => {
    const more = settled.find((one) => one.stream === index);
    return more === undefined ? stream : withMore(stream, more);
  });
  return {
    ...report,
    accepted: report.accepted + sumOver(settled, ({ accepted }) => accepted),
    duplicate: report.duplicate + sumOver(settled, ({ duplicate }) => duplicate),
    tooOld: report.tooOld + sumOver(settled, ({ tooOld }) => tooOld),
    acceptedByQueue: report.acceptedByQueue.map(
      (accepted, queue) => accepted + sumOver(settled, ({ byQueue }) => byQueue.get(queue) ?? 0),
    ),
    ...(isOne ? rangesOf(settled[0]) : {}),
    reorderRuns: undefined,
    longestLost: longestOf(streams ?? settled).longestLost,
    ...(streams === undefined ? {} : { streams }),
  };
}

const rangesOf = ({ lost }: Settled): Pick<ReceiveReport, "lostRanges" | "lostRangesComplete"> => ({
  lostRanges: lost?.lostRanges ?? [],
  lostRangesComplete: lost !== null && lost.lostRangesMore === 0,
});

const withMore = (stream: StreamReceive, more: Settled): StreamReceive => ({
  ...stream,
  accepted: stream.accepted + more.accepted,
  acceptedBytes: stream.acceptedBytes + more.acceptedBytes,
  duplicate: stream.duplicate + more.duplicate,
  tooOld: stream.tooOld + more.tooOld,
  lostRanges: more.lost?.lostRanges ?? [],
  lostRangesMore: more.lost?.lostRangesMore ?? 0,
  longestLost: more.longestLost,
  reorderRuns: undefined,
});
