/**
 * The receive half of the generator: looks at every frame that comes in, on every queue, and says what it is.
 * The clock is read once per poll, before any frame of it is looked at.
 */
import type { RingMemory } from "../../memory.js";
import type { RxRing } from "../../ring/ring.js";
import { GapLog, latestOf } from "../../stats/gap-log.js";
import { Histogram } from "../../stats/histogram.js";
import { type LostFrames, type SequenceRange, SequenceTracker, sequenceCodes } from "../../stats/sequence.js";
import { SignedHistogram } from "../../stats/signed-histogram.js";
import { LongestSilence } from "../../stats/silence.js";
import { elapsedNs48 } from "../../stats/unwrap.js";
import type { FrameProgram } from "../../stream/frames/program.js";
import {
  checkSignatureRest,
  isSignature,
  readSequence,
  readTimeHigh16,
  readTimeLow32,
  readTrial,
  readTrialStream,
  signatureBase,
  signatureBytes,
  signatureHead,
  streamOf,
  trialHighOf,
} from "../../stream/frames/signature.js";
import type { OpenQueue } from "../loop/job.js";
import { type LagWindow, lagWindowFrames } from "../loop/lag-window.js";
import type { TrialClock } from "../loop/trial-clock.js";
import type { ReceiveReport, WindowArrivals } from "../loop/trial-report.js";
import type { TrialSpec } from "../loop/trial-spec.js";
import { FlowQueues } from "./flow-queues.js";
import { type ForeignFrames, FrameInspector } from "./frame-inspector.js";

const burstFrames = 256;
const lagFrames = lagWindowFrames;
/** Node 20 folds a module's own constants into hot code, but loads imported ones from memory each time. */
const { inOrder, reordered } = sequenceCodes;
const rangesKept = 100;
/** As a trial's id, and as its upper bits, before any is known: that of no frame. */
const noTrial = -1;

/** Per receive queue: everything that came in. */
interface QueueTally {
  packets: number;
  bytes: number;
  corrupt: number;
  /** Frames without signature that are ours. */
  recognised: number;
}

export interface ReceiverStart {
  readonly spec: TrialSpec;
  readonly program: FrameProgram;
  readonly memory: RingMemory;
  readonly clock: TrialClock;
  readonly lag: LagWindow | null;
  /** Frames handed to the peer so far on a transmit queue; a higher number was never sent. */
  readonly published: (queue: number) => number;
  /** Is shown every frame that is not ours. */
  readonly foreignFrames: ForeignFrames | null;
  /** The order does not know the trial's id: the first frame says it. Absent: it does. */
  readonly pinsTrial?: boolean;
}

/** Doubles, as in trial-clock.ts. */
const cell = {
  /** Of a frame of ours. */
  lastArrivalNs: 0,
  /** When a burst that carries stamps was seen; 0: none does. */
  seenNs: 1,
  /** Of a frame that counts as received; −1: none came. */
  firstArrivalNs: 2,
  /** bufferBytes of what came in and is not received: foreign, stale, the other direction's. */
  otherBytes: 3,
  count: 4,
} as const;

export class Receiver {
  readonly #spec: TrialSpec;
  readonly #memory: RingMemory;
  readonly #clock: TrialClock;
  readonly #cells = new Float64Array(cell.count);
  readonly #signed: boolean;
  /** Of our frames' signatures: the first word, the next two, and the sum of these. */
  #trialHigh: number;
  #head: number;
  #headSum: number;
  /** The trial's id; null: no frame has said it yet. */
  #trial: number | null;
  /** 1 at every length (bufferBytes) that this trial sends. */
  readonly #lengths = new Uint8Array(65_536);
  readonly #trackers: SequenceTracker[];
  readonly #lastLatency: Float64Array;
  readonly #tallies: QueueTally[] = [];
  readonly #inspector: FrameInspector;
  readonly #latency = new Histogram();
  readonly #latencyIntended: Histogram | null;
  readonly #ipdv = new SignedHistogram();
  readonly #lag: LagWindow | null;
  /** Only where frames can come out of more than one queue. */
  #flows: FlowQueues | null = null;
  #queues: readonly OpenQueue[] = [];
  readonly #published: (queue: number) => number;
  readonly #silence = new LongestSilence();
  /** Only where the load changes: there the last loss has a time. */
  readonly #gaps: GapLog | null;
  /** Somebody else sends: departures are times of a clock that is so far ahead of ours. */
  readonly #oneWay: boolean;
  readonly #aheadNs: number;
  #early = 0;

