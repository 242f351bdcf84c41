/**
 * When frames are due. Departure times follow from the start and the rate alone and are never re-based. Frame k is due
 * at start + ⌊k · P / F⌋ ns, where the rate is F frames in P nanoseconds, in whole numbers. Rates of whole frames per
 * second are exact as long as a double counts nanoseconds (104 days). Other rates become the nearest fraction with F ≤
 * 2^27, which is within one part in 10^9.
 */
import { usageError } from "../../errors.js";
import { acceptedPps, fastestPps, slowestPps } from "../../units.js";

const mostFrames = 2 ** 27;
const nsPerSecond = 1e9;

/** `pps`: above 0, up to 10^9. `startNs` is a whole number. */
export function departureSchedule(pps: number, startNs: number): DepartureSchedule {
  const { frames, periodNs } = rateFraction(pps);
  return new DepartureSchedule(startNs, frames, periodNs);
}

/** A class only because loops ask it for every frame: its fields are what V8 keeps in registers. */
export class DepartureSchedule {
  readonly startNs: number;
  /** F frames … */
  readonly frames: number;
  /** … in P nanoseconds, in lowest terms. */
  readonly periodNs: number;
  /** P = wholeNs · F + rest, with |rest| ≤ F / 2, so that k · rest stays below 2^53 within a period. */
  readonly wholeNs: number;
  readonly rest: number;

  constructor(startNs: number, frames: number, periodNs: number) {
    this.startNs = startNs;
    this.frames = frames;
    this.periodNs = periodNs;
    this.wholeNs = Math.round(periodNs / frames);
    this.rest = periodNs - this.wholeNs * frames;
  }

  /** When frame k (from 0) is due: a whole number of ns. */
  intendedNs(k: number): number {
    const periods = Math.floor(k / this.frames);
    const inPeriod = k - periods * this.frames;
    return (
      this.startNs +
      periods * this.periodNs +
      inPeriod * this.wholeNs +
      Math.floor((inPeriod * this.rest) / this.frames)
    );
  }

  /** How many frames are due at time `nowNs` or before: k < dueAt(t) exactly if intendedNs(k) ≤ t. */
  dueAt(nowNs: number): number {
    if (nowNs < this.startNs) return 0;
    // ⌈(elapsed + 1) · F / P⌉ in doubles, which is one off where the fraction is close to a whole number.
    const elapsedNs = Math.floor(nowNs) - this.startNs + 1;
    const periods = Math.floor(elapsedNs / this.periodNs);
    const inPeriodNs = elapsedNs - periods * this.periodNs;
    let due = periods * this.frames + Math.ceil((inPeriodNs / this.periodNs) * this.frames);
    while (this.intendedNs(due) <= nowNs) due++;
    while (due > 0 && this.intendedNs(due - 1) > nowNs) due--;
    return due;
  }

  /** How many frames a trial of this duration (may be Infinity) intends: those due before start + duration. */
  slotsIn(durationNs: number): number {
    if (durationNs === Number.POSITIVE_INFINITY) return durationNs;
    return this.dueAt(this.startNs + durationNs - 1);
  }
}

/** @throws PktgenError (2) for frames per second that no schedule has. */
export function checkSchedulable(pps: number, where: string): void {
  if (pps >= slowestPps && pps <= fastestPps) return;
  throw usageError(`${pps} frames per second cannot be scheduled`, { where, accepted: acceptedPps });
}

/** Frames per second as F frames in P ns, in lowest terms. */
export function rateFraction(pps: number): { readonly frames: number; readonly periodNs: number } {
  checkSchedulable(pps, "--rate");
  if (Number.isInteger(pps) && pps <= mostFrames) {
    const divisor = greatestCommonDivisor(pps, nsPerSecond);
    return { frames: pps / divisor, periodNs: nsPerSecond / divisor };
  }
  return nearestFraction(nsPerSecond / pps);
}

/** The last continued-fraction convergent P / F of the interval with F ≤ 2^27 (Khinchin, Continued Fractions, §6). */
function nearestFraction(intervalNs: number): { readonly frames: number; readonly periodNs: number } {
  let [periodNs, periodBefore] = [Math.floor(intervalNs), 1];
  let [frames, framesBefore] = [1, 0];
  let rest = intervalNs - periodNs;
  while (rest > 0 && Math.abs(intervalNs - periodNs / frames) > intervalNs * Number.EPSILON) {
    const term = Math.floor(1 / rest);
    const nextFrames = term * frames + framesBefore;
    if (nextFrames > mostFrames) break;
    [periodNs, periodBefore] = [term * periodNs + periodBefore, periodNs];
    [frames, framesBefore] = [nextFrames, frames];
    rest = 1 / rest - term;
  }
  return { frames, periodNs };
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
