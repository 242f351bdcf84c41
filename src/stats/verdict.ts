/**
 * Verdicts, as pure rules. A trial is invalid when its figures cannot be used, failed when the device under test did
 * not do what was asked of it, else passed. What decides depends on what the trial was to show:
 *
 *   forwarding     an exact count that must all come back, intact and in order per queue; never invalid for pace
 *   at a set rate  the rate must really have been offered; then loss beyond `lossRatioMax` fails
 *   at max         loss is information, unless --loss or --min-rate asks
 */
import { checkEquations, type TrialCounts } from "./ledger.js";
import { framesWord, partOf, percentWord, rateWord, timeWord } from "./words.js";

export type VerdictWord = "pass" | "fail" | "invalid";

/** What the rules look at: a trial of the result document has all of it. */
export interface JudgedTrial extends TrialCounts {
  readonly phase: string;
  readonly requested: { readonly pps: number | null; readonly count: number | null };
  /** The transmit window. */
  readonly durationNs: number;
  readonly signature: boolean;
  /** Of the blocked frames: those in the generator's own catch-up bursts. */
  readonly blockedOwn?: number | undefined;
  /** Time in which frames were due and the peer gave no free slot, its own freezes: the generator may be late by it. */
  readonly blockedNs?: number | undefined;
  /** Frames, ours or others', that our own receive side had no room for. */
  readonly receiveDrops?: number | undefined;
  /** Frames that our own interface did not take from us. */
  readonly sendDrops?: number | undefined;
  readonly txPps: number;
  readonly rxPps: number;
  readonly unaccounted: number | null;
  /** The ledger's sentences. */
  readonly ledger: readonly string[];
  readonly disturbance: {
    readonly stealMs: number;
    readonly switches: number;
    readonly calibration: number;
    readonly watchedNs?: number | undefined;
  } | null;
}

export interface VerdictRules {
  /** `--loss`; null: 0 where loss decides, nothing at max. */
  readonly lossRatioMax: number | null;
  /** `--min-rate` in frames per second for this size. */
  readonly minPps: number | null;
  /** What already makes the trial useless, in words: interrupted, the peer died. */
  readonly faults: readonly string[];
  /** What the device under test already failed by, in words: it took nothing more. */
  readonly failures?: readonly string[] | undefined;
}

export interface Judgement {
  readonly verdict: VerdictWord;
  /** Why it is not a pass; empty for a pass. */
  readonly reasons: string[];
  /** What should be known, and decided nothing. */
  readonly notes: string[];
}

/** The tolerances of an honest generator. */
export const tolerances = {
  /** Achieved against asked rate. */
  rateShare: 0.001,
  /** Frames after their slot; a few are the host's scheduler, more is another traffic pattern. */
  lateShare: 0.1,
  /** CPU time taken by the hypervisor, of the trial's time with its settling: it is counted in ticks of 10 ms. */
  stealShare: 0.05,
  /** The calibration loop after ÷ before, or its inverse. */
  calibrationRatio: 1.5,
} as const;

/** How the reasons begin that blame the generator, and those that blame the machine: such a trial may be repeated. */
export const generatorReason = "the generator was the limit";
export const disturbedReason = "disturbed";
/** How two of these begin: frames that left late, and time that the hypervisor took. Of both it is known how much. */
export const lateReason = `${generatorReason}: it sent`;
export const stealReason = `${disturbedReason}: the hypervisor took`;

export function judgeTrial(trial: JudgedTrial, rules: VerdictRules): Judgement {
  const kind = kindOf(trial);
  const known = [...rules.faults, ...(rules.failures ?? [])];
  const unusable = [...rules.faults, ...unsoundReasons(trial, known.length > 0)];
  // A device that went away, or stopped, explains all the rest.
  const limits = known.length > 0 ? [] : generatorLimits(trial, kind, rules);
  if (lossMatters(trial, kind, rules)) limits.push(...ownDrops(trial));
  const disturbed = disturbances(trial);
  const decides = kind === "set rate" || (kind === "max" && (rules.lossRatioMax !== null || rules.minPps !== null));
  if (decides) unusable.push(...disturbed);
  const failures = [...(rules.failures ?? []), ...failureReasons(trial, kind, rules)];
  const notes = notesOf(trial, kind, rules);
  if (!decides) notes.push(...disturbed);
  // What the DUT did wrong stays said, even where the trial can't be used to show it.
  const invalid = [...unusable, ...limits];
  if (invalid.length > 0) return { verdict: "invalid", reasons: [...invalid, ...failures], notes };
  return { verdict: failures.length > 0 ? "fail" : "pass", reasons: failures, notes };
}

/** Invalid, then fail, then pass, whichever comes first; a run without any trial shows nothing. */
export function judgeRun(trials: readonly { readonly verdict: VerdictWord }[]): VerdictWord {
  if (trials.length === 0) return "invalid";
  const worst = (["invalid", "fail"] as const).find((word) => trials.some(({ verdict }) => verdict === word));
  return worst ?? "pass";
}

