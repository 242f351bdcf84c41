/**
 * MLRsearch (RFC 9971, draft-ietf-bmwg-mlrsearch-15): several goals in one search, and every trial is used for all of
 * them. The document fixes what a result means. Which load comes next is free. Here the first loads lie around what the
 * device forwards when it is overloaded. Each goal is reached in steps from coarse to fine. A step begins at the bounds
 * of the step before it.
 */

import { type SearchGoal, type Target, targetsOf } from "./goals.js";
import type { Bounds } from "./load-book.js";
import { relativeWidth, roundLoad, type Search, type SearchLoad, type SearchOutcome } from "./search.js";
import { SearchState, type SearchStateOptions } from "./state.js";

export interface MlrOptions extends SearchStateOptions {
  /** At least one; those with less loss first. */
  readonly goals: readonly SearchGoal[];
  /** What the device gave back when it was offered more than it takes, if that is known already. */
  readonly hintPps: number | null;
}

type Steps = Generator<SearchLoad, void, SearchOutcome>;

/** So often the upper end is moved up from a lower bound, before the middle is tried. */
const stepsUp = 2;

/**
 * What is known of a target besides the trials: the bounds of the coarser step, and how often the upper end was moved.
 */
interface Approach {
  readonly before: Bounds;
  steps: number;
}

export function* mlrSearch(options: MlrOptions): Search {
  const goals = [...options.goals].sort((a, b) => a.lossRatio - b.lossRatio);
  const search = new SearchState(options);
  const targets = goals.map(targetsOf);
  yield* firstLoads(search, targets[0][0], options.hintPps);
  const before = goals.map(({ width }): Bounds => {
    const hint = options.hintPps === null ? null : roundLoad(options.hintPps * (1 - width / 2));
    return { lower: hint, upper: null };
  });
  for (let step = 0; step < targets[0].length; step++) {
    for (const [i, ofGoal] of targets.entries()) {
      const target = ofGoal[step];
      // What holds the greatest load when looked at coarsely is looked at closely at once.
      if (step < ofGoal.length - 1 && before[i].lower === options.range.maxPps) continue;
      yield* approach(search, target, { before: before[i], steps: 0 });
      before[i] = search.bounds(target);
    }
  }
  return options.goals.map((goal) => search.result(goal));
}

/** The greatest load, unless what it would show is known. A device that holds it needs no search. */
function* firstLoads(search: SearchState, target: Target, hintPps: number | null): Steps {
  const { maxPps, maxIs } = search.options.range;
  if (hintPps !== null && maxIs === "generator" && hintPps < maxPps / 2) return;
  yield* search.decide(target, maxPps, target.goal);
}

function* approach(search: SearchState, target: Target, state: Approach): Steps {
  while (search.endedBy === null) {
    const pps = nextLoad(search, target, state);
    if (pps === null) return;
    yield* search.decide(target, pps, target.goal);
  }
}

/** null: this target is reached, or cannot be. */
function nextLoad(search: SearchState, target: Target, state: Approach): number | null {
  const { minPps, maxPps } = search.options.range;
  const { lower, upper: failed } = search.bounds(target);
  const { unreachable } = search.book;
  const upper = Math.min(failed ?? Number.POSITIVE_INFINITY, unreachable);
  if (lower === null) {
    if (upper <= minPps) return null;
    return within(below(search, target, state, Math.min(upper, maxPps * 1.01)), minPps, maxPps);
  }
  if (lower >= maxPps) return null;
  if (upper === Number.POSITIVE_INFINITY) return within(above(lower, target, state), lower, maxPps);
  if (relativeWidth(lower, upper) <= target.width) return null;
  const pps = between(search, target, state, lower, upper);
  return pps > lower && pps < upper ? pps : null;
}

const within = (pps: number, least: number, most: number): number => Math.min(most, Math.max(least, roundLoad(pps)));

/** No lower bound yet: where the coarser step had it, or where the failed load's own loss says it is, or down. */
function below(search: SearchState, target: Target, state: Approach, upper: number): number {
  const known = state.before.lower;
  // It is not decided yet: else it, or a load below it, would be one of the bounds.
  if (known !== null && known < upper) return known;
  const step = Math.min(0.5, target.width * 2 ** state.steps++);
  const aim = foretold(search, target, upper);
  return aim !== null && aim < upper * (1 - step) ? aim : upper * (1 - step);
}

/** No upper bound yet: where the coarser step had it, or up by growing steps. */
function above(lower: number, target: Target, state: Approach): number {
  const known = state.before.upper;
  if (known !== null && known > lower) return known;
  return lower / (1 - growingStep(target, state));
}

/** Each step is four times as wide as the one before: a limit that is not near is soon passed. */
const growingStep = (target: Target, state: Approach): number => Math.min(0.5, target.width * 4 ** state.steps++);

/** Both are there and too far apart. */
function between(search: SearchState, target: Target, state: Approach, lower: number, upper: number): number {
  const middle = roundLoad(Math.sqrt(lower * upper));
  if (relativeWidth(lower, upper) <= 2 * target.width) return middle;
  const known = [state.before.lower, state.before.upper].find((pps) => pps !== null && pps > lower && pps < upper);
  if (known !== undefined && known !== null) return known;
  const aim = foretold(search, target, upper);
  if (aim !== null && aim > lower / (1 - target.width / 4)) return roundLoad(Math.min(aim, middle));
  // What it forwards when overloaded is what it forwarded at the lower bound: the limit is close above, or overload
  // costs it, and that foretells nothing.
  if (state.steps >= stepsUp) return middle;
  return roundLoad(Math.min(middle, lower / (1 - growingStep(target, state))));
}

/**
 * The load at which a device that forwards no more than it did at `upper` would just hold the goal, and a bit less. The
 * same holds for the limit of the generator.
 */
function foretold(search: SearchState, target: Target, upper: number): number | null {
  const trials = search.book.trialsAt(upper);
  const { unreachable, offeredPps } = search.book;
  if (upper >= unreachable && offeredPps !== null) return offeredPps * (1 - target.width);
  if (trials.length === 0) return null;
  const lossRatio = trials.reduce((sum, trial) => sum + trial.lossRatio, 0) / trials.length;
  return (upper * (1 - lossRatio) * (1 - target.width / 2)) / (1 - target.lossRatio);
}
