/** The options of a comparison, shared by `compare` and `replay --expect`. */
import type { Command } from "commander";
import { usageError } from "../errors.js";

export interface CompareOptions {
  readonly by?: string;
  readonly mask?: string;
  readonly order?: string;
  readonly timing?: string;
  readonly notEthernet?: string;
  readonly filter?: string;
  readonly list?: string;
  readonly annotated?: string;
  readonly json?: string;
  readonly junit?: string;
}

/** For the help of commands with --filter. */
export const filterHelp = `
Filters have Wireshark's names and meaning, for Ethernet, VLAN, MPLS, PPPoE, ARP, IPv4, IPv6, TCP, UDP, SCTP, ICMP, IGMP, GRE,
VXLAN, GENEVE and GTP-U, each also inside of a tunnel or of an ICMP error; what is not known is refused, with a list:
  vlan.id == 7 && !arp      tcp.flags.syn == 1      ip.src in {198.18.0.1..198.18.0.9, 198.19.0.0/16}      frame.time_relative >= 0.5
`;

/** Those that say how frames are compared. */
export function addComparisonOptions(command: Command): Command {
  return command
    .option("--by <what>", "content or signature: how frames find their partners (default: content)")
    .option(
      "--mask <list>",
      "what may differ: macs, src-mac, dst-mac, ttl, vlan, dscp, ip-id, addresses, ports, checksums, padding",
    )
    .option("--order <order>", "strict or free (default: strict)")
    .option(
      "--timing <tolerance>",
      "most that a frame's time since the first one may be off, e.g. 50us (default: times do not count)",
    )
    .option("--not-ethernet <what>", "frames of other link types: refuse, skip (default: refuse)");
}

const oneOf = <T extends string>(text: string | undefined, accepted: readonly T[], option: string): T => {
  const found = text === undefined ? accepted[0] : accepted.find((word) => word === text);
  if (found === undefined) throw usageError(`"${text}" is not known`, { where: option, accepted: accepted.join(", ") });
  return found;
};

/** What they say. @throws PktgenError (2) */
export async function comparisonOf(options: CompareOptions) {
  const [{ parseMask }, { parseDuration }] = await Promise.all([import("../packet/mask.js"), import("../units.js")]);
  return {
    by: oneOf(options.by, ["content", "signature"], "--by"),
    masks: parseMask(options.mask ?? "", "--mask"),
    order: oneOf(options.order, ["strict", "free"], "--order"),
    timingToleranceNs: options.timing === undefined ? null : parseDuration(options.timing, "--timing", 0),
    speed: 1,
    skipsOthers: oneOf(options.notEthernet, ["refuse", "skip"], "--not-ethernet") === "skip",
    annotated: options.annotated ?? null,
  };
}
