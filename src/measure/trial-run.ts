/**
 * One trial on an open lab, from the DUT's reset to the verdict: what every method is made of. A method decides what
 * to ask for next; this runs it, and a trial in two directions gives a result for each.
 */

import type { TrialReport } from "../engine/loop/trial-report.js";
import type { Load, TrialSpec } from "../engine/loop/trial-spec.js";
import type { TrialProgress } from "../engine/trial/start-generator.js";
import { readOwnInterface } from "../port/own-interface.js";
import type { DutOwnRates, Requested, Trial } from "../result/run-result.js";
import { framesWord } from "../stats/words.js";
import type { RateStep } from "../stream/departures/steps.js";
import { withProbe } from "../stream/probe.js";
import { reverseFirstStream } from "../stream/reverse.js";
import { isPlain, type Traffic } from "../stream/spec.js";
import { type FrameSize, frameSizeName, meanFrameBytes } from "../units.js";
import { resetDuring } from "./device-reset.js";
import { compareDutRates } from "./dut-rate.js";
import { noFrameTaken, noReturnHints } from "./hints.js";
import { hopDifferences } from "./hops.js";
import type { Lab } from "./lab.js";
import type { RunHooks, RunPlan } from "./plan.js";
import { portDropsBetween } from "./port-drops.js";
import { diskWasFull } from "./recorder.js";
import { trialResult } from "./trial-result.js";
import { isCompiledToo, warmUp } from "./warm-up.js";

/** How often progress is looked at, and how long an interval of --ndjson is. */
const progressEveryMs = 100;
const intervalMs = 1_000;

/** What one trial is to do. Load and count are of each direction, over all its queues and streams. */
export interface TrialRequest {
  readonly size: FrameSize;
  /** For the result; `forwarding` is judged as one (stats/verdict). */
  readonly phase: string;
  /** As it was asked for: `max`, `50%`, `2.5Gbps-l1`. */
  readonly rateText: string;
  /** null: as fast as the DUT takes them. Of steps, their mean. */
  readonly pps: number | null;
  /** One rate after another; absent: one all the time. */
  readonly steps?: readonly RateStep[];
  /** Of `pps`, so many are a stream of their own, whose latency is a figure apart; absent: none. */
  readonly probePps?: number;
  /** The device is reset so long after the beginning; the trial ends when it forwards again. Absent: it is not. */
  readonly resetAtNs?: number;
  /** All that the trial is for is on which side of these loss ratios it lies: it ends when it cannot tell any more. */
  readonly lossGoals?: readonly number[];
  /** Infinity: until `count` frames are out, or until it is interrupted. */
  readonly durationNs: number;
  /** null: until the time is over. */
  readonly count: number | null;
}

/** What a method's trials share. */
export interface TrialRun {
  readonly plan: RunPlan;
  readonly lab: Lab;
  readonly hooks: Pick<RunHooks, "signal" | "onProgress" | "onInterval">;
  /** How many trials there will be, for the progress line. */
  readonly total: number;
}

function loadOf({ ownRates, lineRateBps }: RunPlan, { pps, steps }: TrialRequest): Load {
  if (steps !== undefined) return { kind: "stepped", steps, lineRateBps };
  if (pps === null) return { kind: "max", lineRateBps };
  return ownRates === true ? { kind: "own", lineRateBps } : { kind: "paced", pps, lineRateBps };
}

function withProbeOf(traffic: Traffic, { lineRateBps }: RunPlan, { size, pps, probePps }: TrialRequest): Traffic {
  if (probePps === undefined || pps === null) return traffic;
  return withProbe(traffic, size, { kind: "paced", pps: pps - probePps, lineRateBps }, probePps);
}

