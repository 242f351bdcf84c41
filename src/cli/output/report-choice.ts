/** Which reports go where, from options: looked at before anything is measured. */
import { resultFiles } from "../../options/option.js";
import { captureFiles } from "../../options/record-options.js";
import { type RunOptions, reportOptions } from "../../options/run-options.js";
import { hasColors } from "./output.js";
import { checkResultFiles, standardOutput } from "./result-file.js";
import type { ReportChoice, ReportFile } from "./run-report.js";

/** Throws a usage error for a path that cannot be written. */
export function reportChoice(options: RunOptions): ReportChoice {
  const files = resultFiles(reportOptions, options).map(({ key, ...file }) => ({ report: key, ...file }) as ReportFile);
  const ndjson = options.ndjson === true ? [{ option: "--ndjson", path: standardOutput }] : [];
  checkResultFiles([...ndjson, ...files, ...captureFiles(options)]);
  const color = hasColors();
  return { files, ndjson: options.ndjson === true, color };
}
