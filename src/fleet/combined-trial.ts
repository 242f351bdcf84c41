/**
 * One trial out of what all its agents report. Counts, buckets and schedules are merged exactly (stats/merge). Each agent
 * is judged by itself, too: where one was in the way, the trial says which. What a lost agent sent is unknown, and nothing
 * takes its place. Pure.
 */
import type { TrialReport, TrialSpec } from "../engine/loop/index.js";
import { splitByWeights } from "../engine/trial/index.js";
import type { TrialHops } from "../measure/external-counters.js";
import type { MeasureRequest } from "../measure/measurer.js";
import type { RunPlan } from "../measure/plan.js";
import { requestedOf, type TrialInputs, trialResult } from "../measure/trial-result.js";
import { trialSpec } from "../measure/trial-spec.js";
import type { InjectedResult, Trial } from "../result/run-result.js";
import { classOf, faultReason, judgedBy, type Reason, reasonsOf, withReasons } from "../stats/cause.js";
import { type Inexact, inexactReasons, mergeTrialReports } from "../stats/index.js";
import type { HopCounters } from "../stats/ledger.js";
import { percentWord, timeWord } from "../stats/words.js";
import { withProbe } from "../stream/probe.js";
import { reverseFirstStream, reverseStream } from "../stream/reverse.js";
import { dealOf, rateOfShare, wholeShare } from "../stream/share.js";
import type { TrafficSpec } from "../stream/spec/traffic.js";
import type { ReportPart } from "./agent-link.js";
import type { Blamed, SilentSpell } from "./trial-events.js";

/** What an agent says of a trial; the spec is without what is sent, which all have in common. */
export interface AgentReport {
  readonly agent: string;
  /** One for each direction. */
  readonly inputs: readonly TrialInputs[];
  /** Why it was stopped; null: it was not. */
  readonly stopped: string | null;
  /** When its trial began, and how wrong that may be, in the fleet's time. */
  readonly startNs: number;
  readonly boundNs: number;
}

/** How far an agent's clock was ahead of the fleet's; null: nobody knew. */
export interface MemberClock {
  readonly offsetNs: number | null;
  readonly boundNs: number | null;
}

/** A clock of which nothing is known is wrong by more than any trial lasts. */
const unknownNs = Number.MAX_SAFE_INTEGER;

export function inFleetTime(
  agent: string,
  { inputs, startNs, stopped }: Pick<ReportPart, "inputs" | "startNs" | "stopped">,
  { offsetNs, boundNs }: MemberClock,
  appointedNs: number,
): AgentReport {
  const own = { agent, inputs, stopped };
  if (offsetNs === null || boundNs === null) return { ...own, startNs: appointedNs, boundNs: unknownNs };
  return { ...own, startNs: startNs - offsetNs, boundNs };
}

export interface CombinedTrial {
  readonly plan: RunPlan;
  readonly request: MeasureRequest;
  /** In the order of their shares. */
  readonly agents: readonly string[];
  /** How much of the load each of them has (stream/share.ts); absent: all have as much. */
  readonly weights?: readonly number[];
  readonly reports: readonly AgentReport[];
  readonly settleNs: number;
  readonly idsGiven: number;
  /** The id of the trial in signatures. */
  readonly trial: number;
  /** The appointed moment, in the fleet's time. */
  readonly appointedNs: number;
  readonly startWithinNs: number;
  readonly lost: readonly Blamed[];
  readonly left: readonly Blamed[];
  readonly silent: readonly SilentSpell[];
  /** Reasons why the whole trial is of no use. */
  readonly faults: readonly Reason[];
  /** Counters of a device that all share, by direction and by each agent's report. Absent: nobody read them. */
  readonly hopsOf?: (direction: number, reports: ReadonlyMap<string, TrialReport>) => TrialHops;
}

export type FleetTrial = NonNullable<Trial["fleet"]>;

/** A result for each direction. */
export function combineTrial(combined: CombinedTrial): Trial[] {
  const wholes = wholeSpecs(combined);
  return wholes.map((whole, direction) => combineDirection(combined, whole, direction));
}

function streamsOfPlan({ stream }: RunPlan): readonly [TrafficSpec, TrafficSpec] {
  return [stream, reverseStream(stream)];
}

