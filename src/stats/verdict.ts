/**
 * Verdicts of trials, as pure rules. A trial is invalid when its figures cannot be used. It fails when the device under
 * test did not do what it was asked. Otherwise it passes. The rules depend on what the trial is to show:
 *
 *   forwarding     an exact count that must all come back, intact and in order per queue. No rate was asked for, so the
 *                  rate that was really offered is reported
 *   at a set rate  the load must have been offered (offered-load.ts); then loss beyond `lossRatioMax` fails
 *   at max         loss is information, unless --loss or --min-rate asks
 *
 * Damaged frames count as lost (loss.ts). An uneven load leaves a pass as it is. It takes away a fail for loss that it
 * can explain, and makes latency and pacing unusable (`untimely`). Methods for which loss is a figure (`measuresLoss`)
 * fail nothing here, and do not use a loss that an uneven load may explain.
 */
import { type Tolerances, usualTolerances } from "../tolerances.js";
import type { Cause, Reason, VerdictWord } from "./cause.js";
import { checkEquations, type TrialCounts } from "./ledger.js";
import { badOf, excusableOf, isWithin, offeredOf, refusedOf } from "./loss.js";
import {
  loadReasons,
  moreThanAsked,
  type OfferedTrial,
  offeredNote,
  ownDropReasons,
  standstillNote,
  standstillReasons,
  type TrialKind,
  unsteadyReasons,
} from "./offered-load.js";
import { framesWord, partOf, percentWord, rateWord, timeWord } from "./words.js";

/** What the rules look at: a trial of the result document has all of it. */
export interface JudgedTrial extends TrialCounts, OfferedTrial {
  readonly phase: string;
  readonly requested: { readonly pps: number | null; readonly count: number | null };
  readonly signature: boolean;
  /** Frames, ours or others', that our own receive side had no room for. */
  readonly receiveDrops?: number | undefined;
  /** Frames that our own interface did not take from us. */
  readonly sendDrops?: number | undefined;
  readonly txPps: number;
  readonly rxPps: number;
  readonly unaccounted: number | null;
  /** Frames out of order, one right after the other. Absent: not known. */
  readonly reorderedRuns?: { readonly count: number; readonly max: number } | null | undefined;
  /** The ledger's sentences. */
  readonly ledger: readonly string[];
}

export interface VerdictRules {
  /** `--loss`; null: 0 where loss decides, nothing at max. */
  readonly lossRatioMax: number | null;
  /** `--min-rate` in frames per second for this size. */
  readonly minPps: number | null;
  /** What already makes the trial useless: interrupted, the peer died. */
  readonly faults: readonly Reason[];
  /** Reasons why the device under test has already failed: it took nothing more. */
  readonly failures?: readonly string[] | undefined;
  /** The caller judges loss as a figure; absent: loss is judged here. */
  readonly measuresLoss?: boolean | undefined;
  /** Absent: the usual ones. */
  readonly tolerances?: Tolerances | undefined;
}

export interface Judgement {
  readonly verdict: VerdictWord;
  /** Why it is not a pass; empty for a pass. */
  readonly reasons: string[];
  /** One for each reason. */
  readonly causes: Cause[];
  /** What should be known, and decided nothing. */
  readonly notes: string[];
  /** Why latency and pacing are not the device's; absent: they are. */
  readonly untimely?: string;
}

/** What the device did wrong. `excusable`: an uneven load may have done it. */
interface Failure {
  readonly reason: Reason;
  readonly excusable: boolean;
}

