/**
 * How the clock of each flow's receiver stands to its sender's: what a receiver is told before a trial, and how wrong
 * that was at most, known after it. Three ways, the best that there is:
 *
 *     same      both agents read one clock: nothing is compared, and nothing is wrong
 *     udp       the sender asked the receiver, host to host, with the kernel's stamps (clock-udp.ts)
 *     messages  the run asked both over the fleet's server: the bound is the sum of both
 */
import type { SenderSkew } from "../engine/loop/index.js";
import type { Flow, FlowList } from "../options/fleet-flows.js";
import {
  type AppliedClock,
  type ClockExchange,
  type ClockFit,
  checkTrialClock,
  fitLatest,
  offsetAt,
  rateOf,
  type TrialClockCheck,
} from "../stats/index.js";
import { timeWord } from "../stats/words.js";

/** What an agent's clock is known by. */
export interface ComparedAgent {
  readonly clockId: string;
  /** The run asked, the agent answered. Empty: it reads the run's clock. */
  readonly exchanges: readonly ClockExchange[];
}

/** One fit, as results have it: how far the receiver's clock is ahead of the sender's. */
export interface PairFit {
  readonly offsetNs: number;
  readonly boundNs: number;
  readonly ratePpb: number;
  readonly rateBoundPpb: number;
  readonly exchanges: number;
  readonly minRttNs: number;
  readonly residualNs: number;
}

export interface PairClock {
  readonly way: "same" | "udp" | "messages";
  /** How wrong a latency of the flow is at most; null: nobody knows, and `why` says it. */
  readonly boundNs: number | null;
  readonly why: string | null;
  readonly before: PairFit | null;
  readonly after: PairFit | null;
}

/** A trial, in the run's time: its appointed moment, and when all was over. */
export interface TrialSpan {
  readonly startNs: number;
  readonly endNs: number;
  /** By agent: the appointed moment in its own time. */
  readonly ownStart: ReadonlyMap<string, number>;
}

/** Exchanges further from the trial than this say nothing about it. */
const windowNs = 60e9;
/** Two clocks that nobody steps differ by less: each kernel corrects at most 500 ppm. */
const mostDrift = 0.001;

const oneClock: PairClock = { way: "same", boundNs: 0, why: null, before: null, after: null };

export interface ComparedPair {
  readonly flow: Flow;
  readonly sender: ComparedAgent;
  readonly receiver: ComparedAgent;
  /** The sender asked, the receiver answered; null: they could not. */
  readonly direct: readonly ClockExchange[] | null;
}

/** What a line over the sender's own time adds to it to have the receiver's, by agents that compare directly. */
interface Claim {
  readonly pair: AppliedClock;
  /** By messages: of each agent over the run's time. */
  readonly sender: AppliedClock;
  readonly receiver: AppliedClock;
}

const wayOf = ({ sender, receiver, direct }: ComparedPair): PairClock["way"] =>
  sender.clockId === receiver.clockId ? "same" : direct === null ? "messages" : "udp";

/** Of all rates that fit the least: clocks that nobody slews run nearly alike. */
function leastRatePpb(fit: ClockFit | null): number {
  if (fit === null) return 0;
  const { ratePpb, rateBoundPpb } = rateOf(fit);
  return Math.max(Math.min(0, ratePpb + rateBoundPpb), ratePpb - rateBoundPpb);
}

const agentClaim = ({ exchanges }: ComparedAgent, startNs: number, ownStartNs: number): AppliedClock => ({
  atNs: startNs,
  offsetNs: ownStartNs - startNs,
  ratePpb: leastRatePpb(fitLatest(exchanges).fit),
});

/** How the clocks stand, as far as it is known when the trial is appointed. */
function claimOf(pair: ComparedPair, { startNs, ownStart }: Omit<TrialSpan, "endNs">): Claim {
  const { flow, sender, receiver, direct } = pair;
  const [atNs, thereNs] = [ownStart.get(flow.from.agent)!, ownStart.get(flow.to.agent)!];
  const ofSender = agentClaim(sender, startNs, atNs);
  const ofReceiver = agentClaim(receiver, startNs, thereNs);
  const common = { sender: ofSender, receiver: ofReceiver };
  if (wayOf(pair) === "messages") {
    const ratePpb = ofReceiver.ratePpb - ofSender.ratePpb;
    return { ...common, pair: { atNs, offsetNs: thereNs - atNs, ratePpb } };
  }
  const { fit } = fitLatest(direct ?? []);
  if (wayOf(pair) === "same") return { ...common, pair: { atNs, offsetNs: 0, ratePpb: 0 } };
  const offsetNs = fit === null ? thereNs - atNs : offsetAt(fit, atNs).offsetNs;
  return { ...common, pair: { atNs, offsetNs, ratePpb: leastRatePpb(fit) } };
}

/** By receiver: what it adds to times of its senders, since the trial began at each. */
export function skewsOf(
  flows: FlowList,
  pairs: readonly ComparedPair[],
  span: Omit<TrialSpan, "endNs">,
): Record<string, SenderSkew[]> {
  const skews: Record<string, SenderSkew[]> = {};
  for (const [share, { from, to }] of flows.entries()) {
    const { offsetNs, ratePpb } = claimOf(pairs[share]!, span).pair;
    const aheadNs = span.ownStart.get(from.agent)! + offsetNs - span.ownStart.get(to.agent)!;
    skews[to.agent] = [...(skews[to.agent] ?? []), { share, aheadNs, ratePpb }];
  }
  return skews;
}

