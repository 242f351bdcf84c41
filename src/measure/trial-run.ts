/**
 * One trial on an open lab, from the reset of the DUT to the verdict. Every method is made of such trials. A trial in
 * two directions has a result for each.
 */

import type { FlowRole, TrialReport, TrialSpec } from "../engine/loop/index.js";
import { shareOfTrial } from "../engine/trial/index.js";
import { readOwnInterface } from "../port/own-interface.js";
import type { Trial, TrialChange } from "../result/run-result.js";
import { faultReason, interruptedReason, type Reason } from "../stats/cause.js";
import { framesWord } from "../stats/words.js";
import { withProbe } from "../stream/probe.js";
import { reverseFirstStream } from "../stream/reverse.js";
import type { Share } from "../stream/share.js";
import type { TrafficSpec } from "../stream/spec/traffic.js";
import { changedReason } from "./change-words.js";
import { type ResetDone, resetDuring } from "./device-reset.js";
import { noFrameTaken, noReturnHints } from "./hints.js";
import type { Lab } from "./lab.js";
import type { MeasureRequest } from "./measurer.js";
import type { RunHooks, RunPlan } from "./plan.js";
import { type Readings, readAround } from "./readings.js";
import { diskWasFull } from "./recorder.js";
import { watchProgress } from "./trial-progress.js";
import { requestedOf, type TrialInputs, trialResult } from "./trial-result.js";
import { steadyRequest, trialSpec } from "./trial-spec.js";
import { isCompiledToo, warmUp } from "./warm-up.js";

/** What a method's trials share. */
export interface TrialRun {
  readonly plan: RunPlan;
  readonly lab: Lab;
  readonly hooks: Pick<RunHooks, "signal" | "onProgress" | "onInterval" | "onSample" | "control">;
  /** How many trials there will be, for the progress line. */
  readonly total: number;
}

function withProbeOf(
  traffic: TrafficSpec,
  { lineRateBps }: RunPlan,
  { size, pps, probePps }: MeasureRequest,
): TrafficSpec {
  if (probePps === undefined || pps === null) return traffic;
  return withProbe(traffic, size, { kind: "paced", pps: pps - probePps, lineRateBps }, probePps);
}

/** A spec for each direction, the forward one first, with the next id. `share`: of a trial that others do as well. */
export function specsFor(plan: RunPlan, lab: Lab, next: MeasureRequest, share?: Share): TrialSpec[] {
  const [stream, back] = lab.streams.map((traffic) => withProbeOf(traffic, plan, next));
  const { queues, startSequence, settlesWhole, integrity, ownRates, lineRateBps, tolerances } = plan;
  const forward = trialSpec(lab.numbers.next(), stream!, next, {
    ...{ queues, startSequence, settlesWhole, integrity, ownRates, lineRateBps },
    settleNs: plan.settleNs ?? lab.settleNs,
    rateTolerance: tolerances?.rateShare,
    cooperative: lab.cooperative,
  });
  const whole = plan.bidirectional
    ? [forward, { ...forward, stream: back!, firstStream: reverseFirstStream }]
    : [forward];
  return share === undefined ? whole : whole.map((spec) => shareOf(spec, share));
}

/** Everybody has as many queues. */
const shareOf = (spec: TrialSpec, share: Share): TrialSpec =>
  shareOfTrial({ ...spec, queues: spec.queues * share.of, forMerging: true }, share);

const withFlow = (specs: readonly TrialSpec[], flow: FlowRole | undefined): readonly TrialSpec[] =>
  flow === undefined ? specs : specs.map((spec) => ({ ...spec, flow }));