/** What one generator with all queues would have been told. */
export function wholeSpecs({ plan, request, agents, settleNs, trial, idsGiven }: CombinedTrial): TrialSpec[] {
  const { startSequence, settlesWhole, integrity, ownRates, lineRateBps, tolerances } = plan;
  const [stream, back] = streamsOfPlan(plan).map((traffic) => probed(traffic, plan, request));
  const forward = trialSpec({ trial, trialsBefore: idsGiven }, stream!, request, {
    ...{ startSequence, settlesWhole, integrity, ownRates, lineRateBps, settleNs },
    queues: plan.queues * agents.length,
    rateTolerance: tolerances?.rateShare,
    cooperative: false,
  });
  return plan.bidirectional ? [forward, { ...forward, stream: back!, firstStream: reverseFirstStream }] : [forward];
}

function probed(traffic: TrafficSpec, { lineRateBps }: RunPlan, { size, pps, probePps }: MeasureRequest): TrafficSpec {
  if (probePps === undefined || pps === null) return traffic;
  return withProbe(traffic, size, { kind: "paced", pps: pps - probePps, lineRateBps }, probePps);
}

export interface DirectionPart {
  readonly agent: string;
  readonly inputs: TrialInputs;
  readonly stopped: string | null;
  /** Its queues in the whole trial. */
  readonly queues: readonly number[];
  readonly clock: { readonly aheadNs: number; readonly boundNs: number };
}

function combineDirection(combined: CombinedTrial, whole: TrialSpec, direction: number): Trial {
  const { plan, request, agents, weights, reports, appointedNs } = combined;
  const specs = splitByWeights(whole, agents.length, weights);
  const parts = reports.map(({ agent, inputs, stopped, startNs, boundNs }): DirectionPart => {
    const index = agents.indexOf(agent);
    const own = { ...inputs[direction]!, spec: specs[index]!, requested: shareOfRequest(request, specs[index]!) };
    const queues = Array.from({ length: plan.queues }, (_, q) => index + q * agents.length);
    return { agent, inputs: own, stopped, queues, clock: { aheadNs: startNs - appointedNs, boundNs } };
  });
  const merged = mergeTrialReports(
    { queues: whole.queues, startSequence: whole.startSequence, streams: whole.stream.streams.length },
    parts.map(({ agent, inputs, queues, clock }) => ({
      ...{ id: agent, queues, startSequence: whole.startSequence, report: inputs.report },
      ...(clock.aheadNs === 0 && clock.boundNs === 0 ? {} : { clock }),
    })),
  );
  const inputs = mergedInputs(combined, whole, direction, parts, merged.report);
  return judgedTogether(combined, parts, trialResult(inputs), merged.inexact);
}

/** What was asked of it alone. */
export function shareOfRequest(request: MeasureRequest, { share, count }: TrialSpec): TrialInputs["requested"] {
  const own = (rate: number): number => rateOfShare(rate, share ?? wholeShare);
  const { pps, steps } = request;
  return requestedOf({
    ...request,
    pps: pps === null ? null : own(pps),
    count,
    ...(steps === undefined ? {} : { steps: steps.map((step) => ({ ...step, pps: own(step.pps) })) }),
  });
}

export function mergedInputs(
  { plan, request, lost, left, silent, faults, agents, hopsOf }: CombinedTrial,
  spec: TrialSpec,
  direction: number,
  parts: readonly DirectionPart[],
  report: TrialReport,
): TrialInputs {
  const all = parts.map(({ inputs }) => inputs);
  const sum = (of: (one: TrialInputs) => number): number => all.reduce((total, one) => total + of(one), 0);
  const floors = all.flatMap(({ floorNs }) => floorNs ?? []);
  const shared = hopsOf?.(direction, new Map(parts.map(({ agent, inputs }) => [agent, inputs.report]))) ?? null;
  const hops = mergedHops(parts);
  return {
    phase: request.phase,
    ...(plan.bidirectional ? { direction: direction === 0 ? "forward" : "reverse" } : {}),
    requested: requestedOf(request),
    spec,
    report,
    signed: all.every(({ signed }) => signed),
    limits: {
      lossRatioMax: plan.lossLimit,
      minPps: plan.minRatePps,
      measuresLoss: plan.measuresLoss,
      tolerances: plan.tolerances,
    },
    ...(shared === null || hops.length > 0 ? { hops } : { hops: shared.hops, foreign: shared.foreign }),
    injected: mergedInjected(all.map(({ injected }) => injected ?? null)),
    floorNs: floors.length === 0 ? null : Math.max(...floors),
    disturbance: { stealMs: sum((one) => one.disturbance.stealMs), switches: sum((one) => one.disturbance.switches) },
    drops: { received: sum((one) => one.drops?.received ?? 0), sent: sum((one) => one.drops?.sent ?? 0) },
    faults: [
      ...faults,
      ...lost.map(({ agent, why }) =>
        faultReason(`${agent} was lost (${why}): what it sent and received is not known`),
      ),
      ...parts.flatMap((part) => (part.inputs.faults ?? []).flatMap((reason) => faultOf(part, reason, faults))),
      ...(shared?.faults ?? []).map(faultReason),
    ],
    failures: parts.flatMap(({ agent, inputs }) => (inputs.failures ?? []).map((text) => `${agent}: ${text}`)),
    notes: [
      ...left.map(({ agent, why }) => `without ${agent} (${why}): ${agents.length} agents had the whole load`),
      ...silent.map(silenceWord),
      ...notesOfAll(parts),
      ...(shared?.notes ?? []),
    ],
  };
}

