/** The lost numbers that several reports list, as one list in the numbers of the whole trial. */
import type { SequenceRange } from "../run-collector.js";
import { type MergePlan, numbersOf, type PartPlace } from "./part.js";

/** The first runs of lost numbers, and how many runs there are beyond them. */
export interface LostRanges {
  readonly lostRanges: readonly SequenceRange[];
  readonly lostRangesMore: number;
}

/** Lanes are on one part each: the longest run of all is one part's. Absent: one of them does not know it. */
export function longestOf(parts: readonly { readonly longestLost?: number | undefined }[]): {
  readonly longestLost?: number;
} {
  const known = parts.flatMap(({ longestLost }) => longestLost ?? []);
  return known.length < parts.length ? {} : { longestLost: Math.max(0, ...known) };
}

/** The same with what was lost behind the last frames that came: a range of each lane, in its every queues-th number. */
export function withLostTail(
  { longestLost }: { readonly longestLost?: number | undefined },
  tails: readonly SequenceRange[],
  queues: number,
): { readonly longestLost?: number | undefined } {
  if (longestLost === undefined) return {};
  return { longestLost: Math.max(longestLost, ...tails.map(([from, to]) => Math.floor((to - from) / queues) + 1)) };
}

export interface PlacedRanges {
  readonly place: PartPlace;
  readonly ranges: LostRanges;
}

/**
 * Each part lists its first runs, and the order of numbers is the same in the whole trial. So the first runs of all
 * together are among these, also where a part's list was cut.
 */
export function mergeLostRanges(plan: MergePlan, parts: readonly PlacedRanges[], kept: number): LostRanges {
  const more = parts.reduce((sum, { ranges }) => sum + ranges.lostRangesMore, 0);
  const all = parts.flatMap(({ place, ranges }) => {
    const numberOf = numbersOf(plan, place);
    return ranges.lostRanges.map(([from, to]): SequenceRange => [numberOf(from), numberOf(to)]);
  });
  return firstRanges(all, more, kept);
}

export function firstRanges(all: readonly SequenceRange[], more: number, kept: number): LostRanges {
  const lostRanges = all.toSorted((a, b) => a[0] - b[0]).slice(0, kept);
  return { lostRanges, lostRangesMore: more + all.length - lostRanges.length };
}
