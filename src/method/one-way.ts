/**
 * One direction alone: `send` on one machine, `receive` on another, with the same options. Both go through the same
 * trials in the same sequence. Trial numbers and sequence numbers therefore tell the receiver which frame it sees. Each
 * side writes down what it knows, and merge.ts puts both together.
 */

import type { TrialSpec } from "../engine/loop/index.js";
import { type Generator, startGenerator, startReceiver } from "../engine/trial/index.js";
import { PktgenError, usageError } from "../errors.js";
import type { MeasureRequest } from "../measure/measurer.js";
import { openReady } from "../measure/open-ports.js";
import type { RunPlan } from "../measure/plan.js";
import { diskWasFull, type Recorder, startRecorder } from "../measure/recorder.js";
import { requestedOf } from "../measure/trial-result.js";
import { trialSpec } from "../measure/trial-spec.js";
import { waitForPeers } from "../measure/until-ready.js";
import { warmUp } from "../measure/warm-up.js";
import type { PortSpec } from "../port/kinds.js";
import type { Port } from "../port/port.js";
import {
  type HalfFaults,
  type HalfSpec,
  halfFormats,
  type ReceivedHalf,
  type ReceivedTrial,
  type SentHalf,
  type SentTrial,
} from "../result/half.js";
import { faultReason, interruptedReason } from "../stats/cause.js";
import { isSimple } from "../stream/departures/loads.js";
import { trialAfter } from "../stream/frames/signature.js";
import { frameSizesOf, isSigned } from "../stream/spec.js";
import { hostFacts, readKernelFile, watchDisturbance } from "../sys/host.js";
import { kernelStampClock } from "../sys/net/stamp-clock.js";
import { sleepNs } from "../sys/sleep.js";
import { allowedCpus } from "../sys/thread.js";
import { packageVersion } from "../sys/version.js";
import { frameSizeName, meanFrameBytes } from "../units.js";
import { plannedTrials } from "./forwarding.js";

/** Time in which the peer takes the last frames. */
const drainNs = 200e6;
const usualFrameBytes = 1518;

export interface OneWayHooks<T> {
  readonly signal: AbortSignal;
  readonly onTrial?: (trial: T) => void;
}

export interface OneWayPlan {
  readonly plan: RunPlan;
  readonly port: PortSpec;
  /** The clocks of both machines are synchronised: stamps are times of CLOCK_REALTIME. */
  readonly clocksSynchronised: boolean;
}

export interface SendPlan extends OneWayPlan {
  /** Between two trials, in addition to the time between two frames. Longer than the quiet time of the receiver. */
  readonly gapNs: number;
}

export interface ReceivePlan extends OneWayPlan {
  readonly waitNs: number;
  /** In addition to the time between two frames. */
  readonly quietNs: number;
  /** What the sender was told as well; null: the first frame says which run it is of. */
  readonly runId: number | null;
}

/**
 * Refuses what one side alone cannot do. It can send or receive one stream without a schedule, from a ring. The other
 * side tells frames by their numbers, and times by a clock that both know. @throws PktgenError (2)
 */
function checkOneWay({ plan, port }: OneWayPlan): void {
  if (!isSimple(plan.stream)) {
    const accepted = "one stream without a schedule of its own";
    throw usageError("send and receive are for one stream", { where: "--profile", accepted });
  }
  if (port.kind === "xdp" && port.tx === "live") {
    throw usageError("tx=live has a clock of its own", { where: port.text, accepted: "tx=ring" });
  }
}

const longest = (plan: RunPlan): number => Math.max(...plan.sizes.flatMap(frameSizesOf));

async function openOne(
  one: OneWayPlan,
  use: { readonly sends: boolean; readonly receives: boolean },
  signal: AbortSignal,
): Promise<Port> {
  const { plan, port: spec } = one;
  checkOneWay(one);
  const sendFrameBytes = longest(plan);
  const maxFrameBytes = Math.max(usualFrameBytes, sendFrameBytes);
  const { yesThisInterface } = plan;
  const options = { maxFrameBytes, sendFrameBytes, ...use, yesThisInterface };
  const [port] = await openReady([{ spec, options }], (ports) => waitForPeers(ports, plan.waitPeerNs, signal));
  return port!;
}