/** Warms up before the first trial. `first` says what that trial will be like. */
export async function warmUpFor({ plan, lab, hooks }: TrialRun, first: MeasureRequest, flow?: FlowRole): Promise<void> {
  await lab.ready();
  const steady = steadyRequest(first);
  const specs = (pps: number | null, durationNs: number): TrialSpec[] => {
    const most = pps === null ? null : Math.min(pps, first.pps ?? pps);
    return specsFor(plan, lab, { ...steady, pps: most, count: null, durationNs });
  };
  const throughDevice = isCompiledToo(plan.dut);
  const { generator } = lab;
  const { signal } = hooks;
  const flowing = (pps: number | null, durationNs: number) => withFlow(specs(pps, durationNs), flow);
  lab.beside.warmUp += await warmUp({ generator, durationNs: plan.warmupNs, signal, throughDevice, specs: flowing });
  await lab.measureFloor(specs(null, 0)[0]!);
}

/** What a trial's directions answered, and what was read around them. */
interface Carried {
  readonly specs: readonly TrialSpec[];
  readonly reports: readonly TrialReport[];
  readonly reset: ResetDone | null;
  readonly readings: Readings;
  /** What somebody changed meanwhile. */
  readonly changes: readonly TrialChange[];
}

/**
 * Runs the run's trial number `index` (from 0); one result for each direction. Rejects with a PktgenError where it
 * could not begin; an interrupt makes the trial invalid, with the cause `interrupted`.
 */
export async function runTrial(run: TrialRun, next: MeasureRequest, index: number): Promise<readonly Trial[]> {
  return (await measureTrial(run, next, index)).map(trialResult);
}

/** The part of a trial that others do as well. */
export interface AppointedShare {
  readonly share: Share;
  /** Frames go from host to host. Absent: each receives its own. */
  readonly flow?: FlowRole;
  /** Is called when all is ready. Resolves with the time of CLOCK_MONOTONIC at which the trial begins. */
  readonly appointed: () => Promise<number>;
}

/** The same without a verdict: everything that a result is made of, for each direction. Absent: the whole trial. */
export async function measureTrial(
  run: TrialRun,
  next: MeasureRequest,
  index: number,
  part?: AppointedShare,
): Promise<readonly TrialInputs[]> {
  const { plan, lab } = run;
  await lab.ready();
  const specs = withFlow(specsFor(plan, lab, next, part?.share), part?.flow);
  await lab.dut?.resetForTrial(plan.seed + index);
  await lab.external?.begin();
  const carried = await carryOut(run, next, specs, index, part?.appointed);
  return carried.reports.map((_, direction) => inputsOf(run, next, carried, direction));
}

async function carryOut(
  run: TrialRun,
  next: MeasureRequest,
  specs: readonly TrialSpec[],
  index: number,
  appointed?: () => Promise<number>,
): Promise<Carried> {
  const { plan, lab, hooks } = run;
  const { recorder } = lab;
  const around = await readAround(lab, next.durationNs);
  const stopWatching = watchProgress(run, next, index);
  recorder?.keep(true);
  const resetting = next.resetAtNs === undefined ? null : resetDuring(lab, plan, next.resetAtNs, hooks.signal);
  const ends = [recorder?.full, resetting?.signal].filter((end) => end !== undefined);
  const signal = ends.length === 0 ? hooks.signal : AbortSignal.any([hooks.signal, ...ends]);
  const last = (): Promise<void> => lab.external?.end() ?? Promise.resolve();
  const changed = hooks.control?.begin({ generator: lab.generator, specs, lineRateBps: plan.lineRateBps });
  let changes: readonly TrialChange[] = [];
  const reports = await lab.generator.runDirections(specs, signal, last, appointed).finally(() => {
    changes = changed?.() ?? [];
    stopWatching();
    around.stop();
  });
  const reset = (await resetting?.done) ?? null;
  recorder?.keep(false);
  return { specs, reports, reset, changes, readings: await around.finish(!hooks.signal.aborted) };
}

