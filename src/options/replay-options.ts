/** The options of `replay`, as a plan. */

import { paceText, type ReplayPlan } from "../capture/replay.js";
import type { FeederOptions, Split } from "../engine/pipe/feeder.js";
import type { ReplayPace } from "../engine/replay/spec.js";
import { usageError } from "../errors.js";
import { parseFilter } from "../packet/filter.js";
import { prefixMask } from "../packet/filter-value.js";
import { parseIpv4, parseIpv6, parseMac } from "../packet/index.js";
import type { PrefixMap, RewriteRules } from "../packet/rewrite.js";
import { parsePortSpec } from "../port/index.js";
import { parseCount, parseDuration, parseRate, type Rate } from "../units.js";
import { type CompareOptions, comparisonOf } from "./compare-options.js";
import { parseCores, waitPeerOf } from "./option-values.js";
import { type RecordOptions, recordOf } from "./record-options.js";

export interface ReplayOptions extends CompareOptions, RecordOptions {
  readonly tx?: string;
  readonly tx2?: string;
  readonly rx?: string;
  readonly split?: string;
  readonly spread?: string;
  readonly speed?: string;
  readonly rate?: string;
  readonly topSpeed?: boolean;
  readonly oneByOne?: string | boolean;
  readonly loops?: string;
  readonly loopDelay?: string;
  readonly count?: string;
  readonly duration?: string;
  readonly settle?: string;
  readonly frames?: string;
  readonly cut?: string;
  readonly srcMac?: string;
  readonly dstMac?: string;
  readonly vlan?: string;
  readonly mapIp?: string;
  readonly mapPort?: string;
  readonly uniqueAddresses?: boolean;
  readonly fixChecksums?: boolean;
  readonly maxFrame?: string;
  readonly expect?: string;
  readonly expectFilter?: string;
  readonly cores?: string;
  readonly busy?: boolean;
  readonly yesThisInterface?: boolean;
  readonly waitPeer?: string;
}

const defaultTimeoutNs = 1e9;
const defaultSettleNs = 1e9;
const usualFrameBytes = 1522;

const given = <T>(text: string | undefined, parse: (text: string) => T, otherwise: T): T =>
  text === undefined ? otherwise : parse(text);

/** `1-100,205,300-` */
function parseRanges(text: string): FeederOptions["ranges"] {
  const ranges = text.split(",").map((part) => {
    const match = /^(\d+)(-(\d*))?$/.exec(part.trim());
    const from = Number(match?.[1]);
    const to = match?.[2] === undefined ? from : match[3] === "" ? Number.POSITIVE_INFINITY : Number(match[3]);
    if (match === null || from < 1 || to < from) {
      throw usageError(`"${part}" is no range of frames`, {
        where: "--frames",
        accepted: "numbers from 1, e.g. 1-100,205,300-",
      });
    }
    return { from, to };
  });
  return ranges.sort((a, b) => a.to - b.to);
}

function parseSplit(text: string | undefined, hasTwo: boolean): Split {
  const accepted = "interface, client, mac=ADDRESS[,ADDRESS…]";
  if (text === undefined) {
    if (hasTwo) throw usageError("which frames go to which port?", { where: "--split", accepted });
    return { kind: "none" };
  }
  if (!hasTwo) throw usageError("there is one port only", { where: "--split", accepted: "--tx2 PORT with it" });
  if (text === "interface" || text === "client") return { kind: text };
  if (!text.startsWith("mac=")) throw usageError(`"${text}" is not known`, { where: "--split", accepted });
  return {
    kind: "mac",
    macs: text
      .slice(4)
      .split(",")
      .map((mac) => parseMac(mac, "--split")),
  };
}

/** Which of a port's queues a frame goes by. */
function parseSpread(text: string | undefined, queues: number): FeederOptions["spread"] {
  const accepted = "flow (a flow's frames stay on one queue), turn (one queue after the other)";
  if (text !== undefined && text !== "flow" && text !== "turn") {
    throw usageError(`"${text}" is not known`, { where: "--spread", accepted });
  }
  if (queues > 1) return text ?? "flow";
  if (text === undefined) return "none";
  throw usageError("there is one queue only", { where: "--spread", accepted: "a port with more, e.g. queues=2" });
}

