/** Runs that have ended, in a folder: a folder for each, with its facts, its result and its events. */
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { environmentError } from "../../errors.js";
import { replaceFile } from "../../sys/replace-file.js";
import type { RunBody, RunInfo } from "../contract.js";
import type { KeptEvent } from "../events/journal.js";
import { recordingLine } from "../events/journal.js";
import { runInfo, runRequest } from "../schema/runs.js";

/** Times sort as texts. */
const idForm = /^r-\d{8}-\d{6}-\d{1,9}$/;

const files = {
  info: "run.json",
  request: "request.json",
  result: "result.json",
  events: "recording.ndjson",
} as const;

/** Facts of so many are kept in memory. */
const mostKnown = 1_000;

/** What is kept beside a run's facts; texts are JSON. */
interface KeptRun {
  readonly request: string;
  readonly result: string | null;
  readonly events: readonly KeptEvent[];
}

export class History {
  readonly #folder: string;
  readonly #known = new Map<string, RunInfo>();

  /** @throws PktgenError (3): the folder cannot be written. */
  constructor(folder: string) {
    this.#folder = folder;
    try {
      mkdirSync(folder, { recursive: true });
      replaceFile(join(folder, ".pktgen-ts"), "");
      rmSync(join(folder, ".pktgen-ts"));
    } catch (cause) {
      const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
      throw environmentError(`the folder ${folder} cannot be written (${code})`, { where: "--history", cause });
    }
  }

  /** Newest first. */
  ids(): string[] {
    return readdirSync(this.#folder)
      .filter((name) => idForm.test(name))
      .sort()
      .reverse();
  }

  /** null: there is none, or it is damaged. */
  info(id: string): RunInfo | null {
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    const text = this.#read(id, "info");
    if (text === null) return null;
    const checked = runInfo.safeParse(parsed(text));
    if (!checked.success) return null;
    this.#known.set(id, checked.data);
    if (this.#known.size > mostKnown) this.#known.delete(this.#known.keys().next().value!);
    return checked.data;
  }

  result(id: string): string | null {
    return this.#read(id, "result");
  }

  events(id: string): KeptEvent[] {
    const lines = (this.#read(id, "events") ?? "").split("\n");
    return lines.flatMap((line) => eventOf(line) ?? []);
  }

  /** null: it was kept by an older version, or is damaged. */
  request(id: string): RunBody | null {
    const checked = runRequest.safeParse(parsed(this.#read(id, "request") ?? ""));
    return checked.success ? checked.data : null;
  }

  /** Throws as the system calls do. */
  keep(info: RunInfo, { request, result, events }: KeptRun): void {
    const folder = join(this.#folder, info.id);
    mkdirSync(folder, { recursive: true });
    replaceFile(join(folder, files.request), request);
    if (result !== null) replaceFile(join(folder, files.result), result);
    replaceFile(join(folder, files.events), events.map(recordingLine).join(""));
    replaceFile(join(folder, files.info), `${JSON.stringify(info, null, 2)}\n`);
  }

  forget(id: string): void {
    if (!idForm.test(id)) return;
    this.#known.delete(id);
    rmSync(join(this.#folder, id), { recursive: true, force: true });
  }

  #read(id: string, which: keyof typeof files): string | null {
    if (!idForm.test(id)) return null;
    try {
      return readFileSync(join(this.#folder, id, files[which]), "utf8");
    } catch {
      return null;
    }
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function eventOf(line: string): KeptEvent | null {
  const event = parsed(line) as { id: number; event: KeptEvent["event"]; data: unknown } | null;
  if (event === null || typeof event.id !== "number") return null;
  return { id: event.id, event: event.event, data: JSON.stringify(event.data) };
}
