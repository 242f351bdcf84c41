/**
 * The network namespace of a lab whose testpmd has ports on Linux interfaces, and the veth pairs in it: one end is
 * testpmd's, the other the generator's. IPv6 is off there, so that nothing speaks but the test. Everything goes with
 * the namespace, and that goes on every way out. Its loopback says who made it, so that a later run removes what one
 * that was killed (SIGKILL, an abort) left behind.
 */
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { environmentError, type PktgenError } from "../../errors.js";
import { isGone, ownerOf } from "../../sys/owner.js";
import { onWayOut } from "../way-out.js";
import type { Launcher } from "./launcher.js";

export interface LinkNamespace extends Disposable {
  readonly name: string;
}

/** The ends of a link: testpmd's, and the generator's. */
export const linkEnds = (link: string): { readonly testpmd: string; readonly generator: string } => ({
  testpmd: `${link}0`,
  generator: `${link}1`,
});

function ip(...args: readonly string[]): void {
  try {
    execFileSync("ip", args, { stdio: ["ignore", "ignore", "pipe"], encoding: "utf8" });
  } catch (error) {
    throw failed(args, error as NodeJS.ErrnoException & { readonly stderr?: string });
  }
}

function failed(args: readonly string[], error: NodeJS.ErrnoException & { readonly stderr?: string }): PktgenError {
  if (error.code === "ENOENT") {
    return environmentError("ip (iproute2) is not in PATH", { hint: "sudo npm run lab:setup", cause: error });
  }
  const why = (error.stderr ?? "").trim().split("\n")[0] || error.message;
  const hint = "network namespaces and veth pairs need root";
  return environmentError(`ip ${args.join(" ")} failed: ${why}`, { hint, cause: error });
}

/** As `run.ts` names them. */
const namePattern = /^pktgen-ts-\d+$/;
const ownerLabel = "pktgen-ts.owner=";

/** The process that made it, as sys/owner.ts names processes; null: it does not say. */
function ownerOfNamespace(name: string): string | null {
  const show = ["-n", name, "-o", "link", "show", "dev", "lo"];
  const line = execFileSync("ip", show, { stdio: ["ignore", "pipe", "ignore"], encoding: "utf8" });
  return new RegExp(`alias ${ownerLabel}(\\S+)`).exec(line)?.[1] ?? null;
}

/** Never throws. What cannot be removed stays. */
function removeAbandoned(): void {
  try {
    for (const name of readdirSync("/run/netns").filter((each) => namePattern.test(each))) {
      const owner = ownerOfNamespace(name);
      if (owner !== null && isGone(owner)) execFileSync("ip", ["netns", "del", name], { stdio: "ignore" });
    }
  } catch {
    // No namespace has a name yet, or one goes just now.
  }
}

/**
 * Makes the namespace and a veth pair for each link.
 * @throws PktgenError (3): no root, no iproute2, a kernel without veth. Then nothing is left.
 */
export function makeLinks(namespace: string, links: readonly string[]): LinkNamespace {
  removeAbandoned();
  ip("netns", "add", namespace);
  const remove = (): void => {
    try {
      execFileSync("ip", ["netns", "del", namespace], { stdio: "ignore" });
    } catch {
      // Another process removed it.
    }
  };
  const wayOut = onWayOut(remove);
  const dispose = (): void => {
    wayOut[Symbol.dispose]();
    remove();
  };
  try {
    ip("-n", namespace, "link", "set", "dev", "lo", "alias", `${ownerLabel}${ownerOf(process.pid)}`);
    for (const which of ["all", "default"]) {
      ip("netns", "exec", namespace, "sysctl", "-qw", `net.ipv6.conf.${which}.disable_ipv6=1`);
    }
    for (const link of links) {
      const { testpmd, generator } = linkEnds(link);
      ip("-n", namespace, "link", "add", "name", testpmd, "type", "veth", "peer", "name", generator);
      for (const end of [testpmd, generator]) ip("-n", namespace, "link", "set", "dev", end, "up");
    }
  } catch (error) {
    dispose();
    throw error;
  }
  return { name: namespace, [Symbol.dispose]: dispose };
}

/** What runs a program there: `ip netns exec` becomes the program, so that signals reach it. */
export const inNamespace = (namespace: string): readonly string[] => ["ip", "netns", "exec", namespace];

/** The launcher, with the program in the namespace. */
export const launcherIn = (launcher: Launcher, namespace: string): Launcher => ({
  kind: launcher.kind,
  description: launcher.description,
  launch: (argv, options) => launcher.launch([...inNamespace(namespace), ...argv], options),
  remove: (name) => launcher.remove(name),
  removeNow: (name) => launcher.removeNow(name),
});
