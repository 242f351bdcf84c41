/** Routes about sessions: ports that stay open, their links and hosts. */
import { z } from "zod";
import { pageDocument } from "../../report/page-document.js";
import { parseDuration } from "../../units.js";
import type { HostBody, SessionBody } from "../contract.js";
import { pageRecording } from "../events/page-recording.js";
import { type Call, json, type Reply, type Route } from "../route.js";
import * as schema from "../schema/sessions.js";
import type { Server } from "../server.js";
import type { ServedSession } from "../sessions/served-session.js";
import { digits, eventsReply } from "./event-reply.js";

const longestQuestionMs = 60_000;

const sessionOf = ({ sessions }: Server, { path }: Call): ServedSession => sessions.ask(path["id"]!);

async function post(server: Server, { body }: Call): Promise<Reply> {
  const session = await server.sessions.begin(body as SessionBody);
  return { kind: "json", status: 201, body: session.info(), location: `/sessions/${session.id}` };
}

interface Question {
  readonly host: string;
  readonly address: string;
  readonly timeout?: string;
}

const timeoutOf = ({ timeout }: Question): number | undefined =>
  timeout === undefined ? undefined : Math.min(longestQuestionMs, Math.ceil(parseDuration(timeout, "timeout") / 1e6));

async function resolve(server: Server, call: Call): Promise<Reply> {
  const question = call.body as Question;
  const { host, address } = question;
  return json({ host, address, mac: await sessionOf(server, call).engine.resolve(host, address, timeoutOf(question)) });
}

async function ping(server: Server, call: Call): Promise<Reply> {
  const question = call.body as Question;
  const { answered, rttNs } = await sessionOf(server, call).engine.ping(
    question.host,
    question.address,
    timeoutOf(question),
  );
  return json({ answered, rttNs });
}

/** All that its events have told until now, and no server is asked. */
function page(server: Server, call: Call): Reply {
  const { id, journal } = sessionOf(server, call);
  const recording = pageRecording(journal.after(0), null);
  return { kind: "bytes", status: 200, media: pageMedia.media, bytes: pageDocument({ title: id, recording }) };
}
const pageMedia = { media: "text/html; charset=utf-8", means: "the page as a file" };

const lifeRoutes: readonly Route[] = [
  {
    method: "POST",
    path: "/sessions",
    summary: "opens a session on ports that are named, and waits for their peers",
    body: schema.sessionRequest,
    answers: { 201: schema.sessionInfo },
    handle: post,
  },
  {
    method: "GET",
    path: "/sessions",
    summary: "sessions, the newest first",
    answers: { 200: schema.sessionList },
    handle: ({ sessions }) => json({ sessions: sessions.list() }),
  },
  {
    method: "GET",
    path: "/sessions/{id}",
    summary: "how a session stands",
    answers: { 200: schema.sessionInfo },
    handle: (server, call) => json(sessionOf(server, call).info()),
  },
  {
    method: "DELETE",
    path: "/sessions/{id}",
    summary: "stops its flows, awaits what is under way, and closes it; one that has ended is forgotten",
    answers: { 200: schema.sessionInfo },
    handle: async ({ sessions }, { path }) => json(await sessions.end(path["id"]!)),
  },
  {
    method: "GET",
    path: "/sessions/{id}/page.html",
    summary: "the page with the session in it, as far as it went: it needs no server",
    answers: { 200: pageMedia },
    handle: page,
  },
  {
    method: "GET",
    path: "/sessions/{id}/events",
    summary: "its events as they come, after those that were: resumed by Last-Event-ID; 204 where nothing follows",
    query: z.strictObject({ after: digits.optional() }),
    answers: { 200: { media: "text/event-stream", means: "server-sent events" }, 204: null },
    handle: (server, call) => {
      const session = sessionOf(server, call);
      return eventsReply(server, call, {
        journal: session.journal,
        kept: [],
        addReader: () => session.addReader(),
      });
    },
  },
];

const portRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/sessions/{id}/ports",
    summary: "its ports: links and counters",
    answers: { 200: schema.portList },
    handle: (server, call) => json({ ports: sessionOf(server, call).portFacts() }),
  },
  {
    method: "PATCH",
    path: "/sessions/{id}/ports/{port}",
    summary: "takes the link of an interface down, or brings it up",
    body: schema.portChange,
    answers: { 200: schema.onePort },
    handle: async (server, call) => {
      const { up } = call.body as { readonly up: boolean };
      return json(await sessionOf(server, call).setLink(call.path["port"]!, up));
    },
  },
];

const hostRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/sessions/{id}/hosts",
    summary: "the hosts that it answers for: ARP, neighbour discovery, ping",
    answers: { 200: schema.hostList },
    handle: (server, call) => json({ hosts: sessionOf(server, call).hosts }),
  },
  {
    method: "POST",
    path: "/sessions/{id}/hosts",
    summary: "replaces all hosts",
    body: schema.hostList,
    answers: { 200: schema.hostList },
    handle: async (server, call) => {
      const session = sessionOf(server, call);
      await session.setHosts((call.body as { readonly hosts: readonly HostBody[] }).hosts);
      return json({ hosts: session.hosts });
    },
  },
  {
    method: "GET",
    path: "/sessions/{id}/neighbours",
    summary: "the addresses that hosts asked for or were told of",
    answers: { 200: schema.neighbourList },
    handle: (server, call) => {
      const neighbours = sessionOf(server, call).engine.neighbours();
      return json({ neighbours: neighbours.map(({ host, address, mac }) => ({ host, address, mac })) });
    },
  },
  {
    method: "POST",
    path: "/sessions/{id}/resolve",
    summary: "asks for the MAC address of a neighbour",
    body: schema.hostQuestion,
    answers: { 200: schema.oneNeighbour },
    handle: resolve,
  },
  {
    method: "POST",
    path: "/sessions/{id}/ping",
    summary: "sends an echo request and waits for the reply",
    body: schema.hostQuestion,
    answers: { 200: schema.pingAnswer },
    handle: ping,
  },
];

export const sessionRoutes: readonly Route[] = [...lifeRoutes, ...portRoutes, ...hostRoutes];
