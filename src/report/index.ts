/**
 * report: a result as text. One output per file; nothing here prints, writes files or reads the time.
 */
import { renderCsv } from "./csv.js";
import { renderHtml } from "./html/index.js";
import { renderJson } from "./json.js";
import { renderJunit } from "./junit.js";
import { renderMarkdown } from "./markdown.js";
import { renderOpenMetrics } from "./openmetrics.js";
import type { Report } from "./report.js";
import { renderStreamsCsv } from "./streams-csv.js";
import { renderTable } from "./table.js";

/** Each returns the whole text, with its last line end. */
export const reports: Readonly<Record<ReportName, Report>> = {
  table: renderTable,
  json: renderJson,
  csv: renderCsv,
  streamsCsv: renderStreamsCsv,
  junit: renderJunit,
  html: renderHtml,
  markdown: renderMarkdown,
  openmetrics: renderOpenMetrics,
};

// Written out, since the API's report shows it. A report that is only here or only in the table does not compile, and the
// compiler asks for its option (options/run-options.ts).
export type ReportName = "table" | "json" | "csv" | "streamsCsv" | "junit" | "html" | "markdown" | "openmetrics";

export type {
  Disturbance,
  DutResult,
  HopResult,
  HostResult,
  InjectedResult,
  LatencySummary,
  Pacing,
  Requested,
  RunResult,
  SearchResult,
  Trial,
  Verdict,
} from "../result/run-result.js";
export { type Progress, progressText } from "./progress.js";
export type { Report, ReportOptions } from "./report.js";
export { trialLine } from "./sections.js";
