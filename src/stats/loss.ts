/**
 * What counts as loss, for every method, threshold and report: of the frames on offer, those that did not come back
 * whole. These are lost, or damaged, or found no room in the device although they were due.
 */

export interface LossCounts {
  readonly requested: { readonly pps: number | null };
  readonly sent: number;
  readonly lost: number;
  readonly corrupt: number;
  /** Damaged frames beyond those that are missing: copies of whole ones, or loss that something hides. */
  readonly damagedCopies?: number | undefined;
  readonly blocked: number;
  readonly blockedOwn?: number | undefined;
}

/**
 * Frames that were due and found no room, by the device's doing. At max nothing is due: a full ring is how the device
 * sets the pace, unless it took no frame at all.
 */
export const refusedOf = ({ requested, sent, blocked, blockedOwn = 0 }: LossCounts): number =>
  requested.pps === null && sent > 0 ? 0 : blocked - blockedOwn;

export const offeredOf = (trial: LossCounts): number => trial.sent + refusedOf(trial);

export const badOf = (trial: LossCounts): number =>
  trial.lost + trial.corrupt + (trial.damagedCopies ?? 0) + refusedOf(trial);

/** Over several trials, as the directions of one, at most 1. 0 where nothing was on offer. */
export function lossShareOf(trials: readonly LossCounts[]): number {
  const offered = trials.reduce((sum, trial) => sum + offeredOf(trial), 0);
  return offered === 0 ? 0 : Math.min(1, trials.reduce((sum, trial) => sum + badOf(trial), 0) / offered);
}

/** Digits that a limit can have; the rest is what doubles make of it. */
const limitDigits = 12;

/** A share as a fraction of whole numbers: 0.007 is 7 of 1,000. */
function fractionOf(share: number): readonly [part: bigint, whole: bigint] {
  const [mantissa = "0", exponent = "0"] = Number(share.toPrecision(limitDigits)).toExponential().split("e");
  const [whole = "0", decimals = ""] = mantissa.split(".");
  const power = Number(exponent) - decimals.length;
  const digits = BigInt(whole + decimals);
  return power >= 0 ? [digits * 10n ** BigInt(power), 1n] : [digits, 10n ** BigInt(-power)];
}

/** `bad` of `offered` frames are at most the share `limit`; exactly the limit is within it. In whole numbers. */
export function isWithin(bad: number, offered: number, limit: number): boolean {
  const [part, whole] = fractionOf(limit);
  return BigInt(Math.ceil(bad)) * whole <= part * BigInt(Math.floor(offered));
}

export interface UnsteadyCounts {
  readonly sent: number;
  readonly late: number;
  readonly durationNs: number;
  readonly disturbance: { readonly stealMs: number } | null;
}

/**
 * Frames of a trial that may be missing because of us or the machine. They left late, and so too close together, or
 * they were due while the hypervisor held a CPU.
 */
export const excusableOf = ({ late, sent, disturbance, durationNs }: UnsteadyCounts): number =>
  late + (sent * (disturbance?.stealMs ?? 0) * 1e6) / Math.max(1, durationNs);
