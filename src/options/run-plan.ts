/** From the options of `run` to its plan. Errors name the option that is wrong. Pure. */
import { usageError } from "../errors.js";
import type { DutChoice, RunPlan, TrialChoice } from "../measure/plan.js";
import { liveUnrecorded, type RecordPlan } from "../measure/recorder.js";
import { usualWarmUpNs } from "../measure/warm-up.js";
import type { Profile } from "../profile/index.js";
import { checkPace, offeredPps } from "../stream/departures/loads.js";
import type { TrafficSpec } from "../stream/spec/traffic.js";
import { type FrameSize, meanFrameBytes, type Rate, ratePps } from "../units.js";
import { addressingNotes } from "./addressing-notes.js";
import { readOptions } from "./option.js";
import { drawnRunId } from "./option-values.js";
import { recordOf } from "./record-options.js";
import { bidirectionalOf, dutOf, queuesOf } from "./run-device.js";
import { type RunOptions, type RunValues, runOptions } from "./run-options.js";
import { ownRates, trafficOfRun } from "./run-traffic.js";
import { tolerancesOf } from "./tolerances.js";
import { plannedWorkers, withWorkers } from "./workers.js";

const defaultDurationNs = 1e9;

function trialsOf({ rate, duration, count }: RunValues): TrialChoice {
  if (rate === undefined && duration === undefined && count === undefined) return "default";
  if (duration !== undefined && count !== undefined) {
    const accepted = "one of them: a trial ends after a time or after so many frames";
    throw usageError("--count and --duration contradict each other", { where: "--count", accepted });
  }
  return {
    rate: rate ?? { kind: "max" },
    durationNs: count === undefined ? (duration ?? defaultDurationNs) : null,
    count: count ?? null,
  };
}

/** The trials of streams at their own rates, with what they come to together in the first; each size can be offered. */
function ownTrials(given: RunValues, spec: TrafficSpec, lineRateBps: number | null): TrialChoice {
  const asked = trialsOf(given);
  const { durationNs, count } = asked === "default" ? { durationNs: defaultDurationNs, count: null } : asked;
  const [pps] = spec.sizes.map((size) => offeredPps(spec, size, { kind: "own", lineRateBps }, durationNs));
  return { rate: { kind: "pps", pps: pps! }, durationNs, count };
}

/** Rates are checked for each size and stream here, before anything is opened. */
function checkRates(
  trials: TrialChoice,
  {
    sizes,
    stream,
    ownRates,
    repeat,
    lineRateBps,
  }: Pick<RunPlan, "sizes" | "stream" | "ownRates" | "repeat" | "lineRateBps">,
): void {
  if (trials === "default") return;
  for (const size of sizes) {
    const pps = ratePps(trials.rate, meanFrameBytes(size), lineRateBps);
    if (ownRates !== true) checkPace(stream, size, pps, lineRateBps, "--rate");
  }
  if (trials.durationNs === Number.POSITIVE_INFINITY && sizes.length * repeat > 1) {
    const what = `forever never comes to an end, and ${sizes.length * repeat} trials are asked for`;
    throw usageError(what, { where: "--duration", accepted: "forever with one size, e.g. --sizes 64" });
  }
}

/** In frames per second; bits per second mean another rate for each size, so they need a single one. */
function minRatePps(rate: Rate, text: string, sizes: readonly FrameSize[], lineRateBps: number | null): number {
  const where = "--min-rate";
  if (rate.kind === "pps") return rate.pps;
  if (rate.kind !== "max" && sizes.length === 1) return ratePps(rate, meanFrameBytes(sizes[0]!), lineRateBps, where);
  const what = rate.kind === "max" ? "max is no least rate" : `"${text}" is another rate in frames for each size`;
  throw usageError(what, { where, accepted: "frames per second, e.g. 1Mpps; or one size only" });
}

/** Which captures are made of the run. */
function recordOfRun(options: RunOptions, dut: DutChoice): RecordPlan {
  if (options.recordTx !== undefined && dut.kind === "external" && dut.tx.kind === "xdp" && dut.tx.tx === "live") {
    throw liveUnrecorded();
  }
  return recordOf(options);
}

/** Throws a usage error (2) for the first option that cannot be. */
export function planRun(options: RunOptions, profile: Profile | null, commandLine: string): RunPlan {
  const given = withWorkers(readOptions(runOptions, options));
  const { seed = 1, lineRate: lineRateBps = null, repeat = 1, dstMac, srcMac } = given;
  const dut = dutOf(given, profile);
  const queues = queuesOf(given.queues, dut);
  const stream = trafficOfRun(given, profile, { seed, queues, lineRateBps });
  const workers = plannedWorkers(given, dut, queues, stream);
  const own = ownRates(given, stream);
  const trials = own === null ? trialsOf(given) : ownTrials(given, own, lineRateBps);
  const bidirectional = bidirectionalOf(given, dut);
  const addressing = addressingNotes(dut, profile?.traffic ?? stream, { dstMac, srcMac, bidirectional });
  const notes = [...(profile?.notes ?? []), ...addressing];
  checkRates(trials, { sizes: stream.sizes, stream, ownRates: own !== null, repeat, lineRateBps });
  const tolerances = tolerancesOf(options);
  const { minRate } = given;
  return {
    sizes: stream.sizes,
    dut,
    bidirectional,
    yesThisInterface: given.yesThisInterface === true,
    ...(given.waitPeer === undefined ? {} : { waitPeerNs: given.waitPeer }),
    record: recordOfRun(options, dut),
    queues,
    ...(workers === undefined ? {} : { workers }),
    stream,
    ownRates: own !== null,
    trials,
    seed,
    runId: given.runId ?? drawnRunId(),
    warmupNs: given.warmup ?? usualWarmUpNs,
    settleNs: given.settle ?? null,
    repeat,
    cores: given.cores ?? null,
    busy: given.busy === true,
    integrity: given.integrity === true,
    lineRateBps,
    lossLimit: given.loss ?? null,
    ...(tolerances === undefined ? {} : { tolerances }),
    minRatePps: minRate === undefined ? null : minRatePps(minRate, options.minRate ?? "", stream.sizes, lineRateBps),
    startSequence: given.startSequence ?? 0,
    ...(notes.length === 0 ? {} : { notes }),
    ...(profile === null || profile.thresholds.length === 0 ? {} : { thresholds: profile.thresholds }),
    commandLine,
  };
}
