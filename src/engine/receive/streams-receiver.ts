/**
 * The receiving half for many streams: what receiver.ts does for one, for each of thousands, in memory that does not
 * grow. Latency and delay variation of all together are as exact as of one stream. Of each stream, percentiles are
 * coarser and the window for duplicates is shorter (stats/sequence-table.ts); the report says so.
 */
import type { RingMemory } from "../../memory.js";
import { burstFrames } from "../../ring/ring.js";
import { LaneRows } from "../../stats/lane-rows.js";
import { SequenceTable, sequenceCodes } from "../../stats/sequence-table.js";
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
import type { KeyedLags, OpenQueue, ReceiveReport, TrialClock, TrialSpec, WindowArrivals } from "../loop/index.js";
import { type Burst, type BurstSorter, ReceiveAccount } from "./account.js";
import { type ArrivalOrder, observedOrder, seenCell } from "./arrival-order.js";
import type { ForeignFrames } from "./frame-inspector.js";
import type { ReceiveHalf } from "./half.js";
import { SequenceNumbers } from "./sequence-numbers.js";
import type { StrayFinder } from "./stray-finder.js";
import { strayCell } from "./strays.js";
import { StreamTimes } from "./stream-times.js";
import { type SentFrames, StreamsAccount } from "./streams-account.js";

const { inOrder, reordered } = sequenceCodes;

export interface StreamsReceiverStart {
  readonly spec: TrialSpec;
  readonly programs: readonly FrameProgram[];
  readonly memory: RingMemory;
  readonly clock: TrialClock;
  readonly lags: KeyedLags | null;
  readonly senders: readonly SentFrames[];
  /** Sees the frames that are not ours. */
  readonly foreignFrames: ForeignFrames | null;
  /** null: one generator has the trial alone. */
  readonly strays: StrayFinder | null;
  /** Where the latency of all is recorded, of `histogramSlots`; absent: in memory of its own. */
  readonly latency?: Float64Array | undefined;
}

export class StreamsReceiver implements ReceiveHalf, BurstSorter {
  readonly account: ReceiveAccount;
  readonly #spec: TrialSpec;
  readonly #memory: RingMemory;
  readonly #clock: TrialClock;
  readonly #senders: readonly SentFrames[];
  /** A lane is stream · Q + transmit queue. */
  readonly #table: SequenceTable;
  readonly #numbers: SequenceNumbers;
  /** All that the next frame of a lane touches. */
  readonly #rows: LaneRows;
  readonly #times: StreamTimes;
  /** Frames of a burst that are ours and whole: place in the burst, stream, number on the wire, latency. */
  readonly #frames = new Int32Array(burstFrames);
  readonly #streamOf = new Int32Array(burstFrames);
  readonly #wires = new Int32Array(burstFrames);
  readonly #latencies = new Float64Array(burstFrames);
  readonly #streams: StreamsAccount;
  readonly #share: Share;
  readonly #strays: StrayFinder | null;
  readonly #order: ArrivalOrder;
  readonly #frameTimes = new Float64Array(seenCell.count);
  /** Frames that came before they left, by the clocks of two hosts. */
  #early = 0;
  /** How many frames of the burst are ours and whole. */
  #whole = 0;
  /** The burst has frames of other lengths than its streams have by themselves. */
  #hasOtherLengths = false;

