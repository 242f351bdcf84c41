/** What is counted of each of many streams, and what a report tells of it. */
import { longestOf } from "../../stats/merge/lost-ranges.js";
import type { LaneLoss } from "../../stats/run-collector.js";
import type { SequenceTable } from "../../stats/sequence-table.js";
import type { FrameProgram } from "../../stream/frames/program.js";
import type { ReceiveReport, StreamReceive } from "../loop/index.js";
import type { SequenceNumbers } from "./sequence-numbers.js";
import type { StreamTimes } from "./stream-times.js";

/** What was sent on one queue, by stream. */
export interface SentFrames {
  readonly published: number;
  /** Infinity: another host sends, and only it knows. */
  sentOf(stream: number): number;
  /** Adds the last n frames to their streams. */
  countLast(n: number, ofStream: Float64Array): void;
}

/** Frames of another host. */
export const sentElsewhere: SentFrames = {
  published: 0,
  sentOf: () => Number.POSITIVE_INFINITY,
  countLast: () => {},
};

export interface StreamsAccountSetup {
  readonly programs: readonly FrameProgram[];
  readonly queues: number;
  /** A lane is stream · queues + transmit queue. */
  readonly table: SequenceTable;
  readonly numbers: SequenceNumbers;
  readonly senders: readonly SentFrames[];
}

/** By queue and stream: frames that the peer never took. */
type Untaken = readonly Float64Array[];

export class StreamsAccount {
  /** Per stream: bufferBytes where all its frames have one size; else 0. */
  readonly oneSize: Int32Array;
  /** bufferBytes of accepted frames beyond `oneSize` each: all bytes of a mix, or tags that the DUT pushed or popped. */
  readonly moreBytes: Float64Array;
  /** All streams have signatures. */
  readonly allSigned: boolean;
  readonly #setup: StreamsAccountSetup;
  /** By stream: its frames without signature. */
  readonly #recognised: Float64Array;
  /** By receive queue but the first: accepted frames of each stream. */
  readonly #seen: Float64Array[] = [];
  /** By stream: frames of other workers that came in on the first queue, less our own that came in elsewhere. */
  readonly #moreOnFirst: Float64Array;

  constructor(setup: StreamsAccountSetup) {
    const { programs } = setup;
    this.#setup = setup;
    this.oneSize = Int32Array.from(programs, ({ variants }) => (variants.length === 1 ? variants[0].bufferBytes : 0));
    this.moreBytes = new Float64Array(programs.length);
    this.allSigned = programs.every(({ signed }) => signed);
    this.#recognised = new Float64Array(programs.length);
    this.#moreOnFirst = new Float64Array(programs.length);
  }

  attach(rxQueues: number): void {
    const streams = this.oneSize.length;
    while (this.#seen.length < rxQueues) this.#seen.push(new Float64Array(this.#seen.length === 0 ? 0 : streams));
  }

  /** A frame of the stream was accepted that came in on this receive queue. */
  noteOn(q: number, stream: number): void {
    if (q > 0) this.#seen[q][stream]++;
  }

  /** The same, of a stream without signatures. */
  noteRecognised(q: number, stream: number, bytes: number): void {
    this.#recognised[stream]++;
    this.noteBytes(stream, bytes);
    this.noteOn(q, stream);
  }

  noteBytes(stream: number, bytes: number): void {
    this.moreBytes[stream] += bytes - this.oneSize[stream];
  }

  /** A frame of another worker came in on this receive queue of ours. */
  noteOther(q: number, stream: number): void {
    this.noteOn(q, stream);
    this.#moreOnFirst[stream]++;
  }

  /** A frame of ours was accepted that came in at another worker. */
  noteElsewhere(stream: number): void {
    this.#moreOnFirst[stream]--;
  }

  acceptedByQueue(): number[] {
    const { programs, queues, table } = this.#setup;
    return Array.from({ length: queues }, (_, q) => {
      if (!this.allSigned) return programs.reduce((sum, _program, stream) => sum + this.#seenOn(q, stream), 0);
      return programs.reduce((sum, _program, stream) => sum + table.accepted(stream * queues + q), 0);
    });
  }

  /** By queue and stream, frames that the peer never took. */
  untaken(sentByQueue: readonly number[]): Untaken {
    return this.#setup.senders.map((sender, q) => {
      const ofStream = new Float64Array(this.oneSize.length);
      sender.countLast(sender.published - (sentByQueue[q] ?? 0), ofStream);
      return ofStream;
    });
  }

