/**
 * Who made a container, process, folder or file: `<pid namespace>-<pid>-<start time>`. Such a label tells what a killed
 * run left behind from what another run is using now. A pid alone does not: pids are used again, and mean something
 * else in another namespace.
 */
import { readlinkSync } from "node:fs";
import { readKernelFile } from "./host.js";

/** Field 22 of /proc/<pid>/stat, in ticks since boot; what follows the name in brackets starts with field 3. */
function startTime(pid: number, root: string): string | null {
  const stat = readKernelFile(`/proc/${pid}/stat`, root);
  return stat === null ? null : (stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null);
}

function pidNamespace(root: string): string {
  try {
    return /\d+/.exec(readlinkSync(`${root}/proc/self/ns/pid`))?.[0] ?? "0";
  } catch {
    return "0";
  }
}

export const ownerOf = (pid: number, root = ""): string => `${pidNamespace(root)}-${pid}-${startTime(pid, root) ?? 0}`;

/** True if that process has ended. False if that cannot be told from here, so that nothing of others is touched. */
export function isGone(owner: string, root = ""): boolean {
  const match = /^(\d+)-(\d+)-(\d+)$/.exec(owner);
  if (match === null) return false;
  const [, namespace, pid, started] = match;
  return namespace === pidNamespace(root) && startTime(Number(pid), root) !== started;
}
