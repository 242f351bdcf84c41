/**
 * Was the load the one that was asked for, and was it steady?
 *
 * A loss verdict of *pass* needs a load that was no easier than asked. A load is easier when fewer frames were offered
 * over the trial's window: frames that the generator never sent, or that its own bursts blocked, were not offered.
 *
 * A load is not easier when frames left late. As many frames went in over the same window, and those behind a gap came
 * closer together (at up to 1.1 times the rate, a burst at once). A queue loses least when frames come evenly. A queue
 * that lost nothing of an uneven load loses nothing of an even one with the same mean. So a pass stays a pass in spite
 * of lateness, of time that the hypervisor took, and of more frames than asked for.
 *
 * These three take away a fail for loss as far as they can explain the loss (excusableOf). They also take away
 * everything that is said about latency and pacing.
 */
import type { Tolerances } from "../tolerances.js";
import type { Reason } from "./cause.js";
import { framesWord, partOf, percentWord, rateWord, timeWord } from "./words.js";

/** CPU time taken by the hypervisor, of the trial's time with its settling: it is counted in ticks of 10 ms. */
const stealShare = 0.05;
/** The calibration loop after ÷ before, or its inverse. */
const calibrationRatio = 1.5;
/** A scheduler lets the loop stand still for less than this. A longer standstill is reported. */
const standstillToldNs = 20e6;
/** And above this share of the window the trial is of no use. */
const standstillShare = 0.1;

/** What a trial is asked to offer: an exact count at a pace, a load, or as much as possible. */
export type TrialKind = "forwarding" | "set rate" | "max";

/** What these rules look at. */
export interface OfferedTrial {
  readonly requested: { readonly pps: number | null };
  /** The transmit window. */
  readonly durationNs: number;
  readonly intended: number;
  readonly sent: number;
  readonly late: number;
  readonly missed: number;
  readonly blocked: number;
  /** Of the blocked frames: those in the generator's own catch-up bursts. */
  readonly blockedOwn?: number | undefined;
  /** Time in which frames were due and the peer gave no free slot, its own freezes: the generator may be late by it. */
  readonly blockedNs?: number | undefined;
  /** How long after its slot the first frame left: the window is shorter by so much. */
  readonly startLateNs?: number | undefined;
  /** The longest time between two turns of the generator's loop. */
  readonly stoodStillNs?: number | undefined;
  readonly disturbance: {
    readonly stealMs: number;
    readonly switches: number;
    readonly calibration: number;
    readonly watchedNs?: number | undefined;
  } | null;
}

/** What the DUT blocked was on offer; what our own catching up blocked was not. */
const offeredFrames = ({ sent, blocked, blockedOwn = 0 }: OfferedTrial): number => sent + blocked - blockedOwn;

const achievedPps = (trial: OfferedTrial): number =>
  trial.durationNs > 0 ? (offeredFrames(trial) * 1e9) / trial.durationNs : 0;

/** One frame more or less is where a window starts and ends. */
const slackFrames = (asked: number, { rateShare }: Tolerances): number => Math.max(1.000001, asked * rateShare);

/** How far the frames on offer are from those asked for: below 0 too few, above 0 too many, 0 within the tolerance. */
export function framesOff(trial: OfferedTrial, tolerances: Tolerances): number {
  const pps = trial.requested.pps ?? 0;
  const { durationNs, blockedNs = 0, startLateNs = 0 } = trial;
  const offered = offeredFrames(trial);
  const askedMost = (pps * durationNs) / 1e9;
  // The DUT held it up for so long.
  const askedLeast = (pps * Math.max(0, durationNs - blockedNs)) / 1e9;
  const slack = slackFrames(askedMost, tolerances);
  if (offered < askedLeast - slack) return offered - askedLeast;
  // A first frame that left late is followed by the others at their times: the window is short, and the load as asked.
  const atStart = (pps * startLateNs) / 1e9;
  return offered > askedMost + atStart + slack ? offered - askedMost : 0;
}

/** `offered 4.73 kpps, where 10 kpps was the pace`; null: no less than that. */
export function offeredNote(trial: OfferedTrial, tolerances: Tolerances): string | null {
  const { pps } = trial.requested;
  if (pps === null || framesOff(trial, tolerances) >= 0) return null;
  return `offered ${rateWord(achievedPps(trial))}, where ${rateWord(pps)} was the pace`;
}

