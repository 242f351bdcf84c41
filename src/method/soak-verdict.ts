/** What a soak's verdict rests on: sums of each direction over all pieces, in memory that does not grow. Pure. */
import type { RunResult, Soak, Threshold, Trial } from "../result/run-result.js";
import { classOf, judgedBy, type Reason, reasonsOf } from "../stats/cause.js";
import { badOf, isWithin, refusedOf } from "../stats/loss.js";
import { framesOff } from "../stats/offered-load.js";
import type { AskedFigure } from "../stats/run-verdict.js";
import { framesWord, partOf, percentWord, rateWord } from "../stats/words.js";
import type { Tolerances } from "../tolerances.js";
import { thresholdFigure, withThresholds } from "./judge/thresholds.js";

/** What a soak is judged by. */
export interface SoakRules {
  /** Of the frames on offer. */
  readonly lossRatioMax: number;
  readonly tolerances: Tolerances;
}

export type SoakTotal = Soak["totals"][number];

const nothing: Omit<SoakTotal, "direction"> = {
  ...{ pieces: 0, durationNs: 0, blockedNs: 0, sent: 0, accepted: 0, lost: 0, corrupt: 0, refused: 0, unaccounted: 0 },
  uneven: { pieces: 0, bad: 0 },
  unsound: { pieces: 0, why: null, cause: null },
};

/** The sums with one more piece. Its directions come in the same sequence as before. */
export const withPiece = (totals: readonly SoakTotal[], trials: readonly Trial[]): SoakTotal[] =>
  trials.map((trial, d) => added(totals[d] ?? nothing, trial));

function added(total: SoakTotal, trial: Trial): SoakTotal {
  const { direction, verdict } = trial;
  const classes = verdict === "invalid" ? reasonsOf(trial).map(({ cause }) => classOf(cause)) : [];
  const isUnsound = classes.includes("unsound");
  const [first] = isUnsound ? reasonsOf(trial) : [];
  const isUneven = classes.length > 0 && !isUnsound;
  return {
    ...(direction === undefined ? {} : { direction }),
    pieces: total.pieces + 1,
    durationNs: total.durationNs + trial.durationNs,
    blockedNs: total.blockedNs + (trial.blockedNs ?? 0),
    sent: total.sent + trial.sent,
    accepted: total.accepted + trial.accepted,
    lost: total.lost + trial.lost,
    corrupt: total.corrupt + trial.corrupt + (trial.damagedCopies ?? 0),
    refused: total.refused + refusedOf(trial),
    unaccounted: total.unaccounted + (trial.unaccounted ?? 0),
    ...longestOutage([total, trial]),
    uneven: {
      pieces: total.uneven.pieces + (isUneven ? 1 : 0),
      bad: total.uneven.bad + (isUneven ? badOf(trial) : 0),
    },
    unsound: {
      pieces: total.unsound.pieces + (isUnsound ? 1 : 0),
      why: total.unsound.why ?? first?.text ?? null,
      cause: total.unsound.cause ?? first?.cause ?? null,
    },
  };
}

/** Left out where one of them lost frames, and nobody knows for how long. */
function longestOutage(all: readonly Pick<Trial, "lost" | "corrupt" | "outageNs">[]): Pick<SoakTotal, "outageNs"> {
  if (all.some(({ lost, corrupt, outageNs }) => outageNs === undefined && lost + corrupt > 0)) return {};
  const known = all.flatMap(({ outageNs }) => outageNs ?? []);
  return known.length === 0 ? {} : { outageNs: Math.max(...known) };
}

const nameOf = (what: string, { direction }: SoakTotal): string =>
  direction === undefined ? what : `${what}, ${direction}`;

/** Each direction must have been offered the load, and may lose no more than the limit. */
const soakThresholds = (soak: Soak, { lossRatioMax, tolerances }: SoakRules): Threshold[] =>
  soak.totals.flatMap((total) => [
    ...soundRows(total),
    loadRow(total, soak.pps, tolerances),
    lossRow(total, lossRatioMax),
  ]);

