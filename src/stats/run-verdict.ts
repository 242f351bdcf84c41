/**
 * The verdict of a whole run, one rule for every method. A run has figures that were asked for: trials, loads, rates,
 * steps, thresholds. It passes when each figure was measured on usable trials and is within its limits, and when no
 * frame of any trial is unaccounted for. A figure that is missing, or could not be measured, makes the run invalid. A
 * figure out of its limits makes it fail. A run without any figure shows nothing.
 */
import { type Cause, type Judged, judgedBy, notMeasured, type Reason, reasonsOf, type VerdictWord } from "./cause.js";
import { judgeRun } from "./verdict.js";
import { framesWord } from "./words.js";

/** The part of a result that a reason of the run is about. `run`: the whole of it. */
export const resultParts = [
  ...(["run", "trials", "results", "checks", "service", "recovery", "resets"] as const),
  ...(["absorption", "soak", "thresholds"] as const),
] as const;

export type ResultPart = (typeof resultParts)[number];

/** Something that was asked for, and what became of it. */
export interface AskedFigure {
  /** For people: `64 bytes, NDR`. */
  readonly what: string;
  readonly verdict: VerdictWord;
  /** Why it is not a pass. */
  readonly reasons: readonly string[];
  /** One for each reason. */
  readonly causes?: readonly Cause[] | undefined;
  /** Absent: `run`. */
  readonly about?: ResultPart;
}

/** A trial as this rule looks at it, used or not. */
export interface RunTrial {
  readonly unaccounted: number | null;
  readonly verdict: VerdictWord;
  readonly reasons: readonly string[];
}

/** Reasons are empty for a pass. */
export interface RunJudgement extends Judged {
  /** For each reason, the part of the result that it is about. */
  readonly about: ResultPart[];
}

/** A reason of the run, and what it is about. */
interface RunReason extends Reason {
  readonly about: ResultPart;
}

const noFigure: AskedFigure = { what: "", ...judgedBy("invalid", [notMeasured("nothing was measured")]) };

/** `ended`: why it came to its end early; null: it did not. */
export function judgeFigures(
  figures: readonly AskedFigure[],
  trials: readonly RunTrial[],
  ended: Reason | null,
): RunJudgement {
  const early: AskedFigure[] = ended === null ? [] : [{ what: "", ...judgedBy("invalid", [ended]) }];
  const all = [...early, ...(figures.length === 0 ? [noFigure] : figures), ...unaccountedIn(trials)];
  const verdict = judgeRun(all);
  const of = (word: VerdictWord): RunReason[] => all.filter((one) => one.verdict === word).flatMap(reasonsAbout);
  return judgement(verdict, [...of("invalid"), ...of("fail")]);
}

/** Each sentence is said once. */
function judgement(verdict: VerdictWord, reasons: readonly RunReason[]): RunJudgement {
  const once = reasons.filter(({ text }, i) => reasons.findIndex((other) => other.text === text) === i);
  return { ...judgedBy(verdict, once), about: once.map(({ about }) => about) };
}

function reasonsAbout({ what, about = "run", ...figure }: AskedFigure): RunReason[] {
  const reasons = reasonsOf(figure);
  if (reasons.length === 0 && what !== "") return [{ ...notMeasured(what), about }];
  return reasons.map(({ cause, text }) => ({ cause, text: what === "" ? text : `${what}: ${text}`, about }));
}

/** Frames without explanation count even if the trial was not used, because they may belong to any trial. */
function unaccountedIn(trials: readonly RunTrial[]): AskedFigure[] {
  const open = trials.filter(({ unaccounted }) => unaccounted !== null && unaccounted !== 0);
  if (open.length === 0) return [];
  const frames = open.reduce((sum, { unaccounted }) => sum + Math.abs(unaccounted ?? 0), 0);
  const text = `${framesWord(frames)} unaccounted for, in ${open.length} of ${trials.length} trials`;
  return [{ what: "", about: "trials", ...judgedBy("invalid", [{ cause: "unaccounted", text }]) }];
}

/** The result of a search for a rate. */
export interface SearchRow {
  /** The greatest load that held; 0: none did. */
  readonly pps: number;
  readonly limitedBy: "dut" | "generator" | "line" | "time";
  readonly endedBy?: string | undefined;
  /** Of `endedBy`. */
  readonly cause?: Cause | undefined;
}

/**
 * A search that the generator limited has a result: at least so much. One that found no load has one only where the
 * device was the reason; one that did not come to its end has none.
 */
export function searchVerdict({ pps, limitedBy, endedBy, cause = "fault" }: SearchRow): Judged {
  if (endedBy !== undefined) return judgedBy("invalid", [{ cause, text: endedBy }]);
  if (limitedBy === "time") return judgedBy("invalid", [notMeasured("the search did not come to its end")]);
  if (pps > 0) return judgedBy("pass", []);
  if (limitedBy === "dut") return judgedBy("fail", [{ cause: "lost", text: "no load held the goal" }]);
  return judgedBy("invalid", [{ cause: "load", text: `no result: the ${limitedBy} was the limit` }]);
}

/** What absorbing a burst came to. */
export interface AbsorptionRow {
  readonly frames: number;
  readonly absorbed: number;
  /** Why there is no figure. */
  readonly unusable?: string | undefined;
  /** Of `unusable`. */
  readonly cause?: Cause | undefined;
}

/** How much came back is a figure; a device of which nothing comes back absorbs nothing. */
export function absorptionVerdict({ frames, absorbed, unusable, cause = "fault" }: AbsorptionRow): Judged {
  if (unusable !== undefined) return judgedBy("invalid", [{ cause, text: unusable }]);
  const none: Reason = { cause: "none came back", text: "none of its frames came back intact" };
  return frames > 0 && absorbed === 0 ? judgedBy("fail", [none]) : judgedBy("pass", []);
}
