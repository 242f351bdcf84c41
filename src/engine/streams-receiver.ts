/**
 * The receive half of the generator for many streams: what receiver.ts does for one, for each of thousands, in memory
 * that does not grow. Latency and delay variation of all together are as exact as ever; of each stream, percentiles
 * are coarser and the window for duplicates shorter (stats/sequence-table.ts), and the report says so.
 */
import type { RingMemory } from "../ring/memory.js";
import { GapLog, latestOf } from "../stats/gap-log.js";
import { Histogram } from "../stats/histogram.js";
import { type SequenceRange, sequenceCodes } from "../stats/sequence.js";
import { SequenceTable } from "../stats/sequence-table.js";
import { SignedHistogram } from "../stats/signed-histogram.js";
import { LongestSilence } from "../stats/silence.js";
import { SmallHistograms } from "../stats/small-histograms.js";
import { elapsedNs48 } from "../stats/unwrap.js";
import type { FrameProgram } from "../stream/program.js";
import {
  checkSignature,
  readMagic,
  readSequence,
  readTimeHigh16,
  readTimeLow32,
  readTrialStream,
  signatureBytes,
  signatureMagic,
} from "../stream/signature.js";
import { FlowQueues } from "./flow-queues.js";
import { type ForeignFrames, FrameInspector } from "./frame-inspector.js";
import type { OpenQueue } from "./job.js";
import type { KeyedLags } from "./keyed-lags.js";
import type { StreamsSender } from "./streams-sender.js";
import type { TrialClock } from "./trial-clock.js";
import type { ReceiveReport, StreamReceive, TrialOrder } from "./trial-order.js";

const burstFrames = 256;
const magic = signatureMagic;
const { inOrder, reordered } = sequenceCodes;

export interface StreamsReceiverStart {
  readonly order: TrialOrder;
  readonly programs: readonly FrameProgram[];
  readonly memory: RingMemory;
  readonly clock: TrialClock;
  readonly lags: KeyedLags | null;
  readonly senders: readonly StreamsSender[];
  /** Is shown the frames that are not ours. */
  readonly foreignFrames: ForeignFrames | null;
}

export class StreamsReceiver {
  readonly #order: TrialOrder;
  readonly #programs: readonly FrameProgram[];
  readonly #memory: RingMemory;
  readonly #clock: TrialClock;
  readonly #senders: readonly StreamsSender[];
  readonly #lags: KeyedLags | null;
  readonly #inspector: FrameInspector;
  /** A lane is stream · Q + transmit queue. */
  readonly #table: SequenceTable;
  readonly #latencies: SmallHistograms;
  /** Of each stream, how much latency differs from frame to frame. */
  readonly #variations: SmallHistograms;
  readonly #latency = new Histogram();
  readonly #latencyIntended: Histogram | null;
  readonly #ipdv = new SignedHistogram();
  readonly #lastLatency: Float64Array;
  /** Per stream: bufferBytes where all its frames have one size; else 0. */
  readonly #oneSize: Int32Array;
  /** Frames without signature that are a stream's. */
  readonly #recognised: Float64Array;
  #flows: FlowQueues | null = null;
  #queues: readonly OpenQueue[] = [];
  /** Per receive queue: packets, bytes, corrupt; and per stream and receive queue: accepted. */
  #packets: number[] = [];
  #bytes: number[] = [];
  #corruptOf: number[] = [];
  #seen: Float64Array[] = [];
  #accepted = 0;
  #duplicateOrOld = 0;
  /** Of the probe, which is the last stream; null: there is none. */
  readonly #probeLatency: Histogram | null;
  #lastArrivalNs = 0;
  readonly #silence = new LongestSilence();
  /** Only where the load changes: there the last loss has a time. */
  readonly #gaps: GapLog | null;

