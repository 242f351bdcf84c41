/**
 * A trial as data: which frames were sent, what became of each, and the report that one measurer of some of its queues
 * would make of it, with the engine's own tables. All times are whole ns of one clock.
 */
import fc from "fast-check";
import { StreamTimes } from "../../../src/engine/receive/stream-times.js";
import { Histogram } from "../../../src/stats/histogram.js";
import { LaneRows } from "../../../src/stats/lane-rows.js";
import type { MergePlan, PartPlace } from "../../../src/stats/merge/part.js";
import { GapRecorder } from "../../../src/stats/pacing.js";
import type { SequenceRange } from "../../../src/stats/run-collector.js";
import { lostRangesKept, SequenceTable, sequenceCodes } from "../../../src/stats/sequence-table.js";
import type {
  LaneSeen,
  ReceiveReport,
  StreamReceive,
  TransmitReport,
  TrialReport,
} from "../../../src/stats/trial-report.js";

/** A frame that came in. Frame `k` of a stream was sent on queue k mod Q. */
export interface Arrival {
  readonly stream: number;
  readonly k: number;
  readonly atNs: number;
  readonly latencyNs: number;
  readonly isDamaged: boolean;
  /** Who received it, of as many as there are. */
  readonly receiver: number;
}

export interface SimulatedTrial {
  readonly plan: MergePlan;
  /** By stream: frames sent. */
  readonly sent: readonly number[];
  /** By queue: frames handed over beyond those, that the peer never took. */
  readonly outstanding: readonly number[];
  readonly gapNs: number;
  readonly arrivals: readonly Arrival[];
  /** The report tells streams apart. */
  readonly byStream: boolean;
}

export const frameBytes = 60;
const lagOf = ({ stream, k }: { readonly stream: number; readonly k: number }): number => (k * 7 + stream) % 50;

/** Frames of a stream on a queue. */
export const onLane = ({ plan, sent }: SimulatedTrial, stream: number, queue: number): number =>
  Math.max(0, Math.ceil((sent[stream]! - queue) / plan.queues));

interface Fate {
  readonly copies: number;
  readonly delayNs: number;
  readonly isDamaged: boolean;
  readonly receiver: number;
}

/** `lossy`: half of the frames are lost, so that lists of lost ranges are cut. */
const fateOf = (lossy: boolean): fc.Arbitrary<Fate> =>
  fc.record({
    copies: fc.oneof(
      { weight: 20, arbitrary: fc.constant(1) },
      { weight: lossy ? 20 : 4, arbitrary: fc.constant(0) },
      { weight: 1, arbitrary: fc.constantFrom(2, 3) },
    ),
    delayNs: fc.oneof({ weight: 10, arbitrary: fc.nat(300) }, { weight: 1, arbitrary: fc.nat(40_000) }),
    isDamaged: fc.nat(30).map((n) => n === 0),
    receiver: fc.nat(99),
  });

export interface TrialShape {
  readonly parts: number;
  readonly perPart: number;
  readonly byStream: boolean;
  readonly lossy?: boolean;
}

/** Each frame has a random fate. Fates come round where there are more frames than fates. */
export function trialOf({ parts, perPart, byStream, lossy = false }: TrialShape): fc.Arbitrary<SimulatedTrial> {
  const queues = parts * perPart;
  const shape = {
    sent: fc.array(fc.nat(lossy ? 900 : 300), { minLength: 1, maxLength: byStream ? 4 : 1 }),
    outstanding: fc.array(fc.nat(3), { minLength: queues, maxLength: queues }),
    startSequence: fc.nat(1_000_000),
    fates: fc.array(fateOf(lossy), { minLength: 1, maxLength: 120 }),
  };
  return fc.record(shape).map(({ sent, outstanding, startSequence, fates }) => ({
    plan: { queues, startSequence, streams: sent.length },
    ...{ sent, outstanding, byStream, gapNs: 1_000, arrivals: arrivalsOf(sent, fates, 1_000) },
  }));
}

export function arrivalsOf(sent: readonly number[], fates: readonly Fate[], gapNs: number): Arrival[] {
  const arrivals: Arrival[] = [];
  for (const [stream, frames] of sent.entries()) {
    for (let k = 0; k < frames; k++) {
      const { copies, delayNs, isDamaged, receiver } = fates[(k * 3 + stream * 11) % fates.length]!;
      for (let copy = 0; copy < copies; copy++) {
        const latencyNs = 5_000 + delayNs + copy * 777;
        const atNs = k * gapNs + stream + latencyNs;
        arrivals.push({ stream, k, latencyNs, atNs, isDamaged: isDamaged && copy === 0, receiver: receiver + copy });
      }
    }
  }
  return arrivals.sort((a, b) => a.atNs - b.atNs);
}

const { inOrder, reordered } = sequenceCodes;

/** What one measurer makes of the frames of its own queues that it got. */
export class Measurer {
  readonly #trial: SimulatedTrial;
  readonly #place: PartPlace;
  readonly #table: SequenceTable;
  readonly #times: StreamTimes;
  readonly #intended = new Histogram();
  readonly #corrupt: Float64Array;
  readonly #arrivals: Arrival[] = [];
  #accepted = 0;

