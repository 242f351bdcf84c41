/** The state of one search: its trials, what they showed, and whether it may go on. */
import { notMeasured, type Reason } from "../../stats/cause.js";
import { type LoadCriterion, type LoadTrial, quantileLossRatio } from "./classify.js";
import type { SearchGoal } from "./goals.js";
import { LoadBook } from "./load-book.js";
import {
  type GoalResult,
  type LimitedBy,
  type LoadRange,
  leastTrialNs,
  relativeWidth,
  type SearchBudget,
  type SearchLoad,
  type SearchOutcome,
} from "./search.js";

export interface SearchStateOptions {
  readonly range: LoadRange;
  readonly budget: SearchBudget;
  /** Frames that the device may hold in its queues: trials last until that many would have shown. 0: none. */
  readonly queueFrames: number;
}

/** A criterion with the width that its loads are to be told apart by. */
type WidthCriterion = LoadCriterion & { readonly width: number };

/** The criterion at one load, with trials long enough for the device's queue to show. */
export function criterionAt<T extends WidthCriterion>(target: T, pps: number, queueFrames: number): T {
  const trialNs = Math.max(target.trialNs, Math.ceil(leastTrialNs(queueFrames, target.width, pps)));
  return { ...target, trialNs, durationSumNs: Math.max(target.durationSumNs, trialNs) };
}

export class SearchState {
  readonly book = new LoadBook();
  readonly options: SearchStateOptions;
  #trials = 0;
  #spentNs = 0;
  #endedBy: Reason | null = null;
  #endedByGenerator = false;

  constructor(options: SearchStateOptions) {
    this.options = options;
  }

  /** Why it ended before its goals were reached; null: it goes on. */
  get endedBy(): Reason | null {
    return this.#endedBy;
  }

  /** It ended because no load could be offered: that was the limit, and not the time. */
  get endedByGenerator(): boolean {
    return this.#endedByGenerator;
  }

  /** One trial; its outcome is in the book afterwards, unless the search ended. */
  *trial(pps: number, durationNs: number, goal: string): Generator<SearchLoad, void, SearchOutcome> {
    const { maxTrials, maxTrialNs } = this.options.budget;
    if (this.#trials >= maxTrials) this.#endedBy ??= notMeasured(`${maxTrials} trials were not enough`);
    else if (this.#spentNs + durationNs > maxTrialNs)
      this.#endedBy ??= notMeasured("the time for the search was not enough");
    if (this.#endedBy !== null) return;
    this.#trials++;
    this.#spentNs += durationNs;
    const outcome = yield { pps, durationNs, goal };
    if (outcome.kind === "measured") this.book.note(pps, { durationNs, lossRatio: outcome.lossRatio });
    else if (outcome.kind === "short") this.book.noteUnreachable(pps, outcome.offeredPps ?? null);
    else {
      this.#endedBy = outcome.why;
      this.#endedByGenerator = outcome.byGenerator === true;
    }
  }

  /** Trials at a load until it is decided, cannot be offered, or the search ends. */
  *decide(target: WidthCriterion, pps: number, goal: string): Generator<SearchLoad, void, SearchOutcome> {
    const criterion = criterionAt(target, pps, this.options.queueFrames);
    while (this.#endedBy === null && pps < this.book.unreachable) {
      if (this.book.classOf(pps, criterion) !== "undecided") return;
      yield* this.trial(pps, criterion.trialNs, goal);
    }
  }

  /** The bounds for a criterion that knows the device's queue. */
  bounds(target: WidthCriterion): { readonly lower: number | null; readonly upper: number | null } {
    return this.book.bounds((pps) => criterionAt(target, pps, this.options.queueFrames));
  }

  trialsAt(pps: number): readonly LoadTrial[] {
    return this.book.trialsAt(pps);
  }

  result(goal: SearchGoal): GoalResult {
    const { lower, upper } = this.bounds(goal);
    const criterion = criterionAt(goal, lower ?? this.options.range.minPps, this.options.queueFrames);
    const lossRatio = lower === null ? 0 : quantileLossRatio(this.trialsAt(lower), criterion);
    return {
      goal: goal.name,
      lowerPps: lower ?? 0,
      upperPps: upper,
      limitedBy: this.#limitedBy(goal, lower, upper),
      lossRatio,
      conditionalPps: (lower ?? 0) * (1 - lossRatio),
      endedBy: this.#endedBy,
    };
  }

  #limitedBy(goal: SearchGoal, lower: number | null, upper: number | null): LimitedBy {
    const { range } = this.options;
    const narrow = (pps: number): boolean =>
      lower === null ? pps <= range.minPps : relativeWidth(lower, pps) <= goal.width * (1 + 1e-9);
    if (upper !== null && narrow(upper)) return "dut";
    if (lower !== null && lower >= range.maxPps) return range.maxIs;
    if (Number.isFinite(this.book.unreachable) && narrow(this.book.unreachable)) return "generator";
    return this.#endedByGenerator ? "generator" : "time";
  }
}