  constructor({ spec, program, memory, clock, lag, published, foreignFrames, pinsTrial }: ReceiverStart) {
    this.#spec = spec;
    this.#clock = clock;
    this.#cells[cell.firstArrivalNs] = -1;
    this.#gaps = spec.load.kind === "stepped" ? new GapLog() : null;
    this.#oneWay = spec.clockAheadNs !== undefined;
    this.#aheadNs = spec.clockAheadNs ?? 0;
    this.#published = published;
    this.#memory = memory;
    this.#signed = program.signed;
    this.#trial = pinsTrial === true ? null : spec.trial;
    this.#trialHigh = this.#trial === null ? noTrial : trialHighOf(spec.trial);
    this.#head = signatureHead(spec.trial, spec.firstStream ?? 0);
    this.#headSum = signatureBase(this.#trialHigh, this.#head, 0, 0);
    this.#lag = lag;
    this.#latencyIntended = lag === null ? null : new Histogram();
    for (const variant of program.variants) this.#lengths[variant.bufferBytes] = 1;
    this.#trackers = Array.from(
      { length: spec.queues },
      (_, q) => new SequenceTracker({ base: spec.startSequence + q, stride: spec.queues }),
    );
    this.#lastLatency = new Float64Array(spec.queues);
    this.#inspector = new FrameInspector(spec, [program], memory, foreignFrames);
    if (this.#trial === null) this.#inspector.pin(noTrial);
  }

