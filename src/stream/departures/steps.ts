/**
 * A load that changes within a trial: one rate after another. Departure times follow from the steps alone, as those of
 * a steady rate do (schedule.ts, timeline.ts). So a step begins at its time, however late the frames before it were.
 */
import { usageError } from "../../errors.js";
import { DepartureSchedule, departureSchedule } from "./schedule.js";
import { Stretch, StretchedTimeline } from "./stretch.js";
import type { Timeline } from "./timeline.js";

/** A rate and how long it is held. The last step goes on as long as there are frames. */
export interface RateStep {
  readonly pps: number;
  readonly durationNs: number;
}

/** Frames per second that the steps come to, over all of their time. */
export function meanPps(steps: readonly RateStep[]): number {
  const frames = steps.reduce((sum, { pps, durationNs }) => sum + pps * durationNs, 0);
  return frames / steps.reduce((sum, { durationNs }) => sum + durationNs, 0);
}

interface Piece {
  readonly schedule: DepartureSchedule;
  /** The number of its first frame. */
  readonly first: number;
}

/** Frames of one stream, step by step. */
export class SteppedSchedule extends DepartureSchedule {
  readonly #pieces: readonly Piece[];

  private constructor(pieces: readonly Piece[]) {
    const [{ schedule }] = pieces;
    super(schedule.startNs, schedule.frames, schedule.periodNs);
    this.#pieces = pieces;
  }

  /** Throws a usage error without steps, or for a rate that cannot be. */
  static of(steps: readonly RateStep[]): SteppedSchedule {
    if (steps.length === 0) throw usageError("a load without steps", { accepted: "at least one step" });
    const pieces: Piece[] = [];
    let [startNs, first] = [0, 0];
    for (const { pps, durationNs } of steps) {
      const schedule = departureSchedule(pps, startNs);
      pieces.push({ schedule, first });
      first += schedule.slotsIn(durationNs);
      startNs += durationNs;
    }
    return new SteppedSchedule(pieces);
  }

  override intendedNs(k: number): number {
    const { schedule, first } = this.#pieceOf((piece) => piece.first <= k);
    return schedule.intendedNs(k - first);
  }

  override dueAt(nowNs: number): number {
    const { schedule, first } = this.#pieceOf((piece) => piece.schedule.startNs <= nowNs);
    return first + schedule.dueAt(nowNs);
  }

  /** The last piece that has begun. */
  #pieceOf(hasBegun: (piece: Piece) => boolean): Piece {
    let at = this.#pieces.length - 1;
    while (at > 0 && !hasBegun(this.#pieces[at])) at--;
    return this.#pieces[at];
  }
}

/** The timeline of one stream of many, made for the first step's rate, stretched for those that follow. */
export function steppedTimeline(inner: Timeline, steps: readonly RateStep[]): Timeline {
  const stretch = new Stretch();
  let atNs = 0;
  for (const { pps, durationNs } of steps) {
    stretch.change(atNs, pps / steps[0].pps);
    atNs += durationNs;
  }
  return new StretchedTimeline(inner, stretch);
}
