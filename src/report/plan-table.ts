/** A test plan's result for a person at a terminal: for each case its steps' verdicts, its table, the suite's table. */

import type { CaseResult, PlanResult } from "../result/labplan-result.js";
import type { Trial } from "../result/run-result.js";
import { judgeRun } from "../stats/verdict.js";
import { terminalText } from "../terminal-text.js";
import { renderDtsTable } from "./dts.js";
import { colorsFor, wrap } from "./grid.js";
import { queueLines } from "./queue-table.js";
import type { ReportOptions } from "./report.js";
import { renderTable } from "./table.js";

const trialsOf = ({ steps }: CaseResult, { trials }: PlanResult): Trial[] =>
  steps.flatMap((step) => step.trials.map((index) => trials[index]));

/** Steps that did not pass, with why. */
function troubles({ steps }: CaseResult): string[] {
  const bad = steps.filter(({ verdict }) => verdict === "fail" || verdict === "invalid");
  const skipped = steps.filter(({ verdict }) => verdict === "skipped").length;
  return [
    ...bad.map(
      ({ number, what, verdict, reasons }) =>
        `${number} ${what}: ${verdict.toUpperCase()}${reasons.length === 0 ? "" : `: ${reasons.join("; ")}`}`,
    ),
    ...(skipped === 0 ? [] : [`${skipped} of ${steps.length} steps were not done`]),
  ];
}

function caseText(one: CaseResult, result: PlanResult, options: ReportOptions): string {
  const { bold } = colorsFor(options);
  const trials = trialsOf(one, result);
  const { plan: _, ...run } = result;
  const verdict = one.verdict === "pass" ? `PASS: all ${one.steps.length} steps` : one.verdict.toUpperCase();
  const parts = [
    bold(terminalText(`Case ${one.number}: ${one.name}`)),
    ...one.notes.map((note) => wrap(terminalText(`note: ${note}`), "    ").join("\n")),
    trials.length === 0 ? "" : renderTable({ ...run, trials, verdict: judgeRun(trials) }, options).trimEnd(),
    queueLines(trials, options).join("\n"),
    renderDtsTable(one, options).trimEnd(),
    [...troubles(one), ...one.reasons, `case ${one.number} ${verdict}`]
      .flatMap((line) => wrap(terminalText(line), "    "))
      .join("\n"),
  ];
  return parts.filter((part) => part !== "").join("\n\n");
}

export function renderPlanTable(result: PlanResult, options: ReportOptions): string {
  const { title, cases, results } = result.plan;
  const passed = cases.filter(({ verdict }) => verdict === "pass").length;
  const end = `${result.verdict.toUpperCase()}: ${passed} of ${cases.length} cases passed; evidence in ${results}`;
  return `${[terminalText(title), ...cases.map((one) => caseText(one, result, options)), end].join("\n\n")}\n`;
}
