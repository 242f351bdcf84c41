/** The reports that a run writes to files, and their options. */
import { nameOf } from "../../src/options/option.js";
import { reportOptions } from "../../src/options/run-options.js";
import { type ReportName, reports } from "../../src/report/index.js";

/** Every report but the table. */
export const reportFiles = (Object.keys(reports) as ReportName[])
  .filter((name) => name !== "table")
  .map((name) => ({ name, option: nameOf(reportOptions[name]) }));
