/**
 * The results folder of a plan's run: each file is written as soon as there is something to write, so that whatever
 * ends the run, what was seen until then is there.
 *
 *     plan.yaml  steps.txt  environment.txt  log.txt  result.json  dts.json  table.txt
 *     case-1/  1.3-vhost-start.txt  …  vhost-1.transcript.txt
 */
import { appendFileSync, copyFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { environmentError, type PktgenError, usageError } from "../errors.js";
import { makeFolders } from "../sys/folder.js";

export class ResultsFolder {
  readonly path: string;

  /** Makes it, with its parents. @throws PktgenError: it cannot be made or written (3), it is another run's (2). */
  constructor(path: string) {
    this.path = path;
    this.#attempt(() => makeFolders(path));
    this.#claim();
  }

  /** One run has a folder: its log is the first thing in it, and is there from then on. */
  #claim(): void {
    try {
      writeFileSync(join(this.path, "log.txt"), "", { flag: "wx" });
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw this.#notKept(cause);
      throw usageError(`${this.path} has the evidence of another run, which may still be going on`, {
        where: "--results",
        accepted: "a new or empty folder, so that no evidence is written over",
        cause,
      });
    }
  }

  /** `name` may have folders. Gives it back, for results that refer to it. */
  write(name: string, text: string): string {
    const file = join(this.path, name);
    this.#attempt(() => {
      makeFolders(dirname(file));
      writeFileSync(file, text);
    });
    return name;
  }

  keepCopy(name: string, source: string): void {
    this.#attempt(() => copyFileSync(source, join(this.path, name)));
  }

  log(line: string): void {
    this.#attempt(() => appendFileSync(join(this.path, "log.txt"), `${line}\n`));
  }

  #attempt(action: () => void): void {
    try {
      action();
    } catch (cause) {
      throw this.#notKept(cause);
    }
  }

  #notKept(cause: unknown): PktgenError {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    const why = code === "ENOSPC" ? "no space left on the device" : code;
    return environmentError(`evidence cannot be kept in ${this.path}: ${why}`, {
      where: "--results",
      accepted: "a folder that can be made and written",
      cause,
    });
  }
}

/** `show port stats all` → show-port-stats-all */
export const fileWord = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^\w.]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 60);