  lossOf(lane: number, untaken: Untaken): LaneLoss {
    const { queues, table, senders } = this.#setup;
    const [stream, q] = [Math.floor(lane / queues), lane % queues];
    const sent = senders[q].sentOf(stream);
    return table.finish(lane, Number.isFinite(sent) ? sent - untaken[q][stream] : table.next(lane));
  }

  /** Of all streams. `corruptOf`: damaged frames by stream. */
  reports(untaken: Untaken, corruptOf: Float64Array, times: StreamTimes): StreamReceive[] {
    return this.#setup.programs.map((_, stream) => this.#reportOf(stream, untaken, corruptOf, times));
  }

  /** Several streams have the same numbers: ranges over all of them would say nothing. */
  lostRanges(
    streams: readonly StreamReceive[],
  ): Pick<ReceiveReport, "lostRanges" | "lostRangesComplete" | "longestLost"> {
    const longest = this.allSigned ? longestOf(streams) : {};
    if (streams.length !== 1) return { lostRanges: [], lostRangesComplete: false, ...longest };
    const { lostRanges, lostRangesMore } = streams[0];
    return { lostRanges, lostRangesComplete: this.#setup.programs[0].signed && lostRangesMore === 0, ...longest };
  }

  #reportOf(stream: number, untaken: Untaken, corruptOf: Float64Array, times: StreamTimes): StreamReceive {
    const { table } = this.#setup;
    const lanes = this.#lanesOf(stream);
    const sum = (of: (lane: number) => number): number => lanes.reduce((total, lane) => total + of(lane), 0);
    const accepted = this.#acceptedOf(stream);
    return {
      accepted,
      acceptedBytes: accepted * this.oneSize[stream] + this.moreBytes[stream],
      duplicate: sum((lane) => table.duplicate(lane)),
      reordered: sum((lane) => table.reordered(lane)),
      tooOld: sum((lane) => table.tooOld(lane)),
      corrupt: corruptOf[stream],
      ...this.#lostRangesOf(stream, untaken),
      reorderExtent: table.extent(lanes),
      reorderRuns: table.reorderRuns(lanes),
      ...times.ofStream(stream, lanes),
      queues: this.#seen.map((_, q) => this.#seenOn(q, stream)),
    };
  }

  #lanesOf(stream: number): number[] {
    const { queues } = this.#setup;
    return Array.from({ length: queues }, (_, q) => stream * queues + q);
  }

  /** Whole frames, each number once. Of unsigned streams: the frames that were recognised. */
  #acceptedOf(stream: number): number {
    const signed = this.#lanesOf(stream).reduce((sum, lane) => sum + this.#setup.table.accepted(lane), 0);
    return signed + this.#recognised[stream];
  }

  /** Accepted frames of a stream that came in on a receive queue. The first queue has those of no other. */
  #seenOn(q: number, stream: number): number {
    if (q > 0) return this.#seen[q]?.[stream] ?? 0;
    if (this.#seen.length === 0) return 0;
    const all = this.#acceptedOf(stream) + this.#moreOnFirst[stream];
    return this.#seen.slice(1).reduce((rest, seen) => rest - seen[stream], all);
  }

  /** Ranges in the numbers that frames carry. Each queue has its own numbers, so neighbours may not touch. */
  #lostRangesOf(
    stream: number,
    untaken: Untaken,
  ): Pick<StreamReceive, "lostRanges" | "lostRangesMore" | "longestLost"> {
    const { programs, table, numbers } = this.#setup;
    if (!programs[stream].signed) return { lostRanges: [], lostRangesMore: 0 };
    const losses = this.#lanesOf(stream).map((lane, q) => {
      const { ranges, more, longest } = this.lossOf(lane, untaken);
      return { ranges: numbers.rangesOf(ranges, q), more, longest };
    });
    const all = losses.flatMap(({ ranges }) => ranges).sort((a, b) => a[0] - b[0]);
    const kept = all.slice(0, table.rangesKept);
    const more = losses.reduce((total, loss) => total + loss.more, 0);
    const longestLost = losses.reduce((most, { longest }) => Math.max(most, longest), 0);
    return { lostRanges: kept, lostRangesMore: more + all.length - kept.length, longestLost };
  }
}
