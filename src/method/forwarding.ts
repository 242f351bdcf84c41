/**
 * The forwarding test: for each frame size, frames through the DUT and back, and what became of them. Without a rate,
 * count or duration each size gets two trials: `forwarding`, an exact count at a low rate, all of which must come
 * back intact; and `rate`, one second at max.
 */
import type { TrialProgress } from "../engine/start-generator.js";
import type { Load, TrialOrder, TrialReport } from "../engine/trial-order.js";
import { PktgenError } from "../errors.js";
import type { Requested, RunResult, Trial } from "../report/result.js";
import { judgeRun } from "../stats/verdict.js";
import { type FrameSize, formatRate, frameSizeName, meanFrameBytes, ratePps } from "../units.js";
import { compareDutRates } from "./dut-rate.js";
import { hopDifferences } from "./hops.js";
import { type Lab, openLab } from "./lab.js";
import type { RunHooks, RunPlan } from "./plan.js";
import { resultFrame } from "./result-frame.js";
import { trialResult } from "./trial-result.js";

/** The default pair of trials. */
const forwardingCount = 10_000;
const forwardingPps = 10_000;
const rateDurationNs = 1e9;
/** How often progress is looked at, and how long an interval of --ndjson is. */
const progressEveryMs = 100;
const intervalMs = 1_000;
/** A DUT that went away may come back between two trials. */
const reconnectMs = 3_000;

interface PlannedTrial {
  readonly size: FrameSize;
  readonly phase: "forwarding" | "rate";
  readonly rateText: string;
  readonly pps: number | null;
  readonly durationNs: number;
  readonly count: number | null;
}

/** All trials of a run, in order. Pure. */
export function plannedTrials(plan: RunPlan): PlannedTrial[] {
  const perSize = (size: FrameSize): PlannedTrial[] => {
    if (plan.trials === "default") {
      const forwarding = { size, phase: "forwarding", rateText: "10kpps", pps: forwardingPps } as const;
      return [
        { ...forwarding, durationNs: Number.POSITIVE_INFINITY, count: forwardingCount },
        { size, phase: "rate", rateText: "max", pps: null, durationNs: rateDurationNs, count: null },
      ];
    }
    const { rate, durationNs, count } = plan.trials;
    const pps = ratePps(rate, meanFrameBytes(size), plan.lineRateBps);
    return [
      {
        size,
        phase: "rate",
        rateText: formatRate(rate),
        pps: Number.isFinite(pps) ? pps : null,
        durationNs: count === null ? (durationNs ?? rateDurationNs) : Number.POSITIVE_INFINITY,
        count,
      },
    ];
  };
  return plan.sizes.flatMap((size) => Array.from({ length: plan.repeat }, () => perSize(size)).flat());
}

/**
 * Runs the plan. Rejects with a PktgenError where it cannot begin; once trials have run, whatever ends the run early
 * stands in the last trial's reasons, and the results so far are returned.
 */
export async function runForwarding(plan: RunPlan, hooks: RunHooks): Promise<RunResult> {
  const started = new Date();
  const planned = plannedTrials(plan);
  await using lab = await openLab(plan, hooks.signal);
  const trials: Trial[] = [];
  try {
    if (planned.length > 0 && plan.warmupNs > 0) await warmUp(plan, lab, planned[0], hooks.signal);
    for (const [index, next] of planned.entries()) {
      if (hooks.signal.aborted && trials.length > 0) break;
      await lab.ready(reconnectMs);
      const trial = await runTrial(plan, lab, next, index, hooks, planned.length);
      trials.push(trial);
      hooks.onTrial?.(trial);
      if (lab.lost() !== null && !(await lab.comesBack(reconnectMs))) {
        endEarly(trials, planned.length);
        break;
      }
    }
  } catch (error) {
    // Nothing measured is lost because a later trial could not begin.
    if (trials.length === 0 || !(error instanceof PktgenError)) throw error;
    const last = trials[trials.length - 1];
    trials[trials.length - 1] = {
      ...last,
      verdict: "invalid",
      reasons: [...last.reasons, `the run ended: ${error.toLine()}`],
    };
  }
  return { ...resultFrame(plan, lab, started), trials, verdict: judgeRun(trials) };
}

/** The last trial says what did not run any more. */
function endEarly(trials: Trial[], planned: number): void {
  const left = planned - trials.length;
  const last = trials.at(-1);
  if (left === 0 || last === undefined) return;
  const what = `${left} further ${left === 1 ? "trial was" : "trials were"} not run: the device under test did not come back`;
  trials[trials.length - 1] = { ...last, verdict: "invalid", reasons: [...last.reasons, what] };
}

function orderFor(plan: RunPlan, lab: Lab, next: PlannedTrial, trial: number): TrialOrder {
  const load: Load = next.pps === null ? { kind: "max" } : { kind: "paced", pps: next.pps };
  return {
    trial,
    stream: plan.stream,
    size: next.size,
    queues: plan.queues,
    startSequence: plan.startSequence,
    load,
    count: next.count,
    durationNs: next.durationNs,
    settleNs: plan.settleNs ?? lab.settleNs,
    integrity: plan.integrity,
    cooperative: lab.cooperative,
  };
}

