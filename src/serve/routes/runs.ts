/** Routes about runs. */
import { z } from "zod";
import type { RunBody, RunChange } from "../contract.js";
import { recordingLine } from "../events/journal.js";
import { RequestRefusal } from "../refusal.js";
import { type Call, json, type Reply, type Route } from "../route.js";
import { plannedOf } from "../runs/run-events.js";
import { done } from "../schema/common.js";
import * as schema from "../schema/runs.js";
import type { Server } from "../server.js";
import { digits, eventsReply } from "./event-reply.js";

async function post(server: Server, { body }: Call): Promise<Reply> {
  const request = body as RunBody;
  if (request.dryRun !== true) {
    const run = await server.begin(request);
    return { kind: "json", status: 201, body: run.info(), location: `/runs/${run.id}` };
  }
  const planned = await server.plan(request);
  return json(plannedOf(planned, server.claims.isFree(planned.ports)));
}

/** @throws RequestRefusal (400, 409, 501) */
async function change(server: Server, { path, body }: Call): Promise<Reply> {
  const { info, run } = server.runs.ask(path["id"]!);
  if (Object.keys(body as object).length === 0)
    throw new RequestRefusal("bad-request", "nothing is to be changed", { accepted: "rate, paused" });
  if (run === null)
    throw new RequestRefusal("wrong-state", `run ${info.id} has ended`, { accepted: "a run that goes on" });
  await run.change(body as RunChange);
  return json(run.info());
}

function events(server: Server, call: Call): Reply {
  const { journal, events: kept, run } = server.runs.ask(call.path["id"]!);
  return eventsReply(server, call, { journal, kept: kept(), addReader: () => run?.addReader() });
}

function trial(server: Server, { path }: Call): Reply {
  const { info, result, run } = server.runs.ask(path["id"]!);
  const found = (run?.trials ?? result()?.trials ?? [])[Number(path["index"])];
  if (found !== undefined) return json(found);
  throw new RequestRefusal("not-found", `run ${info.id} has no trial ${path["index"]}`, { where: "index" });
}

function request(server: Server, { path }: Call): Reply {
  const { info, request: asked } = server.runs.ask(path["id"]!);
  const found = asked();
  if (found !== null) return json(found);
  throw new RequestRefusal("not-found", `nobody asked this server for run ${info.id}`, { where: "id" });
}

export const runRoutes: readonly Route[] = [
  {
    method: "POST",
    path: "/runs",
    summary: "begins a run, or plans it only: the command line's options, on ports that are named",
    body: schema.runRequest,
    answers: { 201: schema.runInfo, 200: schema.runPlanned },
    handle: post,
  },
  {
    method: "GET",
    path: "/runs",
    summary: "runs, the newest first",
    query: z.strictObject({ limit: digits.optional(), before: z.string().optional() }),
    answers: { 200: schema.runList },
    handle: ({ runs }, { query }) => json({ runs: runs.list(Number(query["limit"] ?? 200), query["before"]) }),
  },
  {
    method: "GET",
    path: "/runs/{id}",
    summary: "how a run stands",
    answers: { 200: schema.runInfo },
    handle: ({ runs }, { path }) => json(runs.ask(path["id"]!).info),
  },
  {
    method: "PATCH",
    path: "/runs/{id}",
    summary:
      "changes the load of a run that goes on: its rate, and whether it is paused. The result says so, and is invalid",
    body: schema.runChange,
    answers: { 200: schema.runInfo },
    handle: change,
  },
  {
    method: "DELETE",
    path: "/runs/{id}",
    summary: "forgets a run that has ended, with its files",
    answers: { 200: done },
    handle: ({ runs }, { path }) => {
      runs.forget(path["id"]!);
      return json({ ok: true });
    },
  },
  {
    method: "POST",
    path: "/runs/{id}/stop",
    summary: "stops a run: it ends with the results so far",
    answers: { 200: schema.runInfo },
    handle: ({ runs }, { path }) => {
      const { info, run } = runs.ask(path["id"]!);
      if (run === null)
        throw new RequestRefusal("wrong-state", `run ${info.id} has ended`, { accepted: "a run that goes on" });
      run.stop("somebody stopped it");
      return json(run.info());
    },
  },
  {
    method: "GET",
    path: "/runs/{id}/events",
    summary: "its events as they come, after those that were: resumed by Last-Event-ID; 204 where nothing follows",
    query: z.strictObject({ after: digits.optional() }),
    answers: { 200: { media: "text/event-stream", means: "server-sent events" }, 204: null },
    handle: events,
  },
  {
    method: "GET",
    path: "/runs/{id}/recording.ndjson",
    summary: "the events until now, a line each",
    answers: { 200: { media: "application/x-ndjson", means: "a line of JSON for each event" } },
    handle: ({ runs }, { path }) => {
      const bytes = runs.ask(path["id"]!).events().map(recordingLine).join("");
      return { kind: "bytes", status: 200, media: "application/x-ndjson", bytes };
    },
  },
  {
    method: "GET",
    path: "/runs/{id}/request",
    summary:
      "what it was begun by, with its seed: given to POST /runs it begins it once more, by what a named profile says then",
    answers: { 200: schema.runRequest },
    handle: request,
  },
  {
    method: "GET",
    path: "/runs/{id}/trials/{index}",
    summary: "a trial with its buckets and streams, from 0",
    answers: { 200: schema.anyDocument },
    handle: trial,
  },
];
