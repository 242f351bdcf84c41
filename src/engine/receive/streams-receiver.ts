/**
 * The receiving half for many streams: what receiver.ts does for one, for each of thousands, in memory that does not
 * grow. Latency and delay variation of all together are as exact as of one stream. Of each stream, percentiles are
 * coarser and the window for duplicates is shorter (stats/sequence-table.ts); the report says so.
 */
import type { RingMemory } from "../../memory.js";
import { burstFrames, type RxRing } from "../../ring/ring.js";
import { LaneRows } from "../../stats/lane-rows.js";
import { type LaneLoss, SequenceTable, sequenceCodes } from "../../stats/sequence-table.js";
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
import { placeOf, type Share, wholeShare } from "../../stream/share.js";
import type {
  KeyedLags,
  OpenQueue,
  ReceiveReport,
  StreamReceive,
  TrialClock,
  TrialSpec,
  WindowArrivals,
} from "../loop/index.js";
import type { StreamsSender } from "../transmit/index.js";
import { type BurstSorter, ReceiveAccount } from "./account.js";
import { type ArrivalOrder, observedOrder, seenCell } from "./arrival-order.js";
import type { ForeignFrames } from "./frame-inspector.js";
import type { ReceiveHalf } from "./half.js";
import { SequenceNumbers } from "./sequence-numbers.js";
import type { StrayFinder } from "./stray-finder.js";
import { strayCell } from "./strays.js";
import { StreamTimes } from "./stream-times.js";

const { inOrder, reordered } = sequenceCodes;

export interface StreamsReceiverStart {
  readonly spec: TrialSpec;
  readonly programs: readonly FrameProgram[];
  readonly memory: RingMemory;
  readonly clock: TrialClock;
  readonly lags: KeyedLags | null;
  readonly senders: readonly StreamsSender[];
  /** Sees the frames that are not ours. */
  readonly foreignFrames: ForeignFrames | null;
  /** null: one generator has the trial alone. */
  readonly strays: StrayFinder | null;
}

export class StreamsReceiver implements ReceiveHalf, BurstSorter {
  readonly account: ReceiveAccount;
  readonly #spec: TrialSpec;
  readonly #programs: readonly FrameProgram[];
  readonly #memory: RingMemory;
  readonly #clock: TrialClock;
  readonly #senders: readonly StreamsSender[];
  /** A lane is stream · Q + transmit queue. */
  readonly #table: SequenceTable;
  readonly #numbers: SequenceNumbers;
  /** All that the next frame of a lane touches. */
  readonly #rows: LaneRows;
  readonly #times: StreamTimes;
  /** Frames of a burst that are ours and whole: place in the burst, stream, number on the wire, latency. */
  readonly #frames = new Int32Array(burstFrames);
  readonly #streams = new Int32Array(burstFrames);
  readonly #wires = new Int32Array(burstFrames);
  readonly #latencies = new Float64Array(burstFrames);
  /** Per stream: bufferBytes where all its frames have one size; else 0. */
  readonly #oneSize: Int32Array;
  readonly #allSigned: boolean;
  /** The first word of our frames' signatures. */
  readonly #trialHigh: number;
  /** By stream: its frames without signature. */
  readonly #recognised: Float64Array;
  /** By receive queue but the first: accepted frames of each stream. */
  readonly #seen: Float64Array[] = [];
  /** bufferBytes of accepted frames beyond `#oneSize` each: all bytes of a mix, or tags that the DUT pushed or popped. */
  readonly #moreBytes: Float64Array;
  readonly #share: Share;
  readonly #strays: StrayFinder | null;
  readonly #order: ArrivalOrder;
  readonly #frameTimes = new Float64Array(seenCell.count);
  /** By stream: frames of other workers that came in on the first queue, less our own that came in elsewhere. */
  readonly #moreOnFirst: Float64Array;
  /** How many frames of the burst are ours and whole. */
  #whole = 0;
  /** The burst has frames of other lengths than `#oneSize` says. */
  #hasOtherLengths = false;