/** The same compiled loops, unrecorded, so that V8 has tiered up before anything counts; trial number 0. */
async function warmUp(plan: RunPlan, lab: Lab, first: PlannedTrial, signal: AbortSignal): Promise<void> {
  await lab.ready(reconnectMs);
  const order = orderFor(plan, lab, { ...first, pps: null, count: null, durationNs: plan.warmupNs }, 0);
  await lab.generator.runTrial(order, signal);
  await lab.measureFloor(order);
}

async function runTrial(
  plan: RunPlan,
  lab: Lab,
  next: PlannedTrial,
  index: number,
  hooks: RunHooks,
  total: number,
): Promise<Trial> {
  const order = orderFor(plan, lab, next, 1 + (index % 255));
  await lab.dut?.resetForTrial(plan.seed + index);
  const hopsBefore = (await lab.dut?.readHops()) ?? null;
  lab.watchDisturbance();
  const stopWatching = watchProgress(lab, next, index, total, hooks);
  const rates = compareDutRates(lab, next.durationNs).catch(() => null);
  const report = await lab.generator.runTrial(order, hooks.signal).finally(stopWatching);
  const dutOwnRates = hooks.signal.aborted ? null : await rates;
  const { stealMs, switches } = lab.disturbance();
  const hopsAfter = (await lab.dut?.readHops()) ?? null;
  const requested: Requested = {
    rate: next.rateText,
    pps: next.pps,
    durationNs: Number.isFinite(next.durationNs) ? next.durationNs : null,
    count: next.count,
  };
  return trialResult({
    frameBytes: frameSizeName(next.size),
    meanFrameBytes: meanFrameBytes(next.size),
    phase: next.phase,
    requested,
    order,
    report,
    signed: lab.isSigned(next.size),
    hops: hopDifferences(hopsBefore, hopsAfter),
    floorNs: lab.floorNs(),
    dutOwnRates,
    injected: (await lab.dut?.injected()) ?? null,
    stealMs,
    switches,
    lossRatioMax: plan.lossLimit,
    minPps: plan.minRatePps,
    faults: faultsOf(report, lab, hooks.signal),
    failures: failuresOf(report, order),
    notes: lab.notes,
  });
}

/** What makes a trial useless. A DUT that took no more frames is a result, see failuresOf. */
function faultsOf({ transmit, neverQuiet }: TrialReport, lab: Lab, signal: AbortSignal): string[] {
  if (signal.aborted) return ["interrupted"];
  const lost = lab.lost();
  if (lost !== null) return [`the device under test went away in the trial: ${lost}`];
  const faults = transmit.cutShort === "peer gone" ? ["the device under test went away in the trial"] : [];
  if (neverQuiet) faults.push("frames went on coming long after the last one was sent, so that nothing adds up");
  return faults;
}

function failuresOf({ transmit }: TrialReport, order: TrialOrder): string[] {
  const published = transmit.queues.reduce((sum, queue) => sum + queue.published, 0);
  if (transmit.cutShort === "stuck") return ["the device under test took nothing for 5 s, and the trial was given up"];
  const tookNone = published === 0 && transmit.cutShort === null && (order.count ?? 1) > 0 && transmit.missed === 0;
  return tookNone ? ["the device under test took no frame: its ring was full all the time"] : [];
}

/** Calls the hooks while the trial runs; returns how to stop it. */
function watchProgress(lab: Lab, next: PlannedTrial, index: number, total: number, hooks: RunHooks): () => void {
  const name = { trial: index + 1, frameBytes: frameSizeName(next.size), phase: next.phase };
  let last: TrialProgress = nothingYet;
  let atInterval: TrialProgress = nothingYet;
  let ticks = 0;
  const timer = setInterval(() => {
    const now = lab.generator.progress();
    if (now === null || now.elapsedNs <= last.elapsedNs) return;
    const intervalNs = now.elapsedNs - last.elapsedNs;
    const rxPps = ((now.received - last.received) * 1e9) / intervalNs;
    hooks.onProgress?.({
      ...name,
      trials: total,
      stage: now.phase === "sending" ? "" : "waiting for the last frames",
      elapsedNs: now.elapsedNs,
      durationNs: Number.isFinite(next.durationNs) ? next.durationNs : null,
      sent: now.published,
      received: now.received,
      lost: now.missing,
      rxPps,
    });
    last = now;
    ticks++;
    if (ticks % (intervalMs / progressEveryMs) !== 0) return;
    hooks.onInterval?.({
      ...name,
      elapsedNs: now.elapsedNs,
      sent: now.published,
      received: now.received,
      lost: now.missing,
      txPps: ((now.published - atInterval.published) * 1e9) / (now.elapsedNs - atInterval.elapsedNs),
      rxPps: ((now.received - atInterval.received) * 1e9) / (now.elapsedNs - atInterval.elapsedNs),
    });
    atInterval = now;
  }, progressEveryMs);
  return () => clearInterval(timer);
}

const nothingYet: TrialProgress = {
  phase: "sending",
  published: 0,
  received: 0,
  accepted: 0,
  corrupt: 0,
  missing: 0,
  elapsedNs: 0,
};
