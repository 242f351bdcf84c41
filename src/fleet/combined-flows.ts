/**
 * One trial whose frames go from host to host, out of what all hosts report. Each flow is judged as if it were alone: what
 * its sender sent, and what its receiver saw of that sender. The trial is the sum of the flows, and of what came in at any
 * host that is no sender's. A flow with a lost end has no place in the sum: what is known of it is said. Pure.
 */
import type { TrialReport, TrialSpec } from "../engine/loop/index.js";
import { splitByWeights } from "../engine/trial/index.js";
import { type TrialInputs, trialResult } from "../measure/trial-result.js";
import type { Flow, FlowList } from "../options/fleet-flows.js";
import type { Trial } from "../result/run-result.js";
import { faultReason, judgedBy, type Reason, reasonsOf, withReasons } from "../stats/cause.js";
import { mergeTrialReports } from "../stats/index.js";
import { framesWord } from "../stats/words.js";
import {
  type AgentReport,
  agentRow,
  type CombinedTrial,
  type DirectionPart,
  type FleetTrial,
  inexactNotes,
  inexactReason,
  isLimit,
  isWorthANote,
  mergedInputs,
  reproaches,
  shareOfRequest,
  shareWord,
  spreadReasons,
  wholeSpecs,
} from "./combined-trial.js";
import { endWord, flowWord, weightsOfFlows } from "./flow-map.js";
import { latencyWithin, withTail } from "./flow-reports.js";
import type { PairClock } from "./pair-clocks.js";

export interface CombinedFlows extends CombinedTrial {
  readonly flows: FlowList;
  /** By flow. */
  readonly clocks: readonly PairClock[];
}

type FlowRow = NonNullable<FleetTrial["flows"]>[number];

/** What is known of a flow. */
interface Known {
  readonly flow: Flow;
  readonly share: number;
  readonly clock: PairClock;
  readonly spec: TrialSpec;
  readonly sender: AgentReport | null;
  readonly receiver: AgentReport | null;
  /** What the flow is as a trial of its own; null: an end of it was lost. */
  readonly part: DirectionPart | null;
}

const inputsOf = ({ inputs }: AgentReport): TrialInputs => inputs[0]!;

/** A flow has one direction. */
export function combineFlows(given: CombinedFlows): Trial[] {
  const { flows, reports } = given;
  const combined = { ...given, agents: flows.map(({ from }) => from.agent) };
  const whole = wholeSpecs(combined)[0]!;
  const specs = splitByWeights(whole, flows.length, weightsOfFlows(flows));
  const reportOf = (agent: string): AgentReport | null => reports.find((one) => one.agent === agent) ?? null;
  const known = flows.map((flow, share): Known => {
    const [sender, receiver] = [reportOf(flow.from.agent), reportOf(flow.to.agent)];
    const one = { flow, share, clock: given.clocks[share]!, spec: specs[share]!, sender, receiver };
    return { ...one, part: sender === null || receiver === null ? null : pairPart(given, one, sender, receiver) };
  });
  const pairs = known.flatMap(({ part }) => part ?? []);
  const parts = [...pairs, ...reports.map((report) => restPart(given, report, whole))];
  const merged = mergeTrialReports(
    { queues: whole.queues, startSequence: whole.startSequence, streams: whole.stream.streams.length },
    parts.map(({ agent, inputs, queues, clock }, p) => ({
      ...{ id: p < pairs.length ? agent : `rest of ${agent}`, queues, startSequence: whole.startSequence },
      ...(clock.aheadNs === 0 && clock.boundNs === 0 ? {} : { clock }),
      report: inputs.report,
    })),
  );
  const raw = new Map(reports.map((report) => [report.agent, inputsOf(report).report]));
  const { hopsOf } = given;
  const unsaid: CombinedTrial = {
    ...combined,
    ...(hopsOf === undefined ? {} : { hopsOf: (direction) => hopsOf(direction, raw) }),
    lost: [],
    faults: [...given.faults, ...lossesOf(given, known)],
  };
  const result = trialResult(mergedInputs(unsaid, whole, 0, parts, merged.report));
  return [judged(given, known, result, merged)];
}

const queuesOf = ({ plan, flows }: CombinedFlows, share: number): number[] =>
  Array.from({ length: plan.queues }, (_, q) => share + q * flows.length);

