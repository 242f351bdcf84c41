/**
 * A schedule that runs faster, slower or not at all from some time on: real time, as its own time. Frames that were due
 * before a change stay where they were; those after it come nearer or go further away.
 */
import { DepartureSchedule } from "./schedule.js";
import type { Timeline } from "./timeline.js";

/** Begins in real time and in the schedule's own, and how much of that one real ns is. */
interface Piece {
  readonly atNs: number;
  readonly innerNs: number;
  readonly speed: number;
}

export class Stretch {
  readonly #pieces: Piece[] = [{ atNs: 0, innerNs: 0, speed: 1 }];

  /** From this real time on, which is no earlier than the last change. `speed`: 2 is twice as fast; 0: it stands still. */
  change(atNs: number, speed: number): void {
    const last = this.#pieces.at(-1)!;
    const fromNs = Math.max(atNs, last.atNs);
    const piece = { atNs: fromNs, innerNs: this.innerNs(fromNs), speed };
    if (fromNs === last.atNs) this.#pieces.pop();
    this.#pieces.push(piece);
  }

  /** The schedule's time at this real time. */
  innerNs(ns: number): number {
    const { atNs, innerNs, speed } = this.#last((piece) => piece.atNs <= ns);
    return innerNs + (ns - atNs) * speed;
  }

  /** When the schedule comes to this time of its own; Infinity: it stands still before. */
  realNs(ns: number): number {
    const { atNs, innerNs, speed } = this.#last((piece) => piece.innerNs <= ns);
    return speed === 0 ? Number.POSITIVE_INFINITY : atNs + (ns - innerNs) / speed;
  }

  #last(hasBegun: (piece: Piece) => boolean): Piece {
    return this.#pieces.findLast(hasBegun) ?? this.#pieces[0];
  }
}

/** The timeline of one stream of many, stretched. */
export class StretchedTimeline implements Timeline {
  readonly steady = null;
  readonly frames: number;
  readonly #inner: Timeline;
  readonly #stretch: Stretch;

  constructor(inner: Timeline, stretch: Stretch) {
    this.#inner = inner;
    this.#stretch = stretch;
    this.frames = inner.frames;
  }

  /** As the stretch is now. */
  get endNs(): number {
    const { endNs } = this.#inner;
    return Number.isFinite(endNs) ? this.#stretch.realNs(endNs) : endNs;
  }

  dueNs(k: number): number {
    return Math.floor(this.#stretch.realNs(this.#inner.dueNs(k)));
  }

  dueBefore(ns: number, from: number): number {
    return Math.max(from, this.#inner.dueBefore(this.#stretch.innerNs(ns), from));
  }
}

/** The departures of one stream that sends without a break, stretched. */
export class StretchedSchedule extends DepartureSchedule {
  readonly #whole: DepartureSchedule;
  readonly #stretch: Stretch;

  constructor(whole: DepartureSchedule, stretch: Stretch) {
    super(whole.startNs, whole.frames, whole.periodNs);
    this.#whole = whole;
    this.#stretch = stretch;
  }

  override intendedNs(k: number): number {
    return Math.floor(this.#stretch.realNs(this.#whole.intendedNs(k)));
  }

  override dueAt(nowNs: number): number {
    let due = this.#whole.dueAt(this.#stretch.innerNs(nowNs));
    while (this.intendedNs(due) <= nowNs) due++;
    while (due > 0 && this.intendedNs(due - 1) > nowNs) due--;
    return due;
  }
}
