/** The calls over HTTP and HTTPS, as JSON. */
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { environmentError, PktgenError } from "../../errors.js";
import { admit, type Guard } from "../../serve/http/guard.js";
import { bodyBytes, closeServer, guardedServer } from "../../serve/http/guarded-server.js";
import { calls, type OtgCall } from "../calls.js";
import { invalid, OtgRefusal } from "../refusal.js";
import type { Tester } from "../tester.js";
import type { Value } from "../wire/read-value.js";
import { jsonOf } from "../wire/write-json.js";
import { refusedCall } from "./refused.js";

/** 4,096 flows of many headers are some 20 MB. What a body becomes takes many times its room. */
export const mostBodyBytes = 32 << 20;

export interface Credentials {
  readonly key: string;
  readonly cert: string;
}

export interface ServerPlace {
  readonly host: string;
  readonly port: number;
}

/** Of HTTP and HTTPS. */
interface RestSetup {
  /** null: plain HTTP. */
  readonly credentials: Credentials | null;
  /** Names in `Host` that lead here, beside addresses and localhost; null: every name does. */
  readonly hostNames: readonly string[] | null;
}

export interface RunningServer extends AsyncDisposable {
  readonly address: string;
}

const tooLong = (): OtgRefusal =>
  new OtgRefusal("validation", [`body: it is too long; accepted: up to ${mostBodyBytes} bytes`], 413);

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const text = (await bodyBytes(request, mostBodyBytes, tooLong)).toString("utf8");
  try {
    return text === "" ? {} : (JSON.parse(text) as unknown);
  } catch (error) {
    throw invalid(`body: it is no JSON: ${(error as Error).message}`);
  }
}

function callOf({ method = "GET", url = "/" }: IncomingMessage): OtgCall {
  const path = url.split("?")[0]!;
  const there = calls.filter((call) => call.path === path);
  const call = there.find(({ verb }) => verb === method);
  if (call !== undefined) return call;
  if (there.length === 0) throw new OtgRefusal("validation", [`there is no ${path.slice(0, 100)} here`], 404);
  const accepted = there.map(({ verb }) => verb).join(", ");
  throw new OtgRefusal("validation", [`${path} takes no ${method}; accepted: ${accepted}`], 405);
}

/** Neither a foreign name that leads here nor a page of another origin may ask. @throws OtgRefusal (403) */
function checkCaller(request: IncomingMessage, guard: Guard): void {
  try {
    admit(request, guard, true);
  } catch (error) {
    if (!(error instanceof PktgenError)) throw error;
    const { where, message, accepted } = error;
    throw new OtgRefusal("validation", [`${where}: ${message}; accepted: ${accepted}`], 403);
  }
}

async function answer(tester: Tester, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const call = callOf(request);
  const result = await call.run(tester, call.takes === null ? undefined : await bodyOf(request));
  if (call.gives === null) {
    response.writeHead(200, { "Content-Type": "application/octet-stream" }).end(result as Uint8Array);
    return;
  }
  const text = JSON.stringify(jsonOf(call.gives, result as Value));
  response.writeHead(200, { "Content-Type": "application/json" }).end(text);
}

function refuse(thrown: unknown, request: IncomingMessage, response: ServerResponse): void {
  const { status, error } = refusedCall(thrown);
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  // What is left of a body that was too long is not read: the connection ends.
  if (!request.complete) response.setHeader("Connection", "close");
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(jsonOf("Error", error)));
}

/** @throws PktgenError (3): the place cannot be had. */
export async function startRest(
  tester: Tester,
  { host, port }: ServerPlace,
  { credentials, hostNames }: RestSetup,
): Promise<RunningServer> {
  const guard: Guard = { token: null, names: hostNames };
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    checkCaller(request, guard);
    await answer(tester, request, response);
  };
  const listener: RequestListener = (request, response) => {
    response.on("error", () => {});
    handle(request, response).catch((error: unknown) => refuse(error, request, response));
  };
  const server = guardedServer(listener, credentials);
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => reject(placeError(host, port, cause)));
    server.listen({ host, port }, () => resolve());
  });
  const { port: bound } = server.address() as AddressInfo;
  const scheme = credentials === null ? "http" : "https";
  return {
    address: `${scheme}://${host.includes(":") ? `[${host}]` : host}:${bound}`,
    [Symbol.asyncDispose]: () => closeServer(server),
  };
}

export const placeError = (host: string, port: number, cause: NodeJS.ErrnoException) =>
  environmentError(`${host}:${port} cannot be listened at (${cause.code ?? cause.message})`, {
    where: "otg",
    hint: "another program may listen there; choose another port",
    cause,
  });
