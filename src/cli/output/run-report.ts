/** Where a run's results go: table, documents and files, and what happens when one of them cannot be written. */
import type { ExitCode } from "../../errors.js";
import type { ResultFile } from "../../options/option.js";
import { type Report, type ReportName, type RunResult, reports } from "../../report/index.js";
import type { Output } from "./output.js";
import { standardOutput, writeResultFile } from "./result-file.js";
import { verdictCodes } from "./verdict-codes.js";

export interface ReportFile extends ResultFile {
  readonly report: Exclude<ReportName, "table">;
}

export interface ReportChoice {
  readonly files: readonly ReportFile[];
  /** Standard output carries a line of JSON per event instead of the table. */
  readonly ndjson: boolean;
  readonly color: boolean;
}

export const exitCodeOf = (result: RunResult): ExitCode => verdictCodes[result.verdict];

/** The locale decides: only plain C locales lack the µ. */
export const asciiOnly = (environment: NodeJS.ProcessEnv): boolean => {
  const locale = environment["LC_ALL"] || environment["LC_CTYPE"] || environment["LANG"] || "";
  return locale === "C" || locale === "POSIX";
};

/**
 * Writes everything to where it goes. A file that fails does not keep the others from being written; the first failure
 * is thrown at the end. Where no table was shown, the document then goes to standard error: nothing measured is lost.
 * `known`: reports that know more of this run than its result says.
 */
export async function reportRun(
  result: RunResult,
  choice: ReportChoice,
  output: Output,
  known: Partial<typeof reports> = {},
): Promise<void> {
  const options = { color: choice.color, ascii: asciiOnly(process.env) };
  const all = { ...reports, ...known };
  const text = (render: Report): string => render(result, options);
  const onOutput = choice.files.find(({ path }) => path === standardOutput);
  const failures: unknown[] = [];
  const attempt = async (write: () => void | Promise<void>): Promise<void> => {
    try {
      await write();
    } catch (error) {
      failures.push(error);
    }
  };
  if (onOutput !== undefined) await attempt(() => output.result(text(all[onOutput.report])));
  else if (choice.ndjson) await attempt(() => output.result(ndjsonLine("result", result)));
  else await attempt(() => output.result(text(reports.table)));
  const outputFailed = failures.length > 0;
  for (const file of choice.files) {
    if (file !== onOutput) await attempt(() => writeResultFile(file, text(all[file.report])));
  }
  if (failures.length === 0) return;
  const tableShown = onOutput === undefined && !choice.ndjson && !outputFailed;
  if (!tableShown) output.message(text(reports.json));
  throw failures[0];
}

/** One event of `--ndjson`: `{"event":"interval",…}`. */
export const ndjsonLine = (event: "interval" | "trial" | "result", value: object): string =>
  `${JSON.stringify({ event, ...value })}\n`;