  attach(queues: readonly OpenQueue[]): void {
    this.#queues = queues;
    if (queues.length > 1 && this.#signed) this.#flows ??= new FlowQueues(this.#spec, queues.length);
    while (this.#tallies.length < queues.length) {
      this.#tallies.push({ packets: 0, bytes: 0, corrupt: 0, recognised: 0 });
    }
  }

  get trial(): number | null {
    return this.#trial;
  }

  /** Frames of this trial, whatever became of them. */
  get received(): number {
    let received = this.accepted + this.#inspector.corrupt;
    for (const tracker of this.#trackers) received += tracker.duplicate + tracker.tooOld;
    return received;
  }

  /** bufferBytes of these, as they came in. */
  get receivedBytes(): number {
    let bytes = -this.#cells[cell.otherBytes];
    for (const tally of this.#tallies) bytes += tally.bytes;
    return bytes;
  }

  get accepted(): number {
    let accepted = 0;
    for (const tally of this.#tallies) accepted += tally.recognised;
    for (const tracker of this.#trackers) accepted += tracker.accepted;
    return accepted;
  }

  /** By the queue they were sent on; without signature, by the one they came in on. */
  acceptedByQueue(): number[] {
    return this.#trackers.map((tracker, q) => (this.#signed ? tracker.accepted : (this.#tallies[q]?.recognised ?? 0)));
  }

  get corrupt(): number {
    return this.#inspector.corrupt;
  }

  /** Frames of the other direction. */
  get returned(): number {
    return this.#inspector.returned;
  }

  /** By transmit queue: one more than the highest index seen. */
  seenByQueue(): number[] {
    return this.#trackers.map(({ next }) => next);
  }

  get missing(): number {
    let missing = 0;
    for (const tracker of this.#trackers) missing += tracker.missing;
    return missing;
  }

  /** Of a frame of this run, be it stale or damaged: what others send by themselves keeps no trial from ending. */
  get lastArrivalNs(): number {
    return this.#cells[cell.lastArrivalNs];
  }

  get firstArrivalNs(): number {
    return this.#cells[cell.firstArrivalNs];
  }

  /** One turn over all queues: at most one burst each. Returns frames taken. */
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
      /** What arrivals are counted from, as departures are. */
      const originNs = this.#oneWay ? -this.#aheadNs : clock.epochNs;
      const atNs = arrivalNs + clock.epochNs - originNs;
      const tally = this.#tallies[q];
      tally.packets += n;
      const { corrupt: corruptBefore, ofOthers: othersBefore } = this.#inspector;
      if (this.#trial === null && this.#signed) this.#pin(n, ring.offsets, ring.lengths);
      const stamps = ring.arrivalsNs ?? null;
      if (stamps !== null && this.#signed) tally.bytes += this.#analyseStamped(q, n, ring, stamps, atNs, originNs);
      else if (this.#signed) tally.bytes += this.#analyse(q, 0, n, atNs, ring.offsets, ring.lengths);
      else tally.bytes += this.#countUnsigned(tally, n, ring.offsets, ring.lengths);
      tally.corrupt += this.#inspector.corrupt - corruptBefore;
      if (this.#inspector.ofOthers - othersBefore < n) {
        this.#cells[cell.lastArrivalNs] = arrivalNs;
        this.#silence.arrived(arrivalNs);
        if (this.#cells[cell.firstArrivalNs] < 0 && this.received > 0) this.#cells[cell.firstArrivalNs] = arrivalNs;
      }
      ring.release(n);
      if (ring.notifyWanted()) open.notifyRx();
      moved += n;
    }
    return moved;
  }

  /** The first signature of our stream says which trial this is. */
  #pin(n: number, offsets: Uint32Array, lengths: Uint32Array): void {
    const view = this.#memory.view;
    const { firstStream = 0 } = this.#spec;
    for (let k = 0; k < n; k++) {
      const end = offsets[k] + lengths[k];
      if (lengths[k] < signatureBytes || streamOf(readTrialStream(view, end)) !== firstStream) continue;
      if (!isSignature(view, end)) continue;
      const trial = readTrial(view, end);
      this.#trial = trial;
      this.#trialHigh = trialHighOf(trial);
      this.#head = signatureHead(trial, firstStream);
      this.#headSum = signatureBase(this.#trialHigh, this.#head, 0, 0);
      this.#inspector.pin(trial);
      return;
    }
  }

  /** The account of the trial; `published` per transmit queue says up to where frames should have come. */
  report(sentByQueue: readonly number[], inWindow: WindowArrivals | null): ReceiveReport {
    const lost = this.#trackers.map((tracker, q) => tracker.finish(sentByQueue[q] ?? 0));
    const sum = (pick: (tracker: SequenceTracker) => number): number =>
      this.#trackers.reduce((total, tracker) => total + pick(tracker), 0);
    const measured = this.#signed && this.#latency.count > 0;
    return {
      queues: this.#tallies.map(({ packets, bytes }, queue) => ({ queue, packets, bytes })),
      corruptByQueue: this.#tallies.map(({ corrupt }) => corrupt),
      acceptedByQueue: this.acceptedByQueue(),
      received: this.received,
      receivedBytes: this.receivedBytes,
      accepted: this.accepted,
      duplicate: sum((tracker) => tracker.duplicate),
      reordered: sum((tracker) => tracker.reordered),
      corrupt: this.#inspector.corrupt,
      corruptKinds: this.#inspector.kinds(),
      tooOld: sum((tracker) => tracker.tooOld),
      stale: this.#inspector.staleOfRun + this.#inspector.staleOfOthers,
      staleOfOthers: this.#inspector.staleOfOthers,
      foreign: this.#inspector.foreign,
      inWindow,
      ...this.#lostRanges(lost),
      reorderExtent: this.#worstExtent(),
      latency: measured ? this.#latency.toData() : null,
      latencyIntended: measured ? (this.#latencyIntended?.toData() ?? null) : null,
      ipdv: measured && this.#ipdv.count > 0 ? this.#ipdv.toData() : null,
      firstArrivalNs: this.firstArrivalNs,
      lastArrivalNs: this.lastArrivalNs,
      lossUntilNs: this.#lossUntilNs(lost),
      silence: this.#silence.longest(),
      firstCorrupt: this.#inspector.corruptSamples,
      firstForeign: this.#inspector.foreignSamples,
      ...(this.#oneWay ? { early: this.#early } : {}),
      ...(this.#flows === null ? {} : { flows: this.#flows.report() }),
    };
  }

  #lostRanges(lost: readonly LostFrames[]): { lostRanges: SequenceRange[]; lostRangesComplete: boolean } {
    if (!this.#signed) return { lostRanges: [], lostRangesComplete: false };
    const ranges = lost.flatMap((queue) => queue.ranges).sort((a, b) => a[0] - b[0]);
    const complete = ranges.length <= rangesKept && lost.every((queue) => queue.complete);
    return { lostRanges: ranges.slice(0, rangesKept), lostRangesComplete: complete };
  }

  #lossUntilNs(lost: readonly LostFrames[]): number | null {
    const gaps = this.#gaps;
    if (!this.#signed || gaps === null) return null;
    return latestOf(
      lost.map(({ last }, q) => {
        if (last === null) return 0;
        return last >= this.#trackers[q].next ? Number.POSITIVE_INFINITY : gaps.departedBehind(q, last);
      }),
    );
  }

  #worstExtent(): ReceiveReport["reorderExtent"] {
    const extents = this.#trackers.map((tracker) => tracker.extent()).filter((extent) => extent !== null);
    if (extents.length === 0) return null;
    const frames = this.#trackers.reduce((total, tracker) => total + tracker.reordered, 0);
    const unknown = extents.reduce((total, extent) => total + extent.unknown, 0);
    const weighted = this.#trackers.reduce((total, tracker) => {
      const extent = tracker.extent();
      return extent === null ? total : total + extent.mean * (tracker.reordered - extent.unknown);
    }, 0);
    return { max: Math.max(...extents.map((extent) => extent.max)), mean: weighted / (frames - unknown), unknown };
  }

  /**
   * Returns the bytes of frames `first` to n of a burst. Frames that follow each other in number and left together (same stamp) make a
   * run, which sequence analysis and histograms take at once: at max nearly all frames do, and cost a third.
   */
  #analyse(q: number, first: number, n: number, arrivalNs: number, offsets: Uint32Array, lengths: Uint32Array): number {
    const view = this.#memory.view;
    const known = this.#lengths;
    const trialHigh = this.#trialHigh;
    const head = this.#head | 0;
    const headSum = this.#headSum;
    const { queues: stride, integrity } = this.#spec;
    const queue = q < stride ? q : 0;
    const tracker = this.#trackers[queue];
    const published = this.#published(queue);
    let expected = this.#expected(queue) | 0;
    /** No more frames than were published can come. */
    let notYet = published - tracker.next;
    let run = 0;
    let runLow = 0;
    let runTail = 0;
    let bytes = 0;
    for (let k = first; k < n; k++) {
      const length = lengths[k];
      const end = offsets[k] + length;
      bytes += length;
      const isOurs =
        length < 65_536 &&
        known[length] === 1 &&
        view.getUint16(end - 18, true) === trialHigh &&
        view.getInt32(end - 16, true) === head;
      const sequence = isOurs ? view.getInt32(end - 12, true) : 0;
      const low = isOurs ? view.getInt32(end - 8, true) : 0;
      const tail = isOurs ? view.getInt32(end - 4, true) : 0;
      const isWhole = isOurs && checkSignatureRest(headSum, sequence, low, tail);
      // The upper half of the tail is the balance, which differs; of the time the lower half counts.
      const isNext = isWhole && sequence === expected && !integrity && run < notYet;
      const continues = run > 0 && low === runLow && ((tail ^ runTail) & 0xffff) === 0;
      if (isNext && (continues || (run === 0 && elapsedNs48(arrivalNs, tail & 0xffff, low >>> 0) >= 0))) {
        run++;
        runLow = low;
        runTail = tail;
        expected = (expected + stride) | 0;
        continue;
      }
      this.#takeRun(q, queue, run, arrivalNs, runLow, runTail);
      run = 0;
      if (isWhole || this.#inspect(offsets[k], length)) this.#take(q, view, offsets[k], length, arrivalNs);
      expected = this.#expected(queue) | 0;
      notYet = published - tracker.next;
    }
    this.#takeRun(q, queue, run, arrivalNs, runLow, runTail);
    return bytes;
  }

  /** As the inspector's; what does not count as received is no part of its bytes either. */
  #inspect(offset: number, length: number): boolean {
    const { corrupt } = this.#inspector;
    if (this.#inspector.inspect(offset, length)) return true;
    if (this.#inspector.corrupt === corrupt) this.#cells[cell.otherBytes] += length;
    return false;
  }

  /** The number of the next frame of a transmit queue. */
  #expected(queue: number): number {
    return this.#trackers[queue].next * this.#spec.queues + this.#spec.startSequence + queue;
  }

  /** A run of frames that came out of queue `q` and were sent on `queue`, in order, all with one stamp: tail has bits 32 … 47 of it in its lower half. */
  #takeRun(q: number, queue: number, run: number, arrivalNs: number, low: number, tail: number): void {
    if (run === 0) return;
    const tracker = this.#trackers[queue];
    const latencyNs = elapsedNs48(arrivalNs, tail & 0xffff, low >>> 0);
    const first = tracker.next;
    if (this.#latencyIntended !== null) this.#recordIntended(queue, first, run, latencyNs);
    // RFC 5481 §4.1: differences of consecutive frames; within a run they are 0.
    const differsBy = latencyNs - this.#lastLatency[queue];
    if (first > 0 && !Number.isNaN(differsBy)) this.#ipdv.record(differsBy);
    this.#ipdv.recordMany(0, run - 1);
    this.#lastLatency[queue] = latencyNs;
    this.#latency.recordMany(latencyNs, run);
    tracker.acceptRun(run);
    this.#flows?.noteRun(first * this.#spec.queues + queue, this.#spec.queues, run, q);
  }

  #recordIntended(queue: number, first: number, run: number, latencyNs: number): void {
    const stride = this.#spec.queues;
    // Frames that left since have taken the places of these: their lag is not known any more.
    if ((this.#published(queue) - first) * stride > lagFrames) return;
    for (let i = 0; i < run; i++) {
      this.#latencyIntended!.record(latencyNs + this.#lag!.of((first + i) * stride + queue));
    }
  }

  /** As #analyse, of frames each of which has its own time of arrival. */
  #analyseStamped(q: number, n: number, ring: RxRing, stamps: Float64Array, seenNs: number, epochNs: number): number {
    this.#cells[cell.seenNs] = seenNs;
    let bytes = 0;
    for (let k = 0; k < n; k++) {
      bytes += this.#analyse(q, k, k + 1, Math.round(stamps[k] - epochNs), ring.offsets, ring.lengths);
    }
    return bytes;
  }

  /** A frame of this trial with a right signature that ends at `end`, and is not the next of its queue. */
  #take(q: number, view: DataView, offset: number, bytes: number, arrivalNs: number): void {
    const end = offset + bytes;
    const wire = readSequence(view, end);
    const stride = this.#spec.queues;
    let queue = q < stride ? q : 0;
    let expected = this.#expected(queue);
    // `| 0` reduces the exact difference modulo 2^32 to the nearest: the sequence unwrapped.
    let ahead = (wire - expected) | 0;
    if (ahead % stride !== 0) {
      // It came back on another queue than it was sent on: find the one it was sent on.
      queue = queueOf(expected + ahead - this.#spec.startSequence, stride);
      expected = this.#expected(queue);
      ahead = (wire - expected) | 0;
    }
    const tracker = this.#trackers[queue];
    const next = tracker.next;
    const index = next + ahead / stride;
    let latencyNs = elapsedNs48(arrivalNs, readTimeHigh16(view, end), readTimeLow32(view, end));
    // Another clock said when it came, and is compared with ours only so well: a frame that we saw after it left came.
    if (latencyNs < 0 && this.#cells[cell.seenNs] > arrivalNs) {
      if (elapsedNs48(this.#cells[cell.seenNs], readTimeHigh16(view, end), readTimeLow32(view, end)) >= 0)
        latencyNs = 0;
    }
    const isEarly = latencyNs < 0;
    if (index < 0 || index >= this.#published(queue) || (isEarly && !this.#oneWay)) {
      this.#inspector.noteImpossible(offset, bytes);
      return;
    }
    // A damaged frame did not come back whole: its number stays open, and its whole copy may still close it.
    if (this.#spec.integrity && !this.#inspector.checkPayload(offset, bytes, index * stride + queue)) return;
    const code = tracker.accept(index);
    if (code > reordered) return;
    this.#flows?.note(0, index * stride + queue, q);
    if (isEarly) {
      this.#early++;
      // The next frame has none to be compared with.
      if (code === inOrder) this.#lastLatency[queue] = Number.NaN;
      return;
    }
    if (index > next) this.#gaps?.note(queue, index, arrivalNs - latencyNs);
    const differsBy = latencyNs - this.#lastLatency[queue];
    if (index === next && next > 0 && !Number.isNaN(differsBy)) this.#ipdv.record(differsBy);
    if (code === inOrder) this.#lastLatency[queue] = latencyNs;
    if (this.#latencyIntended !== null) this.#recordIntended(queue, index, 1, latencyNs);
    this.#latency.record(latencyNs);
  }

  /** Frames too small for a signature: by size and addresses only. */
  #countUnsigned(tally: QueueTally, n: number, offsets: Uint32Array, lengths: Uint32Array): number {
    let bytes = 0;
    for (let k = 0; k < n; k++) {
      bytes += lengths[k];
      if (this.#inspector.recognises(offsets[k], lengths[k]) >= 0) tally.recognised++;
      else this.#cells[cell.otherBytes] += lengths[k];
    }
    return bytes;
  }
}

/** The queue that the frame at `index` of the stream was sent on; never negative. */
const queueOf = (index: number, queues: number): number => ((index % queues) + queues) % queues;
