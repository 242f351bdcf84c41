/**
 * A timeline whose rate was changed while slots of it were overdue: these stay where they were, and the new rate holds
 * behind them. So a change of the rate takes no slot away, however long the loop stood before it.
 */
import type { LiveTimeline } from "./schedule.js";

interface Piece {
  readonly timeline: LiveTimeline;
  /** Its first slot, and what all slots before it are due before. */
  readonly from: number;
  readonly fromNs: number;
}

/** Another rate from the first slot on that is due after `nowNs`. `next`: the next one to be dealt with. */
export function changeRate(before: LiveTimeline, pps: number, next: number, nowNs: number): LiveTimeline {
  const from = Math.max(next, before.dueBefore(nowNs + 1, next));
  const after = before.withRate(pps, from, nowNs);
  if (from === next) return after;
  const old = before instanceof PiecedTimeline ? before.piecesFrom(next) : [{ timeline: before, from: 0, fromNs: 0 }];
  return new PiecedTimeline([...old, { timeline: after, from, fromNs: nowNs + 1 }]);
}

export class PiecedTimeline implements LiveTimeline {
  readonly isCountable: boolean;
  readonly steady = null;
  readonly frames: number;
  readonly endNs: number;
  /** Without the slots that were overdue, and its first slot. */
  readonly last: Piece;
  readonly #pieces: readonly Piece[];

  constructor(pieces: readonly Piece[]) {
    const last = pieces.at(-1)!;
    this.isCountable = last.timeline.isCountable;
    this.frames = last.timeline.frames;
    this.endNs = last.timeline.endNs;
    this.last = last;
    this.#pieces = pieces;
  }

  /** Those that have slots from `next` on. */
  piecesFrom(next: number): readonly Piece[] {
    return this.#pieces.filter((_, k) => this.#endOf(k) > next);
  }

  dueNs(k: number): number {
    return this.#pieces.findLast(({ from }) => from <= k)!.timeline.dueNs(k);
  }

  dueBefore(ns: number, from: number): number {
    let due = from;
    for (const [k, piece] of this.#pieces.entries()) {
      const end = this.#endOf(k);
      if (from >= end) continue;
      const mostNs = Math.min(ns, this.#pieces[k + 1]?.fromNs ?? ns);
      due = Math.max(due, Math.min(end, piece.timeline.dueBefore(mostNs, Math.max(from, piece.from))));
      if (due < end) break;
    }
    return due;
  }

  later(byNs: number, next: number): LiveTimeline {
    return new PiecedTimeline(
      this.piecesFrom(next).map(({ timeline, from, fromNs }) => ({
        timeline: timeline.later(byNs, Math.max(next, from)),
        from,
        fromNs: fromNs + byNs,
      })),
    );
  }

  /** All overdue slots lie before `next`. */
  withRate(pps: number, next: number, nowNs: number): LiveTimeline {
    return this.last.timeline.withRate(pps, next, nowNs);
  }

  /** The first slot of the piece behind it. */
  #endOf(k: number): number {
    return this.#pieces[k + 1]?.from ?? Number.POSITIVE_INFINITY;
  }
}