  constructor({ spec, programs, memory, clock, lags, senders, foreignFrames, strays }: StreamsReceiverStart) {
    const lanes = programs.length * spec.queues;
    this.#spec = spec;
    this.#share = spec.share ?? wholeShare;
    this.#strays = strays;
    this.#order = strays?.order ?? observedOrder;
    this.#moreOnFirst = new Float64Array(programs.length);
    this.#trialHigh = trialHighOf(spec.trial);
    this.#clock = clock;
    this.#programs = programs;
    this.#memory = memory;
    this.#senders = senders;
    this.#rows = new LaneRows(lanes);
    this.#table = new SequenceTable(lanes, { rows: this.#rows });
    this.#numbers = new SequenceNumbers(this.#table, spec.queues, spec.startSequence);
    const parts = { table: this.#table, lanes, foreignFrames, hasOthers: strays?.tells === true };
    this.account = new ReceiveAccount({ spec, programs, memory, clock, ...parts });
    strays?.bind(this.account, {
      near: (stream, number) => this.#numbers.near(stream * spec.queues, number),
      noteElsewhere: (stream, queue) => this.#noteElsewhere(stream, queue),
    });
    const hasProbe = spec.hasProbe === true;
    const forMerging = spec.forMerging === true;
    this.#times = new StreamTimes({ streams: programs.length, rows: this.#rows, lags, hasProbe, forMerging });
    this.#oneSize = Int32Array.from(programs, ({ variants }) => (variants.length === 1 ? variants[0].bufferBytes : 0));
    this.#moreBytes = new Float64Array(programs.length);
    this.#allSigned = programs.every(({ signed }) => signed);
    this.#recognised = new Float64Array(programs.length);
  }

  attach(queues: readonly OpenQueue[]): void {
    this.account.attach(queues);
    while (this.#seen.length < queues.length) {
      this.#seen.push(new Float64Array(this.#seen.length === 0 ? 0 : this.#programs.length));
    }
  }

  acceptedByQueue(): number[] {
    const { queues } = this.#spec;
    const signed = this.#allSigned;
    return Array.from({ length: queues }, (_, q) => {
      if (!signed) return this.#programs.reduce((sum, _program, stream) => sum + this.#seenOn(q, stream), 0);
      return this.#programs.reduce((sum, _program, stream) => sum + this.#table.accepted(stream * queues + q), 0);
    });
  }

  step(): number {
    return this.account.step(this);
  }

  sortOut(q: number, ring: RxRing, n: number): number {
    const bytes = this.#lookAt(q, ring, n);
    this.#takeAll(q, this.#whole, ring);
    return bytes;
  }

  report(sentByQueue: readonly number[], inWindow: WindowArrivals | null): ReceiveReport {
    const untaken = this.#senders.map((sender, q) => {
      const ofStream = new Float64Array(this.#programs.length);
      sender.countLast(sender.published - (sentByQueue[q] ?? 0), ofStream);
      return ofStream;
    });
    const streams = this.#programs.map((_, stream) => this.#streamReport(stream, untaken));
    const isOne = streams.length === 1;
    return {
      ...this.account.report(),
      acceptedByQueue: this.acceptedByQueue(),
      inWindow,
      // Several streams have the same numbers: ranges over all of them would say nothing.
      lostRanges: isOne ? streams[0].lostRanges : [],
      lostRangesComplete: isOne && this.#programs[0].signed && streams[0].lostRangesMore === 0,
      ...this.#times.report(),
      lossUntilNs: this.#allSigned ? this.account.lossUntilNs((lane) => this.#lossOf(lane, untaken).last) : null,
      streams,
      duplicateWindow: this.#table.window,
      ...this.#strays?.report(),
    };
  }

