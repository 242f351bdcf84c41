/** A server in this process over a real socket, and ways to ask it. */
import { mkdtempSync, rmSync } from "node:fs";
import { type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EventData, EventKind, RunBody, RunInfo } from "../../src/serve/contract.js";
import { startServing } from "../../src/serve/index.js";
import type { ServeSetup } from "../../src/serve/setup.js";

// biome-ignore lint/suspicious/noExplicitAny: what a test asks of it is checked by the test.
export type Json = any;

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly text: string;
  /** undefined: it is none. */
  readonly json: Json;
}

export interface SeenEvent {
  readonly id: number;
  readonly event: EventKind;
  readonly data: Json;
}

export interface Asked {
  readonly body?: object | string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Rig extends AsyncDisposable {
  readonly url: URL;
  readonly folder: string;
  ask(method: string, path: string, asked?: Asked): Promise<Answer>;
  get(path: string): Promise<Json>;
  run(request: RunBody): Promise<RunInfo>;
  /** All events until the stream ends. */
  events(id: string, after?: number): Promise<SeenEvent[]>;
  /** An open stream, as the socket has it. */
  open(path: string): Promise<IncomingMessage>;
}

/** Little enough for any machine. */
export const shortRun = { sizes: "64", count: 50, rate: "1kpps", warmup: "0ms" } as const;
/** It does not end by itself. */
export const endlessRun = { sizes: "64", duration: "forever", rate: "1kpps", warmup: "0ms" } as const;

/** A server without ports. `profiles`: a folder. */
export const serveSetup = (profiles = join(import.meta.dirname, "../../profiles")): ServeSetup => ({
  ...{ ports: [], profiles, history: null, allowPrograms: false, yesThisInterface: false },
  doctor: async () => ({
    well: true,
    groups: [{ neededFor: "x", checks: [{ name: "a", state: "ok", found: "b" }] }],
  }),
  note: () => {},
});

export async function startRig(
  setup: Partial<ServeSetup> = {},
  guard: { readonly token: string | null; readonly names: readonly string[] | null } = { token: null, names: [] },
): Promise<Rig> {
  const folder = mkdtempSync(join(tmpdir(), "pktgen-ts-serve-"));
  const serving = startServing({ ...serveSetup(), ...setup });
  const listener = await serving.listen({ kind: "tcp", host: "127.0.0.1", port: 0 }, guard);
  const url = new URL(listener.address);
  const ask: Rig["ask"] = (method, path, asked = {}) => askAt(url, method, path, asked);
  return {
    ...{ url, folder, ask },
    get: async (path) => (await ask("GET", path)).json,
    run: async (body) => {
      const { status, json, text } = await ask("POST", "/runs", { body });
      if (status !== 201) throw new Error(text);
      return json;
    },
    events: async (id, after = 0) => eventsIn((await ask("GET", `/runs/${id}/events?after=${after}`)).text),
    open: (path) => openAt(url, path),
    [Symbol.asyncDispose]: async () => {
      await listener[Symbol.asyncDispose]();
      await serving[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function askAt(url: URL, method: string, path: string, { body, headers = {} }: Asked): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const isJson = typeof body === "object" && !Buffer.isBuffer(body);
    const type = isJson ? { "Content-Type": "application/json" } : {};
    const asking = request(url, { method, path, headers: { ...type, ...headers }, agent: false }, (response) => {
      const pieces: Buffer[] = [];
      response.on("data", (piece: Buffer) => pieces.push(piece));
      response.on("error", reject);
      response.on("end", () => {
        const bytes = Buffer.concat(pieces);
        const text = bytes.toString();
        const json = (response.headers["content-type"] ?? "").includes("json") ? jsonOf(text) : undefined;
        resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes, text, json });
      });
    });
    asking.on("error", reject);
    asking.end(isJson ? JSON.stringify(body) : body);
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const openAt = (url: URL, path: string): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const asking = request(url, { path, agent: false }, (response) => {
      response.on("error", () => {});
      resolve(response);
    });
    asking.on("error", reject);
    asking.end();
  });

/** Of the text of a stream. */
export const eventsIn = (text: string): SeenEvent[] =>
  text
    .split("\n\n")
    .filter((block) => block.startsWith("id: "))
    .map((block) => {
      const [id, event, data] = block.split("\n").map((line) => line.slice(line.indexOf(": ") + 2));
      return { id: Number(id), event: event as EventKind, data: JSON.parse(data!) };
    });

export const dataOf = <Kind extends EventKind>(events: readonly SeenEvent[], kind: Kind): EventData<Kind>[] =>
  events.filter(({ event }) => event === kind).map(({ data }) => data);
