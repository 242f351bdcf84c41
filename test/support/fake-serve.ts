/**
 * A server that is none: it answers as the contract of `pktgen-ts serve` says, out of what a test puts into it, and
 * notes what it is asked. On loopback, with a real event stream.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { EventData, EventKind } from "../../src/page/contract.js";
import type { RecordedEvent } from "../../src/page/events.js";
import { pageDocument } from "../../src/report/page-document.js";

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

type Answer = (asked: Asked) => { readonly status?: number; readonly body: unknown; readonly laterMs?: number };

export class FakeServe {
  readonly asked: Asked[] = [];
  /** Answers by `METHOD /path`; a later one replaces an earlier one. */
  readonly #answers = new Map<string, Answer>();
  /** Events by path: `/runs/r-1`. */
  readonly #events = new Map<string, RecordedEvent[]>();
  readonly #streams = new Map<string, Set<ServerResponse>>();
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => void this.#take(request, response));
  }

  static async start(): Promise<FakeServe> {
    const fake = new FakeServe();
    await new Promise<void>((resolve) => fake.#server.listen(0, "127.0.0.1", resolve));
    return fake;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  answer(what: string, body: unknown, status = 200): void {
    this.answerBy(what, () => ({ status, body }));
  }

  answerBy(what: string, answer: Answer): void {
    this.#answers.set(what, answer);
  }

  /** What is kept for a late joiner, and what is sent to those who are there. */
  tell<Kind extends EventKind>(path: string, event: Kind, data: EventData<Kind>): void {
    const kept = this.#events.get(path) ?? [];
    this.#events.set(path, kept);
    const told = { id: (kept.at(-1)?.id ?? 0) + 1, event, data } as RecordedEvent;
    kept.push(told);
    for (const stream of this.#streams.get(path) ?? []) stream.write(lineOf(told));
  }

  tellAll(path: string, events: readonly RecordedEvent[]): void {
    for (const { event, data } of events) this.tell(path, event, data);
  }

  /** Cuts all streams, as a network does. */
  cut(path: string): void {
    for (const stream of this.#streams.get(path) ?? []) stream.destroy();
  }

  /** It knows nothing of it any more, as one that was started anew. */
  forget(path: string): void {
    this.#events.delete(path);
    this.#answers.delete(`GET ${path}`);
    this.cut(path);
  }

  askedFor(method: string, path: string): readonly unknown[] {
    return this.asked.filter((one) => one.method === method && one.path === path).map(({ body }) => body);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", this.origin);
    const path = decodeURIComponent(url.pathname);
    let text = "";
    for await (const chunk of request.setEncoding("utf8")) text += chunk;
    const asked: Asked = { method: request.method ?? "", path, body: text === "" ? null : JSON.parse(text) };
    this.asked.push(asked);
    if (path === "/") return void response.writeHead(200, { "content-type": "text/html" }).end(pageDocument());
    if (path.endsWith("/events")) return this.#stream(path.slice(0, -"/events".length), request, response);
    const answer = this.#answers.get(`${asked.method} ${path}`)?.(asked);
    const {
      status = 200,
      body,
      laterMs = 0,
    } = answer ?? {
      status: 404,
      body: { error: { code: "not-found", message: `there is no ${path}` } },
    };
    if (laterMs > 0) await new Promise((resolve) => setTimeout(resolve, laterMs));
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  }

  #stream(path: string, request: IncomingMessage, response: ServerResponse): void {
    const events = this.#events.get(path);
    if (events === undefined) return void response.writeHead(404).end();
    const after = Number(request.headers["last-event-id"] ?? 0);
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write("retry: 50\n\n");
    for (const event of events.filter(({ id }) => id > after)) response.write(lineOf(event));
    const streams = this.#streams.get(path) ?? new Set();
    this.#streams.set(path, streams.add(response));
    response.on("close", () => streams.delete(response));
  }
}

const lineOf = ({ id, event, data }: RecordedEvent): string =>
  `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