function soundRows(total: SoakTotal): Threshold[] {
  const { unsound, unaccounted, pieces } = total;
  const rows: Threshold[] = [];
  const wanted = "all of use";
  if (unsound.pieces > 0) {
    const found = `${unsound.pieces} of ${pieces} not: ${unsound.why ?? "invalid"}`;
    rows.push({ what: nameOf("pieces", total), wanted, found, verdict: "invalid", cause: unsound.cause ?? "fault" });
  }
  if (unaccounted > 0) {
    const found = framesWord(unaccounted);
    const what = nameOf("unaccounted for", total);
    rows.push({ what, wanted: "no frame", found, verdict: "invalid", cause: "unaccounted" });
  }
  return rows;
}

function loadRow(total: SoakTotal, pps: number, tolerances: Tolerances): Threshold {
  const { sent, refused, durationNs, blockedNs, pieces } = total;
  const offered = sent + refused;
  const offeredPps = durationNs > 0 ? (offered * 1e9) / durationNs : 0;
  const facts = { sent, blocked: refused, durationNs, blockedNs, requested: { pps } };
  const off = framesOff({ ...facts, intended: offered, late: 0, missed: 0, disturbance: null }, tolerances);
  // A frame more or less is where each piece's window starts and ends. More than asked is no easier.
  const isOffered = offered > 0 && -off <= Math.max(0, pieces * 1.000001);
  return {
    what: nameOf("load", total),
    wanted: `${rateWord(pps)} offered, to ${percentWord(tolerances.rateShare)}`,
    found: rateWord(offeredPps),
    ...(isOffered ? { verdict: "pass" } : { verdict: "invalid", cause: "load" }),
  };
}

/** Loss in pieces that the generator or the machine spoiled is neither a fail nor a pass. */
function lossRow(total: SoakTotal, lossRatioMax: number): Threshold {
  const { sent, lost, corrupt, refused, accepted, uneven } = total;
  const [bad, offered] = [lost + corrupt + refused, sent + refused];
  const isFine = offered > 0 && accepted > 0 && isWithin(bad, offered, lossRatioMax);
  const isExcused = uneven.bad > 0 && accepted > 0 && isWithin(bad - uneven.bad, offered, lossRatioMax);
  const parts = [
    ...(corrupt > 0 ? [`${framesWord(corrupt)} damaged`] : []),
    ...(refused > 0 ? [`${framesWord(refused)} refused`] : []),
    ...(uneven.bad > 0 ? [`${partOf(uneven.bad, bad)} in ${uneven.pieces} uneven pieces`] : []),
  ];
  const detail = parts.length === 0 ? "" : ` (${parts.join(", ")})`;
  return {
    what: nameOf("loss", total),
    wanted: `at most ${percentWord(lossRatioMax)}`,
    found: `${percentWord(offered === 0 ? 0 : bad / offered)}${detail}`,
    ...(offered === 0
      ? { verdict: "invalid", cause: "nothing sent" }
      : isFine
        ? { verdict: "pass" }
        : { verdict: isExcused ? "invalid" : "fail", cause: "lost" }),
  };
}

/** The same as figures that were asked for. */
export function soakFigures(soak: Soak, { lossRatioMax, tolerances }: SoakRules): AskedFigure[] {
  if (soak.totals.length === 0) {
    const nothingSent: Reason = { cause: "nothing sent", text: "nothing was sent" };
    return [{ what: "soak", about: "soak", ...judgedBy("invalid", [nothingSent]) }];
  }
  return soakThresholds(soak, { lossRatioMax, tolerances }).map((row) => thresholdFigure(row, "soak"));
}

/** The result with what was wanted of its load, and the verdict that follows. */
export const judgeSoak = (result: RunResult, rules: SoakRules): RunResult =>
  result.soak === undefined ? result : withThresholds(result, soakThresholds(result.soak, rules));
