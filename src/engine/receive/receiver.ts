/** The receiving half for one stream: looks at every frame that comes in, on every queue, and says what it is. */
import type { RingMemory } from "../../memory.js";
import type { LaneLoss } from "../../stats/run-collector.js";
import { lostRangesKept, SequenceTable, sequenceCodes } from "../../stats/sequence-table.js";
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
import { placeOf, type Share, stepOf, wholeShare } from "../../stream/share.js";
import type { LagWindow, OpenQueue, ReceiveReport, TrialClock, TrialSpec, WindowArrivals } from "../loop/index.js";
import { type Burst, type BurstSorter, ReceiveAccount } from "./account.js";
import { type ArrivalOrder, observedOrder, seenCell } from "./arrival-order.js";
import type { ForeignFrames } from "./frame-inspector.js";
import { FrameTimes } from "./frame-times.js";
import type { ReceiveHalf } from "./half.js";
import { SequenceNumbers } from "./sequence-numbers.js";
import type { StrayFinder } from "./stray-finder.js";
import { strayCell } from "./strays.js";

/** Node 20 folds a module's own constants into hot code, but loads imported ones from memory each time. */
const { inOrder, reordered } = sequenceCodes;
/** Stands for a trial's id, and for its upper bits, before any is known. No frame has it. */
const noTrial = -1;

export interface ReceiverStart {
  readonly spec: TrialSpec;
  readonly program: FrameProgram;
  readonly memory: RingMemory;
  readonly clock: TrialClock;
  readonly lag: LagWindow | null;
  /** Frames handed to the peer so far on a transmit queue; a higher number was never sent. */
  readonly published: (queue: number) => number;
  /** Sees every frame that is not ours. */
  readonly foreignFrames: ForeignFrames | null;
  /** null or absent: one generator has the trial alone. */
  readonly strays?: StrayFinder | null;
  /** The spec does not know the trial's id: the first frame says it. Absent: it does. */
  readonly pinsTrial?: boolean;
  /** Where latencies are recorded, of `histogramSlots`; absent: in memory of its own. */
  readonly latency?: Float64Array | undefined;
}

/** Doubles in a typed array; trial-clock.ts says why. */
const cell = {
  /** When a burst that carries stamps was seen; 0: none does. */
  seenNs: 0,
  /** Frames that came before they left, by the clocks of two hosts. */
  early: 1,
  count: 2,
} as const;

export class Receiver implements ReceiveHalf, BurstSorter {
  readonly account: ReceiveAccount;
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
  /** A lane is a transmit queue. */
  readonly #table: SequenceTable;
  readonly #numbers: SequenceNumbers;
  readonly #times: FrameTimes;
  readonly #published: (queue: number) => number;
  /** Frames without signature that are ours, by the queue they came in on. */
  readonly #recognised: number[] = [];
  /** Somebody else sends, by another clock: frames may seem to come before they left. */
  readonly #oneWay: boolean;
  /** Departures are times of a clock that is this far ahead of ours; null: they are since the trial began. */
  readonly #aheadNs: number | null;
  /** Frames that seem to come before they left have the latency 0, within the bound of the clocks. Else they have none. */
  readonly #timesEarly: boolean;
  readonly #share: Share;
  readonly #strays: StrayFinder | null;
  readonly #order: ArrivalOrder;
  readonly #seen = new Float64Array(seenCell.count);