/** An order for each direction, the forward one first, with the next id. */
export function ordersFor(plan: RunPlan, lab: Lab, next: TrialRequest): TrialSpec[] {
  const [stream, back] = lab.streams.map((traffic) => withProbeOf(traffic, plan, next));
  const forward: TrialSpec = {
    ...lab.numbers.next(),
    stream: stream!,
    size: next.size,
    queues: plan.queues,
    startSequence: plan.startSequence,
    load: loadOf(plan, next),
    count: next.count,
    durationNs: next.durationNs,
    settleNs: plan.settleNs ?? lab.settleNs,
    ...(plan.settlesWhole === true ? { settlesWhole: true } : {}),
    ...(next.probePps === undefined ? {} : { hasProbe: true }),
    ...(next.resetAtNs === undefined ? {} : { outlastsPeer: true }),
    ...(next.lossGoals === undefined ? {} : { endsWhenShort: true }),
    ...(plan.tolerances === undefined ? {} : { rateTolerance: plan.tolerances.rateShare }),
    integrity: plan.integrity,
    cooperative: lab.cooperative,
  };
  if (!plan.bidirectional) return [forward];
  return [forward, { ...forward, stream: back!, firstStream: reverseFirstStream }];
}

/** Before the first trial; `first` says what it will be like. */
export async function warmUpFor({ plan, lab, hooks }: TrialRun, first: TrialRequest): Promise<void> {
  await lab.ready();
  const { steps: _, resetAtNs: __, probePps: ___, lossGoals: ____, ...steady } = first;
  const orders = (pps: number | null, durationNs: number): TrialSpec[] => {
    const most = pps === null ? null : Math.min(pps, first.pps ?? pps);
    return ordersFor(plan, lab, { ...steady, pps: most, count: null, durationNs });
  };
  const throughDevice = isCompiledToo(plan.dut);
  const { generator } = lab;
  const { signal } = hooks;
  lab.beside.warmUp += await warmUp({ generator, durationNs: plan.warmupNs, signal, throughDevice, orders });
  await lab.measureFloor(orders(null, 0)[0]!);
}

/**
 * Runs the run's trial number `index` (from 0); one result for each direction. Rejects with a PktgenError where it
 * could not begin; an interrupt makes the trial invalid with the reason `interrupted`.
 */
export async function runTrial(run: TrialRun, next: TrialRequest, index: number): Promise<readonly Trial[]> {
  const { plan, lab, hooks } = run;
  await lab.ready();
  const orders = ordersFor(plan, lab, next);
  await lab.dut?.resetForTrial(plan.seed + index);
  await lab.external?.begin();
  const hopsBefore = (await lab.dut?.readHops()) ?? null;
  const dropsBefore = lab.portDrops();
  lab.watchDisturbance();
  const stopWatching = watchProgress(run, next, index);
  const rates = watchRates(lab, next.durationNs);
  const last = (): Promise<void> => lab.external?.end() ?? Promise.resolve();
  const { recorder } = lab;
  recorder?.keep(true);
  const resetting = next.resetAtNs === undefined ? null : resetDuring(lab, plan, next.resetAtNs, hooks.signal);
  const ends = [recorder?.full, resetting?.signal].filter((end) => end !== undefined);
  const signal = ends.length === 0 ? hooks.signal : AbortSignal.any([hooks.signal, ...ends]);
  const reports = await lab.generator.runDirections(orders, signal, last).finally(() => [stopWatching(), rates.end()]);
  const reset = (await resetting?.done) ?? null;
  recorder?.keep(false);
  const dutOwnRates = hooks.signal.aborted ? null : await rates.found;
  const { stealMs, switches } = lab.disturbance();
  const hopsAfter = (await lab.dut?.readHops()) ?? null;
  const drops = portDropsBetween(dropsBefore, lab.portDrops());
  const injected = (await lab.dut?.injected()) ?? null;
  const requested = requestedOf(next);
  return reports.map((report, d) => {
    const external = lab.external?.of(d, report) ?? null;
    return trialResult({
      frameBytes: frameSizeName(next.size),
      meanFrameBytes: meanFrameBytes(next.size),
      phase: next.phase,
      direction: reports.length === 1 ? null : d === 0 ? "forward" : "reverse",
      requested,
      order: orders[d]!,
      report,
      signed: lab.isSigned(next.size),
      // Counters begin anew with the device.
      hops: reset !== null ? [] : (external?.hops ?? hopDifferences(hopsBefore, hopsAfter)),
      reset,
      ...(external === null ? {} : { foreign: external.foreign }),
      floorNs: lab.floorNs(),
      dutOwnRates,
      injected,
      stealMs,
      switches,
      receiveDrops: drops.received,
      sendDrops: drops.sent,
      lossRatioMax: plan.lossLimit,
      minPps: plan.minRatePps,
      measuresLoss: plan.measuresLoss,
      tolerances: plan.tolerances,
      faults: [
        ...(recorder?.full.aborted === true ? [diskWasFull] : []),
        ...(reset === null ? faultsOf(report, lab, hooks.signal) : reset.fault === null ? [] : [reset.fault]),
        ...(reset === null ? (external?.faults ?? []) : []),
      ],
      failures: failuresOf(report, orders[d]!, lab),
      notes: [
        ...(report.transmit.cutShort === "short" ? ["given up when it could be of no use any more"] : []),
        ...lab.notes,
        ...(reset === null ? (external?.notes ?? []) : []),
        ...drops.named.map(({ what, frames }) => `${framesWord(frames)} ${what}`),
        ...(report.receive.received > 0 ? [] : hintsOfNothing(plan, orders[d]!, d)),
      ],
    });
  });
}

