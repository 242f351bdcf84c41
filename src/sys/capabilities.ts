/** What the kernel allows this process beyond what every user may do (capabilities(7)), and how to be granted more. */
import { fieldOf, readKernelFile } from "./host.js";

/** linux/capability.h, the part that ports and the lab need. */
const bits = {
  CAP_NET_ADMIN: 12,
  CAP_NET_RAW: 13,
  CAP_SYS_ADMIN: 21,
  CAP_SYS_NICE: 23,
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
 * Commands that grant capabilities to a copy of node. So no root is needed, and no other program gets them. The copy
 * belongs to the user. Everybody who can run it can do what the capabilities allow.
 */
export function grantHint(capabilities: readonly Capability[]): string {
  const list = capabilities.map((name) => name.toLowerCase()).join(",");
  return (
    `run as root, or grant it to a copy of node: cp "$(command -v node)" ~/node-net && ` +
    `sudo setcap ${list}+ep ~/node-net, and run ~/node-net "$(command -v pktgen-ts)" …`
  );
}