export function judgeTrial(trial: JudgedTrial, rules: VerdictRules): Judgement {
  const kind = kindOf(trial);
  const tolerances = rules.tolerances ?? usualTolerances;
  // A device that went away, or stopped, explains all the rest.
  const isExplained = rules.faults.length > 0 || (rules.failures ?? []).length > 0;
  const limits = isExplained ? [] : generatorLimits(trial, kind, rules, tolerances);
  if (lossMatters(trial, kind, rules)) limits.push(...ownDrops(trial));
  const unsteady = isExplained ? [] : unsteadyOf(trial, kind, tolerances);
  const failures = failuresOf(trial, kind, rules);
  const asReason = ({ reason }: Failure): Reason => reason;
  const unsound = [...rules.faults, ...unsoundReasons(trial, isExplained)];
  const invalid = [...unsound, ...limits];
  const notes = notesOf(trial, kind, rules);
  const [timing] = [...limits, ...unsteady];
  const untimely = timing === undefined ? {} : { untimely: timing.text };
  const finish = (verdict: VerdictWord, reasons: readonly Reason[], more: readonly Reason[]): Judgement => ({
    verdict,
    reasons: reasons.map(({ text }) => text),
    causes: reasons.map(({ cause }) => cause),
    notes: [...notes, ...more.map(({ text }) => text), ...lateNotes(trial, kind, [...reasons, ...more])],
    ...untimely,
  });
  // What the DUT did wrong stays said, even where the trial can't be used to show it.
  if (invalid.length > 0) return finish("invalid", [...invalid, ...failures.map(asReason)], unsteady);
  const isOpen = rules.measuresLoss === true ? badOf(trial) > 0 : failures.length > 0;
  const excused = unsteady.length > 0 && isOpen && failures.every(({ excusable }) => excusable);
  if (excused) return finish("invalid", [...unsteady, ...failures.map(asReason)], []);
  return finish(failures.length > 0 ? "fail" : "pass", failures.map(asReason), unsteady);
}

/** Invalid, then fail, then pass, whichever comes first; nothing at all shows nothing. */
export function judgeRun(parts: readonly { readonly verdict: VerdictWord }[]): VerdictWord {
  if (parts.length === 0) return "invalid";
  const worst = (["invalid", "fail"] as const).find((word) => parts.some(({ verdict }) => verdict === word));
  return worst ?? "pass";
}

function kindOf(trial: JudgedTrial): TrialKind {
  if (trial.phase === "forwarding") return "forwarding";
  return trial.requested.pps === null ? "max" : "set rate";
}

/** An exact count is whole although the generator stood still in it. It is as uneven as one with late frames. */
const unsteadyOf = (trial: JudgedTrial, kind: TrialKind, tolerances: Tolerances): Reason[] => [
  ...(kind === "forwarding" ? standstillReasons(trial) : []),
  ...unsteadyReasons(trial, kind, tolerances),
];

/** Sums that do not add up, and frames without explanation. */
function unsoundReasons(trial: JudgedTrial, isExplained: boolean): Reason[] {
  const reasons = checkEquations(trial).map(
    (sentence): Reason => ({ cause: "counts", text: `the counts do not add up: ${sentence}` }),
  );
  if (trial.unaccounted !== null && trial.unaccounted !== 0) {
    const detail = trial.ledger.length > 0 ? `: ${trial.ledger.join("; ")}` : "";
    reasons.push({ cause: "unaccounted", text: `${framesWord(trial.unaccounted)} unaccounted for${detail}` });
  }
  if (trial.sent === 0 && trial.blocked === 0 && !isExplained) {
    reasons.push({ cause: "nothing sent", text: "no frame was sent" });
  }
  return reasons;
}

/** Where the generator was the limit, so that the trial says nothing about the DUT. */
function generatorLimits(trial: JudgedTrial, kind: TrialKind, rules: VerdictRules, tolerances: Tolerances): Reason[] {
  if (kind === "forwarding") return [];
  const load = kind === "max" ? minRateNotOffered(trial, rules) : loadReasons(trial, tolerances);
  return [...standstillReasons(trial), ...load];
}

/** A device cannot fail a least rate that it was never offered. Back-pressure is the device's own limit. */
function minRateNotOffered(trial: JudgedTrial, { minPps }: VerdictRules): Reason[] {
  if (minPps === null || trial.rxPps >= minPps || trial.txPps >= minPps || trial.blocked > 0) return [];
  const offered = `it offered ${rateWord(trial.txPps)}, less than the ${rateWord(minPps)} to be proved`;
  return [{ cause: "least rate not offered", text: `the generator was the limit: ${offered}` }];
}

/** Loss is judged, or is a figure. */
const lossDecides = (kind: TrialKind, { lossRatioMax, measuresLoss }: VerdictRules): boolean =>
  kind !== "max" || lossRatioMax !== null || measuresLoss === true;

