/**
 * How far another host's clock is ahead of ours, how much faster it runs, and how wrong that can be, from questions that
 * it answered with its time.
 *
 *      ours    ──t1──────────────────t4──▸      t1 asked, t4 answer here
 *                 ╲                 ╱
 *      theirs  ────t2─────────────t3────▸       t2 question there, t3 answered
 *
 * Whatever the two ways took: at our t1 their clock read at most t2, and at our t4 at least t3. So t2 − t1 bounds the
 * offset from above at t1, and t3 − t4 from below at t4. Where both clocks run at steady rates, the offset is a line
 * between all these bounds. The middle of the lines that fit is the estimate, and the outermost are its bound. The bound
 * is hard: no asymmetry of the ways exceeds it. Where no line fits, a clock was stepped or its rate was changed.
 */
import { feasibleLines, heightAt, type Line } from "./feasible-lines.js";

/** One question and its answer: t1 and t4 by our clock, t2 and t3 by theirs, in whole ns. */
export interface ClockExchange {
  readonly t1Ns: number;
  readonly t2Ns: number;
  readonly t3Ns: number;
  readonly t4Ns: number;
}

/** A clock that fits. Plain data. */
export interface ClockFit {
  /** The outermost lines that fit, of the offset beyond `baseNs` over the time since `originNs`. */
  readonly lines: readonly Line[];
  readonly originNs: number;
  readonly baseNs: number;
  readonly exchanges: number;
  readonly minRttNs: number;
  /** How far the estimate is from the middle of an exchange, at most, of the half with the shortest round trips. */
  readonly residualNs: number;
}

/** How far they are ahead of us, give or take the bound. */
export interface ClockOffset {
  readonly offsetNs: number;
  readonly boundNs: number;
}

/** How much faster than ours their clock runs, in parts per billion, give or take the bound. */
export interface ClockRate {
  readonly ratePpb: number;
  readonly rateBoundPpb: number;
}

/** Stamps are cut to whole ns. */
const resolutionNs = 1;
/** Two clocks that nobody slews differ by less: each kernel corrects at most 500 ppm. */
const mostRatePpb = 1_000_000;
/** A fit is of the exchanges of this time. */
const windowNs = 60e9;
/** With fewer exchanges a line fits anything. */
const leastExchanges = 4;

const roundTripNs = ({ t1Ns, t2Ns, t3Ns, t4Ns }: ClockExchange): number => t4Ns - t1Ns - (t3Ns - t2Ns);
const middleNs = ({ t1Ns, t2Ns, t3Ns, t4Ns }: ClockExchange): number => (t2Ns - t1Ns + (t3Ns - t4Ns)) / 2;

/** null: no line fits all of them, or there is no exchange. */
export function fitClock(exchanges: readonly ClockExchange[]): ClockFit | null {
  const [first] = exchanges;
  if (first === undefined) return null;
  const originNs = first.t1Ns;
  // Differences of large numbers first: what is left keeps its fractions.
  const baseNs = first.t2Ns - first.t1Ns;
  const lines = feasibleLines(
    exchanges.map(({ t1Ns, t2Ns }) => ({ x: t1Ns - originNs, y: t2Ns - t1Ns - baseNs + resolutionNs })),
    exchanges.map(({ t3Ns, t4Ns }) => ({ x: t4Ns - originNs, y: t3Ns - t4Ns - baseNs - resolutionNs })),
    mostRatePpb / 1e9,
  );
  if (lines.length === 0) return null;
  const minRttNs = exchanges.reduce(
    (least, exchange) => Math.min(least, roundTripNs(exchange)),
    Number.POSITIVE_INFINITY,
  );
  const fit = { lines, originNs, baseNs, exchanges: exchanges.length, minRttNs };
  return { ...fit, residualNs: residualOf({ ...fit, residualNs: 0 }, exchanges) };
}

function residualOf(fit: ClockFit, exchanges: readonly ClockExchange[]): number {
  const best = exchanges.toSorted((a, b) => roundTripNs(a) - roundTripNs(b)).slice(0, Math.ceil(exchanges.length / 2));
  return best.reduce((most, exchange) => {
    const { offsetNs } = offsetAt(fit, (exchange.t1Ns + exchange.t4Ns) / 2);
    return Math.max(most, Math.abs(middleNs(exchange) - offsetNs));
  }, 0);
}

/** At a time of our clock, also before and after the exchanges: there the bound grows. */
export function offsetAt({ lines, originNs, baseNs }: ClockFit, atNs: number): ClockOffset {
  const { middle, half } = spanOf(lines.map((line) => heightAt(line, atNs - originNs)));
  return { offsetNs: baseNs + middle, boundNs: half };
}

export function rateOf({ lines }: ClockFit): ClockRate {
  const { middle, half } = spanOf(lines.map(({ slope }) => slope * 1e9));
  return { ratePpb: middle, rateBoundPpb: half };
}

