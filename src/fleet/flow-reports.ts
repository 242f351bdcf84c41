/** What a flow's two ends know together, and what its clocks leave of its latencies. Pure. */
import type { ReceiveReport, TransmitReport, TrialSpec } from "../engine/loop/index.js";
import type { Trial } from "../result/run-result.js";
import { longestOf, withLostTail } from "../stats/merge/lost-ranges.js";
import { lostRangesKept } from "../stats/sequence-table.js";
import type { PairReceive, StreamReceive } from "../stats/trial-report.js";
import { framesWord } from "../stats/words.js";
import type { PairClock } from "./pair-clocks.js";

/** What was lost behind the last frame that came, only the sender knows. */
export function withTail(spec: TrialSpec, sent: TransmitReport, { receive, seenByQueue }: PairReceive): ReceiveReport {
  const { streams } = receive;
  if (streams !== undefined) {
    const whole = streams.map((stream, s) => withStreamTail(stream, sent.streams?.[s]?.sent ?? 0, spec.queues));
    const mayLackTail = whole.some(({ lostRangesMore }) => lostRangesMore > 0);
    const { longestLost } = receive.longestLost === undefined ? {} : longestOf(whole);
    return { ...receive, streams: whole, lossUntilNs: lossUntilOf(receive, mayLackTail), longestLost };
  }
  const tail = sent.queues.flatMap(({ published, outstanding }, q): [number, number][] => {
    const [seen, end] = [seenByQueue[q] ?? 0, published - outstanding];
    const number = (index: number): number => spec.startSequence + index * spec.queues + q;
    return end > seen ? [[number(seen), number(end - 1)]] : [];
  });
  const ranges = [...receive.lostRanges, ...tail].toSorted((a, b) => a[0] - b[0]);
  const lostRangesComplete = receive.lostRangesComplete && ranges.length <= lostRangesKept;
  const lossUntilNs = lossUntilOf(receive, tail.length > 0);
  const { longestLost } = withLostTail(receive, tail, spec.queues);
  return { ...receive, lostRanges: ranges.slice(0, lostRangesKept), lostRangesComplete, lossUntilNs, longestLost };
}

/** Infinity, as within one host: nothing came after the last loss, and when it ended is not known. */
const lossUntilOf = ({ lossUntilNs }: ReceiveReport, lacksTail: boolean): number | null =>
  lossUntilNs !== null && lacksTail ? Number.POSITIVE_INFINITY : lossUntilNs;

/** Where the end of a stream was lost, its numbers are not known here: a run more than those listed. */
function withStreamTail(stream: StreamReceive, sent: number, queues: number): StreamReceive {
  const { longestLost: before, lostRangesMore } = stream;
  if (lostRangesMore > 0) return { ...stream, longestLost: undefined };
  const listed = stream.lostRanges.reduce((sum, [from, to]) => sum + Math.floor((to - from) / queues) + 1, 0);
  const tail = sent - stream.accepted - listed;
  if (tail <= 0) return stream;
  // Of several queues, how much of it each one lost is not known.
  const longestLost = queues > 1 || before === undefined ? undefined : Math.max(before, tail);
  return { ...stream, lostRangesMore: 1, longestLost };
}

/** `early`: frames that came before they left, by the clocks. */
export function latencyWithin(trial: Trial, clocks: readonly PairClock[], early: number): Trial {
  const why = clocks.find(({ boundNs }) => boundNs === null)?.why ?? null;
  if (why !== null) return withoutLatency(trial, why);
  const boundNs = clocks.reduce((worst, clock) => Math.max(worst, clock.boundNs ?? 0), 0);
  if (boundNs === 0 && early === 0) return trial;
  const words = `${framesWord(early)} came before they left, by clocks that may be wrong by as much`;
  return {
    ...trial,
    ...(trial.latencyNs === null ? {} : { latencyBoundNs: Math.ceil(boundNs) }),
    ...(early === 0
      ? {}
      : {
          pdvNs: null,
          notes: [...trial.notes, `${words}: their latency counts as 0, and the delay variation is unknown`],
        }),
  };
}

/** What compares frames with those before them needs no common time: the variation from frame to frame stays. */
function withoutLatency({ latencyBuckets: _, ...trial }: Trial, why: string): Trial {
  const { streams, probe } = trial;
  return {
    ...trial,
    ...{ latencyNs: null, pdvNs: null, queueingNs: null, inFlightFrames: null },
    ...(probe === undefined ? {} : { probe: { ...probe, latencyNs: null, pdvNs: null } }),
    ...(streams === undefined
      ? {}
      : {
          streams: streams.map(({ latencyBuckets: _ofStream, ...stream }) => ({ ...stream, latencyNs: null })),
        }),
    notes: [...trial.notes, `no latency between the hosts: ${why}`],
  };
}
