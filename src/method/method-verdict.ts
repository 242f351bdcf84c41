/** What a method was asked for, from what it found: the figures that the one rule of run-verdict.ts judges. Pure. */
import type { Trial, Verdict } from "../result/run-result.js";
import type { Reason } from "../stats/cause.js";
import {
  type AskedFigure,
  absorptionVerdict,
  judgeFigures,
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
}

const asFigure = (what: string, { frameBytes, verdict, reasons }: JudgedRow): AskedFigure => ({
  what: `${sizeWord(frameBytes)}, ${what}`,
  verdict,
  reasons,
});

const usualRules: SoakRules = { lossRatioMax: 0, tolerances: usualTolerances };

/** Everything that was asked for, as far as it has come. */
export function figuresAsked(findings: Findings, rules: SoakRules): AskedFigure[] {
  const { results = [], service = [], recovery = [], resets = [], absorption = [], checks = [], soak } = findings;
  return [
    ...results.map((row) => asFigure(row.goal, { ...row, ...searchVerdict(row) })),
    ...checks,
    ...service.map((row) => asFigure(row.step, row)),
    ...recovery.map((row) => asFigure("system recovery", row)),
    ...resets.map((row) => asFigure("reset", row)),
    ...absorption.map((row) => asFigure(`${row.kind} of ${row.frames} frames`, { ...row, ...absorptionVerdict(row) })),
    ...(soak === undefined ? [] : soakFigures(soak, rules)),
  ];
}

/** Of a method's run. `ended`: why it came to its end early; null: it did not. */
export const judgeMethod = (
  findings: Findings,
  trials: readonly Trial[],
  ended: Reason | null,
  rules = usualRules,
): RunJudgement => judgeFigures(figuresAsked(findings, rules), trials, ended?.text ?? null);

/** Of a forwarding run: each trial is a figure. */
export function judgeTrials(trials: readonly Trial[]): RunJudgement {
  const figures = trials.map(({ frameBytes, phase, direction, verdict, reasons }): AskedFigure => {
    const way = direction === undefined ? "" : `, ${direction}`;
    return { what: `${sizeWord(frameBytes)}, ${phase}${way}`, verdict, reasons };
  });
  return judgeFigures(figures, trials, null);
}
