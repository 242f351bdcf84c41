/**
 * The account of a sending half: what was published, late and blocked, whose fault that was, and why the sending ended.
 *
 * After a stall overdue frames leave late: a burst at once, and then at 1.1 × the rate (catch-up.ts). A due frame that
 * finds no free slot is blocked: as on a line it is gone, and its slot of the schedule with it. With a count, the schedule
 * goes on until n frames are out.
 */
import { GapRecorder } from "../../stats/pacing.js";
import {
  FineWait,
  type TransmitQueueReport,
  type TransmitReport,
  type TransmitWindow,
  type TrialClock,
  type TrialSpec,
} from "../loop/index.js";
import { CatchUp } from "./catch-up.js";
import { mostOwnBlocked } from "./give-up.js";
import type { SenderPace, TransmitQueue } from "./sender.js";

/** A frame is late when it lags by more than this share of the gap, or by the sender's tolerance if that is more. */
const lateToleranceShare = 0.01;
/** Overdue frames of a timed trial still leave this long after its end. */
export const endGraceNs = 10_000_000;
/** A peer that frees no slot for this time while frames wait has stopped. */
const stuckNs = 5_000_000_000;

/** Doubles in one typed array; trial-clock.ts says why. Times are in ns since the trial began; −1: it never happened. */
const cell = {
  published: 0,
  late: 1,
  blocked: 2,
  /** Blocked frames that are the generator's own catching up. */
  blockedOwn: 3,
  /** When the peer stopped giving slots; −1: it gives them. */
  blockedSinceNs: 4,
  blockedNs: 5,
  lastBlockedNs: 6,
  /** How many of the next blocked frames are our own catching up. */
  ownLeft: 7,
  /** When the first and the last slot were dealt with, by sending or blocking. */
  firstSlotNs: 8,
  lastSlotNs: 9,
  firstNs: 10,
  lastNs: 11,
  progressNs: 12,
  endedNs: 13,
  count: 14,
} as const;

export const windowNs = ({ fromNs, toNs }: TransmitWindow): number => Math.max(1, toNs - fromNs);

export interface TransmitAccountStart {
  readonly spec: TrialSpec;
  readonly clock: TrialClock;
  readonly pace: SenderPace;
  readonly queues: readonly TransmitQueue[];
  /** The rate, in frames per second, while everything sends; 0 at max, where nothing is scheduled. */
  readonly pps: number;
  /** Frames that the schedule has in all. */
  readonly slots: number;
}

export const lateToleranceOf = ({ lateToleranceNs }: SenderPace, intervalNs: number): number =>
  Math.max(lateToleranceNs, lateToleranceShare * intervalNs);

/** What only the transmitter knows at the end. */
interface Unsent {
  /** Slots that came due and were never tried. */
  readonly missed: number;
  /** Frames of a count that were not sent. */
  readonly unsent: number;
}

export class TransmitAccount {
  /** null at max. */
  readonly pacing: GapRecorder | null;
  /** null at max. */
  readonly wait: FineWait | null;
  toleranceNs: number;
  readonly catchUp: CatchUp;
  readonly #spec: TrialSpec;
  readonly #clock: TrialClock;
  readonly #queues: readonly TransmitQueue[];
  readonly #catchUpFrames: number;
  readonly #pace: SenderPace;
  #pps: number;
  /** Somebody changed the load: gaps have no target. */
  #isChanged = false;
  /** More frames than this of its own blocking make the trial useless. */
  #mostOwn: number;
  readonly #cells = new Float64Array(cell.count);
  #ended = false;
  #cutShort: TransmitReport["cutShort"] = null;