const silenceWord = ({ agent, fromNs, toNs }: SilentSpell): string =>
  `nothing was heard of ${agent} from ${timeWord(fromNs)} to ${timeWord(toNs)}; its report came`;

const named = (agent: string, { cause, text }: Reason): Reason => ({ cause, text: `${agent}: ${text}` });

/** An agent that was stopped by the run has no fault of its own. */
function faultOf({ agent, stopped }: DirectionPart, reason: Reason, ofRun: readonly Reason[]): Reason[] {
  if (reason.cause !== "interrupted") return [named(agent, reason)];
  return ofRun.length > 0 ? [] : [faultReason(`${agent}: it was stopped: ${stopped ?? "nobody says why"}`)];
}

/** What all say is said once. */
function notesOfAll(parts: readonly DirectionPart[]): string[] {
  const said = new Map<string, string[]>();
  for (const { agent, inputs } of parts) {
    for (const note of inputs.notes ?? []) said.set(note, [...(said.get(note) ?? []), agent]);
  }
  return [...said].map(([note, by]) => (by.length === parts.length ? note : `${by.join(", ")}: ${note}`));
}

/** Devices of one kind beside each other count as one whose queues are all queues. Others have no sum. */
function mergedHops(parts: readonly DirectionPart[]): HopCounters[] {
  const [first] = parts;
  const names = (part: DirectionPart): string => (part.inputs.hops ?? []).map(({ name }) => name).join("\n");
  if (first === undefined || parts.some((part) => names(part) !== names(first))) return [];
  return (first.inputs.hops ?? []).map(({ name }, h): HopCounters => {
    const hops = parts.map(({ inputs }) => inputs.hops![h]!);
    const sum = (key: "rx" | "tx" | "dropped" | "duplicated" | "inRing"): number =>
      hops.reduce((total, hop) => total + hop[key], 0);
    const queues = parts.flatMap(({ queues: places, inputs }) =>
      inputs.hops![h]!.queues.map((queue) => ({ ...queue, queue: places[queue.queue] ?? queue.queue })),
    );
    return {
      name,
      ...{
        rx: sum("rx"),
        tx: sum("tx"),
        dropped: sum("dropped"),
        duplicated: sum("duplicated"),
        inRing: sum("inRing"),
      },
      queues: queues.sort((a, b) => a.queue - b.queue),
    };
  });
}

/** null: one of them does not say. */
function mergedInjected(all: readonly (InjectedResult | null)[]): InjectedResult | null {
  const known = all.flatMap((one) => one ?? []);
  if (known.length < all.length || known.length === 0) return null;
  const keys = new Set(known.flatMap((one) => Object.keys(one) as (keyof InjectedResult)[]));
  return Object.fromEntries([...keys].map((key) => [key, known.reduce((sum, one) => sum + (one[key] ?? 0), 0)]));
}

/** The sum's verdict, what each agent alone is reproached with, and how exactly they began together. */
function judgedTogether(
  combined: CombinedTrial,
  parts: readonly DirectionPart[],
  whole: Trial,
  inexact: readonly Inexact[],
): Trial {
  const alone = parts.map((part) => ({ ...part, trial: trialResult(part.inputs) }));
  const start = startOf(combined, alone);
  const reasons: Reason[] = [
    ...alone.flatMap(({ agent, trial }) => reproaches(agent, trial)),
    ...spreadReasons(start, combined.startWithinNs),
    ...inexact.filter(({ field }) => field === "accepted").map(inexactReason),
  ];
  const notes = [...whole.notes, ...inexactNotes(inexact.filter(isWorthANote))];
  const fleet: FleetTrial = {
    ...{ start, inexact: inexactNotes(inexact) },
    agents: alone.map(agentRow),
    lost: combined.lost.map((one) => ({ ...one })),
    left: combined.left.map((one) => ({ ...one })),
    silent: combined.silent.map((one) => ({ ...one })),
    limitedBy: alone.filter(({ trial }) => isLimit(trial)).map(({ agent }) => agent),
  };
  const trial = { ...whole, notes, fleet };
  return reasons.length === 0 ? trial : withReasons(trial, "invalid", reasons);
}

