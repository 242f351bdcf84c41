/**
 * Results on an agent's disk, one file a trial, until the coordinator says that it has them. An agent that ends, or whose
 * memory is lost, can hand them over later.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { environmentError } from "../errors.js";
import type { TaskId } from "./agent-task.js";

const keptMs = 7 * 24 * 3600 * 1000;

export interface Spool {
  /** null: it was written. Else why not, e.g. a full disk; the result is still in memory. */
  write(run: string, id: TaskId, text: string): string | null;
  read(run: string, id: TaskId): string | null;
  remove(run: string, id: TaskId): void;
}

/** @throws PktgenError (3): the folder cannot be made or written. */
export function openSpool(directory: string, agent: string): Spool {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    forget(directory);
  } catch (cause) {
    throw environmentError(`${directory} cannot be used`, {
      where: "--spool",
      hint: "name a folder that you may write",
      cause,
    });
  }
  const path = (run: string, { trial, attempt }: TaskId): string =>
    join(directory, `${agent}.${run}.${trial}.${attempt}.json`);
  return {
    write: (run, id, text) => written(path(run, id), text),
    read: (run, id) => contentOf(path(run, id)),
    remove: (run, id) => removed(path(run, id)),
  };
}

/** A file is whole or not there. */
function written(file: string, text: string): string | null {
  const draft = `${file}.part`;
  try {
    writeFileSync(draft, text, { mode: 0o600 });
    renameSync(draft, file);
    return null;
  } catch (error) {
    removed(draft);
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

/** As far as the disk lets it. */
function removed(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // What stays is forgotten a week later.
  }
}

function contentOf(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}

/** What nobody has fetched for a week. */
function forget(directory: string): void {
  for (const name of readdirSync(directory)) {
    const file = join(directory, name);
    // Another agent of this folder may have removed it just now.
    const ageMs = Date.now() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0);
    if (/\.json(\.part)?$/.test(name) && ageMs > keptMs) rmSync(file, { force: true });
  }
}
