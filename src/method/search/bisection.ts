/**
 * Binary search for one goal (RFC 2544 §24, RFC 9971 §2.1). It tries the middle between a load that holds and one that
 * does not, until both are close enough. With `verifications`, loss counts only after this many further trials at the
 * same load lost frames, too. That is binary search with loss verification, ETSI GS NFV-TST 009 §12.3.3.
 */

import type { SearchGoal } from "./goals.js";
import {
  type GoalResult,
  relativeWidth,
  roundLoad,
  type Search,
  type SearchLoad,
  type SearchOutcome,
} from "./search.js";
import { criterionAt, SearchState, type SearchStateOptions } from "./state.js";

export interface BisectionOptions extends SearchStateOptions {
  readonly goal: SearchGoal;
  /** Further trials after one with too much loss; the first that holds is believed. 0: plain bisection. */
  readonly verifications: number;
}

/** What a load is, once its trials are over. */
type Answer = "holds" | "fails" | "unreachable" | "ended";

export function* bisection(options: BisectionOptions): Search {
  const search = new SearchState(options);
  const { minPps, maxPps } = options.range;
  let lower: number | null = null;
  let upper: number | null = null;
  let next: number | null = maxPps;
  while (next !== null) {
    const answer: Answer = yield* tryLoad(search, options, next);
    if (answer === "ended") break;
    if (answer === "holds") lower = next;
    else upper = next;
    next = middleLoad(lower, upper, minPps, options.goal.width);
  }
  return [resultOf(search, options, lower, upper)];
}

/** The arithmetic middle; null where the ends are close enough, or there is nothing left to try. */
function middleLoad(lower: number | null, upper: number | null, minPps: number, width: number): number | null {
  if (upper === null || upper <= minPps) return null;
  if (lower !== null && relativeWidth(lower, upper) <= width) return null;
  if (lower === null && upper < minPps * 2) return minPps;
  const middle = roundLoad(((lower ?? 0) + upper) / 2);
  return middle > (lower ?? 0) && middle < upper ? middle : null;
}

/** One load: trials until its goal decides, then those that verify a loss. */
function* tryLoad(
  search: SearchState,
  { goal, verifications, queueFrames }: BisectionOptions,
  pps: number,
): Generator<SearchLoad, Answer, SearchOutcome> {
  const criterion = criterionAt(goal, pps, queueFrames);
  yield* search.decide(goal, pps, goal.name);
  for (let again = 0; again < verifications; again++) {
    if (search.endedBy !== null || pps >= search.book.unreachable) break;
    if (search.book.classOf(pps, criterion) === "lower") return "holds";
    const before = search.trialsAt(pps).length;
    yield* search.trial(pps, criterion.trialNs, goal.name);
    const last = search.trialsAt(pps)[before];
    if (last !== undefined && last.lossRatio <= goal.lossRatio) return "holds";
  }
  if (search.endedBy !== null) return "ended";
  if (pps >= search.book.unreachable) return "unreachable";
  return search.book.classOf(pps, criterion) === "lower" ? "holds" : "fails";
}

/** The search's own ends: with verification a load may hold although one of its trials did not. */
function resultOf(
  search: SearchState,
  { goal, range }: BisectionOptions,
  lower: number | null,
  upper: number | null,
): GoalResult {
  const reached =
    upper !== null && (lower === null ? upper <= range.minPps : relativeWidth(lower, upper) <= goal.width);
  const byGenerator = upper !== null && upper >= search.book.unreachable;
  const atMax = lower !== null && lower >= range.maxPps;
  const best = lower === null ? [] : search.trialsAt(lower).map(({ lossRatio }) => lossRatio);
  const lossRatio = best.length === 0 ? 0 : Math.min(...best);
  return {
    goal: goal.name,
    lowerPps: lower ?? 0,
    upperPps: byGenerator ? null : upper,
    limitedBy: atMax
      ? range.maxIs
      : reached
        ? byGenerator
          ? "generator"
          : "dut"
        : search.endedByGenerator
          ? "generator"
          : "time",
    lossRatio,
    conditionalPps: (lower ?? 0) * (1 - lossRatio),
    endedBy: search.endedBy,
  };
}
