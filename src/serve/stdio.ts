/**
 * The same routes over lines: a request as JSON in a line, its answer in a line whose last key is `end`. Events come in
 * lines between. For programs that start the server themselves, over ssh for instance.
 */
import { readFileSync, writeFileSync } from "node:fs";
import type { Readable, Writable } from "node:stream";
import { z } from "zod";
import { parseJson } from "./body-json.js";
import { lastEventsRead } from "./events/last-events.js";
import { nextEvents } from "./events/next-events.js";
import { answerOf, RequestRefusal } from "./refusal.js";
import { type EventsReply, isMedia, type Reply, type Route } from "./route.js";
import { answer, findRoute, readAs } from "./router.js";
import { apiVersion } from "./schema/about.js";
import type { Server } from "./server.js";

const mostLineBytes = 1 << 20;
/** Requests that are answered at the same time. Streams of events are none of them, once they have begun. */
const mostAtOnce = 64;

const request = z.strictObject({
  id: z
    .union([z.number(), z.string().max(200)])
    .nullable()
    .optional(),
  method: z.enum(["GET", "POST", "PATCH", "DELETE"]).optional(),
  path: z.string(),
  body: z.unknown().optional(),
  file: z.string().optional(),
  bodyFile: z.string().optional(),
});

type Line = z.infer<typeof request>;
type Id = Line["id"];

/** What a client writes, and where its answers go. */
export interface Lines {
  readonly input: Readable;
  readonly output: Writable;
  /** A line of its own after each answer, for clients that wait for one. null: none. */
  readonly prompt?: string | null;
}

/** A body, or the file that was named for it; where it is no JSON, in bytes that came as base64. @throws RequestRefusal */
function bodyOf({ body, bodyFile }: Line, { body: accepted, inBytes }: Route): unknown {
  if (accepted === undefined) return body;
  if (!isMedia(accepted) && inBytes === undefined) {
    return bodyFile === undefined ? body : parseJson(fileOf(bodyFile).toString("utf8"));
  }
  if (!isMedia(accepted) && bodyFile === undefined && typeof body !== "string") return body;
  if (bodyFile === undefined) {
    if (typeof body === "string") return Buffer.from(body, "base64");
    throw new RequestRefusal("bad-request", "which capture?", {
      where: "bodyFile",
      accepted: "a path; or body in base64",
    });
  }
  return fileOf(bodyFile);
}

/** @throws RequestRefusal */
function fileOf(bodyFile: string): Buffer {
  try {
    return readFileSync(bodyFile);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new RequestRefusal("invalid", `${bodyFile} cannot be read (${code})`, { where: "bodyFile" });
  }
}

/** Of what is no JSON: text, base64, or a file. */
function contentOf({ bytes, headers }: Extract<Reply, { kind: "bytes" }>, file: string | undefined): object {
  if (file !== undefined) {
    try {
      writeFileSync(file, bytes);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? String(error);
      throw new RequestRefusal("invalid", `${file} cannot be written (${code})`, { where: "file" });
    }
    return { file, bytes: Buffer.byteLength(bytes), ...(headers === undefined ? {} : { headers }) };
  }
  const content = typeof bytes === "string" ? { text: bytes } : { base64: Buffer.from(bytes).toString("base64") };
  return { ...content, ...(headers === undefined ? {} : { headers }) };
}

class LineServer {
  readonly #server: Server;
  readonly #output: Writable;
  readonly #prompt: string;
  readonly #gone: AbortSignal;

  /** `gone` is aborted when the client is. */
  constructor(server: Server, { output, prompt = null }: Lines, gone: AbortSignal) {
    this.#server = server;
    this.#output = output;
    this.#prompt = prompt === null ? "" : `${prompt}\n`;
    this.#gone = gone;
  }

  /** Answers one line, or begins the stream that is its answer; never rejects. */
  async take(text: string): Promise<void> {
    let id: Id;
    try {
      const value = parseJson(text);
      id = (value as Partial<Line> | null)?.id;
      await this.#answer(readAs(request, value));
    } catch (error) {
      const { status, body } = answerOf(error);
      this.#answered(id, status, { body });
    }
  }

  refuse(error: RequestRefusal): void {
    this.#say(null, answerOf(error));
  }

  greet(): void {
    this.#write({ event: "ready", version: this.#server.version, api: apiVersion });
  }