  constructor({ order, programs, memory, clock, lags, senders, foreignFrames }: StreamsReceiverStart) {
    const lanes = programs.length * order.queues;
    this.#order = order;
    this.#clock = clock;
    this.#probeLatency = order.hasProbe === true ? new Histogram() : null;
    this.#gaps = order.load.kind === "stepped" ? new GapLog() : null;
    this.#programs = programs;
    this.#memory = memory;
    this.#senders = senders;
    this.#lags = lags;
    this.#inspector = new FrameInspector(order, programs, memory, foreignFrames);
    this.#table = new SequenceTable(lanes);
    this.#latencies = new SmallHistograms(programs.length);
    this.#variations = new SmallHistograms(programs.length);
    this.#latencyIntended = lags === null ? null : new Histogram();
    this.#lastLatency = new Float64Array(lanes).fill(Number.NaN);
    this.#oneSize = Int32Array.from(programs, ({ variants }) => (variants.length === 1 ? variants[0].bufferBytes : 0));
    this.#recognised = new Float64Array(programs.length);
  }

  attach(queues: readonly OpenQueue[]): void {
    this.#queues = queues;
    if (queues.length > 1) this.#flows ??= new FlowQueues(this.#order, queues.length);
    while (this.#packets.length < queues.length) {
      this.#packets.push(0);
      this.#bytes.push(0);
      this.#corruptOf.push(0);
      this.#seen.push(new Float64Array(this.#programs.length));
    }
  }

  get received(): number {
    return this.accepted + this.#inspector.corrupt + this.#duplicateOrOld;
  }

  get accepted(): number {
    return this.#accepted - this.#inspector.payload;
  }

  get corrupt(): number {
    return this.#inspector.corrupt;
  }

  /** Of the other direction. */
  get returned(): number {
    return this.#inspector.returned;
  }

  get missing(): number {
    return this.#sum((lane) => this.#table.missing(lane));
  }

  get lastArrivalNs(): number {
    return this.#lastArrivalNs;
  }

  /** By the queue they were sent on; without signature, by the one they came in on. */
  acceptedByQueue(): number[] {
    const { queues } = this.#order;
    const signed = this.#programs.every((program) => program.signed);
    return Array.from({ length: queues }, (_, q) => {
      if (!signed) return this.#seen[q]?.reduce((sum, count) => sum + count, 0) ?? 0;
      return this.#programs.reduce((sum, _program, stream) => sum + this.#table.accepted(stream * queues + q), 0);
    });
  }

  step(): number {
    const clock = this.#clock;
    let moved = 0;
    for (let q = 0; q < this.#queues.length; q++) {
      const open = this.#queues[q];
      const ring = open.rx;
      if (ring === null) continue;
      const n = ring.poll(burstFrames);
      if (n === 0) continue;
      clock.read();
      const arrivalNs = clock.nowNs;
      const stamps = ring.arrivalsNs ?? null;
      this.#packets[q] += n;
      const { corrupt: corruptBefore, foreign: foreignBefore } = this.#inspector;
      for (let k = 0; k < n; k++) {
        this.#bytes[q] += ring.lengths[k];
        const stamp = stamps === null ? arrivalNs : Math.round(stamps[k] - clock.epochNs);
        this.#look(q, ring.offsets[k], ring.lengths[k], stamp);
      }
      if (this.#inspector.foreign - foreignBefore < n) {
        this.#lastArrivalNs = arrivalNs;
        this.#silence.arrived(arrivalNs);
      }
      this.#corruptOf[q] += this.#inspector.corrupt - corruptBefore;
      ring.release(n);
      if (ring.notifyWanted()) open.notifyRx();
      moved += n;
    }
    return moved;
  }

