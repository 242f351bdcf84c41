/**
 * Network namespaces of a test's own, joined by veth pairs: the only places where tests send on interfaces. Names are
 * unique per process; IPv6 is off in them, so that nothing speaks but the test. Everything goes with the namespaces,
 * and those go in all cases: disposed by the test, or at exit.
 */
import { execFileSync } from "node:child_process";

/** One end of a veth pair: interface `name` in namespace `netns`. */
export interface VethEnd {
  readonly netns: string;
  readonly name: string;
}

const alive = new Set<string>();
let made = 0;

const remove = (netns: string): void => {
  if (!alive.delete(netns)) return;
  execFileSync("ip", ["netns", "del", netns], { stdio: "ignore" });
};

process.on("exit", () => {
  for (const netns of [...alive]) remove(netns);
});

/** Runs `ip` with these arguments, in the namespace or (null) here; returns what it prints. */
export const ip = (netns: string | null, ...args: readonly string[]): string =>
  execFileSync("ip", netns === null ? args : ["-n", netns, ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });

/** Runs a program in the namespace. */
export const inside = (netns: string, program: string, ...args: readonly string[]): string =>
  execFileSync("ip", ["netns", "exec", netns, program, ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });

/** A fresh namespace, with lo up and IPv6 off unless `ipv6`. */
export function makeNetns(options: { readonly ipv6?: boolean } = {}): Disposable & { readonly name: string } {
  const name = `pktgen-test-${process.pid}-${made++}`;
  ip(null, "netns", "add", name);
  alive.add(name);
  if (options.ipv6 !== true) {
    for (const which of ["all", "default"]) {
      inside(name, "sysctl", "-qw", `net.ipv6.conf.${which}.disable_ipv6=1`);
    }
  }
  ip(name, "link", "set", "lo", "up");
  return { name, [Symbol.dispose]: () => remove(name) };
}

/** `mtu`, `queues` (of both ends): as `ip link` takes them. */
export interface VethOptions {
  readonly mtu?: number;
  readonly queues?: number;
}

/** Joins two ends, which may lie in one namespace, and sets them up. */
export function makeVeth(a: VethEnd, b: VethEnd, { mtu = 1500, queues = 1 }: VethOptions = {}): void {
  const of = ({ name, netns }: VethEnd): string[] => {
    const many = ["numtxqueues", `${queues}`, "numrxqueues", `${queues}`];
    return ["name", name, "netns", netns, "mtu", `${mtu}`, ...many];
  };
  ip(null, "link", "add", ...of(a), "type", "veth", "peer", ...of(b));
  for (const { netns, name } of [a, b]) ip(netns, "link", "set", "dev", name, "up");
}

export interface VethPair extends Disposable {
  readonly a: VethEnd;
  readonly b: VethEnd;
}

/** Two namespaces and one pair between them: interface `a` in the one, `b` in the other. */
export function vethPair(options: VethOptions = {}): VethPair {
  const [one, other] = [makeNetns(), makeNetns()];
  const a = { netns: one.name, name: "a" };
  const b = { netns: other.name, name: "b" };
  const dispose = (): void => {
    one[Symbol.dispose]();
    other[Symbol.dispose]();
  };
  try {
    makeVeth(a, b, options);
  } catch (error) {
    dispose();
    throw error;
  }
  return { a, b, [Symbol.dispose]: dispose };
}