function clockOf({ appointedNs }: CombinedFlows, { startNs, boundNs }: AgentReport): DirectionPart["clock"] {
  return { aheadNs: startNs - appointedNs, boundNs };
}

function pairPart(
  combined: CombinedFlows,
  { share, spec }: Pick<Known, "share" | "spec">,
  sender: AgentReport,
  receiver: AgentReport,
): DirectionPart | null {
  const [sent, came, pair] = [inputsOf(sender), inputsOf(receiver), pairOf(receiver, share)];
  if (pair === undefined) return null;
  const { transmit } = sent.report;
  const report: TrialReport = {
    ...sent.report,
    receive: withTail(spec, transmit, pair),
    slept: sent.report.slept || came.report.slept,
    neverQuiet: sent.report.neverQuiet || came.report.neverQuiet,
    returned: null,
    elapsedNs: Math.max(sent.report.elapsedNs, came.report.elapsedNs),
  };
  const drops = { received: 0, sent: sent.drops?.sent ?? 0 };
  const inputs = { ...sent, spec, report, requested: shareOfRequest(combined.request, spec), drops };
  return {
    ...{ agent: sender.agent, inputs, stopped: sender.stopped, queues: queuesOf(combined, share) },
    clock: clockOf(combined, sender),
  };
}

const nothingSent: TrialReport["transmit"] = {
  ...{ queues: [], intended: 0, late: 0, missed: 0, blocked: 0, blockedOwn: 0, blockedNs: 0, lastBlockedNs: -1 },
  ...{ firstNs: 0, lastNs: 0, windowNs: 1, window: { fromNs: 0, toNs: 0, gapNs: Number.POSITIVE_INFINITY } },
  ...{ pacing: null, cutShort: null },
};

/** What came in at a host and is no sender's. What a sender says of itself stands in its flow. */
function restPart(combined: CombinedFlows, report: AgentReport, whole: TrialSpec): DirectionPart {
  const { agent, stopped } = report;
  const own = inputsOf(report);
  const isSender = combined.flows.some(({ from }) => from.agent === agent);
  const { pairs: _, ...receive } = own.report.receive;
  const inputs: TrialInputs = {
    ...own,
    spec: whole,
    report: {
      ...own.report,
      ...{ receive, transmit: nothingSent, returned: null, answered: 0, beside: 0 },
      ...(isSender ? { elapsedNs: 0, slept: false } : {}),
    },
    drops: { received: own.drops?.received ?? 0, sent: 0 },
    ...(isSender ? { faults: [], failures: [], notes: [], disturbance: { stealMs: 0, switches: 0 } } : {}),
  };
  return { agent, inputs, stopped, queues: queuesOf(combined, 0), clock: clockOf(combined, report) };
}

/** Where an end of a flow was lost: what is known of its frames all the same. */
function lossesOf({ lost }: CombinedFlows, known: readonly Known[]): Reason[] {
  return lost.map(({ agent, why }) => {
    const sends = known.find(({ flow }) => flow.from.agent === agent);
    const receives = known.filter(({ flow }) => flow.to.agent === agent);
    const words = [
      ...(sends === undefined ? [] : [lostSender(sends)]),
      ...receives.filter((one) => one !== sends).map(lostReceiver),
    ];
    return faultReason(`${agent} was lost (${why}): ${words.join("; ")}`);
  });
}

function lostSender({ receiver, flow, share }: Known): string {
  const pair = receiver === null ? undefined : pairOf(receiver, share);
  if (pair === undefined) return "how many frames it sent is not known";
  return `of its frames, ${framesWord(pair.receive.accepted)} that came in at ${flow.to.agent} are known; how many it sent is not`;
}

function lostReceiver({ sender, flow }: Known): string {
  const sent = sender === null ? null : sentBy(sender);
  if (sent === null) return `nothing is known of the frames of ${flow.from.agent}`;
  return `${flow.from.agent} sent ${framesWord(sent)}; how many of them came in is not known`;
}

const pairOf = (receiver: AgentReport, share: number) =>
  inputsOf(receiver).report.receive.pairs?.senders.find((one) => one.share === share);

const sentBy = (sender: AgentReport): number =>
  inputsOf(sender).report.transmit.queues.reduce((sum, queue) => sum + queue.published - queue.outstanding, 0);