/** What one direction's result is made of. */
function inputsOf(run: TrialRun, next: MeasureRequest, carried: Carried, d: number): TrialInputs {
  const { plan, lab } = run;
  const { reports, reset, changes } = carried;
  const { hops, drops, injected, dutOwnRates, disturbance } = carried.readings;
  const [spec, report] = [carried.specs[d]!, reports[d]!];
  const external = lab.external?.of(d, [report]) ?? null;
  // A device that was reset begins its counters again.
  const counters = reset === null ? (external ?? { hops, faults: [], notes: [] }) : noCounters;
  return {
    phase: next.phase,
    ...(reports.length === 1 ? {} : { direction: d === 0 ? "forward" : "reverse" }),
    requested: requestedOf(next),
    spec,
    report,
    signed: lab.isSigned(next.size),
    limits: {
      lossRatioMax: plan.lossLimit,
      minPps: plan.minRatePps,
      measuresLoss: plan.measuresLoss,
      tolerances: plan.tolerances,
    },
    hops: counters.hops,
    ...(external === null ? {} : { foreign: external.foreign }),
    ...{ reset, injected, dutOwnRates, disturbance, drops, changes },
    floorNs: lab.floorNs(),
    faults: [
      ...faultsOf(run, report, reset),
      ...(changes.length === 0 ? [] : [changedReason(changes)]),
      ...counters.faults.map(faultReason),
    ],
    failures: failuresOf(report, spec, lab),
    notes: [
      ...(report.transmit.cutShort === "short" ? ["given up when it could be of no use any more"] : []),
      ...lab.notes,
      ...counters.notes,
      ...drops.named.map(({ what, frames }) => `${framesWord(frames)} ${what}`),
      ...(report.receive.received > 0 || spec.flow !== undefined ? [] : hintsOfNothing(plan, spec, d)),
    ],
  };
}

const noCounters = { hops: [], faults: [], notes: [] } as const;

/** Faults that make a trial useless. A DUT that took no more frames is a result (failuresOf). */
function faultsOf({ lab, hooks }: TrialRun, report: TrialReport, reset: ResetDone | null): Reason[] {
  const full = lab.recorder?.full.aborted === true ? [diskWasFull] : [];
  if (reset !== null) return reset.fault === null ? full : [...full, reset.fault];
  return [...full, ...lostOf(report, lab, hooks.signal)];
}

function lostOf({ transmit, neverQuiet }: TrialReport, lab: Lab, signal: AbortSignal): Reason[] {
  if (signal.aborted) return [interruptedReason];
  const lost = lab.lost();
  if (lost !== null) return [faultReason(`the device under test went away in the trial: ${lost}`)];
  const faults = transmit.cutShort === "peer gone" ? ["the device under test went away in the trial"] : [];
  if (neverQuiet) faults.push("frames went on coming long after the last one was sent, so that nothing adds up");
  return faults.map(faultReason);
}

/** Hints where our ports are connected to the device elsewhere. */
function hintsOfNothing({ dut }: RunPlan, { stream }: TrialSpec, direction: number): string[] {
  const ports = dut.kind === "external" ? dut : dut.kind === "testpmd" ? dut.ports : null;
  if (ports === null) return [];
  const { tx, rx } = direction === 0 || ports.rx === null ? ports : { tx: ports.rx, rx: ports.tx };
  const dstMac = stream.plain?.dstMac ?? null;
  return noReturnHints({ tx, rx, receiving: readOwnInterface(rx ?? tx), dstMac });
}

function failuresOf({ transmit }: TrialReport, spec: TrialSpec, lab: Lab): string[] {
  const published = transmit.queues.reduce((sum, queue) => sum + queue.published, 0);
  if (transmit.cutShort === "stuck") return ["the device under test took nothing for 5 s, and the trial was given up"];
  const sends = spec.flow?.sends !== false;
  const tookNone =
    sends && published === 0 && transmit.cutShort === null && (spec.count ?? 1) > 0 && transmit.missed === 0;
  return tookNone ? [noFrameTaken(lab.portFacts())] : [];
}
