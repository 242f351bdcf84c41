/** The server over sockets: TCP or Unix. Of node:http alone: routes are a table here, and a framework would route again. */
import { chmodSync, lstatSync, unlinkSync } from "node:fs";
import type { Server as HttpServer, IncomingMessage, ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { environmentError } from "../../errors.js";
import { lastEventsRead } from "../events/last-events.js";
import { answerOf, RequestRefusal } from "../refusal.js";
import type { Reply } from "../route.js";
import { answer, findRoute } from "../router.js";
import type { Server } from "../server.js";
import { bodyOf } from "./body.js";
import { eventHeaders, streamEvents } from "./event-stream.js";
import { admit, cookieFor, type Guard } from "./guard.js";
import { closeServer, guardedServer } from "./guarded-server.js";

export type ListenPlace =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

/** Readers of what has ended get its last events before their connections are closed. */
export interface Listener extends AsyncDisposable {
  /** `http://127.0.0.1:8080/`, or the path of the socket. */
  readonly address: string;
}

/** No page has anything of another place, and none is shown in another. */
const headersOfAll = {
  "X-Content-Type-Options": "nosniff",
  "Cache-Control": "no-store",
  "Referrer-Policy": "no-referrer",
  "X-Frame-Options": "DENY",
} as const;

function lastEventId({ headers }: IncomingMessage): number | null {
  const text = headers["last-event-id"];
  return typeof text === "string" && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

function send(reply: Reply, request: IncomingMessage, response: ServerResponse): void {
  if (reply.kind === "events") {
    // Who asks for the head alone is no reader.
    if (request.method === "HEAD") response.writeHead(200, eventHeaders).end();
    else streamEvents(reply, response);
    return;
  }
  if (reply.kind === "nothing") {
    response.writeHead(204).end();
    return;
  }
  const isJson = reply.kind === "json";
  const bytes = isJson ? `${JSON.stringify(reply.body)}\n` : reply.bytes;
  const extra = isJson ? (reply.location === undefined ? {} : { Location: reply.location }) : (reply.headers ?? {});
  response.writeHead(reply.status, {
    "Content-Type": isJson ? "application/json" : reply.media,
    "Content-Length": Buffer.byteLength(bytes),
    ...extra,
  });
  response.end(request.method === "HEAD" ? undefined : bytes);
}

/** `GET /?token=…`: the browser gets a cookie, and the token leaves the address. */
function logIn(request: IncomingMessage, url: URL, guard: Guard, response: ServerResponse): boolean {
  const given = url.searchParams.get("token");
  if (request.method !== "GET" || url.pathname !== "/" || given === null) return false;
  const cookie = cookieFor(given, guard);
  if (cookie === null && guard.token !== null)
    throw new RequestRefusal("unauthorised", "this is not the token", { where: "token" });
  response.writeHead(303, { Location: "/", ...(cookie === null ? {} : { "Set-Cookie": cookie }) }).end();
  return true;
}

/** Aborted when the connection is gone before the answer is. */
function goneWith(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) controller.abort();
  });
  // It may have gone while its body was read.
  if (response.destroyed) controller.abort();
  return controller.signal;
}

async function handle(server: Server, guard: Guard, request: IncomingMessage, response: ServerResponse): Promise<void> {
  for (const [name, value] of Object.entries(headersOfAll)) response.setHeader(name, value);
  const url = urlOf(request);
  const found = findRoute(request.method ?? "GET", url.pathname);
  admit(request, guard, found.route.open === true);
  if (logIn(request, url, guard, response)) return;
  const raw = {
    query: Object.fromEntries(url.searchParams),
    body: await bodyOf(request, found.route),
    lastEventId: lastEventId(request),
    gone: goneWith(response),
  };
  send(await answer(server, found, raw), request, response);
}

function urlOf({ url = "/" }: IncomingMessage): URL {
  try {
    return new URL(url, "http://here");
  } catch {
    throw new RequestRefusal("bad-request", "the path is no URL", { where: "path" });
  }
}

function refuse(error: unknown, request: IncomingMessage, response: ServerResponse): void {
  const { status, body } = answerOf(error);
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  // What is left of a body that was too long is not read: the connection ends.
  if (!request.complete) response.setHeader("Connection", "close");
  response.writeHead(status, { "Content-Type": "application/json" }).end(`${JSON.stringify(body)}\n`);
}

const httpServer = (server: Server, guard: Guard): HttpServer =>
  guardedServer((request, response) => {
    response.once("finish", () => server.totals.request(response.statusCode));
    response.on("error", () => {});
    handle(server, guard, request, response).catch((error: unknown) => refuse(error, request, response));
  });

/** Somebody answers there; else what is left of a process that was killed is taken away. @throws PktgenError (3) */
async function clearSocket(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  const where = "--unix";
  if (!found.isSocket())
    throw environmentError(`${path} is there and no socket`, { where, hint: "choose another path" });
  const answers = await new Promise<boolean>((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
  if (answers) throw environmentError(`somebody answers at ${path}`, { where, hint: "choose another path" });
  unlinkSync(path);
}

/** Files of others: only this user may connect from the moment that the socket is there. */
async function listenAt(http: HttpServer, place: ListenPlace): Promise<void> {
  const mask = place.kind === "unix" ? process.umask(0o177) : null;
  try {
    await new Promise<void>((resolve, reject) => {
      http.once("error", reject);
      http.listen(place.kind === "unix" ? { path: place.path } : { host: place.host, port: place.port }, () =>
        resolve(),
      );
    });
  } finally {
    if (mask !== null) process.umask(mask);
  }
  if (place.kind === "unix") chmodSync(place.path, 0o600);
}

const shown = (place: ListenPlace): string => (place.kind === "unix" ? place.path : `${place.host}:${place.port}`);

function addressOf(http: HttpServer, place: ListenPlace): string {
  if (place.kind === "unix") return place.path;
  const { address, port, family } = http.address() as AddressInfo;
  return `http://${family === "IPv6" ? `[${address}]` : address}:${port}/`;
}

/** @throws PktgenError (3): the place cannot be had. */
export async function listen(server: Server, place: ListenPlace, guard: Guard): Promise<Listener> {
  if (place.kind === "unix") await clearSocket(place.path);
  const http = httpServer(server, guard);
  try {
    await listenAt(http, place);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    const where = place.kind === "unix" ? "--unix" : "--listen";
    const hint = code === "EADDRINUSE" ? "another program listens there; choose another port" : "choose another place";
    throw environmentError(`${shown(place)} cannot be listened at (${code})`, { where, hint, cause });
  }
  return {
    address: addressOf(http, place),
    [Symbol.asyncDispose]: async () => {
      await lastEventsRead(server);
      await closeServer(http);
    },
  };
}
