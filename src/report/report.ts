/** The interface of a report. */
import type { RunResult } from "../result/run-result.js";

/** How a report may look; those that are read by machines don't mind. */
export interface ReportOptions {
  readonly color: boolean;
  /** Nothing beyond ASCII: no µ, no lines. */
  readonly ascii: boolean;
}

/** The whole text, with its last line end. */
export type Report = (result: RunResult, options: ReportOptions) => string;
