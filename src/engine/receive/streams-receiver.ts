/**
 * The receive half of the generator for many streams: what receiver.ts does for one, for each of thousands, in memory
 * that does not grow. Latency and delay variation of all together are as exact as ever; of each stream, percentiles
 * are coarser and the window for duplicates shorter (stats/sequence-table.ts), and the report says so.
 */
import type { RingMemory } from "../../memory.js";
import type { RxRing } from "../../ring/ring.js";
import { GapLog, latestOf } from "../../stats/gap-log.js";
import { LaneRows } from "../../stats/lane-rows.js";
import { type SequenceRange, sequenceCodes } from "../../stats/sequence.js";
import { SequenceTable } from "../../stats/sequence-table.js";
import { LongestSilence } from "../../stats/silence.js";
import { elapsedNs48 } from "../../stats/unwrap.js";
import type { FrameProgram } from "../../stream/frames/program.js";
import {
  checkSignature,
  readSequence,
  readTimeHigh16,
  readTimeLow32,
  readTrialHigh,
  readTrialStream,
  signatureBytes,
  trialHighOf,
} from "../../stream/frames/signature.js";
import type { OpenQueue } from "../loop/job.js";
import type { KeyedLags } from "../loop/keyed-lags.js";
import type { TrialClock } from "../loop/trial-clock.js";
import type { ReceiveReport, StreamReceive, WindowArrivals } from "../loop/trial-report.js";
import type { TrialSpec } from "../loop/trial-spec.js";
import type { StreamsSender } from "../transmit/streams-sender.js";
import { FlowQueues } from "./flow-queues.js";
import { type ForeignFrames, FrameInspector } from "./frame-inspector.js";
import { StreamTimes } from "./stream-times.js";

const burstFrames = 256;
const { inOrder, reordered } = sequenceCodes;

const cell = {
  lastArrivalNs: 0,
  /** Of a frame that counts as received; −1: none came. */
  firstArrivalNs: 1,
  /** bufferBytes of what came in and is not received: foreign, stale, the other direction's. */
  otherBytes: 2,
  count: 3,
} as const;

export interface StreamsReceiverStart {
  readonly spec: TrialSpec;
  readonly programs: readonly FrameProgram[];
  readonly memory: RingMemory;
  readonly clock: TrialClock;
  readonly lags: KeyedLags | null;
  readonly senders: readonly StreamsSender[];
  /** Is shown the frames that are not ours. */
  readonly foreignFrames: ForeignFrames | null;
}

export class StreamsReceiver {
  readonly #spec: TrialSpec;
  readonly #programs: readonly FrameProgram[];
  readonly #memory: RingMemory;
  readonly #clock: TrialClock;
  readonly #senders: readonly StreamsSender[];
  readonly #inspector: FrameInspector;
  /** A lane is stream · Q + transmit queue. */
  readonly #table: SequenceTable;
  /** What a frame that is the next of its lane touches of it. */
  readonly #rows: LaneRows;
  readonly #times: StreamTimes;
  /** The frames of a burst that are ours and whole: which of the burst, stream, number on the wire, latency. */
  readonly #frames = new Int32Array(burstFrames);
  readonly #streams = new Int32Array(burstFrames);
  readonly #wires = new Int32Array(burstFrames);
  readonly #latencies = new Float64Array(burstFrames);
  /** Per stream: bufferBytes where all its frames have one size; else 0. */
  readonly #oneSize: Int32Array;
  readonly #allSigned: boolean;
  /** The first word of our frames' signatures. */
  readonly #trialHigh: number;
  /** Frames without signature that are a stream's. */
  readonly #recognised: Float64Array;
  #flows: FlowQueues | null = null;
  #queues: readonly OpenQueue[] = [];
  /** Per receive queue: packets, bytes, corrupt; and per stream and receive queue but the first: accepted. */
  #packets: number[] = [];
  #bytes: number[] = [];
  #corruptOf: number[] = [];
  #seen: Float64Array[] = [];
  #accepted = 0;
  #duplicateOrOld = 0;
  /** bufferBytes of accepted frames beyond `#oneSize` each: of mixes all, else of tags that the DUT pushed or popped. */
  readonly #moreBytes: Float64Array;
  /** The burst has frames that are not as long as `#oneSize` says. */
  #hasOtherLengths = false;
  /** Doubles: as fields they would be objects made anew. */
  readonly #cells = new Float64Array(cell.count);
  readonly #silence = new LongestSilence();
  /** Only where the load changes: there the last loss has a time. */
  readonly #gaps: GapLog | null;