  report(sentByQueue: readonly number[], receivedInWindow: number): ReceiveReport {
    const measured = this.#latency.count > 0;
    const untaken = this.#senders.map((sender, q) => {
      const ofStream = new Float64Array(this.#programs.length);
      sender.countLast(sender.published - (sentByQueue[q] ?? 0), ofStream);
      return ofStream;
    });
    const streams = this.#programs.map((_, stream) => this.#streamReport(stream, untaken));
    return {
      queues: this.#packets.map((packets, queue) => ({ queue, packets, bytes: this.#bytes[queue] })),
      corruptByQueue: this.#corruptOf,
      acceptedByQueue: this.acceptedByQueue(),
      received: this.received,
      accepted: this.accepted,
      duplicate: this.#sum((lane) => this.#table.duplicate(lane)),
      reordered: this.#sum((lane) => this.#table.reordered(lane)),
      corrupt: this.#inspector.corrupt,
      corruptKinds: this.#inspector.kinds(),
      tooOld: this.#sum((lane) => this.#table.tooOld(lane)),
      stale: this.#inspector.stale,
      foreign: this.#inspector.foreign,
      receivedInWindow,
      // A number of one stream is another's as well: ranges over several streams would say nothing.
      lostRanges: streams.length === 1 ? streams[0].lostRanges : [],
      lostRangesComplete: streams.length === 1 && this.#programs[0].signed && streams[0].lostRangesMore === 0,
      reorderExtent: this.#table.extent(Array.from({ length: streams.length * this.#order.queues }, (_, lane) => lane)),
      latency: measured ? this.#latency.toData() : null,
      latencyIntended: measured ? (this.#latencyIntended?.toData() ?? null) : null,
      ipdv: measured && this.#ipdv.count > 0 ? this.#ipdv.toData() : null,
      ...(this.#probeLatency === null ? {} : { probeLatency: this.#probeLatency.toData() }),
      lastArrivalNs: this.#lastArrivalNs,
      lossUntilNs: this.#lossUntilNs(untaken),
      silence: this.#silence.longest(),
      firstCorrupt: this.#inspector.corruptSamples,
      firstForeign: this.#inspector.foreignSamples,
      streams,
      duplicateWindow: this.#table.window,
      ...(this.#flows === null ? {} : { flows: this.#flows.report() }),
    };
  }

  /** `untaken`: by queue and stream, frames that the peer never took. */
  #streamReport(stream: number, untaken: readonly Float64Array[]): StreamReceive {
    const { queues } = this.#order;
    const lanes = Array.from({ length: queues }, (_, q) => stream * queues + q);
    const sum = (of: (lane: number) => number): number => lanes.reduce((total, lane) => total + of(lane), 0);
    return {
      accepted:
        sum((lane) => this.#table.accepted(lane)) + this.#recognised[stream] - this.#inspector.payloadOf[stream],
      duplicate: sum((lane) => this.#table.duplicate(lane)),
      reordered: sum((lane) => this.#table.reordered(lane)),
      tooOld: sum((lane) => this.#table.tooOld(lane)),
      corrupt: this.#inspector.corruptOf[stream],
      ...this.#lostRangesOf(stream, untaken),
      reorderExtent: this.#table.extent(lanes),
      latencyNs: this.#latencies.summary(stream),
      ipdvNs: this.#variations.summary(stream),
      queues: this.#seen.map((seen) => seen[stream]),
    };
  }

  /** In the numbers that its frames carry; every queue has its own, so that neighbours in a list may not touch. */
  #lostRangesOf(
    stream: number,
    untaken: readonly Float64Array[],
  ): Pick<StreamReceive, "lostRanges" | "lostRangesMore"> {
    if (!this.#programs[stream].signed) return { lostRanges: [], lostRangesMore: 0 };
    const { queues, startSequence } = this.#order;
    const losses = this.#senders.map((sender, q) => {
      const { ranges, more } = this.#table.finish(stream * queues + q, sender.sentOf(stream) - untaken[q][stream]);
      const numberOf = (index: number): number => startSequence + index * queues + q;
      return { ranges: ranges.map(([from, to]): SequenceRange => [numberOf(from), numberOf(to)]), more };
    });
    const all = losses.flatMap(({ ranges }) => ranges).sort((a, b) => a[0] - b[0]);
    const kept = all.slice(0, this.#table.rangesKept);
    const more = losses.reduce((total, loss) => total + loss.more, 0);
    return { lostRanges: kept, lostRangesMore: more + all.length - kept.length };
  }

  #lossUntilNs(untaken: readonly Float64Array[]): number | null {
    const gaps = this.#gaps;
    if (gaps === null || !this.#programs.every((program) => program.signed)) return null;
    const { queues } = this.#order;
    return latestOf(
      Array.from({ length: this.#programs.length * queues }, (_, lane) => {
        const [stream, q] = [Math.floor(lane / queues), lane % queues];
        const { last } = this.#table.finish(lane, this.#senders[q].sentOf(stream) - untaken[q][stream]);
        if (last === null) return 0;
        return last >= this.#table.next(lane) ? Number.POSITIVE_INFINITY : gaps.departedBehind(lane, last);
      }),
    );
  }

  #sum(of: (lane: number) => number): number {
    let sum = 0;
    for (let lane = 0; lane < this.#programs.length * this.#order.queues; lane++) sum += of(lane);
    return sum;
  }

  #look(q: number, offset: number, bytes: number, arrivalNs: number): void {
    const view = this.#memory.view;
    const end = offset + bytes;
    if (bytes < signatureBytes || readMagic(view, end) !== magic) {
      this.#lookUnsigned(q, offset, bytes);
      return;
    }
    const trialStream = readTrialStream(view, end);
    const stream = (trialStream >>> 8) - (this.#order.firstStream ?? 0);
    const isOurs =
      (trialStream & 0xff) === this.#order.trial &&
      stream >= 0 &&
      stream < this.#programs.length &&
      checkSignature(view, end);
    // The quick answer, for streams of one size.
    const isWhole = isOurs && this.#oneSize[stream] === bytes;
    if (isWhole || this.#inspector.inspect(offset, bytes)) this.#take(q, stream, offset, bytes, arrivalNs);
  }

  #lookUnsigned(q: number, offset: number, bytes: number): void {
    if (this.#programs.every((program) => program.signed)) {
      this.#inspector.inspect(offset, bytes);
      return;
    }
    const stream = this.#inspector.recognises(offset, bytes);
    if (stream < 0) return;
    this.#recognised[stream]++;
    this.#seen[q][stream]++;
    this.#accepted++;
  }

  #take(q: number, stream: number, offset: number, bytes: number, arrivalNs: number): void {
    const view = this.#memory.view;
    const end = offset + bytes;
    const { queues, startSequence, integrity } = this.#order;
    const wire = readSequence(view, end);
    let queue = q < queues ? q : 0;
    let lane = stream * queues + queue;
    let expected = this.#table.next(lane) * queues + startSequence + queue;
    // `| 0` reduces the exact difference modulo 2^32 to the nearest: the sequence unwrapped.
    let ahead = (wire - expected) | 0;
    if (ahead % queues !== 0) {
      queue = (((expected + ahead - startSequence) % queues) + queues) % queues;
      lane = stream * queues + queue;
      expected = this.#table.next(lane) * queues + startSequence + queue;
      ahead = (wire - expected) | 0;
    }
    const next = this.#table.next(lane);
    const index = next + ahead / queues;
    const latencyNs = elapsedNs48(arrivalNs, readTimeHigh16(view, end), readTimeLow32(view, end));
    if (index < 0 || index >= this.#senders[queue].sentOf(stream) || latencyNs < 0) {
      this.#inspector.noteImpossible(offset, bytes);
      return;
    }
    const code = this.#table.accept(lane, index);
    if (code > reordered) {
      this.#duplicateOrOld++;
      return;
    }
    this.#accepted++;
    if (!integrity || this.#inspector.checkPayload(offset, bytes, index * queues + queue)) {
      this.#seen[q][stream]++;
      this.#flows?.note(stream, index * queues + queue, q);
    }
    this.#measure(stream, lane, queue, index, next, latencyNs, code, arrivalNs);
  }

  #measure(
    stream: number,
    lane: number,
    queue: number,
    index: number,
    next: number,
    latencyNs: number,
    code: number,
    arrivalNs: number,
  ): void {
    if (index > next) this.#gaps?.note(lane, index, arrivalNs - latencyNs);
    // RFC 5481 §4.1: differences of consecutive frames of a stream.
    if (index === next && this.#lastLatency[lane] >= 0) {
      const differenceNs = latencyNs - this.#lastLatency[lane];
      this.#ipdv.record(differenceNs);
      this.#variations.record(stream, Math.abs(differenceNs));
    }
    if (code === inOrder) this.#lastLatency[lane] = latencyNs;
    this.#latency.record(latencyNs);
    this.#latencies.record(stream, latencyNs);
    if (this.#probeLatency !== null && stream === this.#programs.length - 1) this.#probeLatency.record(latencyNs);
    if (this.#lags === null) return;
    const { queues } = this.#order;
    const lagNs = this.#lags.of(stream, (index + 1) * queues + queue);
    if (lagNs >= 0 || lagNs < 0) this.#latencyIntended!.record(latencyNs + lagNs);
  }
}
