/** The options of a comparison, shared by `compare` and `replay --expect`. */
import { parseFilter } from "../packet/filter.js";
import { parseMask } from "../packet/mask.js";
import { captureFile, type OptionTable, option, readOptions, type TextsOf, wordOf, writtenFile } from "./option.js";
import { count, duration } from "./option-values.js";

/** How frames are compared. */
export const comparisonOptions = {
  by: option(
    "--by <what>",
    "content or signature: how frames find their partners (default: content)",
    wordOf(["content", "signature"]),
  ),
  mask: option(
    "--mask <list>",
    "what may differ: macs, src-mac, dst-mac, ttl, vlan, dscp, ip-id, addresses, ports, checksums, padding",
    parseMask,
  ),
  order: option("--order <order>", "strict or free (default: strict)", wordOf(["strict", "free"])),
  timing: option(
    "--timing <tolerance>",
    "most that a frame's time since the first one may be off, e.g. 50us (default: times do not count)",
    duration(0),
  ),
  notEthernet: option(
    "--not-ethernet <what>",
    "frames of other link types: refuse, skip (default: refuse)",
    wordOf(["refuse", "skip"]),
  ),
} as const satisfies OptionTable;

/** The files of a comparison. */
export const comparedFiles = {
  annotated: option(
    "--annotated <file>",
    "pcapng of the actual frames, with the reason as a comment on each that differs",
    captureFile,
  ),
  json: option("--json <file>", "the whole result as one document; - for standard output", writtenFile),
  junit: option("--junit <file>", "JUnit XML; - for standard output", writtenFile),
} as const satisfies OptionTable;

export const compareOptions = {
  ...comparisonOptions,
  filter: option(
    "--filter <expression>",
    "frames of both that count, e.g. 'ip.src == 198.18.0.1 && udp.dstport in {53,123}'",
    parseFilter,
  ),
  list: option("--list <n>", "differences to list (default: 20)", count(0)),
  ...comparedFiles,
} as const satisfies OptionTable;

export type CompareOptions = TextsOf<typeof compareOptions>;

/** For the help of commands with --filter. */
export const filterHelp = `
Filters have Wireshark's names and meaning, for Ethernet, VLAN, MPLS, PPPoE, ARP, IPv4, IPv6, TCP, UDP, SCTP, ICMP, IGMP, GRE,
VXLAN, GENEVE and GTP-U, each also inside of a tunnel or of an ICMP error; what is not known is refused, with a list:
  vlan.id == 7 && !arp      tcp.flags.syn == 1      ip.src in {198.18.0.1..198.18.0.9, 198.19.0.0/16}      frame.time_relative >= 0.5
`;

/** How frames are compared, and where the differences are written. @throws PktgenError (2) */
export function comparisonOf(options: TextsOf<typeof comparisonOptions> & { readonly annotated?: string }) {
  const {
    by = "content",
    mask = [],
    order = "strict",
    timing = null,
    notEthernet,
  } = readOptions(comparisonOptions, options);
  return {
    ...{ by, masks: mask, order, timingToleranceNs: timing, speed: 1 },
    skipsOthers: notEthernet === "skip",
    annotated: options.annotated ?? null,
  };
}