  constructor({ spec, programs, memory, clock, lags, senders, foreignFrames }: StreamsReceiverStart) {
    const lanes = programs.length * spec.queues;
    this.#spec = spec;
    this.#trialHigh = trialHighOf(spec.trial);
    this.#clock = clock;
    this.#gaps = spec.load.kind === "stepped" ? new GapLog() : null;
    this.#programs = programs;
    this.#memory = memory;
    this.#senders = senders;
    this.#inspector = new FrameInspector(spec, programs, memory, foreignFrames);
    this.#rows = new LaneRows(lanes);
    this.#table = new SequenceTable(lanes, undefined, this.#rows);
    const hasProbe = spec.hasProbe === true;
    this.#times = new StreamTimes({ streams: programs.length, rows: this.#rows, lags, hasProbe });
    this.#oneSize = Int32Array.from(programs, ({ variants }) => (variants.length === 1 ? variants[0].bufferBytes : 0));
    this.#moreBytes = new Float64Array(programs.length);
    this.#cells[cell.firstArrivalNs] = -1;
    this.#allSigned = programs.every(({ signed }) => signed);
    this.#recognised = new Float64Array(programs.length);
  }

  attach(queues: readonly OpenQueue[]): void {
    this.#queues = queues;
    if (queues.length > 1) this.#flows ??= new FlowQueues(this.#spec, queues.length);
    while (this.#packets.length < queues.length) {
      this.#packets.push(0);
      this.#bytes.push(0);
      this.#corruptOf.push(0);
      this.#seen.push(new Float64Array(this.#seen.length === 0 ? 0 : this.#programs.length));
    }
  }

  get received(): number {
    return this.accepted + this.#inspector.corrupt + this.#duplicateOrOld;
  }

  /** bufferBytes of these, as they came in. */
  get receivedBytes(): number {
    return this.#bytes.reduce((sum, bytes) => sum + bytes, -this.#cells[cell.otherBytes]);
  }

  get accepted(): number {
    return this.#accepted;
  }

  get corrupt(): number {
    return this.#inspector.corrupt;
  }

  /** Of the other direction. */
  get returned(): number {
    return this.#inspector.returned;
  }

  get missing(): number {
    return this.#table.missingInAll;
  }

  get firstArrivalNs(): number {
    return this.#cells[cell.firstArrivalNs];
  }

  get lastArrivalNs(): number {
    return this.#cells[cell.lastArrivalNs];
  }

