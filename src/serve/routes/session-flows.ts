/** Routes about the flows of a session: added, started, changed and removed while the others go on. */
import { z } from "zod";
import type { FlowBody } from "../contract.js";
import { RequestRefusal } from "../refusal.js";
import { type Call, json, type Reply, type Route } from "../route.js";
import * as schema from "../schema/sessions.js";
import type { Server } from "../server.js";
import { flowOrders } from "../sessions/flow-order.js";
import { lengthOf } from "../sessions/flow-times.js";
import type { SessionDeed } from "../sessions/served-session.js";
import { flowFigureNames } from "../sessions/session-figures.js";
import { digits } from "./event-reply.js";

async function add(server: Server, { path, body }: Call): Promise<Reply> {
  const session = server.sessions.ask(path["id"]!);
  const asked = body as FlowBody | { readonly flows: readonly FlowBody[] };
  const { lineRateBps } = session;
  const orders = await flowOrders("flows" in asked ? asked.flows : [asked], { setup: server.setup, lineRateBps });
  return json({ flows: await session.add(orders) });
}

interface FlowQuery {
  readonly limit?: string;
  readonly offset?: string;
  readonly sort?: string;
  readonly worst?: string;
}

/** Unknown figures come last. */
function list(server: Server, { path, query }: Call): Reply {
  const { limit = "4096", offset = "0", sort, worst } = query as FlowQuery;
  const flows = server.sessions.ask(path["id"]!).flows();
  if (sort !== undefined) {
    const sign = worst === undefined ? 1 : -1;
    const keyOf = (value: number | null | undefined): number =>
      value == null ? Number.POSITIVE_INFINITY : sign * value;
    flows.sort((a, b) => {
      const [left, right] = [keyOf(a.figures[sort]), keyOf(b.figures[sort])];
      return left === right ? a.index - b.index : left < right ? -1 : 1;
    });
  }
  return json({ flows: flows.slice(Number(offset), Number(offset) + Number(limit)) });
}

async function change(server: Server, { path, body }: Call): Promise<Reply> {
  const session = server.sessions.ask(path["id"]!);
  const name = path["flow"]!;
  const { rate, paused } = body as { readonly rate?: string; readonly paused?: boolean };
  if (rate === undefined && paused === undefined)
    throw new RequestRefusal("bad-request", "nothing is to be changed", { accepted: "rate, paused" });
  if (rate !== undefined) await session.setRate(name, rate);
  if (paused !== undefined) await session.act(paused ? "pause" : "resume", [name]);
  return json(session.flows([name])[0]!);
}

interface Deed {
  readonly flows?: readonly string[];
  readonly duration?: string;
  readonly count?: number;
}

const deedRoute = (deed: SessionDeed, summary: string): Route => ({
  method: "POST",
  path: `/sessions/{id}/${deed}`,
  summary,
  body: deed === "start" ? schema.startRequest : schema.deedRequest,
  answers: { 200: schema.sessionInfo },
  handle: async (server, { path, body }) => {
    const session = server.sessions.ask(path["id"]!);
    const { flows, ...length } = body as Deed;
    await session.act(deed, flows ?? null, lengthOf(length)?.duration);
    return json(session.info());
  },
});

export const sessionFlowRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/sessions/{id}/flows",
    summary: "its flows with their counters; sort is a figure, worst turns the order round",
    query: z.strictObject({
      limit: digits.optional(),
      offset: digits.optional(),
      sort: z.enum(flowFigureNames).optional(),
      worst: z.literal("1").optional(),
    }),
    answers: { 200: schema.flowList },
    handle: list,
  },
  {
    method: "POST",
    path: "/sessions/{id}/flows",
    summary: "adds a flow, or many: all or none. A profile with many streams is a flow for each",
    body: schema.flowsRequest,
    answers: { 200: schema.flowList },
    handle: add,
  },
  {
    method: "GET",
    path: "/sessions/{id}/flows/{flow}",
    summary: "a flow with its counters",
    answers: { 200: schema.oneFlow },
    handle: (server, { path }) => {
      const session = server.sessions.ask(path["id"]!);
      const [flow] = session.flows([path["flow"]!]);
      return json({ ...flow!, ...session.histogramsOf(path["flow"]!) });
    },
  },
  {
    method: "PATCH",
    path: "/sessions/{id}/flows/{flow}",
    summary: "changes the rate of a flow, pauses it, or lets it go on",
    body: schema.flowChange,
    answers: { 200: schema.flowList.shape.flows.element },
    handle: change,
  },
  {
    method: "DELETE",
    path: "/sessions/{id}/flows/{flow}",
    summary: "stops a flow and forgets it; the answer is how it stood",
    answers: { 200: schema.flowList.shape.flows.element },
    handle: async (server, { path }) => json(await server.sessions.ask(path["id"]!).remove(path["flow"]!)),
  },
  deedRoute("start", "starts flows anew: their counters begin at 0. A count or duration is theirs from then on"),
  deedRoute("stop", "stops flows"),
  deedRoute("pause", "pauses flows that run"),
  deedRoute("resume", "lets paused flows go on where they paused"),
];