  constructor(start: ReceiverStart) {
    const { spec, program, memory, clock, lag, published, foreignFrames, pinsTrial, strays = null, latency } = start;
    this.#spec = spec;
    this.#share = spec.share ?? wholeShare;
    this.#strays = strays;
    this.#order = strays?.order ?? observedOrder;
    this.#clock = clock;
    this.#memory = memory;
    this.#timesEarly = spec.flow !== undefined;
    this.#oneWay = spec.clockAheadNs !== undefined || this.#timesEarly;
    this.#aheadNs = spec.clockAheadNs ?? null;
    this.#published = published;
    this.#signed = program.signed;
    this.#trial = pinsTrial === true ? null : spec.trial;
    this.#trialHigh = this.#trial === null ? noTrial : trialHighOf(spec.trial);
    this.#head = signatureHead(spec.trial, spec.firstStream ?? 0);
    this.#headSum = signatureBase(this.#trialHigh, this.#head, 0, 0);
    for (const variant of program.variants) this.#lengths[variant.bufferBytes] = 1;
    this.#table = new SequenceTable(spec.queues, { rangesKept: lostRangesKept });
    this.#numbers = new SequenceNumbers(this.#table, spec.queues, spec.startSequence);
    this.#times = new FrameTimes(spec.queues, lag, published, latency);
    const hasOthers = strays?.tells === true;
    const parts = { programs: [program], table: this.#table, lanes: spec.queues, foreignFrames, hasOthers };
    this.account = new ReceiveAccount({ spec, memory, clock, ...parts });
    if (this.#trial === null) this.account.inspector.pin(noTrial);
    strays?.bind(this.account, { near: (_, number) => this.#numbers.near(0, number), noteElsewhere: () => {} });
  }

  attach(queues: readonly OpenQueue[]): void {
    this.account.attach(queues);
    while (this.#recognised.length < queues.length) this.#recognised.push(0);
  }

  get trial(): number | null {
    return this.#trial;
  }

  acceptedByQueue(): number[] {
    return Array.from({ length: this.#spec.queues }, (_, q) =>
      this.#signed ? this.#table.accepted(q) : (this.#recognised[q] ?? 0),
    );
  }

  /** By transmit queue: one more than the highest index seen. */
  seenByQueue(): number[] {
    return Array.from({ length: this.#spec.queues }, (_, q) => this.#table.next(q));
  }

  step(): number {
    return this.account.step(this);
  }

  sortOut(q: number, ring: Burst, n: number): number {
    if (!this.#signed) return this.#countUnsigned(q, n, ring.offsets, ring.lengths);
    const { nowNs, epochNs } = this.#clock;
    /** What arrivals are counted from, as departures are. */
    const originNs = this.#aheadNs === null ? epochNs : -this.#aheadNs;
    const atNs = nowNs + epochNs - originNs;
    if (this.#trial === null) this.#pin(n, ring.offsets, ring.lengths);
    const stamps = ring.arrivalsNs ?? null;
    if (stamps !== null) return this.#analyseStamped(q, n, ring, stamps, atNs, originNs);
    return this.#analyse(q, 0, n, atNs, ring.offsets, ring.lengths);
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
      this.account.inspector.pin(trial);
      return;
    }
  }

  report(sentByQueue: readonly number[], inWindow: WindowArrivals | null): ReceiveReport {
    const lost = Array.from({ length: this.#spec.queues }, (_, q) => this.#table.finish(q, sentByQueue[q] ?? 0));
    const lossUntilNs = this.#signed ? this.account.lossUntilNs((queue) => lost[queue].last) : null;
    return {
      ...this.account.report(),
      acceptedByQueue: this.acceptedByQueue(),
      inWindow,
      ...this.#lostRanges(lost),
      ...this.#times.report(),
      lossUntilNs,
      ...this.#strays?.report(),
      ...(this.#oneWay ? { early: this.#cells[cell.early] } : {}),
    };
  }

  #lostRanges(lost: readonly LaneLoss[]): Pick<ReceiveReport, "lostRanges" | "lostRangesComplete" | "longestLost"> {
    if (!this.#signed) return { lostRanges: [], lostRangesComplete: false };
    const ranges = lost.flatMap((queue, q) => this.#numbers.rangesOf(queue.ranges, q)).sort((a, b) => a[0] - b[0]);
    const complete = ranges.length <= lostRangesKept && lost.every(({ more }) => more === 0);
    const longestLost = lost.reduce((most, { longest }) => Math.max(most, longest), 0);
    return { lostRanges: ranges.slice(0, lostRangesKept), lostRangesComplete: complete, longestLost };
  }

  /**
   * Returns the bytes of frames `first` to n of a burst. Frames that follow each other in number and left together (same
   * stamp) make a run, which sequence analysis and histograms take at once. At max nearly all frames do, and cost a third.
   */
  #analyse(q: number, first: number, n: number, arrivalNs: number, offsets: Uint32Array, lengths: Uint32Array): number {
    const view = this.#memory.view;
    const known = this.#lengths;
    const trialHigh = this.#trialHigh;
    const head = this.#head | 0;
    const headSum = this.#headSum;
    const { queues: stride, integrity } = this.#spec;
    const queue = q < stride ? q : 0;
    const table = this.#table;
    const published = this.#published(queue);
    let expected = this.#numbers.expected(0, queue) | 0;
    /** No more frames than were published can come. */
    let notYet = published - table.next(queue);
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
      if (isWhole || this.#inspect(q, offsets[k], length, arrivalNs))
        this.#take(q, view, offsets[k], length, arrivalNs);
      expected = this.#numbers.expected(0, queue) | 0;
      notYet = published - table.next(queue);
    }
    this.#takeRun(q, queue, run, arrivalNs, runLow, runTail);
    return bytes;
  }

  #inspect(q: number, offset: number, bytes: number, arrivalNs: number): boolean {
    this.#strays?.look(q, arrivalNs, this.#cells[cell.seenNs] !== 0);
    return this.account.inspect(offset, bytes);
  }

  takeStray(records: Float64Array, at: number): void {
    const { account } = this;
    const [arrivalNs, latencyNs] = [records[at + strayCell.arrivalNs], records[at + strayCell.latencyNs]];
    this.#numbers.find(0, 0, records[at + strayCell.number]);
    const { queue, index } = this.#numbers;
    if (index < 0 || index >= this.#published(queue) || latencyNs < 0) account.inspector.signature++;
    else {
      this.#seen[seenCell.latencyNs] = latencyNs;
      this.#seen[seenCell.arrivalNs] = arrivalNs;
      this.#accept(queue, index, false, records[at + strayCell.stamped] !== 0);
    }
    account.noteStray(arrivalNs, records[at + strayCell.bytes]);
  }

  /**
   * Frames that came out of queue `q` and were sent on `queue`, in order, all with one stamp. The lower half of `tail`
   * has bits 32 … 47 of it.
   */
  #takeRun(q: number, queue: number, run: number, arrivalNs: number, low: number, tail: number): void {
    if (run === 0) return;
    const first = this.#table.next(queue);
    this.#times.noteRun(queue, first, run, elapsedNs48(arrivalNs, tail & 0xffff, low >>> 0));
    this.#table.acceptRun(queue, run);
    this.account.noteAccepted(run);
    const { flows } = this.account;
    if (flows === null) return;
    const { queues } = this.#spec;
    flows.noteRun(placeOf(first * queues + queue, this.#share), queues * stepOf(this.#share), run, q);
  }

  /** As #analyse, of frames each of which has its own time of arrival. */
  #analyseStamped(q: number, n: number, ring: Burst, stamps: Float64Array, seenNs: number, epochNs: number): number {
    this.#cells[cell.seenNs] = seenNs;
    let bytes = 0;
    for (let k = 0; k < n; k++) {
      bytes += this.#analyse(q, k, k + 1, Math.round(stamps[k] - epochNs), ring.offsets, ring.lengths);
    }
    return bytes;
  }

  /** A whole frame of this trial that continues no run. */
  #take(q: number, view: DataView, offset: number, bytes: number, arrivalNs: number): void {
    const { account } = this;
    const end = offset + bytes;
    this.#numbers.find(0, q, readSequence(view, end));
    const { queue, index } = this.#numbers;
    let latencyNs = elapsedNs48(arrivalNs, readTimeHigh16(view, end), readTimeLow32(view, end));
    // Another clock stamped the arrival, and may have been set back. We saw the frame after it left.
    if (latencyNs < 0 && this.#cells[cell.seenNs] > arrivalNs) {
      if (elapsedNs48(this.#cells[cell.seenNs], readTimeHigh16(view, end), readTimeLow32(view, end)) >= 0)
        latencyNs = 0;
    }
    const isEarly = latencyNs < 0;
    if (index < 0 || index >= this.#published(queue) || (isEarly && !this.#oneWay)) {
      account.inspector.noteImpossible(offset, bytes);
      return;
    }
    const frame = placeOf(index * this.#spec.queues + queue, this.#share);
    // A damaged frame did not come back whole: its number stays open, and its whole copy may still close it.
    if (this.#spec.integrity && !account.inspector.checkPayload(offset, bytes, 0, frame)) return;
    this.#seen[seenCell.latencyNs] = latencyNs;
    this.#seen[seenCell.arrivalNs] = arrivalNs;
    if (this.#accept(queue, index, true, this.#cells[cell.seenNs] !== 0)) account.flows?.note(0, frame, q);
  }

  /** Frame `index` of a transmit queue came whole; `isOwn`: here. Returns false where it had come before. */
  #accept(queue: number, index: number, isOwn: boolean, isStamped: boolean): boolean {
    const { account } = this;
    const next = this.#table.next(queue);
    const code = this.#order.accept(this.#table, queue, index, this.#seen, isOwn, isStamped);
    if (code > reordered) {
      account.noteRepeated();
      return false;
    }
    account.noteAccepted(1);
    const latencyNs = this.#seen[seenCell.latencyNs];
    if (index > next) account.gaps?.note(queue, index, this.#seen[seenCell.arrivalNs] - latencyNs);
    if (latencyNs < 0) {
      this.#cells[cell.early] += 1;
      if (this.#timesEarly) this.#times.noteEarly(queue, index, latencyNs, index === next, code === inOrder);
      else if (code === inOrder) this.#times.noteUnknown(queue);
      return true;
    }
    this.#times.note(queue, index, latencyNs, index === next, code === inOrder);
    return true;
  }

  /** Frames too small for a signature: by size and addresses only. */
  #countUnsigned(q: number, n: number, offsets: Uint32Array, lengths: Uint32Array): number {
    let bytes = 0;
    for (let k = 0; k < n; k++) {
      bytes += lengths[k];
      if (this.account.inspector.recognises(offsets[k], lengths[k]) < 0) this.account.noteOther(lengths[k]);
      else {
        this.#recognised[q]++;
        this.account.noteAccepted(1);
      }
    }
    return bytes;
  }
}