function parsePrefix(text: string): { readonly version: 4 | 6; readonly bytes: Uint8Array; readonly bits: number } {
  const [address = "", length] = text.split("/");
  const version = address.includes(":") ? 6 : 4;
  const bytes = version === 4 ? parseIpv4(address, "--map-ip") : parseIpv6(address, "--map-ip");
  const bits = length === undefined ? bytes.length * 8 : Number(length);
  if (!Number.isInteger(bits) || bits < 0 || bits > bytes.length * 8) {
    throw usageError(`"${text}" is no prefix`, {
      where: "--map-ip",
      accepted: `address/0 to address/${bytes.length * 8}`,
    });
  }
  return { version, bytes, bits };
}

/** `198.18.0.0/16=198.19.0.0/16,…` */
function parsePrefixMaps(text: string): PrefixMap[] {
  return text.split(",").map((part) => {
    const [a, b, more] = part.split("=");
    const accepted = "FROM/LENGTH=TO/LENGTH, of one length, with commas";
    if (a === undefined || b === undefined || more !== undefined) {
      throw usageError(`"${part}" is no mapping`, { where: "--map-ip", accepted });
    }
    const [from, to] = [parsePrefix(a), parsePrefix(b)];
    if (from.version !== to.version || from.bits !== to.bits) {
      throw usageError(`"${part}" maps between prefixes of two kinds`, { where: "--map-ip", accepted });
    }
    const mask = prefixMask(from.bytes.length * 8, from.bits);
    const masked = (bytes: Uint8Array): Uint8Array => bytes.map((byte, i) => byte & mask[i]);
    return { version: from.version, from: masked(from.bytes), to: masked(to.bytes), mask };
  });
}

function parsePortMap(text: string): Map<number, number> {
  return new Map(
    text.split(",").map((part): [number, number] => {
      const match = /^(\d+)=(\d+)$/.exec(part);
      const [from, to] = [Number(match?.[1]), Number(match?.[2])];
      if (match === null || from > 65_535 || to > 65_535) {
        throw usageError(`"${part}" is no mapping`, { where: "--map-port", accepted: "PORT=PORT, with commas" });
      }
      return [from, to];
    }),
  );
}

function rewriteOf(options: ReplayOptions): RewriteRules {
  return {
    srcMac: given(options.srcMac, (text) => parseMac(text, "--src-mac"), null),
    dstMac: given(options.dstMac, (text) => parseMac(text, "--dst-mac"), null),
    vlan: given<RewriteRules["vlan"]>(
      options.vlan,
      (text) => (text === "none" ? "none" : parseCount(text, "--vlan", 0, 4094)),
      null,
    ),
    prefixes: given(options.mapIp, parsePrefixMaps, []),
    ports: given(options.mapPort, parsePortMap, new Map()),
    uniquePerLoop: options.uniqueAddresses === true,
    fixChecksums: options.fixChecksums === true,
  };
}

function parseSpeed(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(x|%)?$/.exec(text);
  const speed = match === null ? Number.NaN : Number(match[1]) / (match[2] === "%" ? 100 : 1);
  if (!(speed > 0))
    throw usageError(`"${text}" is no speed`, { where: "--speed", accepted: "a factor, e.g. 2x, 0.5x or 200%" });
  return speed;
}

