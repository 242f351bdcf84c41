/**
 * Network namespaces. A namespace belongs to a thread, and a socket to the namespace it was made in. So the calling thread
 * enters another namespace for the length of one synchronous call, opens something there, and always comes back.
 */
import { closeSync, openSync } from "node:fs";
import { environmentError, type PktgenError } from "../../errors.js";
import { errno, errnoName, libc } from "../libc.js";

const CLONE_NEWNET = 0x40000000;
const namesIn = "/var/run/netns";

/** As `ip netns` has it, or a path such as /proc/123/ns/net. */
export const netnsPath = (netns: string): string => (netns.includes("/") ? netns : `${namesIn}/${netns}`);

function openNetns(netns: string, where: string): number {
  try {
    return openSync(netnsPath(netns), "r");
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") {
      const what = `there is no network namespace "${netns}" (no ${netnsPath(netns)})`;
      throw environmentError(what, { where, hint: "see `ip netns list`", cause });
    }
    throw environmentError(`${netnsPath(netns)} cannot be opened: ${code}`, { where, cause });
  }
}

function refused(netns: string, code: number, where: string): PktgenError {
  const name = errnoName(code);
  if (name === "EPERM") {
    return environmentError(`no permission to go into network namespace "${netns}"`, {
      where,
      hint: "that needs CAP_SYS_ADMIN: run as root, or inside the namespace with `ip netns exec`",
    });
  }
  if (name === "EINVAL") return environmentError(`${netnsPath(netns)} is no network namespace`, { where });
  return environmentError(`going into network namespace "${netns}" failed: ${name}`, { where });
}

/**
 * Calls `act` with the calling thread in `netns` (null: where it is). `act` must be synchronous: anything else that this
 * thread did meanwhile would happen there, too.
 * @throws PktgenError (3): no such namespace, no permission.
 */
export function inNetns<T>(netns: string | null, where: string, act: () => T): T {
  if (netns === null) return act();
  const home = openSync("/proc/thread-self/ns/net", "r");
  try {
    const there = openNetns(netns, where);
    try {
      if (libc.setns(there, CLONE_NEWNET) < 0) throw refused(netns, errno(), where);
    } finally {
      closeSync(there);
    }
    try {
      return act();
    } finally {
      comeBack(home, netns);
    }
  } finally {
    closeSync(home);
  }
}

/** Entering a namespace that we hold open fails only if the privilege was lost meanwhile. */
function comeBack(home: number, netns: string): void {
  if (libc.setns(home, CLONE_NEWNET) < 0) throw new Error(`no way back from network namespace ${netns}`);
}