function spanOf(values: readonly number[]): { readonly middle: number; readonly half: number } {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return { middle: (least + most) / 2, half: (most - least) / 2 };
}

/** The newest exchanges that a line fits; the clocks moved where these are not all of the last minute. */
export interface LatestFit {
  readonly fit: ClockFit | null;
  readonly moved: boolean;
}

/**
 * A line through the exchanges of the last minute. Where none fits, a clock moved, and the longest row of newest exchanges
 * that one fits is taken. `fit` is null where that row has fewer than four: then nothing is known.
 */
export function fitLatest(exchanges: readonly ClockExchange[]): LatestFit {
  const endNs = exchanges.at(-1)?.t4Ns ?? 0;
  const recent = exchanges.filter(({ t1Ns }) => t1Ns >= endNs - windowNs);
  const whole = fitClock(recent);
  if (whole !== null) return { fit: recent.length < leastExchanges ? null : whole, moved: false };
  // A row that fits goes on fitting when it is made shorter.
  let [fits, fails] = [0, recent.length];
  while (fails - fits > 1) {
    const middle = Math.floor((fits + fails) / 2);
    if (fitClock(recent.slice(-middle)) === null) fails = middle;
    else fits = middle;
  }
  return { fit: fits < leastExchanges ? null : fitClock(recent.slice(-fits)), moved: recent.length > 0 };
}

/** What a sender added to its times in a trial, to have the receiver's: a line over its own clock. */
export interface AppliedClock {
  readonly atNs: number;
  readonly offsetNs: number;
  readonly ratePpb: number;
}

/** The estimate over a trial, as one line. */
export function appliedClock(fit: ClockFit, fromNs: number, toNs: number): AppliedClock {
  const [from, to] = [offsetAt(fit, fromNs), offsetAt(fit, toNs)];
  const ratePpb = toNs > fromNs ? ((to.offsetNs - from.offsetNs) / (toNs - fromNs)) * 1e9 : rateOf(fit).ratePpb;
  return { atNs: fromNs, offsetNs: from.offsetNs, ratePpb };
}

export type TrialClockCheck =
  | {
      readonly kind: "steady";
      /** The most that the applied line was off at any time of the trial. */
      readonly boundNs: number;
      readonly before: ClockFit;
      readonly after: ClockFit;
    }
  /**
   * Latency between the two hosts is unknown: a clock was stepped or slewed. `byNs`: how far apart the lines of both
   * sides are in the middle of the trial. `byPpb`: how much the rate changed; null: no more than its bound.
   */
  | { readonly kind: "moved"; readonly byNs: number; readonly byPpb: number | null }
  /** There are too few exchanges on one side, or a clock moved among them. */
  | { readonly kind: "unknown" };

/**
 * What was applied before a trial is a claim about the time after: exchanges from both sides of the trial prove or refute
 * it. A clock that stood out of line in the middle, and came back, is not noticed.
 */
export function checkTrialClock(
  applied: AppliedClock,
  before: readonly ClockExchange[],
  after: readonly ClockExchange[],
  trial: { readonly fromNs: number; readonly toNs: number },
): TrialClockCheck {
  const [one, other] = [fitClock(before), fitClock(after)];
  if (before.length < leastExchanges || after.length < leastExchanges || one === null || other === null) {
    return { kind: "unknown" };
  }
  const both = fitClock([...before, ...after]);
  if (both === null) return movedBetween(one, other, (trial.fromNs + trial.toNs) / 2);
  const wrongAt = (atNs: number): number => {
    const claimNs = applied.offsetNs - both.baseNs + (applied.ratePpb / 1e9) * (atNs - applied.atNs);
    return Math.max(...both.lines.map((line) => Math.abs(heightAt(line, atNs - both.originNs) - claimNs)));
  };
  // Of two lines, one end of the trial has the largest difference.
  return { kind: "steady", boundNs: Math.max(wrongAt(trial.fromNs), wrongAt(trial.toNs)), before: one, after: other };
}

function movedBetween(before: ClockFit, after: ClockFit, atNs: number): TrialClockCheck {
  const [one, other] = [rateOf(before), rateOf(after)];
  const byPpb = other.ratePpb - one.ratePpb;
  const hasOtherRate = Math.abs(byPpb) > one.rateBoundPpb + other.rateBoundPpb;
  const byNs = offsetAt(after, atNs).offsetNs - offsetAt(before, atNs).offsetNs;
  return { kind: "moved", byNs, byPpb: hasOtherRate ? byPpb : null };
}

/**
 * Round a loop of hosts the offsets add up to nothing. false: they do not, by more than their bounds; then one of them is
 * wrong. All are of one moment.
 */
export function loopCloses(offsets: readonly ClockOffset[]): boolean {
  const sum = offsets.reduce((total, { offsetNs }) => total + offsetNs, 0);
  return Math.abs(sum) <= offsets.reduce((total, { boundNs }) => total + boundNs, 0);
}
