/**
 * Finds spells of loss in a trial's ranges of lost numbers. Each range belongs to one queue, and has every queues-th
 * number. An outage of all queues therefore shows as several ranges inside each other, and is one spell. Pure.
 */
import type { Trial } from "../result/run-result.js";

export interface LossSpell {
  /** Frames of the trial, over all queues, that left before it. */
  readonly before: number;
  /** Numbers from its first to its last lost one, both included, over all queues: its length in slots of the schedule. */
  readonly slots: number;
  /** Frames that did not come back whole. */
  readonly lost: number;
}

/** `firstNumber`: of the trial's first frame. */
export function lossSpells(
  { lostRanges, queues }: Pick<Trial, "lostRanges" | "queues">,
  firstNumber: number,
): LossSpell[] {
  const spells: { from: number; to: number; lost: number }[] = [];
  for (const [from, to] of lostRanges.toSorted((a, b) => a[0] - b[0])) {
    const lost = Math.floor((to - from) / queues) + 1;
    const last = spells.at(-1);
    if (last === undefined || from > last.to + 1) spells.push({ from, to, lost });
    else {
      last.to = Math.max(last.to, to);
      last.lost += lost;
    }
  }
  return spells.map(({ from, to, lost }) => ({ before: from - firstNumber, slots: to - from + 1, lost }));
}
