/**
 * A run's result out of what is kept of it: its journal, and its agents' memory and spools. Trials that its coordinator
 * put together are whole. One that was open when the coordinator was lost is put together now, and is invalid.
 */
import { environmentError, invalidError, type PktgenError } from "../errors.js";
import { externalOf } from "../measure/external.js";
import type { TrialHops } from "../measure/external-counters.js";
import type { RunPlan } from "../measure/plan.js";
import { checkPlan } from "../measure/plan-check.js";
import { judgeTrials } from "../method/method-verdict.js";
import type { RunResult, Trial } from "../result/run-result.js";
import { faultReason, withReasons } from "../stats/cause.js";
import { trialAfter } from "../stream/frames/signature.js";
import type { ReportPart } from "./agent-link.js";
import type { Bus } from "./bus.js";
import { type KeptMeasurement, methodResult } from "./collect-method.js";
import { combineFlows } from "./combined-flows.js";
import { type AgentReport, type CombinedTrial, combineTrial, inFleetTime } from "./combined-trial.js";
import { findAgents } from "./coordinator.js";
import { clocksOfLostRun } from "./flow-work.js";
import { subjectOf } from "./names.js";
import { answers, protocolVersion } from "./protocol.js";
import { checkedPart } from "./report-check.js";
import { type BegunTrial, type KeptReport, type KeptTrial, type OpenedRun, RunJournal } from "./run-journal.js";

const reportMs = 5_000;

const runEnded = faultReason("the run ended here");
const coordinatorLost = faultReason("the coordinator was lost");

/** @throws PktgenError (3): nothing is kept of it, or it still has agents; (4): no trial of it can be told. */
export async function collectRun(bus: Bus, run: string): Promise<RunResult> {
  if (bus.journal === null) throw noJournal("fleet collect");
  const journal = new RunJournal(bus.journal, run);
  const opened = (await journal.readOpened()).at(-1);
  if (opened === undefined) throw unknownRun(run);
  await refuseRunning(bus, run);
  checkPlan(opened.plan);
  const begun = new Map((await journal.readBegun()).map((one) => [one.trial, one]));
  const merged = new Map((await journal.readMerged()).map((one) => [one.trial, one]));
  const trials: Trial[] = [];
  const untold: number[] = [];
  /** Until the first that cannot be told. */
  const measured: KeptMeasurement[] = [];
  let told = 0;
  for (const one of [...begun.values()].sort((a, b) => a.trial - b.trial)) {
    const known = await trialsOf({ bus, journal, opened }, one, merged.get(one.trial));
    if (known.length === 0) untold.push(one.trial);
    else told++;
    if (untold.length === 0) measured.push({ request: one.request, trials: known });
    trials.push(...known);
  }
  const last = trials.at(-1);
  if (last === undefined) throw invalidError(`no trial of run ${run} can be told: no report of any is kept`);
  const isOver = (await journal.readEnds()).length > 0;
  const ended = !isOver ? coordinatorLost : untold.length > 0 ? unreported(untold.length) : runEnded;
  // A method decides by every trial: with one missing in the middle nobody knows how it went on.
  const found = told === measured.length ? await methodResult(opened, measured, ended) : null;
  if (found !== null) return found;
  if (untold.length > 0) trials[trials.length - 1] = withReasons(last, "invalid", [unreported(untold.length)]);
  return { ...opened.frame, trials, ...judgeTrials(trials) };
}

const unreported = (count: number) =>
  faultReason(`${count} further ${count === 1 ? "trial" : "trials"} began, of which no report is kept`);

interface Kept {
  readonly bus: Bus;
  readonly journal: RunJournal;
  readonly opened: OpenedRun & { readonly run: string };
}

/** Empty: nothing is known of it. */
async function trialsOf(kept: Kept, begun: BegunTrial, merged: KeptTrial | undefined): Promise<readonly Trial[]> {
  const wasWhole = merged?.trials.every(({ fleet }) => (fleet?.lost ?? []).length === 0) === true;
  if (merged !== undefined && (wasWhole || merged.attempt !== begun.attempt)) return merged.trials;
  const reports = await reportsOf(kept, begun);
  // What came since makes the trial whole, or it stays as it was.
  if (merged !== undefined && reports.length < begun.members.length) return merged.trials;
  return reports.length === 0 ? [] : combined(kept.opened, begun, merged, reports);
}