  #write(value: object): void {
    this.#output.write(`${JSON.stringify(value)}\n${this.#prompt}`);
  }

  async #answer(line: Line): Promise<void> {
    const url = new URL(line.path, "http://here");
    const found = findRoute(line.method ?? "GET", url.pathname);
    const body = bodyOf(line, found.route);
    const reply = await answer(this.#server, found, {
      query: Object.fromEntries(url.searchParams),
      body,
      lastEventId: null,
      gone: this.#gone,
    });
    if (reply.kind === "events") {
      void this.#stream(reply, line.id).then(() => this.#answered(line.id, 200, {}));
      return;
    }
    const said =
      reply.kind === "json" ? { body: reply.body } : reply.kind === "bytes" ? contentOf(reply, line.file) : {};
    this.#answered(line.id, reply.status, said);
  }

  #answered(id: Id, status: number, said: object): void {
    this.#server.totals.request(status);
    this.#say(id, { status, ...said });
  }

  /** As fast as the client reads. */
  async #stream(reply: EventsReply, id: Id): Promise<void> {
    const { journal, reads } = reply;
    const leave = reads();
    let at = reply.after;
    try {
      while (!this.#output.destroyed) {
        const next = nextEvents(reply, at);
        if (next.length === 0 && (journal === null || journal.ended)) return;
        let hasRoom = true;
        for (const { id: eventId, event, data } of next) {
          at = eventId;
          hasRoom = this.#output.write(
            `{"id":${JSON.stringify(id ?? null)},"event":"${event}","eventId":${eventId},"data":${data}}\n`,
          );
        }
        if (!hasRoom) await this.#drained();
        else if (next.length === 0) await new Promise<void>((resolve) => void this.#once(journal!, resolve));
      }
    } finally {
      leave();
    }
  }

  #once(journal: NonNullable<EventsReply["journal"]>, resolve: () => void): void {
    const unlisten = journal.listen(() => {
      unlisten();
      resolve();
    });
  }

  #drained(): Promise<void> {
    const output = this.#output;
    return new Promise((resolve) => {
      const over = (): void => {
        output.off("drain", over);
        output.off("close", over);
        resolve();
      };
      output.once("drain", over);
      output.once("close", over);
    });
  }

  #say(id: Id, said: object): void {
    this.#write({ id: id ?? null, ...said, end: true });
  }
}

/** Lines that wait: while the client reads no answers, or many are due, no more of its requests are read. */
class Requests {
  readonly #lines: LineServer;
  readonly #streams: Lines;
  readonly #resolve: () => void;
  readonly #waiting: string[] = [];
  #answering = 0;
  #rest = "";
  #isClosed = false;

  /** `over`: is told when the client has closed its side and its requests are answered. */
  constructor(lines: LineServer, streams: Lines, over: () => void) {
    this.#lines = lines;
    this.#streams = streams;
    this.#resolve = over;
    streams.output.on("drain", () => this.#next());
    streams.input.on("data", (piece: string) => this.#add(piece));
    streams.input.on("end", () => {
      this.#isClosed = true;
      this.#waiting.push(this.#rest);
      this.#next();
    });
  }

  #add(piece: string): void {
    const parts = (this.#rest + piece).split("\n");
    this.#rest = parts.pop()!;
    for (const part of parts) this.#waiting.push(part);
    if (this.#rest.length > mostLineBytes) {
      this.#lines.refuse(
        new RequestRefusal("too-large", "the line is too long", { accepted: `at most ${mostLineBytes} bytes` }),
      );
      this.#resolve();
      return;
    }
    this.#next();
  }

  #next(): void {
    const { input, output } = this.#streams;
    while (this.#waiting.length > 0 && !output.writableNeedDrain && this.#answering < mostAtOnce) {
      const text = this.#waiting.shift()!;
      if (text.trim() === "") continue;
      this.#answering++;
      void this.#lines.take(text).then(() => {
        this.#answering--;
        this.#next();
      });
    }
    if (this.#waiting.length > 0) input.pause();
    else if (!this.#isClosed) input.resume();
    else if (this.#answering === 0) this.#resolve();
  }
}

/**
 * Ends when the client has closed its side and all its requests are answered, or when `signal` is aborted. Then the
 * server ends, and streams of events have its end, too.
 */
export async function serveLines(server: Server, streams: Lines, signal: AbortSignal): Promise<void> {
  const { input, output } = streams;
  const gone = new AbortController();
  const lines = new LineServer(server, streams, gone.signal);
  input.setEncoding("utf8");
  lines.greet();
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
    input.on("error", () => resolve());
    output.on("close", () => resolve());
    new Requests(lines, streams, resolve);
  });
  gone.abort();
  input.destroy();
  await server.close();
  await lastEventsRead(server);
}
