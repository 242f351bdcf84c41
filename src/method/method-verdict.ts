/** What a method was asked for, from what it found: the figures that the one rule of run-verdict.ts judges. Pure. */
import type { Trial, Verdict } from "../result/run-result.js";
import type { Cause, Reason } from "../stats/cause.js";
import {
  type AskedFigure,
  absorptionVerdict,
  judgeFigures,
  type ResultPart,
  type RunJudgement,
  searchVerdict,
} from "../stats/run-verdict.js";
import { usualTolerances } from "../tolerances.js";
import type { Findings } from "./findings.js";
import { sizeWord } from "./size-word.js";
import { type SoakRules, soakFigures } from "./soak-verdict.js";

interface JudgedRow {
  readonly frameBytes: number | string;
  readonly verdict: Verdict;
  readonly reasons: readonly string[];
  readonly causes?: readonly Cause[] | undefined;
}

const asFigure = (
  about: ResultPart,
  what: string,
  { frameBytes, verdict, reasons, causes }: JudgedRow,
): AskedFigure => ({ about, what: `${sizeWord(frameBytes)}, ${what}`, verdict, reasons, causes });

const usualRules: SoakRules = { lossRatioMax: 0, tolerances: usualTolerances };

/** Everything that was asked for, as far as it has come. */
export function figuresAsked(findings: Findings, rules: SoakRules): AskedFigure[] {
  const { results = [], service = [], recovery = [], resets = [], absorption = [], checks = [], soak } = findings;
  return [
    ...results.map((row) => asFigure("results", row.goal, { ...row, ...searchVerdict(row) })),
    ...checks.map((row): AskedFigure => ({ ...row, about: "checks" })),
    ...service.map((row) => asFigure("service", row.step, row)),
    ...recovery.map((row) => asFigure("recovery", "system recovery", row)),
    ...resets.map((row) => asFigure("resets", "reset", row)),
    ...absorption.map((row) =>
      asFigure("absorption", `${row.kind} of ${row.frames} frames`, { ...row, ...absorptionVerdict(row) }),
    ),
    ...(soak === undefined ? [] : soakFigures(soak, rules)),
  ];
}

/** Of a method's run. `ended`: why it came to its end early; null: it did not. */
export const judgeMethod = (
  findings: Findings,
  trials: readonly Trial[],
  ended: Reason | null,
  rules = usualRules,
): RunJudgement => judgeFigures(figuresAsked(findings, rules), trials, ended);

/** Of a forwarding run: each trial is a figure. */
export function judgeTrials(trials: readonly Trial[]): RunJudgement {
  const figures = trials.map((trial): AskedFigure => {
    const way = trial.direction === undefined ? "" : `, ${trial.direction}`;
    return asFigure("trials", `${trial.phase}${way}`, trial);
  });
  return judgeFigures(figures, trials, null);
}
