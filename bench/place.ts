/** A private directory for sockets, and which CPU is whose. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Place extends Disposable {
  readonly directory: string;
  path(name: string): string;
}

export function openPlace(): Place {
  const directory = mkdtempSync(join(tmpdir(), "pktgen-bench-"));
  return {
    directory,
    path: (name) => join(directory, name),
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** The peer polls on one CPU, the generator on another. */
export const peerCpu = 0;
export const ownCpu = 1;

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
