/**
 * Which numbers of a lane came in anywhere, from what several receivers saw of it. A number is missing where all of them
 * miss it. So the missing numbers of all are the intersection of each one's.
 */
import { RunCollector, type SequenceRange } from "../run-collector.js";
import type { LaneAccepted } from "../sequence-table.js";

export interface LaneUnion {
  /** Numbers that came in at least once, wherever it was. */
  readonly accepted: number;
  /** Numbers below the end that came in nowhere: the first runs, and how many runs there are beyond them. */
  readonly missing: readonly SequenceRange[];
  readonly missingMore: number;
  /** Numbers of the longest run; null: not known. */
  readonly missingLongest: number | null;
}

/** `end`: the index after the last one that was sent. null: one of them does not know all of its missing numbers. */
export function laneUnion(seen: readonly LaneAccepted[], end: number, kept: number): LaneUnion | null {
  const receivers = seen.filter(({ accepted }) => accepted > 0);
  const all = receivers.map((one) => missingOf(one, end)).filter((missing) => missing !== null);
  if (all.length < receivers.length) {
    return receivers.length === 1 && receivers[0].next <= end ? ofOne(receivers[0], end, kept) : null;
  }
  const collector = new RunCollector(kept);
  const everything: Iterable<SequenceRange> = end > 0 ? [[0, end - 1]] : [];
  for (const [from, to] of all.reduce(intersection, everything)) collector.add(from, to);
  const { ranges: missing, more: missingMore, longest: missingLongest } = collector;
  return { accepted: end - collector.numbers, missing, missingMore, missingLongest };
}

/** The only receiver has judged the whole lane, even if its list of runs is cut. */
function ofOne(
  { next, accepted, missing, missingMore, missingLongest }: LaneAccepted,
  end: number,
  kept: number,
): LaneUnion {
  const ranges = missing.slice(0, kept);
  const runs = missing.length + missingMore + (next < end ? 1 : 0);
  const longest = missingLongest === undefined ? null : Math.max(missingLongest, end - next);
  return { accepted, missing: ranges, missingMore: runs - ranges.length, missingLongest: longest };
}

/** All runs below `end` that a receiver misses, in order; null: it does not know them. */
function missingOf(
  { next, missing, missingMore, missingBits }: LaneAccepted,
  end: number,
): Iterable<SequenceRange> | null {
  if (missingMore === 0) return withTail(missing, next, end);
  return missingBits === undefined ? null : withTail(runsOfBits(missingBits, next), next, end);
}

/** What lies behind the highest number that it saw is missing as well. */
function* withTail(runs: Iterable<SequenceRange>, next: number, end: number): Generator<SequenceRange> {
  yield* runs;
  if (next < end) yield [next, end - 1];
}

function* runsOfBits(bits: Uint32Array, next: number): Generator<SequenceRange> {
  let from = -1;
  for (let index = 0; index < next; index++) {
    const word = bits[index >>> 5];
    const isWhole = (index & 31) === 0 && index + 32 <= next;
    if (isWhole && (from < 0 ? word === 0 : word === 0xffff_ffff)) {
      index += 31;
      continue;
    }
    const isMissing = (word & (1 << (index & 31))) !== 0;
    if (isMissing && from < 0) from = index;
    if (isMissing || from < 0) continue;
    yield [from, index - 1];
    from = -1;
  }
  if (from >= 0) yield [from, next - 1];
}

/** Both are in ascending order. */
function* intersection(a: Iterable<SequenceRange>, b: Iterable<SequenceRange>): Iterable<SequenceRange> {
  const [left, right] = [a[Symbol.iterator](), b[Symbol.iterator]()];
  let [one, other] = [left.next(), right.next()];
  while (one.done !== true && other.done !== true) {
    const from = Math.max(one.value[0], other.value[0]);
    const to = Math.min(one.value[1], other.value[1]);
    if (from <= to) yield [from, to];
    if (one.value[1] <= other.value[1]) one = left.next();
    else other = right.next();
  }
}