function paceOf(options: ReplayOptions): { readonly pace: ReplayPace; readonly rate: Rate | null } {
  const said = [options.speed, options.rate, options.topSpeed, options.oneByOne].filter((value) => value !== undefined);
  if (said.length > 1) {
    throw usageError("only one of --speed, --rate, --top-speed and --one-by-one can be", { where: "replay" });
  }
  if (options.topSpeed === true) return { pace: { kind: "max" }, rate: null };
  if (options.oneByOne !== undefined) {
    const timeoutNs =
      typeof options.oneByOne === "string" ? parseDuration(options.oneByOne, "--one-by-one") : defaultTimeoutNs;
    return { pace: { kind: "one", timeoutNs }, rate: null };
  }
  if (options.rate === undefined)
    return { pace: { kind: "original", speed: given(options.speed, parseSpeed, 1) }, rate: null };
  const rate = parseRate(options.rate, "--rate");
  switch (rate.kind) {
    case "max":
      return { pace: { kind: "max" }, rate };
    case "pps":
      return { pace: { kind: "pps", pps: rate.pps }, rate };
    case "bps":
      return { pace: { kind: "bps", bps: rate.bps, overheadBytes: rate.layer === 1 ? 24 : 4 }, rate };
    default:
      throw usageError("a share of a line is not known for a file", {
        where: "--rate",
        accepted: "100kpps, 1Gbps, 1Gbps-l1, max",
      });
  }
}

function parseCut(text: string): FeederOptions["cut"] {
  if (text === "refuse" || text === "pad" || text === "skip") return text;
  throw usageError(`"${text}" is not known`, { where: "--cut", accepted: "refuse, pad, skip" });
}

/** @throws PktgenError (2) for the first option that cannot be. */
export async function planReplay(
  file: string,
  options: ReplayOptions,
  commandLine: string,
  tool: ReplayPlan["tool"],
): Promise<ReplayPlan> {
  if (options.tx === undefined) {
    throw usageError("where are the frames to go?", { where: "--tx", accepted: "a port, see pktgen-ts ports" });
  }
  const { pace, rate } = paceOf(options);
  if (options.filter !== undefined) parseFilter(options.filter, "--filter");
  const { tx: recordTx, rx: recordRx, stopOnFull } = recordOf(options);
  const comparison = await comparisonOf(options);
  const tx = parsePortSpec(options.tx);
  const tx2 = given(options.tx2, parsePortSpec, null);
  const isFree = pace.kind === "max" || pace.kind === "one" || pace.kind === "pps" || pace.kind === "bps";
  return {
    feeder: {
      path: file,
      filter: options.filter ?? null,
      ranges: given(options.frames, parseRanges, []),
      split: parseSplit(options.split, options.tx2 !== undefined),
      spread: parseSpread(options.spread, Math.max(tx.queues, tx2?.queues ?? 1)),
      rewrite: rewriteOf(options),
      cut: given(options.cut, parseCut, "refuse"),
      skipsOthers: comparison.skipsOthers,
      loops: given(
        options.loops,
        (text) => (text === "forever" ? Number.POSITIVE_INFINITY : parseCount(text, "--loops")),
        1,
      ),
      timeless: isFree,
    },
    tx,
    tx2,
    rx: given(options.rx, parsePortSpec, null),
    pace,
    paceText: paceText(pace, rate),
    loopDelayNs: given(options.loopDelay, (text) => parseDuration(text, "--loop-delay", 0), 0),
    count: given(options.count, (text) => parseCount(text, "--count"), Number.POSITIVE_INFINITY),
    durationNs: given(options.duration, (text) => parseDuration(text, "--duration"), Number.POSITIVE_INFINITY),
    settleNs: given(options.settle, (text) => parseDuration(text, "--settle", 0), defaultSettleNs),
    maxFrameBytes: given(options.maxFrame, (text) => parseCount(text, "--max-frame", 64, 65_535), usualFrameBytes),
    recordTx,
    recordRx,
    stopOnFull,
    expect:
      options.expect === undefined
        ? null
        : {
            ...comparison,
            speed: pace.kind === "original" ? pace.speed : 1,
            filter: given(options.expectFilter, (text) => parseFilter(text, "--expect-filter"), null),
            file: options.expect,
          },
    cpu: given(options.cores, (text) => parseCores(text, "--cores")[0] ?? null, null),
    busy: options.busy === true,
    yesThisInterface: options.yesThisInterface === true,
    ...waitPeerOf(options),
    commandLine,
    tool,
  };
}
