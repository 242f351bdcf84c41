/** What the kernel lets this process do beside what users may (capabilities(7)), and how to be granted more. */
import { fieldOf, readKernelFile } from "./host.js";

/** linux/capability.h, as far as ports and the lab need them. */
const bits = {
  CAP_NET_ADMIN: 12,
  CAP_NET_RAW: 13,
  CAP_SYS_ADMIN: 21,
  CAP_BPF: 39,
} as const;

export type Capability = keyof typeof bits;

/** Is it in the effective set of this process? */
export function hasCapability(capability: Capability, root = ""): boolean {
  const effective = fieldOf(readKernelFile("/proc/self/status", root), "CapEff");
  return (
    effective !== null &&
    /^[0-9a-f]+$/.test(effective) &&
    ((BigInt(`0x${effective}`) >> BigInt(bits[capability])) & 1n) === 1n
  );
}

/**
 * The commands that grant capabilities to a copy of node, so that no root is needed and no other program gets them.
 * The copy is the user's own: whoever can run it can do what they allow.
 */
export function grantHint(capabilities: readonly Capability[]): string {
  const list = capabilities.map((name) => name.toLowerCase()).join(",");
  return (
    `run as root, or grant it to a copy of node: cp "$(command -v node)" ~/node-net && ` +
    `sudo setcap ${list}+ep ~/node-net, and run ~/node-net "$(command -v pktgen-ts)" …`
  );
}
