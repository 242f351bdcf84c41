/**
 * Soak: one load for hours, in constant memory. It runs in pieces: trials of some seconds with only short gaps. What
 * each piece sent and lost is added to the interval statistics, and loss becomes events with time and length. The state
 * is reported after each piece. An interrupted soak can be resumed from its report.
 */

import type { Measurer } from "../measure/measurer.js";
import type { Soak, Trial } from "../result/run-result.js";
import { type FrameSize, frameSizeName } from "../units.js";
import { lossSpells } from "./loss-spells.js";
import { paced } from "./search-run.js";
import { type SoakTotal, withPiece } from "./soak-verdict.js";

export interface SoakSettings {
  readonly size: FrameSize;
  readonly pps: number;
  /** Of each piece's first frame; absent: 0. */
  readonly firstNumber?: number;
  /** Infinity: until interrupted. */
  readonly durationNs: number;
  /** Length of a piece. */
  readonly pieceNs: number;
  /** What an earlier run left; null: a new soak. */
  readonly resume: Soak | null;
  /** Facts of machine, device and traffic, for resuming from the report. */
  readonly setup?: Readonly<Record<string, string>>;
}

/** Neighbouring intervals are added up when there are more. */
const mostIntervals = 1_000;
const mostEvents = 1_000;
const leastPieceShare = 0.01;

type Interval = Soak["intervals"][number];
type SoakEvent = Soak["events"][number];

/** The soak until now, in memory that does not grow. */
export class SoakLog {
  readonly #size: FrameSize;
  readonly #pps: number;
  readonly #setup: SoakSettings["setup"];
  readonly #firstNumber: number;
  #elapsedNs = 0;
  #totals: readonly SoakTotal[] = [];
  #intervals: Interval[] = [];
  /** Pieces that one interval holds by now. */
  #piecesPerInterval = 1;
  #piecesInLast = 0;
  #events: SoakEvent[] = [];
  #eventsLeftOut = 0;
  #resumed = 0;

  constructor({ size, pps, firstNumber = 0, resume, setup }: Omit<SoakSettings, "durationNs" | "pieceNs">) {
    this.#size = size;
    this.#pps = pps;
    this.#firstNumber = firstNumber;
    this.#setup = setup;
    if (resume === null) return;
    this.#elapsedNs = resume.elapsedNs;
    this.#totals = resume.totals;
    this.#intervals = [...resume.intervals];
    this.#piecesInLast = this.#piecesPerInterval;
    this.#events = [...resume.events];
    this.#eventsLeftOut = resume.eventsLeftOut;
    this.#resumed = resume.resumed + 1;
  }

  get elapsedNs(): number {
    return this.#elapsedNs;
  }

  /** One piece, which began at that wall clock time. */
  add(trials: readonly Trial[], beganAt: Date): void {
    const sum = (key: "sent" | "received" | "lost"): number => trials.reduce((total, trial) => total + trial[key], 0);
    const durationNs = Math.max(0, ...trials.map((trial) => trial.durationNs));
    const piece = { sent: sum("sent"), received: sum("received"), lost: sum("lost") };
    for (const trial of trials) this.#addEvents(trial, beganAt);
    this.#totals = withPiece(this.#totals, trials);
    this.#addInterval(this.#elapsedNs, durationNs, piece);
    this.#elapsedNs += durationNs;
  }

  soak(): Soak {
    return {
      frameBytes: frameSizeName(this.#size),
      pps: this.#pps,
      elapsedNs: this.#elapsedNs,
      totals: this.#totals.map((total) => ({ ...total })),
      intervals: [...this.#intervals],
      events: [...this.#events],
      eventsLeftOut: this.#eventsLeftOut,
      resumed: this.#resumed,
      ...(this.#setup === undefined ? {} : { setup: this.#setup }),
    };
  }

  #addInterval(startNs: number, durationNs: number, piece: Pick<Interval, "sent" | "received" | "lost">): void {
    const last = this.#intervals.at(-1);
    const fresh = intervalOf(startNs, durationNs, piece, this.#totals.length);
    if (last === undefined || this.#piecesInLast >= this.#piecesPerInterval) {
      this.#intervals.push(fresh);
      this.#piecesInLast = 1;
    } else {
      this.#intervals[this.#intervals.length - 1] = added(last, fresh, this.#totals.length);
      this.#piecesInLast++;
    }
    if (this.#intervals.length > mostIntervals) {
      this.#intervals = pairs(this.#intervals, this.#totals.length);
      this.#piecesPerInterval *= 2;
      this.#piecesInLast = this.#piecesPerInterval;
    }
  }

  /**
   * Numbers that follow each other and did not come back whole are one spell; when it was follows from the numbers and
   * the rate.
   */
  #addEvents(trial: Trial, beganAt: Date): void {
    let listed = 0;
    for (const { before, slots, lost } of lossSpells(trial, this.#firstNumber)) {
      listed += lost;
      const atNs = (before * 1e9) / this.#pps;
      this.#push({
        at: new Date(beganAt.getTime() + atNs / 1e6).toISOString(),
        startNs: this.#elapsedNs + atNs,
        durationNs: (slots * 1e9) / this.#pps,
        lost,
      });
    }
    // Frames too small for a signature, or more spells than are listed: the piece is known, the moment is not.
    const unlisted = trial.lost + trial.corrupt - listed;
    if (unlisted > 0) {
      const { durationNs } = trial;
      this.#push({ at: beganAt.toISOString(), startNs: this.#elapsedNs, durationNs, lost: unlisted });
    }
  }

  #push(event: SoakEvent): void {
    if (this.#events.length < mostEvents) this.#events.push(event);
    else this.#eventsLeftOut++;
  }
}

/** Counts are of all directions together, rates of one of them in the mean: the load is each direction's. */
function intervalOf(
  startNs: number,
  durationNs: number,
  counts: Pick<Interval, "sent" | "received" | "lost">,
  directions: number,
): Interval {
  const rate = (frames: number): number => (durationNs > 0 ? (frames * 1e9) / durationNs / Math.max(1, directions) : 0);
  return { startNs, durationNs, ...counts, txPps: rate(counts.sent), rxPps: rate(counts.received) };
}

function added(a: Interval, b: Interval, directions: number): Interval {
  const counts = { sent: a.sent + b.sent, received: a.received + b.received, lost: a.lost + b.lost };
  return intervalOf(a.startNs, a.durationNs + b.durationNs, counts, directions);
}

function pairs(intervals: readonly Interval[], directions: number): Interval[] {
  const half: Interval[] = [];
  for (let i = 0; i < intervals.length; i += 2) {
    const second = intervals[i + 1];
    half.push(second === undefined ? intervals[i] : added(intervals[i], second, directions));
  }
  return half;
}

/** `onPiece` receives the state after each piece. `now`: the wall clock, for the events. */
export async function runSoak(
  measurer: Measurer,
  settings: SoakSettings,
  now: () => Date,
  onPiece: (soak: Soak) => void,
): Promise<Soak> {
  const { size, pps, durationNs, pieceNs } = settings;
  const log = new SoakLog(settings);
  for (;;) {
    const leftNs = durationNs - log.elapsedNs;
    // Windows begin and end with a frame, and their sum is some ms off. That rest is not a piece.
    if (measurer.ended() !== null || leftNs <= pieceNs * leastPieceShare) break;
    const beganAt = now();
    const trials = await measurer.measure(paced(size, "soak", pps, Math.min(pieceNs, leftNs)));
    // A piece that was cut off is counted as far as it went: nothing that was sent is left out.
    log.add(trials, beganAt);
    onPiece(log.soak());
  }
  return log.soak();
}
