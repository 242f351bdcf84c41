/** The contract of reports, run for every report of a run. */
import { type ReportName, reports } from "../../src/report/index.js";
import { grouped } from "../../src/stats/words.js";
import { passed, spoiled } from "../support/sample.js";
import { type ReportCase, reportContract } from "./report.js";

const forMachines = { "keeps to ASCII": "programs read it, and take UTF-8" };

const cases: Readonly<Record<ReportName, Omit<ReportCase, "name" | "report">>> = {
  table: { count: grouped },
  json: { count: String, except: forMachines },
  csv: { count: String, except: forMachines },
  streamsCsv: {
    count: String,
    except: { ...forMachines, "has what each trial": "it has streams, and these samples have one each" },
  },
  junit: { count: grouped, except: forMachines },
  html: { count: grouped, except: forMachines },
  markdown: { count: grouped, except: { "keeps to ASCII": "whatever shows Markdown takes UTF-8" } },
  openmetrics: { count: String, except: forMachines },
};

for (const name of Object.keys(reports) as ReportName[])
  reportContract({ name, report: reports[name], ...cases[name] }, { passed, spoiled });