  constructor({ spec, programs, memory, clock, lags, senders, foreignFrames, strays, latency }: StreamsReceiverStart) {
    const lanes = programs.length * spec.queues;
    this.#spec = spec;
    this.#share = spec.share ?? wholeShare;
    this.#strays = strays;
    this.#order = strays?.order ?? observedOrder;
    this.#clock = clock;
    this.#memory = memory;
    this.#senders = senders;
    this.#rows = new LaneRows(lanes);
    this.#table = new SequenceTable(lanes, { rows: this.#rows });
    this.#numbers = new SequenceNumbers(this.#table, spec.queues, spec.startSequence);
    const { queues } = spec;
    this.#streams = new StreamsAccount({ programs, queues, table: this.#table, numbers: this.#numbers, senders });
    const parts = { table: this.#table, lanes, foreignFrames, hasOthers: strays?.tells === true };
    this.account = new ReceiveAccount({ spec, programs, memory, clock, ...parts });
    strays?.bind(this.account, {
      near: (stream, number) => this.#numbers.near(stream * spec.queues, number),
      noteElsewhere: (stream, queue) => this.#streams.noteOther(queue, stream),
    });
    const hasProbe = spec.hasProbe === true;
    const forMerging = spec.forMerging === true;
    const streams = programs.length;
    this.#times = new StreamTimes({ streams, rows: this.#rows, lags, hasProbe, forMerging, latency });
  }

  attach(queues: readonly OpenQueue[]): void {
    this.account.attach(queues);
    this.#streams.attach(queues.length);
  }

  acceptedByQueue(): number[] {
    return this.#streams.acceptedByQueue();
  }

  step(): number {
    return this.account.step(this);
  }

  sortOut(q: number, ring: Burst, n: number): number {
    const bytes = this.#lookAt(q, ring, n);
    this.#takeAll(q, this.#whole, ring);
    return bytes;
  }

  report(sentByQueue: readonly number[], inWindow: WindowArrivals | null): ReceiveReport {
    const { account } = this;
    const untaken = this.#streams.untaken(sentByQueue);
    const streams = this.#streams.reports(untaken, account.inspector.corruptOf, this.#times);
    const lossOf = (lane: number): number | null => this.#streams.lossOf(lane, untaken).last;
    return {
      ...account.report(),
      acceptedByQueue: this.acceptedByQueue(),
      inWindow,
      ...this.#streams.lostRanges(streams),
      ...this.#times.report(),
      lossUntilNs: this.#streams.allSigned ? account.lossUntilNs(lossOf) : null,
      streams: this.#order.hasOthers ? streams.map((one) => ({ ...one, reorderRuns: undefined })) : streams,
      duplicateWindow: this.#table.window,
      ...(this.#spec.flow === undefined ? {} : { early: this.#early }),
      ...this.#strays?.report(),
    };
  }

  /**
   * First look at a burst, in which nothing but its frames and a word a stream is touched. Notes those that are ours and
   * whole, and accounts for the rest. Returns the bytes of all.
   */
  #lookAt(q: number, ring: Burst, n: number): number {
    const view = this.#memory.view;
    const { offsets, lengths } = ring;
    const stamps = ring.arrivalsNs ?? null;
    const { nowNs: arrivalNs, epochNs } = this.#clock;
    const { firstStream = 0 } = this.#spec;
    const trialHigh = trialHighOf(this.#spec.trial);
    const trialLow = this.#spec.trial & 0xff;
    const { oneSize } = this.#streams;
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
      this.#streamOf[whole] = stream;
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
      if (this.#accept(stream, queue, index, bytes, false, isStamped)) this.#streams.noteElsewhere(stream);
    }
    this.#times.record();
    account.noteStray(arrivalNs, bytes);
  }

  #lookUnsigned(q: number, offset: number, bytes: number): void {
    if (this.#streams.allSigned) {
      this.account.inspect(offset, bytes);
      return;
    }
    const stream = this.account.inspector.recognises(offset, bytes);
    if (stream < 0) {
      this.account.noteOther(bytes);
      return;
    }
    this.#streams.noteRecognised(q, stream, bytes);
    this.account.noteAccepted(1);
  }

  /** Second look, at the lanes of the frames noted. Most are the next of their lane. */
  #takeAll(q: number, whole: number, ring: Burst): void {
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
      const stream = this.#streamOf[k];
      const latencyNs = this.#latencies[k];
      const lane = stream * queues + queue;
      const next = rows.next(lane);
      const isNext = next >= 0 && ((this.#wires[k] - (next * queues + startSequence + queue)) | 0) === 0;
      if (isPlain && isNext && latencyNs >= 0 && next < sender.sentOf(stream)) {
        rows.setNext(lane, next + 1);
        times.note(stream, lane, (next + 1) * queues + queue, latencyNs, true, true);
        if (hasOtherLengths) this.#streams.noteBytes(stream, ring.lengths[this.#frames[k]]);
        quick++;
      } else this.#take(q, k, ring);
    }
    this.account.noteAccepted(quick);
    times.record();
  }

  #take(q: number, k: number, ring: Burst): void {
    const { account } = this;
    const { queues, integrity } = this.#spec;
    const frame = this.#frames[k];
    const [stream, latencyNs] = [this.#streamOf[k], this.#latencies[k]];
    const [offset, bytes] = [ring.offsets[frame], ring.lengths[frame]];
    this.#numbers.find(stream * queues, q, this.#wires[k]);
    const { queue, index } = this.#numbers;
    const place = placeOf(index * queues + queue, this.#share);
    const isEarly = latencyNs < 0;
    const isOneWay = this.#spec.flow !== undefined;
    if (index < 0 || index >= this.#senders[queue].sentOf(stream) || (isEarly && !isOneWay)) {
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
    if (isEarly) this.#early++;
    this.#streams.noteOn(q, stream);
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
    this.#streams.noteBytes(stream, bytes);
    const latencyNs = this.#frameTimes[seenCell.latencyNs];
    if (index > next) account.gaps?.note(lane, index, this.#frameTimes[seenCell.arrivalNs] - latencyNs);
    this.#times.note(stream, lane, (index + 1) * queues + queue, latencyNs, index === next, code === inOrder);
    return true;
  }
}