  constructor(trial: SimulatedTrial, place: PartPlace) {
    this.#trial = trial;
    this.#place = place;
    const streams = trial.plan.streams;
    const lanes = streams * place.queues.length;
    const rows = new LaneRows(lanes);
    this.#table = new SequenceTable(lanes, { rows, ...(trial.byStream ? {} : { rangesKept: lostRangesKept }) });
    this.#times = new StreamTimes({ streams, rows, lags: null, hasProbe: trial.byStream, forMerging: true });
    this.#corrupt = new Float64Array(streams * place.queues.length);
  }

  take(arrival: Arrival): void {
    const { stream, k, latencyNs, isDamaged } = arrival;
    const { queues } = this.#trial.plan;
    const [own, index] = [this.#place.queues.indexOf(k % queues), Math.floor(k / queues)];
    const lane = stream * this.#place.queues.length + own;
    this.#arrivals.push(arrival);
    if (isDamaged) {
      this.#corrupt[lane]! += 1;
      return;
    }
    const next = this.#table.next(lane);
    const code = this.#table.accept(lane, index);
    if (code > reordered) return;
    this.#accepted++;
    this.#times.note(stream, lane, index, latencyNs, index === next, code === inOrder);
    this.#times.record();
    this.#intended.record(latencyNs + lagOf(arrival));
  }

  report(): TrialReport {
    return {
      ...{ transmit: this.#transmit(), receive: this.#receive() },
      ...{ slept: false, returned: 2, answered: 1, beside: 3, neverQuiet: false, elapsedNs: 9e6 },
      ...{ stoodStillNs: 1_000, calibrationNs: [1, 1] as const },
    };
  }

  #lanes<T>(of: (lane: number, stream: number, own: number) => T): T[] {
    const { queues } = this.#place;
    return Array.from({ length: this.#trial.plan.streams * queues.length }, (_, lane) =>
      of(lane, Math.floor(lane / queues.length), lane % queues.length),
    );
  }

  /** Its lanes, as the whole trial numbers them. */
  lanesSeen(): LaneSeen[] {
    return this.#lanes((lane, stream, own) => {
      const seen = this.#table.seen(lane);
      const sent = this.#sentOn(stream, own);
      return { ...seen, stream, queue: this.#place.queues[own]!, sent, acceptedBytes: seen.accepted * frameBytes };
    });
  }

  #sentOn(stream: number, own: number): number {
    return onLane(this.#trial, stream, this.#place.queues[own]!);
  }

  #transmit(): TransmitReport {
    const { plan, outstanding, gapNs, byStream } = this.#trial;
    const { queues: own } = this.#place;
    const queues = own.map((queue, q) => {
      const sent = this.#lanes((_, stream, at) => (at === q ? this.#sentOn(stream, at) : 0)).reduce((a, b) => a + b, 0);
      const [published, sentBytes] = [sent + outstanding[queue]!, sent * frameBytes];
      return {
        queue: q,
        published,
        outstanding: outstanding[queue]!,
        bytes: published * frameBytes,
        sentBytes,
        carried: q,
      };
    });
    const sentOf = (stream: number): number =>
      own.map((_, q) => this.#sentOn(stream, q)).reduce((total, frames) => total + frames, 0);
    const slots = Array.from({ length: plan.streams }, (_, stream) =>
      own.flatMap((queue, q) => {
        const frames = this.#sentOn(stream, q);
        return frames === 0 ? [] : [queue, (frames - 1) * plan.queues + queue];
      }),
    ).flat();
    const blocked = queues.reduce((sum, queue) => sum + queue.outstanding, 0);
    const sent = queues.reduce((sum, queue) => sum + queue.published - queue.outstanding, 0);
    const [firstNs, lastNs] = slots.length === 0 ? [0, 0] : [Math.min(...slots) * gapNs, Math.max(...slots) * gapNs];
    const ownGapNs = (gapNs * plan.queues) / own.length;
    const gaps = new GapRecorder(ownGapNs);
    for (let at = 0; at < sent; at++) gaps.departed(at * ownGapNs, at * ownGapNs);
    return {
      ...{ queues, intended: sent + blocked, late: sent % 3, missed: 0, blocked, blockedOwn: 0 },
      ...{ blockedNs: 500, lastBlockedNs: -1, firstNs, lastNs, cutShort: null },
      ...{ pacing: gaps.summary("self"), pacingData: gaps.toData() },
      windowNs: Math.max(1, lastNs + ownGapNs - firstNs),
      window: { fromNs: firstNs, toNs: lastNs + ownGapNs, gapNs: ownGapNs },
      ...(byStream
        ? {
            streams: Array.from({ length: plan.streams }, (_, stream) => {
              const frames = sentOf(stream);
              return { sent: frames, sentBytes: frames * frameBytes, late: stream, missed: 0, blocked: 0 };
            }),
          }
        : {}),
    };
  }

  #receive(): ReceiveReport {
    const { byStream } = this.#trial;
    const table = this.#table;
    const lanes = this.#lanes((lane) => lane);
    const sum = (of: (lane: number) => number): number => lanes.reduce((total, lane) => total + of(lane), 0);
    const { queues } = this.#place;
    const corrupt = sum((lane) => this.#corrupt[lane]!);
    const streams = this.#streams();
    const received = this.#arrivals.length;
    const packets = queues.map(
      (queue) => this.#arrivals.filter(({ k }) => k % this.#trial.plan.queues === queue).length,
    );
    const ofQueue = (of: (lane: number) => number): number[] =>
      queues.map((_, q) => sum((lane) => (lane % queues.length === q ? of(lane) : 0)));
    return {
      queues: packets.map((count, queue) => ({ queue, packets: count, bytes: count * frameBytes })),
      acceptedByQueue: ofQueue((lane) => table.accepted(lane)),
      corruptByQueue: ofQueue((lane) => this.#corrupt[lane]!),
      ...{ received, receivedBytes: received * frameBytes, accepted: this.#accepted, corrupt },
      duplicate: sum((lane) => table.duplicate(lane)),
      reordered: sum((lane) => table.reordered(lane)),
      tooOld: sum((lane) => table.tooOld(lane)),
      corruptKinds: { signature: corrupt, padded: 0, trimmed: 0, payload: 0 },
      ...{ stale: 0, staleOfOthers: 0, foreign: 0, firstCorrupt: [], firstForeign: [], silence: null },
      ...this.#lostOfOne(streams),
      reorderExtent: table.extent(lanes),
      reorderRuns: table.reorderRuns(lanes),
      ...this.#times.report(),
      latencyIntended: this.#accepted === 0 ? null : this.#intended.toData(),
      firstArrivalNs: this.#arrivals[0]?.atNs ?? -1,
      lastArrivalNs: this.#arrivals.at(-1)?.atNs ?? 0,
      lossUntilNs: null,
      inWindow: null,
      ...(byStream ? { streams, duplicateWindow: table.window } : {}),
    };
  }

  #lostOfOne(
    streams: readonly StreamReceive[],
  ): Pick<ReceiveReport, "lostRanges" | "lostRangesComplete" | "longestLost"> {
    const longestLost = Math.max(...streams.map((stream) => stream.longestLost ?? 0));
    if (streams.length > 1) return { lostRanges: [], lostRangesComplete: false, longestLost };
    const { lostRanges, lostRangesMore } = streams[0]!;
    return { lostRanges, lostRangesComplete: lostRangesMore === 0, longestLost };
  }

  #streams(): StreamReceive[] {
    const { queues } = this.#place;
    return Array.from({ length: this.#trial.plan.streams }, (_, stream) => {
      const lanes = queues.map((_queue, q) => stream * queues.length + q);
      const sum = (of: (lane: number) => number): number => lanes.reduce((total, lane) => total + of(lane), 0);
      const accepted = sum((lane) => this.#table.accepted(lane));
      return {
        ...{ accepted, acceptedBytes: accepted * frameBytes },
        duplicate: sum((lane) => this.#table.duplicate(lane)),
        reordered: sum((lane) => this.#table.reordered(lane)),
        tooOld: sum((lane) => this.#table.tooOld(lane)),
        corrupt: sum((lane) => this.#corrupt[lane]!),
        ...this.#lostOf(stream, lanes),
        reorderExtent: this.#table.extent(lanes),
        reorderRuns: this.#table.reorderRuns(lanes),
        ...this.#times.ofStream(stream, lanes),
        queues: lanes.map((lane) => this.#table.accepted(lane)),
      };
    });
  }

  #lostOf(
    stream: number,
    lanes: readonly number[],
  ): Pick<StreamReceive, "lostRanges" | "lostRangesMore" | "longestLost"> {
    const { startSequence, queues } = this.#place;
    const losses = lanes.map((lane, q) => {
      const { ranges, more, longest } = this.#table.finish(lane, this.#sentOn(stream, q));
      const numberOf = (index: number): number => startSequence + index * queues.length + q;
      return { more, longest, ranges: ranges.map(([from, to]): SequenceRange => [numberOf(from), numberOf(to)]) };
    });
    const all = losses.flatMap(({ ranges }) => ranges).sort((a, b) => a[0] - b[0]);
    const lostRanges = all.slice(0, this.#table.rangesKept);
    const more = losses.reduce((total, loss) => total + loss.more, 0);
    const longestLost = Math.max(0, ...losses.map(({ longest }) => longest));
    return { lostRanges, lostRangesMore: more + all.length - lostRanges.length, longestLost };
  }
}

/** The whole trial, by one measurer of all queues. */
export const wholePlace = ({ plan }: SimulatedTrial): PartPlace => ({
  id: "all",
  queues: Array.from({ length: plan.queues }, (_, queue) => queue),
  startSequence: plan.startSequence,
});

/** What a measurer with these queues reports, where each frame comes home. */
export function reportOf(trial: SimulatedTrial, place: PartPlace): TrialReport {
  const measurer = new Measurer(trial, place);
  for (const arrival of trial.arrivals) {
    if (place.queues.includes(arrival.k % trial.plan.queues)) measurer.take(arrival);
  }
  return measurer.report();
}
