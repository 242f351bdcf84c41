/** The options of `replay`: one line each. Their texts become a plan in `replay-plan.ts`. */
import type { FeederOptions, Split } from "../engine/pipe/feeder.js";
import { usageError } from "../errors.js";
import { parseIpv4, parseIpv6, parseMac } from "../packet/address.js";
import { parseFilter } from "../packet/filter.js";
import { prefixMask } from "../packet/filter-value.js";
import type { PrefixMap } from "../packet/rewrite.js";
import { parseCount, parseDurationOrForever, parseRate } from "../units.js";
import { comparisonOptions } from "./compare-options.js";
import {
  anyText,
  captureFile,
  flag,
  type OptionTable,
  option,
  optional,
  type TextsOf,
  wordOf,
  writtenFile,
} from "./option.js";
import { count, duration, each, parseCores, parsePort } from "./option-values.js";

export const replayOptions = {
  tx: option("--tx <port>", "where frames go, see pktgen-ts ports", parsePort),
  rx: option(
    "--rx <port>",
    "where they come back (default: nowhere; with --expect, --record-rx or --one-by-one: --tx's)",
    parsePort,
  ),
  tx2: option("--tx2 <port>", "a second port, for the other direction", parsePort),
  split: option(
    "--split <how>",
    "which frames are --tx's: interface (0), client (what clients send), mac=ADDRESS,… (sources)",
    parseSplit,
  ),
  spread: option(
    "--spread <how>",
    "over the queues of a port that has several (queues=): flow (a flow's frames stay on one), turn (default: flow)",
    parseSpread,
  ),
  speed: option(
    "--speed <factor>",
    "of the file's gaps, e.g. 2x or 200% (default: 1x); times of --expect are scaled with them",
    parseSpeed,
  ),
  rate: option("--rate <rate>", "instead of the file's gaps: 100kpps, 1Gbps (layer 2), 1Gbps-l1, max", parseRate),
  topSpeed: flag("--top-speed", "as fast as the peer takes them"),
  oneByOne: optional(
    "--one-by-one [timeout]",
    "the next frame when one has come back, or after this time (default: 1s)",
    duration(),
  ),
  loops: option("--loops <n>", "times, or forever (default: 1)", parseLoops),
  loopDelay: option(
    "--loop-delay <time>",
    "from a loop's last frame to the next one's first (default: 0)",
    duration(0),
  ),
  count: option("--count <n>", "stop after so many frames", count()),
  duration: option("--duration <time>", "stop after this time", duration()),
  filter: option(
    "--filter <expression>",
    "frames to send, e.g. 'ip.src == 198.18.0.1 && udp.dstport in {53,123}'",
    checkedFilter,
  ),
  frames: option("--frames <ranges>", "frames to send by number, e.g. 1-100,205,300-", parseRanges),
  cut: option(
    "--cut <what>",
    "frames that the capture cut: refuse, pad (with zeros), skip (default: refuse)",
    wordOf(["refuse", "pad", "skip"]),
  ),
  srcMac: option("--src-mac <mac>", "new source address", parseMac),
  dstMac: option("--dst-mac <mac>", "new destination address", parseMac),
  vlan: option("--vlan <id>", "id of the outer tag, or of a new one; none: tags are taken away", parseVlan),
  mapIp: option("--map-ip <maps>", "prefixes, e.g. 198.18.0.0/16=198.19.0.0/16; checksums follow", parsePrefixMaps),
  mapPort: option("--map-port <maps>", "TCP, UDP and SCTP ports, e.g. 80=8080,53=5353; checksums follow", parsePortMap),
  uniqueAddresses: flag("--unique-addresses", "add the loop's number to both IP addresses"),
  fixChecksums: flag("--fix-checksums", "compute IP and transport checksums anew"),
  maxFrame: option(
    "--max-frame <bytes>",
    "longest frame with FCS that buffers are made for (default: 1522)",
    count(64, 65_535),
  ),
  settle: option("--settle <time>", "how long after the last frame others may come back (default: 1s)", duration(0)),
  recordTx: option("--record-tx <file>", "what was sent, with its times", captureFile),
  recordRx: option("--record-rx <file>", "what came back", captureFile),
  onFull: option(
    "--on-full <what>",
    "a full disk while recording: stop or go-on (default: go-on)",
    wordOf(["stop", "go-on"]),
  ),
  expect: option("--expect <file>", "what has to come back; differences fail", anyText),
  expectFilter: option("--expect-filter <expression>", "frames of both that count", parseFilter),
  ...comparisonOptions,
  annotated: option(
    "--annotated <file>",
    "with --expect: pcapng of what came back, with the reasons as comments",
    captureFile,
  ),
  json: option("--json <file>", "the whole result as one document; - for standard output", writtenFile),
  junit: option("--junit <file>", "with --expect: JUnit XML; - for standard output", writtenFile),
  cores: option("--cores <list>", "CPU for the sending thread", parseCores),
  busy: flag("--busy", "never give way while waiting"),
  yesThisInterface: flag("--yes-this-interface", "also send on an interface that the machine lives by"),
  waitPeer: option(
    "--wait-peer <time>",
    "how long a port's peer may take to start its rings, or forever (default: 10s)",
    parseDurationOrForever,
  ),
} as const satisfies OptionTable;