type TrialKind = "forwarding" | "set rate" | "max";

function kindOf(trial: JudgedTrial): TrialKind {
  if (trial.phase === "forwarding") return "forwarding";
  return trial.requested.pps === null ? "max" : "set rate";
}

/** Sums that do not add up, and frames that nobody can explain. */
function unsoundReasons(trial: JudgedTrial, explained: boolean): string[] {
  const reasons = checkEquations(trial).map((sentence) => `the counts do not add up: ${sentence}`);
  if (trial.unaccounted !== null && trial.unaccounted !== 0) {
    const detail = trial.ledger.length > 0 ? `: ${trial.ledger.join("; ")}` : "";
    reasons.push(`${framesWord(trial.unaccounted)} unaccounted for${detail}`);
  }
  if (trial.sent === 0 && trial.blocked === 0 && !explained) reasons.push("no frame was sent");
  return reasons;
}

/** Where the generator was the limit, so that the trial says nothing about the DUT. */
function generatorLimits(trial: JudgedTrial, kind: TrialKind, rules: VerdictRules): string[] {
  if (kind === "forwarding") return [];
  if (kind === "max") return minRateNotOffered(trial, rules);
  const reasons = rateNotAchieved(trial);
  const blockedOwn = trial.blockedOwn ?? 0;
  if (trial.missed > trial.intended * tolerances.rateShare) {
    reasons.push(`${generatorReason}: it never sent ${partOf(trial.missed, trial.intended)} in time`);
  }
  if (blockedOwn > trial.intended * tolerances.rateShare) {
    reasons.push(`${generatorReason}: its own catch-up bursts blocked ${partOf(blockedOwn, trial.intended)}`);
  }
  // After a freeze of the DUT, overdue frames go at 1.1 × the rate: ten times as long as the freeze, all late.
  const lateByDut = (11 * (trial.requested.pps ?? 0) * (trial.blockedNs ?? 0)) / 1e9;
  if (trial.late - lateByDut > trial.sent * tolerances.lateShare) {
    reasons.push(
      `${lateReason} ${partOf(trial.late, trial.sent)} late (tolerance ${percentWord(tolerances.lateShare)})`,
    );
  }
  return reasons;
}

/** The achieved rate is off by more than the tolerance, and the DUT did not hold it up. */
function rateNotAchieved(trial: JudgedTrial): string[] {
  const pps = trial.requested.pps ?? 0;
  // What the DUT blocked was on offer; what our own catching up blocked was not.
  const offered = trial.sent + trial.blocked - (trial.blockedOwn ?? 0);
  const askedMost = (pps * trial.durationNs) / 1e9;
  const askedLeast = (pps * Math.max(0, trial.durationNs - (trial.blockedNs ?? 0))) / 1e9;
  // One frame more or less is where a window starts and ends.
  const slack = Math.max(1.000001, askedMost * tolerances.rateShare);
  if (offered >= askedLeast - slack && offered <= askedMost + slack) return [];
  const achieved = trial.durationNs > 0 ? (offered * 1e9) / trial.durationNs : 0;
  const tolerance = percentWord(tolerances.rateShare);
  return [
    `${generatorReason}: it offered ${rateWord(achieved)} where ${rateWord(pps)} was asked (tolerance ${tolerance})`,
  ];
}

/** A least rate that the DUT was never offered can't be failed by it. Back-pressure is the DUT's own limit. */
function minRateNotOffered(trial: JudgedTrial, { minPps }: VerdictRules): string[] {
  if (minPps === null || trial.rxPps >= minPps || trial.txPps >= minPps || trial.blocked > 0) return [];
  return [`${generatorReason}: it offered ${rateWord(trial.txPps)}, less than the ${rateWord(minPps)} to be proved`];
}

/** Frames are missing, and that decides something. */
const lossMatters = (trial: JudgedTrial, kind: TrialKind, rules: VerdictRules): boolean =>
  trial.lost > 0 && (kind !== "max" || rules.lossRatioMax !== null || rules.minPps !== null);

/** What our own side lost cannot be told from what the DUT lost, but for its number. */
function ownDrops({ receiveDrops = 0, sendDrops = 0 }: JudgedTrial): string[] {
  const reasons: string[] = [];
  if (sendDrops > 0) {
    reasons.push(`the generator was the limit: its own interface did not take ${framesWord(sendDrops)}`);
  }
  if (receiveDrops > 0) {
    reasons.push(
      `the generator was the limit: its receive side had no room for ${framesWord(receiveDrops)} that arrived`,
    );
  }
  return reasons;
}

function disturbances({ disturbance, durationNs }: JudgedTrial): string[] {
  if (disturbance === null) return [];
  const reasons: string[] = [];
  const { stealMs, calibration } = disturbance;
  const watchedNs = Math.max(durationNs, disturbance.watchedNs ?? 0);
  if (stealMs * 1e6 > watchedNs * tolerances.stealShare) {
    reasons.push(`${stealReason} ${Math.round(stealMs)} ms of ${Math.round(watchedNs / 1e6)} ms`);
  }
  const change = calibration >= 1 ? calibration : 1 / calibration;
  if (change > tolerances.calibrationRatio) {
    const how = calibration >= 1 ? "slower" : "faster";
    reasons.push(`${disturbedReason}: the machine was ${change.toFixed(1)} times ${how} after the trial than before`);
  }
  return reasons;
}

