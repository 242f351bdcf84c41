/** Routes of results: the reports of the command line, the page with a run in it, and two runs beside each other. */
import { z } from "zod";
import { differenceCells, differences, setupDifferences, setupOf } from "../../method/judge/baseline.js";
import { renderPage } from "../../report/html/index.js";
import { type ReportName, reports } from "../../report/index.js";
import type { RunResult } from "../../result/run-result.js";
import { pageRecording } from "../events/page-recording.js";
import { RequestRefusal } from "../refusal.js";
import { json, type Reply, type Route } from "../route.js";
import type { AskedRun } from "../runs/book.js";
import * as schema from "../schema/runs.js";
import type { Server } from "../server.js";

/** @throws RequestRefusal (409): there is none, or not yet. */
function resultOf({ info, result }: AskedRun): RunResult {
  const found = result();
  if (found !== null) return found;
  const what = info.ended === null ? `run ${info.id} goes on` : `run ${info.id} has no result`;
  throw new RequestRefusal("wrong-state", what, { accepted: "a run that has ended with a result" });
}

interface Form {
  readonly media: string;
  readonly render: (result: RunResult, asked: AskedRun) => string;
}

const plain = { color: false, ascii: false };
const form = (media: string, name: ReportName): Form => ({ media, render: (result) => reports[name](result, plain) });

/** By what the path ends with. */
const forms: Readonly<Record<string, Form>> = {
  json: form("application/json", "json"),
  html: {
    media: "text/html; charset=utf-8",
    render: (result, { events }) => renderPage(result, pageRecording(events(), JSON.stringify(result))),
  },
  csv: form("text/csv; charset=utf-8", "csv"),
  "streams.csv": form("text/csv; charset=utf-8", "streamsCsv"),
  junit: form("application/xml", "junit"),
  md: form("text/markdown; charset=utf-8", "markdown"),
  openmetrics: form("application/openmetrics-text; version=1.0.0; charset=utf-8", "openmetrics"),
  txt: form("text/plain; charset=utf-8", "table"),
};

const nameOf = ({ info: { name, id } }: AskedRun): string => (name === "" ? id : `"${name}"`);

function compared(server: Server, aId: string, bId: string): Reply {
  const [left, right] = [server.runs.ask(aId), server.runs.ask(bId)];
  const [a, b] = [resultOf(left), resultOf(right)];
  const setup = setupDifferences({ format: "pktgen-ts baseline 1", setup: setupOf(a), figures: {} }, b, [
    `in ${nameOf(left)}`,
    `in ${nameOf(right)}`,
  ]);
  const found = differences(a, b).map((difference) => ({ ...difference, cells: differenceCells(difference) }));
  return json({ a: left.info, b: right.info, setup, differences: found });
}

export const comparisonRoute: Route = {
  method: "GET",
  path: "/runs/compare",
  summary: "two runs, figure by figure, noise taken into account",
  query: z.strictObject({ a: z.string(), b: z.string() }),
  answers: { 200: schema.runComparison },
  handle: (server, { query }) => compared(server, query["a"]!, query["b"]!),
};

export const resultRoutes: readonly Route[] = Object.entries(forms).map(([ending, { media, render }]) => ({
  method: "GET",
  path: `/runs/{id}/result.${ending}`,
  summary: `the result as ${ending}`,
  answers: { 200: ending === "json" ? schema.anyDocument : { media, means: "the report of the command line" } },
  handle: (server, { path }) => {
    const asked = server.runs.ask(path["id"]!);
    return { kind: "bytes", status: 200, media, bytes: render(resultOf(asked), asked) };
  },
}));
