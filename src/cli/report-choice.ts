/** Which reports go where, from options: looked at before anything is measured. */
import type { ReportName } from "../report/index.js";
import { type RecordOptions, recordFiles } from "./record-options.js";
import { checkResultFiles } from "./result-file.js";
import type { ReportChoice, ReportFile } from "./run-report.js";

/** The report that each option asks for has the option's name. */
const names = ["json", "csv", "junit", "html", "markdown", "openmetrics"] as const satisfies readonly ReportName[];

type ReportOptions = { readonly [K in (typeof names)[number]]?: string } & RecordOptions & {
    readonly ndjson?: boolean;
  };

/** Throws a usage error for a path that cannot be written. */
export function reportChoice(options: ReportOptions): ReportChoice {
  const files = names.flatMap((report): ReportFile[] => {
    const path = options[report];
    return path === undefined ? [] : [{ report, option: `--${report}`, path }];
  });
  const ndjson = options.ndjson === true ? [{ option: "--ndjson", path: "-" }] : [];
  checkResultFiles([...ndjson, ...files, ...recordFiles(options)]);
  const color = process.stdout.isTTY === true && (process.env["NO_COLOR"] ?? "") === "";
  return { files, ndjson: options.ndjson === true, color };
}