function failureReasons(trial: JudgedTrial, kind: TrialKind, rules: VerdictRules): string[] {
  const reasons: string[] = [];
  const blocked = trial.blocked - (trial.blockedOwn ?? 0);
  const lossDecides = kind !== "max" || rules.lossRatioMax !== null;
  const lossRatioMax = rules.lossRatioMax ?? 0;
  const all = trial.sent + blocked;
  if (trial.sent > 0 && trial.accepted === 0) {
    reasons.push(`none of ${framesWord(trial.sent)} came back intact`);
  } else if (lossDecides && trial.lost > lossRatioMax * trial.sent) {
    reasons.push(
      `${partOf(trial.lost, trial.sent)} lost${lossRatioMax > 0 ? `, tolerated ${percentWord(lossRatioMax)}` : ""}`,
    );
  }
  // At max a full ring is only back-pressure; at a pace it is a DUT that does not keep it.
  if ((kind !== "max" && blocked > lossRatioMax * all) || (trial.sent === 0 && blocked > 0)) {
    reasons.push(`the device under test took no more: ${partOf(blocked, all)} found no free slot`);
  }
  if (trial.corrupt > 0) reasons.push(`${framesWord(trial.corrupt)} came back corrupt`);
  const copies = trial.damagedCopies ?? 0;
  if (copies > 0) {
    reasons.push(
      `${framesWord(copies)} came back corrupt beside whole ones: damaged copies, or there would be more missing`,
    );
  }
  if (kind === "forwarding") reasons.push(...notIntact(trial));
  if (rules.minPps !== null && kind !== "forwarding" && trial.rxPps < rules.minPps) {
    reasons.push(`${rateWord(trial.rxPps)} came back, less than the ${rateWord(rules.minPps)} asked for`);
  }
  return reasons;
}

/** Whole frames that came back more than once; the damaged ones are told as such. */
const wholeCopies = ({ duplicate, damagedCopies = 0 }: JudgedTrial): number => duplicate - damagedCopies;

/** What a forwarding trial must not show, beside loss and damage. */
function notIntact(trial: JudgedTrial): string[] {
  const reasons: string[] = [];
  const { count } = trial.requested;
  if (count !== null && trial.intended < count) reasons.push(`only ${partOf(trial.intended, count)} were due`);
  if (trial.missed > 0) reasons.push(`${partOf(trial.missed, trial.intended)} never left the generator`);
  if (wholeCopies(trial) > 0) reasons.push(`${framesWord(wholeCopies(trial))} came back more than once`);
  if (trial.reordered > 0) reasons.push(`${framesWord(trial.reordered)} came back out of order`);
  if (trial.tooOld > 0) reasons.push(`${framesWord(trial.tooOld)} came back too late to be told from duplicates`);
  return reasons;
}

function notesOf(trial: JudgedTrial, kind: TrialKind, rules: VerdictRules): string[] {
  const notes: string[] = [];
  if (!trial.signature) notes.push("frames too small for a signature: sequence and latency were not measured");
  if (kind === "max" && rules.lossRatioMax === null && trial.lost > 0) {
    notes.push("loss at max is information; --loss or --min-rate makes it decide");
  }
  if (kind === "set rate" && trial.late > 0) notes.push(`${partOf(trial.late, trial.sent)} left late`);
  if (kind !== "forwarding") {
    if (wholeCopies(trial) > 0) notes.push(`${framesWord(wholeCopies(trial))} came back more than once`);
    if (trial.reordered > 0) notes.push(`${framesWord(trial.reordered)} came back out of order`);
    if (trial.tooOld > 0) notes.push(`${framesWord(trial.tooOld)} came back too late to be told from duplicates`);
  }
  const blockedNs = trial.blockedNs ?? 0;
  if (kind !== "max" && blockedNs > 0) notes.push(`the device under test gave no free slot for ${timeWord(blockedNs)}`);
  if (!lossMatters(trial, kind, rules)) notes.push(...ownDrops(trial));
  const { staleOfOthers = 0 } = trial;
  const staleOfRun = trial.stale - staleOfOthers;
  if (staleOfRun > 0) notes.push(`${framesWord(staleOfRun)} of an earlier trial of this run came back in this one`);
  if (staleOfOthers > 0) notes.push(`${framesWord(staleOfOthers)} of another run or generator came in`);
  if (trial.foreign > 0)
    notes.push(`${framesWord(trial.foreign)} that ${trial.foreign === 1 ? "was" : "were"} not ours arrived`);
  if (trial.unaccounted === null) {
    notes.push("the device under test has no counters: losses could not be traced to a hop");
  }
  return notes;
}
