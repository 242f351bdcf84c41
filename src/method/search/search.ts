/**
 * What all searches share: a search is a generator with one verb. It yields the load and duration of the next trial
 * and is given that trial's outcome; in the end it returns a result for each goal. It knows no port and no clock, so
 * that a simulated device is searched as a real one is.
 */
import type { Reason } from "../../stats/cause.js";

/** The next trial. */
export interface SearchLoad {
  /** Frames per second over all queues. */
  readonly pps: number;
  readonly durationNs: number;
  /** The goal that asks for it, for progress. */
  readonly goal: string;
}

/** What became of it. Only `measured` says anything about the device under test. */
export type SearchOutcome =
  | {
      readonly kind: "measured";
      /** Of the frames that were on offer, those that did not come back whole: RFC 9971's Trial Loss Ratio. */
      readonly lossRatio: number;
    }
  /** The generator could not offer this load; what it offered instead, where that is known. */
  | { readonly kind: "short"; readonly offeredPps?: number }
  /**
   * The search must end here: the run was interrupted, or the device went away. `byGenerator`: in every attempt the
   * generator or its machine was in the way.
   */
  | { readonly kind: "ended"; readonly why: Reason; readonly byGenerator?: boolean };

/** What kept the rate from being higher. `time`: the search ended before it was narrow enough. */
export type LimitedBy = "dut" | "generator" | "line" | "time";

export interface GoalResult {
  readonly goal: string;
  /** The largest load that holds the goal and lies below every load that does not; 0: none was found. */
  readonly lowerPps: number;
  /** The smallest load that was measured not to hold the goal; null: none. */
  readonly upperPps: number | null;
  readonly limitedBy: LimitedBy;
  /** Of the trials at the lower bound, the loss that the goal's exceed ratio leaves; 0 without a lower bound. */
  readonly lossRatio: number;
  /** What the device forwards at the lower bound (RFC 9971 §4.8.4): the load times what that loss leaves. */
  readonly conditionalPps: number;
  /** Why it ended early; null: it did not. */
  readonly endedBy: Reason | null;
}

export type Search = Generator<SearchLoad, readonly GoalResult[], SearchOutcome>;

/** Where loads may lie. */
export interface LoadRange {
  /** A device that loses frames here has no rate worth a number. */
  readonly minPps: number;
  readonly maxPps: number;
  /** What sets the maximum: the line's speed, or what the generator can do. */
  readonly maxIs: "line" | "generator";
}

/** When to stop although the goals are not reached. */
export interface SearchBudget {
  readonly maxTrials: number;
  /** Sum of the trials' durations. */
  readonly maxTrialNs: number;
}

/** How far two loads are apart, as a share of the upper one. */
export const relativeWidth = (lowerPps: number, upperPps: number): number => (upperPps - lowerPps) / upperPps;

/** Six digits: loads that differ by less are one load, and reports can print them exactly. */
export const roundLoad = (pps: number): number => Number(pps.toPrecision(6));

/**
 * The shortest trial in which a queue of this many frames shows that a load is too high by a share of `width`. The
 * queue fills with `width × pps` frames a second, and loses nothing before it is full.
 */
export const leastTrialNs = (queueFrames: number, width: number, pps: number): number =>
  (queueFrames * 1e9) / (width * pps);
