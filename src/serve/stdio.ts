/**
 * The same routes over lines: a request as JSON in a line, its answer in a line whose last key is `end`. Events come in
 * lines between. For programs that start the server themselves, over ssh for instance.
 */
import { readFileSync, writeFileSync } from "node:fs";
import type { Readable, Writable } from "node:stream";
import { z } from "zod";
import { parseJson } from "./body-json.js";
import { nextEvents } from "./events/next-events.js";
import { answerOf, RequestRefusal } from "./refusal.js";
import { type EventsReply, isMedia, type Reply, type Route } from "./route.js";
import { answer, findRoute, readAs } from "./router.js";
import type { Server } from "./server.js";

const mostLineBytes = 1 << 20;

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
}

/** The bytes of a body: of the file that was named, or in base64. @throws RequestRefusal */
function bodyOf({ body, bodyFile }: Line, { body: accepted, inBytes }: Route): unknown {
  if (accepted === undefined) return body;
  if (!isMedia(accepted) && (inBytes === undefined || (bodyFile === undefined && typeof body !== "string")))
    return body;
  if (bodyFile === undefined) {
    if (typeof body === "string") return Buffer.from(body, "base64");
    throw new RequestRefusal("bad-request", "which capture?", {
      where: "bodyFile",
      accepted: "a path; or body in base64",
    });
  }
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
  readonly #gone: AbortSignal;

  /** `gone` is aborted when the client is. */
  constructor(server: Server, output: Writable, gone: AbortSignal) {
    this.#server = server;
    this.#output = output;
    this.#gone = gone;
  }

  /** Answers one line; never rejects. */
  async take(text: string): Promise<void> {
    let id: Id;
    try {
      const value = parseJson(text);
      id = (value as Partial<Line> | null)?.id;
      await this.#answer(readAs(request, value));
    } catch (error) {
      const { status, body } = answerOf(error);
      this.#server.totals.request(status);
      this.#say(id, { status, body });
    }
  }

  refuse(error: RequestRefusal): void {
    this.#say(null, answerOf(error));
  }

  write(value: object): boolean {
    return this.#output.write(`${JSON.stringify(value)}\n`);
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
    if (reply.kind === "events") await this.#stream(reply, line.id);
    const status = reply.kind === "events" ? 200 : reply.status;
    const said =
      reply.kind === "json" ? { body: reply.body } : reply.kind === "bytes" ? contentOf(reply, line.file) : {};
    this.#server.totals.request(status);
    this.#say(line.id, { status, ...said });
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
    this.write({ id: id ?? null, ...said, end: true });
  }
}

/** Resolves when the client has closed its side and all its requests are answered, or when `signal` is aborted. */
export async function serveLines(server: Server, { input, output }: Lines, signal: AbortSignal): Promise<void> {
  const gone = new AbortController();
  const lines = new LineServer(server, output, gone.signal);
  const work = new Set<Promise<void>>();
  let rest = "";
  const take = (text: string): void => {
    if (text.trim() === "") return;
    const done = lines.take(text);
    work.add(done);
    void done.finally(() => work.delete(done));
  };
  input.setEncoding("utf8");
  lines.write({ event: "ready", version: server.version });
  const over = new Promise<void>((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
    input.on("error", () => resolve());
    input.on("end", () => {
      take(rest);
      void Promise.all(work).then(() => resolve());
    });
    output.on("close", () => resolve());
    input.on("data", (piece: string) => {
      const parts = (rest + piece).split("\n");
      rest = parts.pop()!;
      for (const part of parts) take(part);
      if (rest.length <= mostLineBytes) return;
      lines.refuse(
        new RequestRefusal("too-large", "the line is too long", { accepted: `at most ${mostLineBytes} bytes` }),
      );
      input.destroy();
      resolve();
    });
  });
  await over;
  gone.abort();
  input.destroy();
}
