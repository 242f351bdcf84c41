/** From the options of `replay` to its plan. Errors name the option that is wrong. */
import { paceText, type ReplayPlan } from "../capture/replay.js";
import type { Split } from "../engine/pipe/feeder.js";
import type { ReplayPace } from "../engine/replay/index.js";
import { usageError } from "../errors.js";
import type { RewriteRules } from "../packet/rewrite.js";
import type { Rate } from "../units.js";
import { comparisonOf } from "./compare-options.js";
import { type OptionsOf, readOptions } from "./option.js";
import { type ReplayOptions, replayOptions, splitWords } from "./replay-options.js";

type Given = OptionsOf<typeof replayOptions>;

const defaultTimeoutNs = 1e9;
const defaultSettleNs = 1e9;
const usualFrameBytes = 1522;

/** Which frames go to which of the ports. */
function splitOf(split: Split | undefined, hasTwo: boolean): Split {
  const where = "--split";
  if (split !== undefined && !hasTwo) {
    throw usageError("there is one port only", { where, accepted: "--tx2 PORT with it" });
  }
  if (split === undefined && hasTwo)
    throw usageError("which frames go to which port?", { where, accepted: splitWords });
  return split ?? { kind: "none" };
}

/** What chooses between the queues of a port. */
function spreadOf(spread: "flow" | "turn" | undefined, queues: number): "none" | "flow" | "turn" {
  if (queues > 1) return spread ?? "flow";
  if (spread === undefined) return "none";
  throw usageError("there is one queue only", { where: "--spread", accepted: "a port with more, e.g. queues=2" });
}

const rewriteOf = (given: Given): RewriteRules => ({
  srcMac: given.srcMac ?? null,
  dstMac: given.dstMac ?? null,
  vlan: given.vlan ?? null,
  prefixes: given.mapIp ?? [],
  ports: given.mapPort ?? new Map(),
  uniquePerLoop: given.uniqueAddresses === true,
  fixChecksums: given.fixChecksums === true,
});

/** A pace of the file, or a rate. */
function paceOf({ speed, rate, topSpeed, oneByOne }: Given): { readonly pace: ReplayPace; readonly rate: Rate | null } {
  if ([speed, rate, topSpeed, oneByOne].filter((value) => value !== undefined).length > 1) {
    throw usageError("only one of --speed, --rate, --top-speed and --one-by-one can be", { where: "replay" });
  }
  if (topSpeed === true) return { pace: { kind: "max" }, rate: null };
  if (oneByOne !== undefined) {
    return { pace: { kind: "one", timeoutNs: oneByOne === true ? defaultTimeoutNs : oneByOne }, rate: null };
  }
  if (rate === undefined) return { pace: { kind: "original", speed: speed ?? 1 }, rate: null };
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

/** @throws PktgenError (2) for the first option that cannot be. */
export function planReplay(
  file: string,
  options: ReplayOptions,
  commandLine: string,
  tool: ReplayPlan["tool"],
): ReplayPlan {
  const given = readOptions(replayOptions, options);
  const { tx, tx2 = null, expect } = given;
  if (tx === undefined) {
    throw usageError("where are the frames to go?", { where: "--tx", accepted: "a port, see pktgen-ts ports" });
  }
  const { pace, rate } = paceOf(given);
  const comparison = comparisonOf(options);
  const compared = { speed: pace.kind === "original" ? pace.speed : null, filter: given.expectFilter ?? null };
  return {
    feeder: {
      path: file,
      filter: given.filter ?? null,
      ranges: given.frames ?? [],
      split: splitOf(given.split, tx2 !== null),
      spread: spreadOf(given.spread, Math.max(tx.queues, tx2?.queues ?? 1)),
      rewrite: rewriteOf(given),
      cut: given.cut ?? "refuse",
      skipsOthers: comparison.skipsOthers,
      loops: given.loops ?? 1,
      timeless: pace.kind !== "original",
    },
    ...{ tx, tx2, rx: given.rx ?? null, pace, paceText: paceText(pace, rate) },
    loopDelayNs: given.loopDelay ?? 0,
    count: given.count ?? Number.POSITIVE_INFINITY,
    durationNs: given.duration ?? Number.POSITIVE_INFINITY,
    settleNs: given.settle ?? defaultSettleNs,
    maxFrameBytes: given.maxFrame ?? usualFrameBytes,
    recordTx: given.recordTx ?? null,
    recordRx: given.recordRx ?? null,
    stopOnFull: given.onFull === "stop",
    expect: expect === undefined ? null : { ...comparison, ...compared, file: expect },
    cpu: given.cores?.[0] ?? null,
    busy: given.busy === true,
    yesThisInterface: given.yesThisInterface === true,
    ...(given.waitPeer === undefined ? {} : { waitPeerNs: given.waitPeer }),
    commandLine,
    tool,
  };
}