/** Fewer frames were offered than asked for, in one sentence. */
export function loadReasons(trial: OfferedTrial, tolerances: Tolerances): Reason[] {
  const said: string[] = [];
  const { missed, intended, blockedOwn = 0 } = trial;
  const tolerance = percentWord(tolerances.rateShare);
  if (framesOff(trial, tolerances) < 0) {
    const asked = rateWord(trial.requested.pps ?? 0);
    said.push(`it offered ${rateWord(achievedPps(trial))} where ${asked} was asked (tolerance ${tolerance})`);
  }
  if (missed > intended * tolerances.rateShare) said.push(`it never sent ${partOf(missed, intended)} in time`);
  if (blockedOwn > intended * tolerances.rateShare) {
    said.push(`its own catch-up bursts blocked ${partOf(blockedOwn, intended)}`);
  }
  return said.length === 0 ? [] : [{ cause: "load", text: `the generator was the limit: ${said.join(", ")}` }];
}

/** A generator that stood still for a good part of the window was none in that time. */
export function standstillReasons({ stoodStillNs = 0, durationNs }: OfferedTrial): Reason[] {
  if (!(stoodStillNs > standstillToldNs) || stoodStillNs <= durationNs * standstillShare) return [];
  const text = `the generator stood still for ${timeWord(stoodStillNs)} of ${timeWord(durationNs)}`;
  return [{ cause: "stood still", text: `${text} (tolerance ${percentWord(standstillShare)})` }];
}

export function standstillNote({ stoodStillNs = 0 }: OfferedTrial): string | null {
  return stoodStillNs > standstillToldNs ? `the generator stood still for ${timeWord(stoodStillNs)} at once` : null;
}

/** What made the load uneven, or more than asked for. */
export function unsteadyReasons(trial: OfferedTrial, kind: TrialKind, tolerances: Tolerances): Reason[] {
  const reasons: Reason[] = [];
  if (kind !== "max") {
    const { late, sent, requested, blockedNs = 0 } = trial;
    // After a freeze of the DUT, overdue frames go at 1.1 × the rate: ten times as long as the freeze, all late.
    const lateByDut = (11 * (requested.pps ?? 0) * blockedNs) / 1e9;
    if (late - lateByDut > sent * tolerances.lateShare) {
      const tolerance = percentWord(tolerances.lateShare);
      reasons.push({ cause: "late", text: `the generator sent ${partOf(late, sent)} late (tolerance ${tolerance})` });
    }
    const more = framesOff(trial, tolerances);
    if (more > 0) {
      const rates = `${rateWord(achievedPps(trial))} where ${rateWord(requested.pps ?? 0)} was asked`;
      const text = `the generator offered ${rates} (tolerance ${percentWord(tolerances.rateShare)})`;
      reasons.push({ cause: "more than asked", text });
    }
  }
  return [...reasons, ...disturbances(trial)];
}

function disturbances({ disturbance, durationNs }: OfferedTrial): Reason[] {
  if (disturbance === null) return [];
  const reasons: Reason[] = [];
  const { stealMs, calibration } = disturbance;
  const watchedNs = Math.max(durationNs, disturbance.watchedNs ?? 0);
  if (stealMs * 1e6 > watchedNs * stealShare) {
    const text = `disturbed: the hypervisor took ${Math.round(stealMs)} ms of ${Math.round(watchedNs / 1e6)} ms`;
    reasons.push({ cause: "steal", text });
  }
  const change = calibration >= 1 ? calibration : 1 / calibration;
  if (change > calibrationRatio) {
    const how = calibration >= 1 ? "slower" : "faster";
    const text = `disturbed: the machine was ${change.toFixed(1)} times ${how} after the trial than before`;
    reasons.push({ cause: "speed", text });
  }
  return reasons;
}

/** Frames offered beyond those asked for, which a device need not carry. */
export const moreThanAsked = (trial: OfferedTrial, tolerances: Tolerances): number =>
  Math.max(0, framesOff(trial, tolerances));

/** Frames that our own side lost look like frames that the device lost. Only their number is known. */
export function ownDropReasons(receiveDrops: number, sendDrops: number): Reason[] {
  const limit = "the generator was the limit";
  const reasons: Reason[] = [];
  if (sendDrops > 0) {
    reasons.push({ cause: "own drops", text: `${limit}: its own interface did not take ${framesWord(sendDrops)}` });
  }
  if (receiveDrops > 0) {
    const what = `its receive side had no room for ${framesWord(receiveDrops)} that arrived`;
    reasons.push({ cause: "own drops", text: `${limit}: ${what}` });
  }
  return reasons;
}