  /** By the queue they were sent on; without signature, by the one they came in on. */
  acceptedByQueue(): number[] {
    const { queues } = this.#spec;
    const signed = this.#allSigned;
    return Array.from({ length: queues }, (_, q) => {
      if (!signed) return this.#programs.reduce((sum, _program, stream) => sum + this.#seenOn(q, stream), 0);
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
      this.#packets[q] += n;
      const { corrupt: corruptBefore, ofOthers: othersBefore } = this.#inspector;
      this.#takeAll(q, this.#sortOut(q, ring, n), ring);
      if (this.#inspector.ofOthers - othersBefore < n) {
        this.#cells[cell.lastArrivalNs] = arrivalNs;
        this.#silence.arrived(arrivalNs);
        if (this.#cells[cell.firstArrivalNs] < 0 && this.received > 0) this.#cells[cell.firstArrivalNs] = arrivalNs;
      }
      this.#corruptOf[q] += this.#inspector.corrupt - corruptBefore;
      ring.release(n);
      if (ring.notifyWanted()) open.notifyRx();
      moved += n;
    }
    return moved;
  }

  report(sentByQueue: readonly number[], inWindow: WindowArrivals | null): ReceiveReport {
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
      receivedBytes: this.receivedBytes,
      accepted: this.accepted,
      duplicate: this.#sum((lane) => this.#table.duplicate(lane)),
      reordered: this.#sum((lane) => this.#table.reordered(lane)),
      corrupt: this.#inspector.corrupt,
      corruptKinds: this.#inspector.kinds(),
      tooOld: this.#sum((lane) => this.#table.tooOld(lane)),
      stale: this.#inspector.staleOfRun + this.#inspector.staleOfOthers,
      staleOfOthers: this.#inspector.staleOfOthers,
      foreign: this.#inspector.foreign,
      inWindow,
      // A number of one stream is another's as well: ranges over several streams would say nothing.
      lostRanges: streams.length === 1 ? streams[0].lostRanges : [],
      lostRangesComplete: streams.length === 1 && this.#programs[0].signed && streams[0].lostRangesMore === 0,
      reorderExtent: this.#table.extent(Array.from({ length: streams.length * this.#spec.queues }, (_, lane) => lane)),
      ...this.#times.report(),
      firstArrivalNs: this.firstArrivalNs,
      lastArrivalNs: this.lastArrivalNs,
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
    const lanes = this.#lanesOf(stream);
    const sum = (of: (lane: number) => number): number => lanes.reduce((total, lane) => total + of(lane), 0);
    const accepted = this.#acceptedOf(stream);
    return {
      accepted,
      acceptedBytes: accepted * this.#oneSize[stream] + this.#moreBytes[stream],
      duplicate: sum((lane) => this.#table.duplicate(lane)),
      reordered: sum((lane) => this.#table.reordered(lane)),
      tooOld: sum((lane) => this.#table.tooOld(lane)),
      corrupt: this.#inspector.corruptOf[stream],
      ...this.#lostRangesOf(stream, untaken),
      reorderExtent: this.#table.extent(lanes),
      ...this.#times.ofStream(stream, lanes),
      queues: this.#seen.map((_, q) => this.#seenOn(q, stream)),
    };
  }

  #lanesOf(stream: number): number[] {
    const { queues } = this.#spec;
    return Array.from({ length: queues }, (_, q) => stream * queues + q);
  }

  /** Whole frames, each number once; of unsigned streams those that were recognised. */
  #acceptedOf(stream: number): number {
    const signed = this.#lanesOf(stream).reduce((sum, lane) => sum + this.#table.accepted(lane), 0);
    return signed + this.#recognised[stream];
  }

  /** Accepted frames of a stream that came in on a receive queue; on the first those that came on no other. */
  #seenOn(q: number, stream: number): number {
    if (q > 0) return this.#seen[q]?.[stream] ?? 0;
    if (this.#seen.length === 0) return 0;
    return this.#seen.slice(1).reduce((rest, seen) => rest - seen[stream], this.#acceptedOf(stream));
  }

  /** In the numbers that its frames carry; every queue has its own, so that neighbours in a list may not touch. */
  #lostRangesOf(
    stream: number,
    untaken: readonly Float64Array[],
  ): Pick<StreamReceive, "lostRanges" | "lostRangesMore"> {
    if (!this.#programs[stream].signed) return { lostRanges: [], lostRangesMore: 0 };
    const { queues, startSequence } = this.#spec;
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
    if (gaps === null || !this.#allSigned) return null;
    const { queues } = this.#spec;
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
    for (let lane = 0; lane < this.#programs.length * this.#spec.queues; lane++) sum += of(lane);
    return sum;
  }

  /**
   * First look at a burst, in which nothing but its frames and a word a stream is touched: notes those that are ours and
   * whole, and returns how many; the rest is accounted for.
   */
  #sortOut(q: number, ring: RxRing, n: number): number {
    const view = this.#memory.view;
    const { offsets, lengths } = ring;
    const stamps = ring.arrivalsNs ?? null;
    const { nowNs: arrivalNs, epochNs } = this.#clock;
    const { firstStream = 0 } = this.#spec;
    const trialHigh = this.#trialHigh;
    const trialLow = this.#spec.trial & 0xff;
    const oneSize = this.#oneSize;
    let whole = 0;
    let allBytes = 0;
    this.#hasOtherLengths = false;
    for (let k = 0; k < n; k++) {
      const bytes = lengths[k];
      const end = offsets[k] + bytes;
      allBytes += bytes;
      if (bytes < signatureBytes || readTrialHigh(view, end) !== trialHigh) {
        this.#lookUnsigned(q, offsets[k], bytes);
        continue;
      }
      const trialStream = readTrialStream(view, end);
      const stream = (trialStream >>> 8) - firstStream;
      const isOurs = (trialStream & 0xff) === trialLow && stream >= 0 && stream < oneSize.length;
      // The quick answer, for streams of one size.
      const isWhole = isOurs && oneSize[stream] === bytes && checkSignature(view, end);
      if (!isWhole) {
        if (!this.#inspect(offsets[k], bytes)) continue;
        this.#hasOtherLengths = true;
      }
      const atNs = stamps === null ? arrivalNs : Math.round(stamps[k] - epochNs);
      this.#frames[whole] = k;
      this.#streams[whole] = stream;
      this.#wires[whole] = readSequence(view, end);
      let latencyNs = elapsedNs48(atNs, readTimeHigh16(view, end), readTimeLow32(view, end));
      // Another clock said when it came, and may have been set: a frame that we saw after it left came.
      if (latencyNs < 0 && stamps !== null) {
        if (elapsedNs48(arrivalNs, readTimeHigh16(view, end), readTimeLow32(view, end)) >= 0) latencyNs = 0;
      }
      this.#latencies[whole] = latencyNs;
      whole++;
    }
    this.#bytes[q] += allBytes;
    return whole;
  }

  /** As the inspector's; what does not count as received is no part of its bytes either. */
  #inspect(offset: number, bytes: number): boolean {
    const { corrupt } = this.#inspector;
    if (this.#inspector.inspect(offset, bytes)) return true;
    if (this.#inspector.corrupt === corrupt) this.#cells[cell.otherBytes] += bytes;
    return false;
  }

  #lookUnsigned(q: number, offset: number, bytes: number): void {
    if (this.#allSigned) {
      this.#inspect(offset, bytes);
      return;
    }
    const stream = this.#inspector.recognises(offset, bytes);
    if (stream < 0) {
      this.#cells[cell.otherBytes] += bytes;
      return;
    }
    this.#recognised[stream]++;
    this.#moreBytes[stream] += bytes - this.#oneSize[stream];
    if (q > 0) this.#seen[q][stream]++;
    this.#accepted++;
  }

  /** Second look, at the lanes of the frames noted: mostly each is the next of its own. */
  #takeAll(q: number, whole: number, ring: RxRing): void {
    const { queues, startSequence, integrity } = this.#spec;
    const queue = q < queues ? q : 0;
    const sender = this.#senders[queue];
    const rows = this.#rows;
    const times = this.#times;
    const isPlain = !integrity && q === 0 && this.#flows === null;
    // Lengths are looked at again only where they may differ.
    const hasOtherLengths = this.#hasOtherLengths;
    let quick = 0;
    for (let k = 0; k < whole; k++) {
      const stream = this.#streams[k];
      const latencyNs = this.#latencies[k];
      const lane = stream * queues + queue;
      const next = rows.next(lane);
      const isNext = next >= 0 && ((this.#wires[k] - (next * queues + startSequence + queue)) | 0) === 0;
      if (isPlain && isNext && latencyNs >= 0 && next < sender.sentOf(stream)) {
        rows.setNext(lane, next + 1);
        times.note(stream, lane, (next + 1) * queues + queue, latencyNs, true, true);
        if (hasOtherLengths) this.#moreBytes[stream] += ring.lengths[this.#frames[k]] - this.#oneSize[stream];
        quick++;
      } else this.#take(q, k, ring);
    }
    this.#accepted += quick;
    times.record();
  }

  #take(q: number, k: number, ring: RxRing): void {
    const { queues, startSequence, integrity } = this.#spec;
    const frame = this.#frames[k];
    const [stream, wire, latencyNs] = [this.#streams[k], this.#wires[k], this.#latencies[k]];
    const [offset, bytes] = [ring.offsets[frame], ring.lengths[frame]];
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
    if (index < 0 || index >= this.#senders[queue].sentOf(stream) || latencyNs < 0) {
      this.#inspector.noteImpossible(offset, bytes);
      return;
    }
    // A damaged frame did not come back whole: its number stays open, and its whole copy may still close it.
    if (integrity && !this.#inspector.checkPayload(offset, bytes, index * queues + queue)) return;
    const code = this.#table.accept(lane, index);
    if (code > reordered) {
      this.#duplicateOrOld++;
      return;
    }
    this.#accepted++;
    this.#moreBytes[stream] += bytes - this.#oneSize[stream];
    if (q > 0) this.#seen[q][stream]++;
    this.#flows?.note(stream, index * queues + queue, q);
    if (index > next) {
      const { nowNs, epochNs } = this.#clock;
      const arrivalNs = ring.arrivalsNs == null ? nowNs : Math.round(ring.arrivalsNs[frame] - epochNs);
      this.#gaps?.note(lane, index, arrivalNs - latencyNs);
    }
    this.#times.note(stream, lane, (index + 1) * queues + queue, latencyNs, index === next, code === inOrder);
  }
}