  /** `untaken`: by queue and stream, frames that the peer never took. */
  #lossOf(lane: number, untaken: readonly Float64Array[]): LaneLoss {
    const { queues } = this.#spec;
    const [stream, q] = [Math.floor(lane / queues), lane % queues];
    return this.#table.finish(lane, this.#senders[q].sentOf(stream) - untaken[q][stream]);
  }

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
      corrupt: this.account.inspector.corruptOf[stream],
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

  /** Whole frames, each number once. Of unsigned streams: the frames that were recognised. */
  #acceptedOf(stream: number): number {
    const signed = this.#lanesOf(stream).reduce((sum, lane) => sum + this.#table.accepted(lane), 0);
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
    untaken: readonly Float64Array[],
  ): Pick<StreamReceive, "lostRanges" | "lostRangesMore"> {
    if (!this.#programs[stream].signed) return { lostRanges: [], lostRangesMore: 0 };
    const losses = this.#lanesOf(stream).map((lane, q) => {
      const { ranges, more } = this.#lossOf(lane, untaken);
      return { ranges: this.#numbers.rangesOf(ranges, q), more };
    });
    const all = losses.flatMap(({ ranges }) => ranges).sort((a, b) => a[0] - b[0]);
    const kept = all.slice(0, this.#table.rangesKept);
    const more = losses.reduce((total, loss) => total + loss.more, 0);
    return { lostRanges: kept, lostRangesMore: more + all.length - kept.length };
  }

  /**
   * First look at a burst, in which nothing but its frames and a word a stream is touched. Notes those that are ours and
   * whole, and accounts for the rest. Returns the bytes of all.
   */
  #lookAt(q: number, ring: RxRing, n: number): number {
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
      const atNs = stamps === null ? arrivalNs : Math.round(stamps[k] - epochNs);
      if (!isWhole) {
        this.#strays?.look(q, atNs, stamps !== null);
        if (!this.account.inspect(offsets[k], bytes)) continue;
        this.#hasOtherLengths = true;
      }
      this.#frames[whole] = k;
      this.#streams[whole] = stream;
      this.#wires[whole] = readSequence(view, end);
      let latencyNs = elapsedNs48(atNs, readTimeHigh16(view, end), readTimeLow32(view, end));
      // Another clock stamped the arrival, and may have been set back. We saw the frame after it left.
      if (latencyNs < 0 && stamps !== null) {
        if (elapsedNs48(arrivalNs, readTimeHigh16(view, end), readTimeLow32(view, end)) >= 0) latencyNs = 0;
      }
      this.#latencies[whole] = latencyNs;
      whole++;
    }
    this.#whole = whole;
    return allBytes;
  }

  #noteElsewhere(stream: number, queue: number): void {
    if (queue > 0) this.#seen[queue][stream]++;
    this.#moreOnFirst[stream]++;
  }

  takeStray(records: Float64Array, at: number): void {
    const { account } = this;
    const stream = records[at + strayCell.stream];
    const [arrivalNs, latencyNs] = [records[at + strayCell.arrivalNs], records[at + strayCell.latencyNs]];
    const bytes = records[at + strayCell.bytes];
    this.#numbers.find(stream * this.#spec.queues, 0, records[at + strayCell.number]);
    const { queue, index } = this.#numbers;
    if (index < 0 || index >= this.#senders[queue].sentOf(stream) || latencyNs < 0) account.inspector.signature++;
    else {
      this.#frameTimes[seenCell.latencyNs] = latencyNs;
      this.#frameTimes[seenCell.arrivalNs] = arrivalNs;
      const isStamped = records[at + strayCell.stamped] !== 0;
      if (this.#accept(stream, queue, index, bytes, false, isStamped)) this.#moreOnFirst[stream]--;
    }
    this.#times.record();
    account.noteStray(arrivalNs, bytes);
  }

  #lookUnsigned(q: number, offset: number, bytes: number): void {
    if (this.#allSigned) {
      this.account.inspect(offset, bytes);
      return;
    }
    const stream = this.account.inspector.recognises(offset, bytes);
    if (stream < 0) {
      this.account.noteOther(bytes);
      return;
    }
    this.#recognised[stream]++;
    this.#moreBytes[stream] += bytes - this.#oneSize[stream];
    if (q > 0) this.#seen[q][stream]++;
    this.account.noteAccepted(1);
  }

  /** Second look, at the lanes of the frames noted. Most are the next of their lane. */
  #takeAll(q: number, whole: number, ring: RxRing): void {
    const { queues, startSequence, integrity } = this.#spec;
    const queue = q < queues ? q : 0;
    const sender = this.#senders[queue];
    const rows = this.#rows;
    const times = this.#times;
    const isPlain = !integrity && q === 0 && this.account.flows === null;
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
    this.account.noteAccepted(quick);
    times.record();
  }

  #take(q: number, k: number, ring: RxRing): void {
    const { account } = this;
    const { queues, integrity } = this.#spec;
    const frame = this.#frames[k];
    const [stream, latencyNs] = [this.#streams[k], this.#latencies[k]];
    const [offset, bytes] = [ring.offsets[frame], ring.lengths[frame]];
    this.#numbers.find(stream * queues, q, this.#wires[k]);
    const { queue, index } = this.#numbers;
    const place = placeOf(index * queues + queue, this.#share);
    if (index < 0 || index >= this.#senders[queue].sentOf(stream) || latencyNs < 0) {
      account.inspector.noteImpossible(offset, bytes);
      return;
    }
    // A damaged frame did not come back whole: its number stays open, and its whole copy may still close it.
    if (integrity && !account.inspector.checkPayload(offset, bytes, stream, place)) return;
    const { nowNs, epochNs } = this.#clock;
    const stamps = ring.arrivalsNs ?? null;
    this.#frameTimes[seenCell.latencyNs] = latencyNs;
    this.#frameTimes[seenCell.arrivalNs] = stamps === null ? nowNs : Math.round(stamps[frame] - epochNs);
    if (!this.#accept(stream, queue, index, bytes, true, stamps !== null)) return;
    if (q > 0) this.#seen[q][stream]++;
    account.flows?.note(stream, place, q);
  }

  /** Frame `index` of a lane came whole; `isOwn`: here. Returns false where it had come before. */
  #accept(stream: number, queue: number, index: number, bytes: number, isOwn: boolean, isStamped: boolean): boolean {
    const { account } = this;
    const { queues } = this.#spec;
    const lane = stream * queues + queue;
    const next = this.#table.next(lane);
    const code = this.#order.accept(this.#table, lane, index, this.#frameTimes, isOwn, isStamped);
    if (code > reordered) {
      account.noteRepeated();
      return false;
    }
    account.noteAccepted(1);
    this.#moreBytes[stream] += bytes - this.#oneSize[stream];
    const latencyNs = this.#frameTimes[seenCell.latencyNs];
    if (index > next) account.gaps?.note(lane, index, this.#frameTimes[seenCell.arrivalNs] - latencyNs);
    this.#times.note(stream, lane, (index + 1) * queues + queue, latencyNs, index === next, code === inOrder);
    return true;
  }
}