  constructor({ spec, clock, pace, queues, pps, slots }: TransmitAccountStart) {
    const intervalNs = pps > 0 ? 1e9 / pps : 0;
    this.#spec = spec;
    this.#clock = clock;
    this.#queues = queues;
    this.#catchUpFrames = pace.catchUpFrames;
    this.#pace = pace;
    this.#pps = pps;
    this.#mostOwn = mostOwnBlocked(spec, slots);
    this.toleranceNs = lateToleranceOf(pace, intervalNs);
    this.wait = pps > 0 ? new FineWait(clock) : null;
    this.pacing = pps > 0 ? new GapRecorder(intervalNs) : null;
    this.catchUp = new CatchUp(pace.catchUpFrames);
    for (const at of [cell.blockedSinceNs, cell.lastBlockedNs, cell.firstSlotNs, cell.firstNs]) this.#cells[at] = -1;
  }

  /** The load was changed. `pps`: from now on; 0: nothing comes due, and what is overdue still leaves as before. */
  noteChange(pps: number): void {
    this.#isChanged = true;
    this.noteTaken();
    if (pps === 0) return;
    this.#pps = pps;
    this.toleranceNs = lateToleranceOf(this.#pace, 1e9 / pps);
  }

  /** The trial's time is longer: its schedule has so many frames in all. */
  noteLonger(slots: number): void {
    this.#mostOwn = mostOwnBlocked(this.#spec, slots);
  }

  /** Nothing is to be sent now: that a peer takes nothing says nothing. */
  noteHeld(): void {
    this.#cells[cell.progressNs] = this.#clock.nowNs;
  }

  get late(): number {
    return this.#cells[cell.late];
  }

  get ended(): boolean {
    return this.#ended;
  }

  get endedNs(): number {
    return this.#cells[cell.endedNs];
  }

  /** Why it ended before its count or time; null: it did not. */
  get cutShort(): TransmitReport["cutShort"] {
    return this.#cutShort;
  }

  get published(): number {
    return this.#cells[cell.published];
  }

  get blocked(): number {
    return this.#cells[cell.blocked];
  }

  get firstNs(): number {
    return Math.max(0, this.#cells[cell.firstNs]);
  }

  get lastNs(): number {
    return this.#cells[cell.lastNs];
  }

  /** −1: no slot was dealt with. */
  get firstSlotNs(): number {
    return this.#cells[cell.firstSlotNs];
  }

  get lastSlotNs(): number {
    return this.#cells[cell.lastSlotNs];
  }

  get isBlocked(): boolean {
    return this.#cells[cell.blockedSinceNs] >= 0;
  }

  /** What may leave grows with time. It is kept to a burst: a trial must not make its device drop. */
  refill(): void {
    this.catchUp.refill(this.#clock.nowNs, this.#pps, this.#catchUpFrames);
  }

  /** A slot of the schedule is dealt with now. */
  noteSlot(): void {
    const cells = this.#cells;
    cells[cell.lastSlotNs] = this.#clock.nowNs;
    if (cells[cell.firstSlotNs] < 0) cells[cell.firstSlotNs] = cells[cell.lastSlotNs];
  }

  noteSent(frames: number): void {
    const cells = this.#cells;
    const { nowNs } = this.#clock;
    if (cells[cell.firstNs] < 0) cells[cell.firstNs] = nowNs;
    cells[cell.lastNs] = nowNs;
    cells[cell.published] += frames;
  }

  noteLate(): void {
    this.#cells[cell.late] += 1;
  }

  /**
   * The peer stops giving slots now. Whose fault that is, is decided here: where more than a burst is overdue, those
   * frames are our own catching up. All that come due afterwards are the DUT's.
   */
  beginBlocked(overdue: number): void {
    const cells = this.#cells;
    cells[cell.blockedSinceNs] = this.#clock.nowNs;
    cells[cell.ownLeft] = overdue > this.#catchUpFrames ? overdue : 0;
  }

  /** Due frames found no slot; `beginBlocked` was called before. With a count they wait. */
  noteBlocked(frames: number): void {
    const cells = this.#cells;
    if (this.#spec.count !== null) return;
    cells[cell.blocked] += frames;
    const own = Math.min(frames, cells[cell.ownLeft]);
    cells[cell.ownLeft] -= own;
    cells[cell.blockedOwn] += own;
    if (own < frames) cells[cell.lastBlockedNs] = this.#clock.nowNs;
  }

  /** The peer gives slots. */
  noteTaken(): void {
    const cells = this.#cells;
    if (cells[cell.blockedSinceNs] < 0) return;
    cells[cell.blockedNs] += this.#clock.nowNs - cells[cell.blockedSinceNs];
    cells[cell.blockedSinceNs] = -1;
  }

  /** The end of a turn that published `moved` frames: gives up where the trial is useless or its peer has stopped. */
  noteTurn(moved: number): void {
    const { nowNs } = this.#clock;
    if (this.#cells[cell.blockedOwn] > this.#mostOwn) this.end(nowNs, "short");
    if (moved > 0) this.#cells[cell.progressNs] = nowNs;
    else if (!this.#ended && this.#isStuck(nowNs)) this.end(nowNs, "stuck");
  }

  /** The sending ends, unless it has ended. */
  end(nowNs: number, why: TransmitReport["cutShort"]): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#cells[cell.endedNs] = nowNs;
    this.#cutShort = why;
  }

  /**
   * A kick may find the peer gone after its frames were published: then the turn ends before they are counted here.
   * Counts them, and returns how many there were.
   */
  countFailedTurn(): number {
    const published = this.#queues.reduce((sum, queue) => sum + queue.published, 0);
    const uncounted = published - this.#cells[cell.published];
    this.#cells[cell.published] = published;
    return uncounted;
  }

  queueReports(acceptedByQueue: readonly number[]): TransmitQueueReport[] {
    return this.#queues.map((sender) => {
      const { queue, published, bytes } = sender;
      const outstanding = Math.min(sender.outstanding(), published - (acceptedByQueue[queue] ?? 0));
      const sentBytes = bytes - sender.bytesOfLast(outstanding);
      return { queue, published, outstanding, bytes, sentBytes, carried: sender.carried() };
    });
  }

  report(queues: readonly TransmitQueueReport[], { missed, unsent }: Unsent, window: TransmitWindow): TransmitReport {
    const cells = this.#cells;
    const outstanding = queues.reduce((sum, queue) => sum + queue.outstanding, 0);
    const sent = queues.reduce((sum, queue) => sum + queue.published, 0) - outstanding;
    // With a count, a frame that finds no slot waits for the next one; blocked is what was left when the trial was given up.
    const blocked = cells[cell.blocked] + outstanding + (this.#cutShort === "stopped" ? 0 : unsent);
    const stillBlockedNs = cells[cell.blockedSinceNs] < 0 ? 0 : cells[cell.endedNs] - cells[cell.blockedSinceNs];
    return {
      queues,
      intended: sent + blocked + missed,
      late: Math.min(cells[cell.late], sent),
      missed,
      blocked,
      blockedOwn: cells[cell.blockedOwn],
      blockedNs: cells[cell.blockedNs] + stillBlockedNs,
      lastBlockedNs: cells[cell.lastBlockedNs],
      firstNs: this.firstNs,
      lastNs: this.lastNs,
      windowNs: windowNs(window),
      pacing: this.#isChanged ? null : (this.pacing?.summary("self") ?? null),
      cutShort: this.#cutShort,
      ...this.#forMerging(window),
    };
  }

  #forMerging(window: TransmitWindow): Pick<TransmitReport, "window" | "pacingData"> {
    if (this.#spec.forMerging !== true) return {};
    return { window, ...(this.pacing === null || this.#isChanged ? {} : { pacingData: this.pacing.toData() }) };
  }

  /** The peer has taken nothing for long. */
  #isStuck(nowNs: number): boolean {
    if (this.#spec.outlastsPeer === true) return false;
    if (this.wait === null) return nowNs - this.#cells[cell.progressNs] > stuckNs;
    return this.#cells[cell.blockedSinceNs] >= 0 && nowNs - this.#cells[cell.blockedSinceNs] > stuckNs;
  }
}
