/** What a DPDK program may leave behind when it dies: sockets, hugepage files with its prefix, its runtime folder. */
import { lstatSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";

export interface Leftovers {
  readonly sockets: readonly string[];
  readonly hugepageDirectory: string | null;
  readonly filePrefix: string;
  /** `…/dpdk/<file prefix>`; null: not known, or gone with its container. */
  readonly runtimeDirectory: string | null;
}

/** Names that EAL gives to hugepage files: `%smap_%d`, `%smap_%u_%u` (eal_filesystem.h), `%sseg_…`. */
const isHugepageFile = (name: string, filePrefix: string): boolean =>
  name.startsWith(filePrefix) && /^(?:map|seg)_[\w-]+$/.test(name.slice(filePrefix.length));

function filesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** After the program's end. Never throws: what cannot be removed is not ours to remove. */
export function removeLeftovers({ sockets, hugepageDirectory, filePrefix, runtimeDirectory }: Leftovers): void {
  for (const path of sockets) {
    if (isSocket(path)) attempt(() => rmSync(path, { force: true }));
  }
  if (hugepageDirectory !== null) {
    for (const name of filesIn(hugepageDirectory)) {
      if (isHugepageFile(name, filePrefix)) attempt(() => rmSync(join(hugepageDirectory, name), { force: true }));
    }
  }
  // Only what EAL made for this prefix: <runtime>/dpdk/<prefix>, and the folder above if that was its last.
  if (runtimeDirectory?.endsWith(`/dpdk/${filePrefix}`)) {
    attempt(() => rmSync(runtimeDirectory, { recursive: true, force: true }));
    attempt(() => rmdirSync(dirname(runtimeDirectory)));
  }
}

function isSocket(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.isSocket() ?? false;
  } catch {
    return false;
  }
}

function attempt(action: () => void): void {
  try {
    action();
  } catch {
    // Somebody else's, or gone already.
  }
}