/** Frames are missing, and that decides something. */
const lossMatters = (trial: JudgedTrial, kind: TrialKind, rules: VerdictRules): boolean =>
  trial.lost > 0 && (lossDecides(kind, rules) || rules.minPps !== null);

const ownDrops = ({ receiveDrops = 0, sendDrops = 0 }: JudgedTrial): Reason[] =>
  ownDropReasons(receiveDrops, sendDrops);

function failuresOf(trial: JudgedTrial, kind: TrialKind, rules: VerdictRules): Failure[] {
  const failures = (rules.failures ?? []).map((text) => certain("stopped", text));
  if (rules.measuresLoss !== true) failures.push(...lossFailures(trial, kind, rules));
  if (kind === "forwarding") failures.push(...notIntact(trial));
  if (rules.minPps !== null && kind !== "forwarding" && trial.rxPps < leastPps(trial, kind, rules.minPps, rules)) {
    const text = `${rateWord(trial.rxPps)} came back, less than the ${rateWord(rules.minPps)} asked for`;
    failures.push({ reason: { cause: "too slow", text }, excusable: true });
  }
  return failures;
}

/** No device gives back more than it got: what the generator offered less of, within its tolerance, is not asked of it. */
function leastPps({ txPps }: JudgedTrial, kind: TrialKind, minPps: number, { tolerances }: VerdictRules): number {
  if (kind === "max") return minPps;
  const { rateShare } = tolerances ?? usualTolerances;
  return Math.min(minPps, Math.max(txPps, minPps * (1 - rateShare)));
}

const certain = (cause: Cause, text: string): Failure => ({ reason: { cause, text }, excusable: false });

const copiesWord = (copies: number): string =>
  `${framesWord(copies)} came back corrupt beside whole ones: damaged copies, or there would be more missing`;

const damageOf = ({ corrupt, damagedCopies = 0 }: JudgedTrial): Failure[] => [
  ...(corrupt > 0 ? [certain("corrupt", `${framesWord(corrupt)} came back corrupt`)] : []),
  ...(damagedCopies > 0 ? [certain("corrupt", copiesWord(damagedCopies))] : []),
];

/** Frames that did not come back whole, where they are more than is tolerated. */
function lossFailures(trial: JudgedTrial, kind: TrialKind, rules: VerdictRules): Failure[] {
  const { sent, accepted, lost } = trial;
  const refused = refusedOf(trial);
  const full = (excusable: boolean): Failure => {
    const part = partOf(refused, offeredOf(trial));
    const text = `the device under test took no more: ${part} found no free slot`;
    return { reason: { cause: "refused", text }, excusable };
  };
  if (sent === 0) return refused > 0 ? [full(false)] : [];
  if (accepted === 0) {
    const none = certain("none came back", `none of ${framesWord(sent)} came back intact`);
    return [none, ...(refused > 0 ? [full(false)] : []), ...damageOf(trial)];
  }
  if (!lossDecides(kind, rules)) return damageOf(trial);
  const limit = rules.lossRatioMax ?? 0;
  const offered = offeredOf(trial);
  if (isWithin(badOf(trial), offered, limit)) return [];
  const excusable = isWithin(leastBad(trial, rules), offered, limit);
  const tolerated = limit > 0 ? `, tolerated ${percentWord(limit)}` : "";
  return [
    ...(lost > 0
      ? [{ reason: { cause: "lost", text: `${partOf(lost, sent)} lost${tolerated}` }, excusable } as const]
      : []),
    ...(refused > 0 ? [full(excusable)] : []),
    ...damageOf(trial).map((failure): Failure => ({ ...failure, excusable })),
  ];
}

/** The bad frames that remain when everything that an uneven load may have cost is excused. Damage is never excused. */
function leastBad(trial: JudgedTrial, rules: VerdictRules): number {
  const tolerances = rules.tolerances ?? usualTolerances;
  const missing = trial.lost + refusedOf(trial);
  // The cost of these is unknown.
  const unknown = unsteadyOf(trial, kindOf(trial), tolerances).some(
    ({ cause }) => cause === "speed" || cause === "stood still",
  );
  const excused = unknown ? missing : excusableOf(trial) + moreThanAsked(trial, tolerances);
  return trial.corrupt + (trial.damagedCopies ?? 0) + Math.max(0, missing - excused);
}