function combined(
  { plan, settleNs, frame }: OpenedRun,
  { members, weights, request, idsGiven, startNs, flows }: BegunTrial,
  merged: KeptTrial | undefined,
  reports: readonly AgentReport[],
): Trial[] {
  const agents = members.map(({ agent }) => agent);
  const here = new Set(reports.map(({ agent }) => agent));
  const others = (frame.fleet?.agents ?? []).filter(({ name }) => !agents.includes(name));
  const trial: CombinedTrial = {
    ...{ plan, request, agents, reports, settleNs, idsGiven, appointedNs: startNs },
    ...(weights === undefined ? {} : { weights }),
    trial: trialAfter(plan.runId, idsGiven),
    startWithinNs: frame.fleet?.startWithinNs ?? 0,
    lost: agents.filter((agent) => !here.has(agent)).map((agent) => ({ agent, why: "its report is not kept" })),
    left: merged?.left ?? others.map(({ name }) => ({ agent: name, why: "it was not there when the trial began" })),
    silent: merged?.silent ?? [],
    faults: merged?.faults ?? [coordinatorLost],
    ...(hasHops(plan) ? { hopsOf: () => unreadHops } : {}),
  };
  if (flows === undefined) return combineTrial(trial);
  return combineFlows({ ...trial, flows: flows.map, clocks: clocksOfLostRun(flows.oneClock) });
}

const hasHops = (plan: RunPlan): boolean => {
  const device = externalOf(plan);
  return device !== null && device.hops.length + device.reverseHops.length > 0;
};

/** Nobody was there to read them when the trial ended. */
const unreadHops: TrialHops = {
  ...{ hops: [], foreign: { entered: 0, left: 0 }, faults: [] },
  notes: ["the counters of the hops were not read at the end of the trial: there is no ledger"],
};

/** From the journal; else from the agents themselves, who may have been started again since. */
async function reportsOf({ bus, journal, opened }: Kept, begun: BegunTrial): Promise<AgentReport[]> {
  const kept = await journal.reports(begun.trial);
  const found = await Promise.all(
    begun.members.map(async ({ agent, incarnation, ...clock }): Promise<AgentReport[]> => {
      const fits = (one: KeptReport): boolean =>
        one.from === agent && one.attempt === begun.attempt && one.incarnation === incarnation;
      const report = kept.find(fits) ?? (await askedReport(bus, opened.run, agent, begun));
      if (report === null || !fits(report)) return [];
      const part = readable(report, opened.plan.bidirectional ? 2 : 1);
      return part === null ? [] : [inFleetTime(agent, part, clock, begun.startNs)];
    }),
  );
  return found.flat();
}

/** null: what is kept is no report. */
function readable(report: KeptReport, directions: number): ReportPart | null {
  try {
    return checkedPart(report, directions);
  } catch {
    return null;
  }
}

/** null: it is not there, or has none. */
async function askedReport(
  bus: Bus,
  run: string,
  agent: string,
  { trial, attempt }: BegunTrial,
): Promise<KeptReport | null> {
  const question = { v: protocolVersion, from: "fleet-command", run, epoch: 0, trial, attempt };
  const answer = await bus.request(subjectOf.agent(agent, "report"), question, reportMs);
  const report = answer.kind === "answer" ? answers.report.safeParse(answer.data) : null;
  return report?.success === true && report.data.kind === "report" ? report.data : null;
}

/** Its coordinator may still be there. */
async function refuseRunning(bus: Bus, run: string): Promise<void> {
  const held = (await findAgents(bus, null)).filter((facts) => facts.run === run);
  if (held.length === 0) return;
  throw environmentError(`run ${run} still has ${held.map(({ from }) => from).join(", ")}`, {
    where: "fleet collect",
    hint: `without a coordinator they are free within 10 s; pktgen-ts fleet stop ${run} ends it now`,
  });
}

export const noJournal = (where: string): PktgenError =>
  environmentError("the fleet's server keeps nothing: its JetStream is off, or not for this user", {
    where,
    hint: "start it as nats-server -js; agents then give it their reports",
  });

const unknownRun = (run: string): PktgenError =>
  environmentError(`nothing is kept of run ${run}`, {
    where: "fleet collect",
    hint: "pktgen-ts fleet runs shows the runs of the last week",
  });