function judged(
  combined: CombinedFlows,
  known: readonly Known[],
  whole: Trial,
  { inexact, report }: ReturnType<typeof mergeTrialReports>,
): Trial {
  const alone = known.flatMap((one) => {
    if (one.part === null) return [];
    const raw = trialResult(one.part.inputs);
    return [{ ...one, ...one.part, trial: latencyWithin(raw, [one.clock], one.part.inputs.report.receive.early ?? 0) }];
  });
  const start = startOf(combined);
  const timed = latencyWithin(
    whole,
    known.filter(({ part }) => part !== null).map(({ clock }) => clock),
    report.receive.early ?? 0,
  );
  const reasons: Reason[] = [
    ...alone.flatMap(({ flow, trial }) => reproaches(flowWord(flow), trial)),
    ...spreadReasons(start, combined.startWithinNs),
    ...inexact.filter(({ field }) => field === "accepted").map(inexactReason),
  ];
  const fleet: FleetTrial = {
    ...{ start, inexact: inexactNotes(inexact) },
    agents: alone.map(agentRow),
    flows: known.map((one) => flowRow(combined, one, alone.find(({ share }) => share === one.share)?.trial ?? null)),
    lost: combined.lost.map((one) => ({ ...one })),
    left: combined.left.map((one) => ({ ...one })),
    silent: combined.silent.map((one) => ({ ...one })),
    limitedBy: alone.filter(({ trial }) => isLimit(trial)).map(({ agent }) => agent),
  };
  const notes = [...timed.notes, ...strayedNotes(fleet.flows ?? []), ...inexactNotes(inexact.filter(isWorthANote))];
  const trial = { ...timed, notes, fleet };
  return reasons.length === 0 ? trial : withReasons(trial, "invalid", reasons);
}

function strayedNotes(rows: readonly FlowRow[]): string[] {
  return rows.flatMap(({ from, strayed }) =>
    strayed.map(
      ({ agent, frames }) => `${framesWord(frames)} of ${from} came in at ${agent}, where no flow of it goes`,
    ),
  );
}

function flowRow(combined: CombinedFlows, one: Known, trial: Trial | null): FlowRow {
  const { flow, share, clock, sender, receiver } = one;
  const seen = receiver === null ? undefined : pairOf(receiver, share)?.receive;
  return {
    from: endWord(flow.from),
    to: endWord(flow.to),
    share: shareWord(one.spec),
    sent: sender === null ? null : sentBy(sender),
    received: seen?.received ?? null,
    accepted: trial?.accepted ?? seen?.accepted ?? null,
    lost: trial?.lost ?? null,
    lossRatio: trial?.lossRatio ?? null,
    duplicate: seen?.duplicate ?? null,
    reordered: seen?.reordered ?? null,
    strayed: combined.reports.flatMap((report) =>
      (inputsOf(report).report.receive.pairs?.strayed ?? [])
        .filter((frames) => frames.share === share)
        .map(({ frames }) => ({ agent: report.agent, frames })),
    ),
    txPps: trial?.txPps ?? null,
    rxPps: trial?.rxPps ?? null,
    latencyNs: trial?.latencyNs == null ? null : figuresOf(trial.latencyNs),
    pdvNs: trial?.pdvNs == null ? null : { p99: trial.pdvNs.p99, p99_9: trial.pdvNs.p99_9 },
    ipdvNs: trial?.ipdvNs == null ? null : { p50: trial.ipdvNs.p50, p99: trial.ipdvNs.p99, max: trial.ipdvNs.max },
    clock,
    ...(trial === null
      ? { verdict: "invalid", reasons: ["an end of it was lost"] }
      : judgedBy(trial.verdict, reasonsOf(trial))),
  };
}

const figuresOf = ({ min, p50, p99, max }: NonNullable<Trial["latencyNs"]>) => ({ min, p50, p99, max });

/** Senders and receivers: who begins late receives late. */
function startOf({ reports, appointedNs }: CombinedFlows): FleetTrial["start"] {
  const begun = reports.map((report) => report.startNs - appointedNs + (inputsOf(report).report.begunLateNs ?? 0));
  const earliestNs = Math.round(Math.min(...begun));
  const latestNs = Math.round(Math.max(...begun));
  return {
    agents: reports.length,
    ...{ appointedNs, earliestNs, latestNs, spreadNs: latestNs - earliestNs },
    boundNs: Math.max(...reports.map(({ boundNs }) => boundNs)),
  };
}