/** How far the clock of stamps is ahead of CLOCK_MONOTONIC, modulo 2^48 ns. */
function clockAheadNs({ clocksSynchronised }: OneWayPlan): number {
  if (!clocksSynchronised) return 0;
  const { seconds, ns } = kernelStampClock().compare(null);
  // Reduced before the sum: a time of day in ns does not fit a double.
  const ahead = Number((BigInt(seconds) * 1_000_000_000n) % 2n ** 48n) + ns;
  return ((ahead % 2 ** 48) + 2 ** 48) % 2 ** 48;
}

function specOf(one: OneWayPlan, next: MeasureRequest, runId: number, index: number): TrialSpec {
  const { stream, queues, startSequence, integrity } = one.plan;
  const number = { trial: trialAfter(runId, index), trialsBefore: index };
  return trialSpec(number, stream, next, {
    ...{ queues, startSequence, integrity },
    settleNs: drainNs,
    cooperative: allowedCpus().length < 2,
    clockAheadNs: clockAheadNs(one),
  });
}

/** Plain traffic is written as what it was made of. */
const asWritten = (spec: TrialSpec): HalfSpec => ({ ...spec, stream: spec.stream.plain ?? spec.stream });

const described = (plan: RunPlan, next: MeasureRequest) => ({
  frameBytes: frameSizeName(next.size),
  meanFrameBytes: meanFrameBytes(next.size),
  phase: next.phase,
  requested: requestedOf(next),
  signature: isSigned(plan.stream, next.size),
});

/** Records what the loop of the port sends or receives, from now on. null: nothing is recorded. */
function startRecording({ plan, port }: OneWayPlan): Recorder | null {
  const recorder = plan.record === undefined ? null : startRecorder(plan.record, [port.text]);
  recorder?.keep(true);
  return recorder;
}

const stopOf = (signal: AbortSignal, recorder: Recorder | null): AbortSignal =>
  recorder === null ? signal : AbortSignal.any([signal, recorder.full]);

/** What makes a trial useless. */
function faultsOf(signal: AbortSignal, recorder: Recorder | null, port: Port, generation: number): HalfFaults {
  const why = port.whyLost(generation);
  const reasons = [
    ...(signal.aborted ? [interruptedReason] : []),
    ...(recorder?.full.aborted === true ? [diskWasFull] : []),
    ...(why === null ? [] : [faultReason(why)]),
  ];
  return { faults: reasons.map(({ text }) => text), causes: reasons.map(({ cause }) => cause) };
}

function head(one: OneWayPlan, port: Port, started: Date) {
  return {
    tool: { name: "pktgen-ts", version: packageVersion(), node: process.version },
    host: { ...hostFacts() },
    bootId: readKernelFile("/proc/sys/kernel/random/boot_id"),
    clock: one.clocksSynchronised ? ("realtime" as const) : ("monotonic" as const),
    started: started.toISOString(),
    command: one.plan.commandLine,
    seed: one.plan.seed,
    port: port.facts(),
  };
}

/** From one frame to the next. A silence of this length says nothing. */
const frameGapNs = ({ pps }: MeasureRequest): number => (pps === null ? 0 : 1e9 / pps);

/** Between trials, so that the receiver has seen that the last one is over. */
const pause = (ns: number, signal: AbortSignal): Promise<void> => sleepNs(ns, signal).catch(() => undefined);

/**
 * Sends all trials. Rejects with a PktgenError where it cannot begin. What ends it later stands in the faults of the
 * last trial.
 */