export type ReplayOptions = TextsOf<typeof replayOptions>;

/** What `--split` and its error accept. */
export const splitWords = "interface, client, mac=ADDRESS[,ADDRESS…]";

function parseSplit(text: string, where: string): Split {
  if (text === "interface" || text === "client") return { kind: text };
  if (!text.startsWith("mac=")) throw usageError(`"${text}" is not known`, { where, accepted: splitWords });
  return { kind: "mac", macs: each(parseMac)(text.slice(4), where) };
}

/** Which of a port's queues a frame goes by. */
function parseSpread(text: string, where: string): "flow" | "turn" {
  if (text === "flow" || text === "turn") return text;
  const accepted = "flow (a flow's frames stay on one queue), turn (one queue after the other)";
  throw usageError(`"${text}" is not known`, { where, accepted });
}

function parseLoops(text: string, where: string): number {
  return text === "forever" ? Number.POSITIVE_INFINITY : parseCount(text, where);
}

function parseVlan(text: string, where: string): number | "none" {
  return text === "none" ? "none" : parseCount(text, where, 0, 4094);
}

/** Another thread reads it again. */
function checkedFilter(text: string, where: string): string {
  parseFilter(text, where);
  return text;
}

/** `1-100,205,300-` */
function parseRanges(text: string, where: string): FeederOptions["ranges"] {
  const ranges = text.split(",").map((part) => {
    const match = /^(\d+)(-(\d*))?$/.exec(part.trim());
    const from = Number(match?.[1]);
    const to = match?.[2] === undefined ? from : match[3] === "" ? Number.POSITIVE_INFINITY : Number(match[3]);
    if (match === null || from < 1 || to < from) {
      throw usageError(`"${part}" is no range of frames`, {
        where,
        accepted: "numbers from 1, e.g. 1-100,205,300-",
      });
    }
    return { from, to };
  });
  return ranges.sort((a, b) => a.to - b.to);
}

function parseSpeed(text: string, where: string): number {
  const match = /^(\d+(?:\.\d+)?)(x|%)?$/.exec(text);
  const speed = match === null ? Number.NaN : Number(match[1]) / (match[2] === "%" ? 100 : 1);
  if (!(speed > 0)) throw usageError(`"${text}" is no speed`, { where, accepted: "a factor, e.g. 2x, 0.5x or 200%" });
  return speed;
}

function parsePrefix(
  text: string,
  where: string,
): { readonly version: 4 | 6; readonly bytes: Uint8Array; readonly bits: number } {
  const [address = "", length] = text.split("/");
  const version = address.includes(":") ? 6 : 4;
  const bytes = version === 4 ? parseIpv4(address, where) : parseIpv6(address, where);
  const bits = length === undefined ? bytes.length * 8 : Number(length);
  if (!Number.isInteger(bits) || bits < 0 || bits > bytes.length * 8) {
    throw usageError(`"${text}" is no prefix`, {
      where,
      accepted: `address/0 to address/${bytes.length * 8}`,
    });
  }
  return { version, bytes, bits };
}

/** `198.18.0.0/16=198.19.0.0/16,…` */
function parsePrefixMaps(text: string, where: string): PrefixMap[] {
  return text.split(",").map((part) => {
    const [a, b, more] = part.split("=");
    const accepted = "FROM/LENGTH=TO/LENGTH, of one length, with commas";
    if (a === undefined || b === undefined || more !== undefined) {
      throw usageError(`"${part}" is no mapping`, { where, accepted });
    }
    const [from, to] = [parsePrefix(a, where), parsePrefix(b, where)];
    if (from.version !== to.version || from.bits !== to.bits) {
      throw usageError(`"${part}" maps between prefixes of two kinds`, { where, accepted });
    }
    const mask = prefixMask(from.bytes.length * 8, from.bits);
    const masked = (bytes: Uint8Array): Uint8Array => bytes.map((byte, i) => byte & mask[i]);
    return { version: from.version, from: masked(from.bytes), to: masked(to.bytes), mask };
  });
}

function parsePortMap(text: string, where: string): Map<number, number> {
  const ports = new Map<number, number>();
  for (const part of text.split(",")) {
    const match = /^(\d+)=(\d+)$/.exec(part);
    const [from, to] = [Number(match?.[1]), Number(match?.[2])];
    if (match === null || from > 65_535 || to > 65_535) {
      throw usageError(`"${part}" is no mapping`, { where, accepted: "PORT=PORT, with commas" });
    }
    if (ports.has(from)) throw usageError(`port ${from} is mapped twice`, { where, accepted: "each port once" });
    ports.set(from, to);
  }
  return ports;
}
