/**
 * Searches: which load comes next, and what the trials until now have shown. Pure: no clock, no ports, no system. A
 * search is a generator that yields loads and receives outcomes.
 */
export { type BisectionOptions, bisection } from "./bisection.js";
export { classifyLoad, type LoadClass, type LoadCriterion, type LoadTrial, quantileLossRatio } from "./classify.js";
export type { SearchGoal } from "./goals.js";
export { type MlrOptions, mlrSearch } from "./mlr.js";
export {
  type GoalResult,
  type LimitedBy,
  type LoadRange,
  leastTrialNs,
  type Search,
  type SearchBudget,
  type SearchLoad,
  type SearchOutcome,
} from "./search.js";