/**
 * What became of what was claimed. `claimed`: the pair as it was when the trial was appointed; `pair`: with what was
 * asked since.
 */
export function pairClockOf(claimed: ComparedPair, pair: ComparedPair, span: TrialSpan): PairClock {
  const way = wayOf(claimed);
  if (way === "same") return oneClock;
  const claim = claimOf(claimed, span);
  if (way === "udp") return directClock(claim.pair, pair.direct ?? [], span, pair.flow);
  const sides = [
    checked(claim.sender, pair.sender.exchanges, span.startNs, span.endNs, isOwn(claimed.sender)),
    checked(claim.receiver, pair.receiver.exchanges, span.startNs, span.endNs, isOwn(claimed.receiver)),
  ] as const;
  const why = sides
    .map((side, s) => whyUnknown(side, s === 0 ? pair.flow.from.agent : pair.flow.to.agent))
    .find(Boolean);
  const [sender, receiver] = sides;
  const bothAt = (of: "before" | "after"): PairFit | null =>
    difference(fitIn(receiver, of), fitIn(sender, of), of === "before" ? span.startNs : span.endNs);
  const boundNs = sides.reduce((sum, side) => sum + (side.kind === "steady" ? side.boundNs : 0), 0);
  return {
    way,
    boundNs: why == null ? boundNs : null,
    why: why ?? null,
    before: bothAt("before"),
    after: bothAt("after"),
  };
}

/** It reads the clock of the run. */
const isOwn = ({ exchanges }: ComparedAgent): boolean => exchanges.length === 0;

type Side = TrialClockCheck | { readonly kind: "own" };

function checked(
  claim: AppliedClock,
  exchanges: readonly ClockExchange[],
  fromNs: number,
  toNs: number,
  own: boolean,
): Side {
  if (own) return { kind: "own" };
  const before = exchanges.filter(({ t1Ns, t4Ns }) => t4Ns <= fromNs && t1Ns >= fromNs - windowNs);
  const after = exchanges.filter(({ t1Ns, t4Ns }) => t1Ns >= toNs && t4Ns <= toNs + windowNs);
  return checkTrialClock(claim, before, after, { fromNs, toNs });
}

/**
 * When a trial was over at the latest, by its sender's clock: the run's clock measured how long it was. Over a long trial
 * the two drift further apart than the first question after it is away.
 */
function endBySender(fromNs: number, ranNs: number, exchanges: readonly ClockExchange[]): number {
  const leastNs = fromNs + ranNs * (1 - mostDrift);
  return exchanges.find(({ t1Ns }) => t1Ns >= leastNs)?.t1Ns ?? fromNs + ranNs;
}

function directClock(
  claim: AppliedClock,
  exchanges: readonly ClockExchange[],
  { startNs, endNs }: TrialSpan,
  { from, to }: Flow,
): PairClock {
  const toNs = endBySender(claim.atNs, endNs - startNs, exchanges);
  const check = checked(claim, exchanges, claim.atNs, toNs, false);
  const why = whyUnknown(check, `${from.agent} and ${to.agent}`);
  const factsAt = (of: "before" | "after", atNs: number): PairFit | null => {
    const found = fitIn(check, of);
    return found === null || found === "own" ? null : factsOf(found, atNs);
  };
  const boundNs = check.kind === "steady" ? check.boundNs : null;
  return { way: "udp", boundNs, why, before: factsAt("before", claim.atNs), after: factsAt("after", toNs) };
}

/** null: the clock is known. */
function whyUnknown(side: Side, whose: string): string | null {
  if (side.kind === "steady" || side.kind === "own") return null;
  if (side.kind === "unknown") return `the clocks of ${whose} could not be compared before and after the trial`;
  const rate = side.byPpb === null ? "" : `, and its rate by ${(side.byPpb / 1000).toFixed(1)} ppm`;
  return `the clock of ${whose} was stepped or slewed in the trial, by ${timeWord(Math.abs(side.byNs))}${rate}`;
}

function fitIn(side: Side, of: "before" | "after"): ClockFit | "own" | null {
  if (side.kind === "own") return "own";
  return side.kind === "steady" ? side[of] : null;
}

const factsOf = (fit: ClockFit, atNs: number): PairFit => ({
  ...offsetAt(fit, atNs),
  ...rateOf(fit),
  exchanges: fit.exchanges,
  minRttNs: fit.minRttNs,
  residualNs: fit.residualNs,
});

const ownFit: PairFit = {
  ...{ offsetNs: 0, boundNs: 0, ratePpb: 0, rateBoundPpb: 0 },
  ...{ exchanges: 0, minRttNs: 0, residualNs: 0 },
};

/** The receiver's clock less the sender's, from what the run knows of each. */
function difference(receiver: ClockFit | "own" | null, sender: ClockFit | "own" | null, atNs: number): PairFit | null {
  if (receiver === null || sender === null) return null;
  const [r, s] = [receiver, sender].map((fit) => (fit === "own" ? ownFit : factsOf(fit, atNs)));
  return {
    offsetNs: r!.offsetNs - s!.offsetNs,
    boundNs: r!.boundNs + s!.boundNs,
    ratePpb: r!.ratePpb - s!.ratePpb,
    rateBoundPpb: r!.rateBoundPpb + s!.rateBoundPpb,
    exchanges: r!.exchanges + s!.exchanges,
    minRttNs: r!.minRttNs + s!.minRttNs,
    residualNs: r!.residualNs + s!.residualNs,
  };
}
