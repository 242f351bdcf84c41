/**
 * Drives a pure search with a measurer. A trial in which the generator fell short, or that was disturbed, is repeated
 * and never used. The search itself goes around a load that the generator cannot offer after some attempts.
 */

import type { MeasureRequest, Measurer } from "../measure/measurer.js";
import { type TrialUse, useOf } from "../measure/outcome.js";
import type { SearchResult as ResultRow, SearchStep } from "../result/run-result.js";
import { type FrameSize, formatRate, frameSizeName, meanFrameBytes, ratePps } from "../units.js";
import type { LoadRange, Search, SearchLoad, SearchOutcome } from "./search/index.js";

/** A load is given up after this many trials in which the generator fell short. */
const shortAttempts = 3;
/** A load is also given up after this many trials that were disturbed: lower loads leave the machine more time. */
const attemptsAtLoad = 4;
/** The search is given up after this many trials in a row, at any load, that were disturbed or did not add up. */
const attemptsInRow = 40;
const probeNs = 1e9;
/** The phase of trials that only tell a search where to look. */
export const probePhase = "probe";
/**
 * A probe that the device held up does not show what the generator can do. The search then looks up to this factor
 * above it.
 */
const heldUp = 2;

export interface SearchOn {
  readonly size: FrameSize;
  readonly phase: string;
  /** Loss ratios of the search's goals. */
  readonly lossGoals: readonly number[];
}

export interface SearchRun {
  readonly results: readonly ResultRow[];
  readonly path: readonly SearchStep[];
}

export const paced = (size: FrameSize, phase: string, pps: number, durationNs: number): MeasureRequest => ({
  ...{ size, phase, pps, durationNs },
  rateText: formatRate({ kind: "pps", pps }),
  count: null,
});

/** Drives the search to its end. */
export async function runSearch(measurer: Measurer, search: Search, on: SearchOn): Promise<SearchRun> {
  const path: SearchStep[] = [];
  const frameBytes = frameSizeName(on.size);
  const attempts = new Attempts();
  let step = search.next();
  while (step.done !== true) {
    const load = step.value;
    const outcome = await offerLoad(measurer, load, on, attempts, (use) => {
      const { pps, durationNs, goal } = load;
      const lossRatio = use.kind === "measured" ? use.lossRatio : null;
      path.push({ frameBytes, goal, pps, durationNs, outcome: use.kind, lossRatio });
    });
    step = search.next(outcome);
  }
  const results = step.value.map(
    (result): ResultRow => ({
      frameBytes,
      goal: result.goal,
      pps: result.lowerPps,
      ppsUpper: result.upperPps,
      limitedBy: result.limitedBy,
      lossRatio: result.lossRatio,
      conditionalPps: result.conditionalPps,
      trials: path.filter(({ goal }) => goal === result.goal).length,
      ...(result.endedBy === null ? {} : { endedBy: result.endedBy.text, cause: result.endedBy.cause }),
    }),
  );
  return { results, path };
}

/** Counts attempts, at the load in question and in a row. */
class Attempts {
  #pps = 0;
  #inRow = 0;
  #atLoad = 0;
  #shorts = 0;
  #offeredPps = 0;

  beginLoad(pps: number): void {
    this.#pps = pps;
    this.#atLoad = 0;
    this.#shorts = 0;
    this.#offeredPps = 0;
  }

  /** What follows from a trial; null: another attempt. */
  after(use: TrialUse): SearchOutcome | null {
    if (use.kind === "measured") {
      this.#inRow = 0;
      return use;
    }
    this.#inRow++;
    this.#atLoad++;
    if (use.kind === "short") {
      this.#offeredPps = Math.max(this.#offeredPps, use.offeredPps);
      if (++this.#shorts === shortAttempts) return { kind: "short", offeredPps: this.#offeredPps };
    } else if (this.#inRow >= attemptsInRow || (!use.disturbed && this.#atLoad >= attemptsAtLoad)) {
      const text = `${this.#inRow} attempts in a row could not be used: ${use.why.text}`;
      return { kind: "ended", why: { ...use.why, text }, byGenerator: use.disturbed };
    }
    // A disturbed machine says nothing of what the generator can do when it is left alone: half may be.
    return this.#atLoad >= attemptsAtLoad ? { kind: "short", offeredPps: this.#pps / 2 } : null;
  }
}

async function offerLoad(
  measurer: Measurer,
  { pps, durationNs }: SearchLoad,
  { size, phase, lossGoals }: SearchOn,
  attempts: Attempts,
  note: (use: TrialUse) => void,
): Promise<SearchOutcome> {
  attempts.beginLoad(pps);
  for (;;) {
    const trials = await measurer.measure({ ...paced(size, phase, pps, durationNs), lossGoals });
    const use = useOf(trials, lossGoals);
    const ended = measurer.ended();
    // What was measured whole counts, even if nothing further can be.
    if (use.kind === "measured" || ended === null) note(use);
    const outcome = attempts.after(use);
    if (use.kind !== "measured" && ended !== null) return { kind: "ended", why: ended };
    if (outcome !== null) return outcome;
  }
}

/** Where to search, and what the device gave back when it was offered all there is. */
export interface SearchSpace {
  readonly range: LoadRange;
  readonly hintPps: number | null;
}

/** Frames per second that the line carries; Infinity where there is none. */
export const linePps = (size: FrameSize, lineRateBps: number | null): number =>
  lineRateBps === null
    ? Number.POSITIVE_INFINITY
    : ratePps({ kind: "percent", share: 1 }, meanFrameBytes(size), lineRateBps);

/** What the probe of a search needs to know. */
export interface ProbeSettings {
  readonly lineRateBps: number | null;
  readonly minPps: number;
  /**
   * The device was not started here, or lies behind an interface. It gets nothing faster than the line that was named.
   */
  readonly isOthers?: boolean;
}

/**
 * One trial at max without a verdict: what the generator can offer, and what comes back then. A device of others gets
 * no more than the line that was named. null: the trial could not be measured.
 */
export async function searchSpace(
  measurer: Measurer,
  size: FrameSize,
  { lineRateBps, minPps, isOthers = false }: ProbeSettings,
): Promise<SearchSpace | null> {
  const line = linePps(size, lineRateBps);
  const probe = await measurer.measure(
    isOthers && Number.isFinite(line)
      ? paced(size, probePhase, line, probeNs)
      : { size, phase: probePhase, rateText: "max", pps: null, durationNs: probeNs, count: null },
  );
  const least = (key: "txPps" | "rxPps"): number => Math.min(...probe.map((trial) => trial[key]));
  const txPps = least("txPps");
  if (probe.length === 0 || measurer.ended() !== null) return null;
  // At a pace that is the line's, a frame less is no limit of the generator's.
  const offered = isOthers && txPps > line * 0.99 ? line : txPps;
  const most = probe.some(({ blockedNs, durationNs }) => (blockedNs ?? 0) > durationNs / 100)
    ? offered * heldUp
    : offered;
  const maxPps = Math.max(minPps, Math.min(line, most));
  const rxPps = least("rxPps");
  return {
    range: { minPps, maxPps: Number(maxPps.toPrecision(6)), maxIs: line <= most ? "line" : "generator" },
    hintPps: rxPps > minPps && rxPps < maxPps ? rxPps : null,
  };
}