/** Whole frames that came back more than once. Damaged copies are counted separately. */
const wholeCopies = ({ duplicate, damagedCopies = 0 }: JudgedTrial): number => duplicate - damagedCopies;

function reorderedWord({ reordered, reorderedRuns }: JudgedTrial): string {
  const said = `${framesWord(reordered)} came back out of order`;
  const { count = 0, max = 0 } = reorderedRuns ?? {};
  return count < 2 && max < 2 ? said : `${said}, at most ${max} in a row`;
}

/** What a forwarding trial must not show, apart from loss and damage. */
function notIntact(trial: JudgedTrial): Failure[] {
  const said: string[] = [];
  const { count } = trial.requested;
  if (count !== null && trial.intended < count) said.push(`only ${partOf(trial.intended, count)} were due`);
  if (trial.missed > 0) said.push(`${partOf(trial.missed, trial.intended)} never left the generator`);
  if (wholeCopies(trial) > 0) said.push(`${framesWord(wholeCopies(trial))} came back more than once`);
  if (trial.reordered > 0) said.push(reorderedWord(trial));
  if (trial.tooOld > 0) said.push(`${framesWord(trial.tooOld)} came back too late to be told from duplicates`);
  return said.map((text) => certain("not intact", text));
}

function notesOf(trial: JudgedTrial, kind: TrialKind, rules: VerdictRules): string[] {
  const notes: string[] = [];
  const tolerances = rules.tolerances ?? usualTolerances;
  if (!trial.signature) notes.push("frames too small for a signature: sequence and latency were not measured");
  if (!lossDecides(kind, rules) && trial.lost > 0) {
    notes.push("loss at max is information; --loss or --min-rate makes it decide");
  }
  const offered = kind === "forwarding" ? offeredNote(trial, tolerances) : null;
  if (offered !== null) notes.push(offered);
  if (standstillReasons(trial).length === 0 || kind === "forwarding") {
    const stood = standstillNote(trial);
    if (stood !== null) notes.push(stood);
  }
  notes.push(...damageNotes(trial, kind, rules));
  const blockedNs = trial.blockedNs ?? 0;
  if (kind !== "max" && blockedNs > 0) notes.push(`the device under test gave no free slot for ${timeWord(blockedNs)}`);
  if (!lossMatters(trial, kind, rules)) notes.push(...ownDrops(trial).map(({ text }) => text));
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

/** Frames that came back wrong in some way, but failed nothing. */
function damageNotes(trial: JudgedTrial, kind: TrialKind, rules: VerdictRules): string[] {
  const notes: string[] = [];
  const failed = lossFailures(trial, kind, rules).some(({ reason }) => reason.cause === "corrupt");
  if (trial.corrupt > 0 && (rules.measuresLoss === true || !failed)) {
    notes.push(`${framesWord(trial.corrupt)} came back corrupt, which counts as loss`);
  }
  const { damagedCopies = 0 } = trial;
  if (damagedCopies > 0 && (rules.measuresLoss === true || !failed)) notes.push(copiesWord(damagedCopies));
  if (kind === "forwarding") return notes;
  if (wholeCopies(trial) > 0) notes.push(`${framesWord(wholeCopies(trial))} came back more than once`);
  if (trial.reordered > 0) notes.push(reorderedWord(trial));
  if (trial.tooOld > 0) notes.push(`${framesWord(trial.tooOld)} came back too late to be told from duplicates`);
  return notes;
}

/** Said once: only where lateness is no reason, which would say it in full. */
function lateNotes({ late, sent, lost }: JudgedTrial, kind: TrialKind, said: readonly Reason[]): string[] {
  if (late === 0 || said.some(({ cause }) => cause === "late")) return [];
  if (kind === "max" || (kind === "forwarding" && lost === 0)) return [];
  return [`${partOf(late, sent)} left late`];
}