interface Alone extends DirectionPart {
  readonly trial: Trial;
}

/** What makes an agent's own part of no use. What the device did is a matter of the sum. */
export const reproaches = (agent: string, trial: Trial): Reason[] =>
  trial.verdict !== "invalid"
    ? []
    : reasonsOf(trial)
        .filter(({ cause }) => classOf(cause) !== "device" && cause !== "interrupted" && cause !== "fault")
        .map((reason) => named(agent, reason));

export const isLimit = (trial: Trial): boolean => reasonsOf(trial).some(({ cause }) => classOf(cause) === "generator");

const boundWord = ({ boundNs }: Inexact): string => (boundNs === undefined ? "" : ` (± ${timeWord(boundNs)})`);

const inexactNote = (one: Inexact): string => `${one.field}: ${inexactReasons[one.reason]}${boundWord(one)}`;

/** One sentence for all fields that have one reason. */
export function inexactNotes(all: readonly Inexact[]): string[] {
  const fields = new Map<string, Set<string>>();
  for (const one of all) {
    const why = `${inexactReasons[one.reason]}${boundWord(one)}`;
    fields.set(why, (fields.get(why) ?? new Set()).add(one.field));
  }
  return [...fields].map(([why, names]) => `${[...names].join(", ")}: ${why}`);
}

/** That each paced its own frames, and saw its own arrivals, goes without saying. */
export const isWorthANote = ({ field }: Inexact): boolean => !["pacing", "inWindow", "silence"].includes(field);

export const inexactReason = (one: Inexact): Reason => ({ cause: "counts", text: inexactNote(one) });

/** `2 of 3` where all shares are alike. */
export function shareWord({ share = wholeShare }: Pick<TrialSpec, "share">): string {
  const { slots, round } = dealOf(share);
  return share.deal === undefined ? `${share.index + 1} of ${share.of}` : percentWord(slots / round);
}

export function agentRow({ agent, trial, inputs, clock }: Alone): FleetTrial["agents"][number] {
  const { sent, received, accepted, lost, txPps, rxPps, verdict, latencyNs } = trial;
  return {
    ...{ name: agent, share: shareWord(inputs.spec), sent, received, accepted, lost, txPps, rxPps },
    ...judgedBy(verdict, reasonsOf(trial)),
    ...{ startLateNs: lateOf(trial, inputs), clockBoundNs: clock.boundNs },
    latencyNs: latencyNs === null ? null : { p50: latencyNs.p50, p99: latencyNs.p99, max: latencyNs.max },
  };
}

/** How long after its moment an agent began; a schedule's first slot may be later on purpose. */
const lateOf = (_: Trial, { report }: TrialInputs): number => report.begunLateNs ?? 0;

function startOf({ appointedNs }: CombinedTrial, alone: readonly Alone[]): FleetTrial["start"] {
  const begun = alone.map(({ trial, inputs, clock }) => clock.aheadNs + lateOf(trial, inputs));
  const bounds = alone.map(({ clock }) => clock.boundNs);
  const earliestNs = Math.round(Math.min(...begun));
  const latestNs = Math.round(Math.max(...begun));
  return {
    agents: alone.length,
    ...{ appointedNs, earliestNs, latestNs, spreadNs: latestNs - earliestNs, boundNs: Math.max(...bounds) },
  };
}

/** Nobody knows that they began together where the clocks' bound leaves it open. */
export function spreadReasons({ spreadNs, boundNs }: FleetTrial["start"], withinNs: number): Reason[] {
  if (spreadNs + boundNs <= withinNs) return [];
  const bound = boundNs > 0 ? `, give or take ${timeWord(boundNs)}` : "";
  const text = `the agents began within ${timeWord(spreadNs)} of each other${bound}, and ${timeWord(withinNs)} are allowed`;
  return [{ cause: "apart", text }];
}
