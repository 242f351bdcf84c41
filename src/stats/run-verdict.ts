/**
 * The verdict of a whole run, one rule for every method. A run has figures that were asked for: trials, loads, rates,
 * steps, thresholds. It passes when each figure was measured on usable trials and is within its limits, and when no
 * frame of any trial is unaccounted for. A figure that is missing, or could not be measured, makes the run invalid. A
 * figure out of its limits makes it fail. A run without any figure shows nothing.
 */
import type { VerdictWord } from "./cause.js";
import { judgeRun } from "./verdict.js";
import { framesWord } from "./words.js";

/** Something that was asked for, and what became of it. */
export interface AskedFigure {
  /** For people: `64 bytes, NDR`. */
  readonly what: string;
  readonly verdict: VerdictWord;
  /** Why it is not a pass. */
  readonly reasons: readonly string[];
}

/** A trial as this rule looks at it, used or not. */
export interface RunTrial {
  readonly unaccounted: number | null;
  readonly verdict: VerdictWord;
  readonly reasons: readonly string[];
}

export interface RunJudgement {
  readonly verdict: VerdictWord;
  /** Empty for a pass. */
  readonly reasons: string[];
}

const noFigure: AskedFigure = { what: "", verdict: "invalid", reasons: ["nothing was measured"] };

/** `ended`: why it came to its end early; null: it did not. */
export function judgeFigures(
  figures: readonly AskedFigure[],
  trials: readonly RunTrial[],
  ended: string | null,
): RunJudgement {
  const early: AskedFigure[] = ended === null ? [] : [{ what: "", verdict: "invalid", reasons: [ended] }];
  const all = [...early, ...(figures.length === 0 ? [noFigure] : figures), ...unaccountedIn(trials)];
  const verdict = judgeRun(all);
  const of = (word: VerdictWord): string[] => all.filter((one) => one.verdict === word).flatMap(sentences);
  return { verdict, reasons: [...new Set([...of("invalid"), ...of("fail")])] };
}

const sentences = ({ what, reasons }: AskedFigure): string[] =>
  reasons.length === 0
    ? [what].filter((said) => said !== "")
    : reasons.map((reason) => (what === "" ? reason : `${what}: ${reason}`));

/** Frames without explanation count even if the trial was not used, because they may belong to any trial. */
function unaccountedIn(trials: readonly RunTrial[]): AskedFigure[] {
  const open = trials.filter(({ unaccounted }) => unaccounted !== null && unaccounted !== 0);
  if (open.length === 0) return [];
  const frames = open.reduce((sum, { unaccounted }) => sum + Math.abs(unaccounted ?? 0), 0);
  const reason = `${framesWord(frames)} unaccounted for, in ${open.length} of ${trials.length} trials`;
  return [{ what: "", verdict: "invalid", reasons: [reason] }];
}

/** The result of a search for a rate. */
export interface SearchRow {
  /** The greatest load that held; 0: none did. */
  readonly pps: number;
  readonly limitedBy: "dut" | "generator" | "line" | "time";
  readonly endedBy?: string | undefined;
}

/**
 * A search that the generator limited has a result: at least so much. One that found no load has one only where the
 * device was the reason; one that did not come to its end has none.
 */
export function searchVerdict({ pps, limitedBy, endedBy }: SearchRow): RunJudgement {
  if (endedBy !== undefined) return { verdict: "invalid", reasons: [endedBy] };
  if (limitedBy === "time") return { verdict: "invalid", reasons: ["the search did not come to its end"] };
  if (pps > 0) return { verdict: "pass", reasons: [] };
  if (limitedBy === "dut") return { verdict: "fail", reasons: ["no load held the goal"] };
  return { verdict: "invalid", reasons: [`no result: the ${limitedBy} was the limit`] };
}

/** What absorbing a burst came to. */
export interface AbsorptionRow {
  readonly frames: number;
  readonly absorbed: number;
  /** Why there is no figure. */
  readonly unusable?: string | undefined;
}

/** How much came back is a figure; a device of which nothing comes back absorbs nothing. */
export function absorptionVerdict({ frames, absorbed, unusable }: AbsorptionRow): RunJudgement {
  if (unusable !== undefined) return { verdict: "invalid", reasons: [unusable] };
  if (frames > 0 && absorbed === 0) return { verdict: "fail", reasons: ["none of its frames came back intact"] };
  return { verdict: "pass", reasons: [] };
}