export async function runSend(one: SendPlan, hooks: OneWayHooks<SentTrial>): Promise<SentHalf> {
  const started = new Date();
  const { plan } = one;
  await using port = await openOne(one, { sends: true, receives: false }, hooks.signal);
  await using recorder = startRecording(one);
  const cpu = plan.cores?.[0] ?? null;
  const recording = recorder?.setup ?? null;
  await using generator = await startGenerator({ tx: port, rx: null, recording, cpu, busy: plan.busy });
  const signal = stopOf(hooks.signal, recorder);
  const trials: SentTrial[] = [];
  const planned = plannedTrials(plan);
  for (const [index, next] of planned.entries()) {
    const spec = specOf(one, next, plan.runId, index);
    if (index === 0) await warmUpFor(one, next, generator, signal);
    else await pause(one.gapNs + frameGapNs(planned[index - 1]!), signal);
    if (signal.aborted && trials.length > 0) break;
    const generation = port.rings()?.generation;
    if (generation === undefined) break;
    const disturbance = watchDisturbance(generator.workers.map(({ threadId }) => threadId));
    const { transmit, calibrationNs } = await generator.runTrial(spec, signal);
    const trial: SentTrial = {
      ...described(plan, next),
      order: asWritten(spec),
      transmit,
      disturbance: { ...disturbance(), calibration: calibrationNs[1] / calibrationNs[0] },
      ...faultsOf(hooks.signal, recorder, port, generation),
    };
    trials.push(trial);
    hooks.onTrial?.(trial);
  }
  const recorded = (await recorder?.finish()) ?? [];
  return { format: halfFormats.send, ...head(one, port, started), runId: plan.runId, trials, recorded };
}

/** Warms up without the port: the other side would count the frames of a warm-up. */
async function warmUpFor(
  one: SendPlan,
  first: MeasureRequest,
  generator: Generator,
  signal: AbortSignal,
): Promise<void> {
  const specs = (pps: number | null, durationNs: number): TrialSpec[] => {
    const most = pps === null ? null : Math.min(pps, first.pps ?? pps);
    return [specOf(one, { ...first, pps: most, count: null, durationNs }, one.plan.runId, 0)];
  };
  await warmUp({ generator, durationNs: one.plan.warmupNs, signal, throughDevice: false, specs });
}

/** Receives as many trials as are asked for, each until it is quiet. */
export async function runReceive(one: ReceivePlan, hooks: OneWayHooks<ReceivedTrial>): Promise<ReceivedHalf> {
  const started = new Date();
  const { plan } = one;
  await using port = await openOne(one, { sends: false, receives: true }, hooks.signal);
  await using recorder = startRecording(one);
  const cpu = plan.cores?.[0] ?? null;
  await using receiver = await startReceiver({ port, recording: recorder?.setup ?? null, cpu, busy: plan.busy });
  const signal = stopOf(hooks.signal, recorder);
  const trials: ReceivedTrial[] = [];
  let { runId } = one;
  for (const [index, next] of plannedTrials(plan).entries()) {
    const generation = port.rings()?.generation;
    if ((signal.aborted && trials.length > 0) || generation === undefined) break;
    const spec = specOf(one, next, runId ?? 0, index);
    const dropsBefore = port.receiveDrops?.() ?? 0;
    const disturbance = watchDisturbance([receiver.worker.threadId]);
    const { waitNs } = one;
    const quietNs = one.quietNs + frameGapNs(next);
    const durationNs = next.count === null ? next.durationNs + quietNs : Number.POSITIVE_INFINITY;
    const pinsTrial = runId === null;
    const report = await receiver.receive({ sent: spec, waitNs, quietNs, durationNs, pinsTrial }, signal);
    const { receive, seenByQueue, slept } = report;
    if (report.trial !== null) runId ??= trialAfter(report.trial, -index);
    const trial: ReceivedTrial = {
      ...described(plan, next),
      order: { ...asWritten(spec), trial: trialAfter(runId ?? 0, index) },
      receive,
      seenByQueue,
      slept,
      receiveDrops: dropsSince(port, dropsBefore),
      disturbance: { ...disturbance(), calibration: 1 },
      ...faultsOf(hooks.signal, recorder, port, generation),
    };
    trials.push(trial);
    hooks.onTrial?.(trial);
    if (report.firstNs < 0) break;
  }
  const recorded = (await recorder?.finish()) ?? [];
  return { format: halfFormats.receive, ...head(one, port, started), runId, trials, recorded };
}

function dropsSince(port: Port, before: number): number {
  try {
    return Math.max(0, (port.receiveDrops?.() ?? 0) - before);
  } catch (error) {
    // The interface may be gone, with its namespace.
    if (error instanceof PktgenError) return 0;
    throw error;
  }
}