/** Looks at the device's own rates beside ours, until the trial ends. */
function watchRates(lab: Lab, durationNs: number): { readonly found: Promise<DutOwnRates | null>; end(): void } {
  const over = new AbortController();
  const found = compareDutRates(lab, durationNs, over.signal).catch(() => null);
  return { found, end: () => over.abort() };
}

const requestedOf = ({ rateText, pps, durationNs, count, steps }: TrialRequest): Requested => ({
  rate: rateText,
  pps,
  durationNs: Number.isFinite(durationNs) ? durationNs : null,
  count,
  ...(steps === undefined ? {} : { steps: steps.map((step) => ({ ...step })) }),
});

/** What makes a trial useless. A DUT that took no more frames is a result, see failuresOf. */
function faultsOf({ transmit, neverQuiet }: TrialReport, lab: Lab, signal: AbortSignal): string[] {
  if (signal.aborted) return ["interrupted"];
  const lost = lab.lost();
  if (lost !== null) return [`the device under test went away in the trial: ${lost}`];
  const faults = transmit.cutShort === "peer gone" ? ["the device under test went away in the trial"] : [];
  if (neverQuiet) faults.push("frames went on coming long after the last one was sent, so that nothing adds up");
  return faults;
}

/** Where somebody else connects our ports to the device. */
function hintsOfNothing({ dut }: RunPlan, { stream }: TrialSpec, direction: number): string[] {
  const ports = dut.kind === "external" ? dut : dut.kind === "testpmd" ? dut.ports : null;
  if (ports === null) return [];
  const { tx, rx } = direction === 0 || ports.rx === null ? ports : { tx: ports.rx, rx: ports.tx };
  const dstMac = isPlain(stream) ? stream.dstMac : null;
  return noReturnHints({ tx, rx, receiving: readOwnInterface(rx ?? tx), dstMac });
}

function failuresOf({ transmit }: TrialReport, order: TrialSpec, lab: Lab): string[] {
  const published = transmit.queues.reduce((sum, queue) => sum + queue.published, 0);
  if (transmit.cutShort === "stuck") return ["the device under test took nothing for 5 s, and the trial was given up"];
  const tookNone = published === 0 && transmit.cutShort === null && (order.count ?? 1) > 0 && transmit.missed === 0;
  return tookNone ? [noFrameTaken(lab.portFacts())] : [];
}

/** Calls the hooks while the trial runs; returns how to stop it. */
function watchProgress({ lab, hooks, total }: TrialRun, next: TrialRequest, index: number): () => void {
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
