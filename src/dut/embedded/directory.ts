/**
 * A private directory for the sockets of one embedded device, gone on every way out: when it is disposed, when the
 * process exits, and when a signal ends it that nobody else handles.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { environmentError } from "../../errors.js";

const endingSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

const live = new Set<string>();

const removeAll = (): void => {
  for (const path of live) rmSync(path, { recursive: true, force: true });
  live.clear();
};

/** Where somebody else handles the signal, that one decides, and "exit" comes here in the end. */
const onSignal = (signal: NodeJS.Signals): void => {
  if (process.listenerCount(signal) > 1) return;
  removeAll();
  unhook();
  process.kill(process.pid, signal);
};

function hook(): void {
  process.on("exit", removeAll);
  for (const signal of endingSignals) process.on(signal, onSignal);
}

function unhook(): void {
  process.off("exit", removeAll);
  for (const signal of endingSignals) process.off(signal, onSignal);
}

export interface PrivateDirectory extends Disposable {
  readonly path: string;
}

/** Mode 0700, in `parent` (default: the system's place for temporary files). */
export function makePrivateDirectory(parent: string = tmpdir()): PrivateDirectory {
  let path: string;
  try {
    path = mkdtempSync(join(parent, "pktgen-ts-"));
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw environmentError(`no directory for the sockets could be made in ${parent}: ${code}`, {
      hint: "set TMPDIR to a directory that can be written",
      cause,
    });
  }
  if (live.size === 0) hook();
  live.add(path);
  return {
    path,
    [Symbol.dispose]() {
      rmSync(path, { recursive: true, force: true });
      if (live.delete(path) && live.size === 0) unhook();
    },
  };
}
