/** Which reports go where, from options: looked at before anything is measured. */

import { type RecordOptions, recordFiles } from "../../options/record-options.js";
import type { ReportName } from "../../report/index.js";
import { checkResultFiles } from "./result-file.js";
import type { ReportChoice, ReportFile } from "./run-report.js";

/** Each report has its option's name. */
const optionOf = {
  json: "--json",
  csv: "--csv",
  streamsCsv: "--streams-csv",
  junit: "--junit",
  html: "--html",
  markdown: "--markdown",
  openmetrics: "--openmetrics",
} as const satisfies Readonly<Record<Exclude<ReportName, "table">, string>>;

const names = Object.keys(optionOf) as (keyof typeof optionOf)[];

type ReportOptions = { readonly [K in keyof typeof optionOf]?: string } & RecordOptions & {
    readonly ndjson?: boolean;
  };

/** Throws a usage error for a path that cannot be written. */
export function reportChoice(options: ReportOptions): ReportChoice {
  const files = names.flatMap((report): ReportFile[] => {
    const path = options[report];
    return path === undefined ? [] : [{ report, option: optionOf[report], path }];
  });
  const ndjson = options.ndjson === true ? [{ option: "--ndjson", path: "-" }] : [];
  checkResultFiles([...ndjson, ...files, ...recordFiles(options)]);
  const color = process.stdout.isTTY === true && (process.env["NO_COLOR"] ?? "") === "";
  return { files, ndjson: options.ndjson === true, color };
}
