/** Routes about the captures of a session: what its ports send and get, as a file, while it goes on. */
import type { CapturedFile } from "../../session/index.js";
import type { CaptureBody } from "../contract.js";
import { type Call, json, type Reply, type Route } from "../route.js";
import { done } from "../schema/common.js";
import * as schema from "../schema/sessions.js";
import type { Server } from "../server.js";
import type { ServedCaptures } from "../sessions/served-captures.js";

/** @throws RequestRefusal (409): captures end with their session. */
function capturesOf(server: Server, { path }: Call): ServedCaptures {
  const session = server.sessions.ask(path["id"]!);
  void session.engine;
  return session.captures;
}

export const captureMedia = { pcapng: "application/x-pcapng", pcap: "application/vnd.tcpdump.pcap" } as const;

const fileRoute = (format: CapturedFile["format"]): Route => ({
  method: "GET",
  path: `/sessions/{id}/captures/{capture}.${format}`,
  summary: `the frames of a capture as ${format}, while it runs, too`,
  answers: {
    200: { media: captureMedia[format], means: "a capture; the header Pktgen-Capture has what is missing in it" },
  },
  handle: async (server, call) => {
    const { file, frames, seen, missed } = await capturesOf(server, call).fetch(call.path["capture"]!, format);
    const headers = { "Pktgen-Capture": JSON.stringify({ frames, seen, missed }) };
    return { kind: "bytes", status: 200, media: captureMedia[format], bytes: file, headers };
  },
});

async function start(server: Server, call: Call): Promise<Reply> {
  return json(await capturesOf(server, call).start(call.body as CaptureBody), 201);
}

export const sessionCaptureRoutes: readonly Route[] = [
  {
    method: "POST",
    path: "/sessions/{id}/captures",
    summary: "begins a capture on a port; one that was stopped there goes",
    body: schema.captureRequest,
    answers: { 201: schema.servedCapture },
    handle: start,
  },
  {
    method: "GET",
    path: "/sessions/{id}/captures",
    summary: "its captures",
    answers: { 200: schema.captureList },
    handle: (server, call) => json({ captures: capturesOf(server, call).list() }),
  },
  fileRoute("pcapng"),
  fileRoute("pcap"),
  {
    method: "GET",
    path: "/sessions/{id}/captures/{capture}",
    summary: "whether a capture runs",
    answers: { 200: schema.servedCapture },
    handle: (server, call) => json(capturesOf(server, call).info(call.path["capture"]!)),
  },
  {
    method: "POST",
    path: "/sessions/{id}/captures/{capture}/stop",
    summary: "ends a capture; what it has stays",
    answers: { 200: schema.servedCapture },
    handle: async (server, call) => json(await capturesOf(server, call).stop(call.path["capture"]!)),
  },
  {
    method: "DELETE",
    path: "/sessions/{id}/captures/{capture}",
    summary: "ends a capture and forgets what it has",
    answers: { 200: done },
    handle: async (server, call) => {
      await capturesOf(server, call).remove(call.path["capture"]!);
      return json({ ok: true });
    },
  },
];
