/** A bench without a lab: trials of a simulated device, whole as in a result document. */
import type { MeasureRequest, Measurer } from "../../src/measure/measurer.js";
import { seededRandom } from "../../src/random.js";
import type { Trial } from "../../src/result/run-result.js";
import { faultReason, interruptedReason, type Reason } from "../../src/stats/cause.js";
import { Histogram } from "../../src/stats/histogram.js";
import { delayVariation } from "../../src/stats/index.js";
import { type Arrivals, ratesOf, receiveRates } from "../../src/stats/rates.js";
import { judgeTrial } from "../../src/stats/verdict.js";
import type { RateStep } from "../../src/stream/departures/steps.js";
import { fcsBytes, frameSizeName, meanFrameBytes } from "../../src/units.js";
import { forwarding64 } from "./sample.js";
import type { SimulatedDevice } from "./simulated-device.js";

export interface SimulatedBenchDevice extends SimulatedDevice {
  /** What an unpaced generator offers. */
  readonly mostPps?: number;
  /** Frames come back so much later than they left; what a queue adds comes on top. */
  readonly delayNs?: number;
  /** Every so many trials one is spoiled by the generator, however low the load. */
  readonly spoilEvery?: number;
  /** Frames that come back twice, and frames that are not ours, in each trial. */
  readonly duplicates?: number;
  readonly foreign?: number;
  /** After an overload it loses every frame for so long, however low the load; counted from trial to trial. */
  readonly recoveryNs?: (trial: number) => number;
  /** How long a reset lasts; Infinity: it never forwards again. */
  readonly resetNs?: number;
  /** The device goes away in this trial (from 1). */
  readonly diesIn?: number;
}

export interface SimulatedBench extends Measurer {
  readonly requests: MeasureRequest[];
  readonly trials: Trial[];
}

const base = 20_000;

/** Latencies grow as the load nears the capacity. */
function latencies(load: number, frames: number, seed: number): Histogram {
  const random = seededRandom(seed, 3);
  const histogram = new Histogram();
  const samples = Math.min(frames, 2_000);
  for (let i = 0; i < samples; i++) {
    const tail = -Math.log(1 - random.fraction() * 0.99999);
    histogram.recordMany(
      Math.round(base * (0.2 + tail * (0.2 + load ** 4))),
      Math.max(1, Math.floor(frames / samples)),
    );
  }
  return histogram;
}

export function simulatedBench(device: SimulatedBenchDevice): SimulatedBench {
  const requests: MeasureRequest[] = [];
  const trials: Trial[] = [];
  let ended: Reason | null = null;
  const measure = async (request: MeasureRequest): Promise<readonly Trial[]> => {
    requests.push(request);
    const dies = requests.length === device.diesIn;
    if (dies) ended = faultReason("the device under test went away and did not come back");
    const trial = simulatedTrial(device, request, requests.length, dies);
    trials.push(trial);
    return [trial];
  };
  return { requests, trials, measure, ended: () => ended };
}

/** The probe's frames, none of which is lost; a fifth later than the load's. */
function probeOf(device: SimulatedBenchDevice, request: MeasureRequest, number: number): Pick<Trial, "probe"> {
  const { probePps, pps, durationNs } = request;
  if (probePps === undefined) return {};
  const sent = Math.floor((probePps * durationNs) / 1e9);
  const histogram = latencies(Math.min(1, 1.2 * ((pps ?? 0) / device.capacityPps)), sent, number + 1_000);
  const latencyNs = histogram.summary();
  return {
    probe: {
      ...{ pps: probePps, sent, missing: 0, latencyNs, pdvNs: delayVariation(histogram) },
      latencyBuckets: histogram.coarseBuckets(),
    },
  };
}

/** A trial that ends half a second behind the reset, or when it was waited long enough. */
function resetTrial(
  device: SimulatedBenchDevice,
  { pps, durationNs: longest, resetAtNs: atNs = 0 }: MeasureRequest,
  trial: Trial,
  dies: boolean,
): Trial {
  const resetNs = device.resetNs ?? 0;
  const forwardsAgain = atNs + resetNs < longest;
  const durationNs = forwardsAgain ? atNs + resetNs + 0.5e9 : longest;
  const sent = Math.floor(((pps ?? 0) * durationNs) / 1e9);
  const lost = Math.floor(((pps ?? 0) * Math.min(resetNs, longest - atNs)) / 1e9);
  const whole: Trial = {
    ...trial,
    ...{
      durationNs,
      intended: sent + trial.missed,
      sent,
      lost,
      accepted: sent - lost,
      received: sent - lost,
      lossRatio: lost / sent,
    },
    reset: { atNs, tookNs: 1e6, forwardsAgain },
    ...(forwardsAgain ? { silence: { fromNs: atNs, toNs: atNs + resetNs } } : {}),
  };
  return { ...whole, ...judgeTrial(whole, { lossRatioMax: 1, minPps: null, faults: dies ? [interruptedReason] : [] }) };
}

/** What an overload and the lower load behind it cost. */
function afterOverload(
  device: SimulatedBenchDevice,
  [overload, after]: readonly RateStep[],
  number: number,
): { readonly lost: number; readonly lossUntilNs: number | null } {
  const frames = ({ pps, durationNs }: RateStep): number => Math.floor((pps * durationNs) / 1e9);
  const room = frames({ ...overload, pps: device.capacityPps }) + (device.queueFrames ?? 0);
  const inOverload = Math.max(0, frames(overload) - room);
  const recoveryNs = inOverload === 0 ? 0 : (device.recoveryNs?.(number) ?? 0);
  const afterwards = frames({ ...after, durationNs: Math.min(recoveryNs, after.durationNs) });
  if (afterwards === frames(after)) return { lost: inOverload + afterwards, lossUntilNs: null };
  const gapNs = 1e9 / after.pps;
  const lossUntilNs = inOverload === 0 ? 0 : overload.durationNs + (afterwards === 0 ? 0 : recoveryNs + gapNs);
  return { lost: inOverload + afterwards, lossUntilNs };
}

/** What comes back, and when: with the delay, and no faster than the device forwards. */
function arrivalsOf(device: SimulatedBenchDevice, accepted: number, bufferBytes: number, durationNs: number): Arrivals {
  const firstNs = device.delayNs ?? 0;
  const lastNs = firstNs + Math.max(durationNs - 1, (accepted * 1e9) / device.capacityPps);
  const frames = Math.min(accepted, Math.floor((device.capacityPps * durationNs) / 1e9));
  const inWindow = { frames, bytes: frames * bufferBytes, windowNs: durationNs };
  return { frames: accepted, bufferBytes: accepted * bufferBytes, firstNs, lastNs, inWindow };
}

function simulatedTrial(device: SimulatedBenchDevice, request: MeasureRequest, number: number, dies: boolean): Trial {
  const most = device.mostPps ?? 2_000_000;
  const asked = request.pps ?? most;
  const spoiled = device.spoilEvery !== undefined && number % device.spoilEvery === 0;
  const offeredPps = Math.min(asked, most, device.generatorPps ?? most) * (spoiled && request.pps !== null ? 0.9 : 1);
  const durationNs = request.count === null ? request.durationNs : (request.count * 1e9) / offeredPps;
  const sent = request.count ?? Math.floor((offeredPps * durationNs) / 1e9);
  const room = Math.floor((device.capacityPps * durationNs) / 1e9) + (device.queueFrames ?? 0);
  const overloaded = request.steps === undefined ? null : afterOverload(device, request.steps, number);
  const accepted = overloaded
    ? sent - overloaded.lost
    : Math.max(0, Math.min(sent, room) - Math.ceil(sent * (device.floorLoss ?? 0)));
  const missed =
    request.pps === null || request.count !== null ? 0 : Math.max(0, Math.floor((asked * durationNs) / 1e9) - sent);
  const duplicate = device.duplicates ?? 0;
  const histogram = latencies(Math.min(1, offeredPps / device.capacityPps), Math.max(1, accepted), number);
  const summary = histogram.summary();
  const latencyNs =
    accepted === 0 || summary === null || request.pps === null ? null : { ...summary, kind: "polled" as const };
  const bytes = meanFrameBytes(request.size);
  const tx = ratesOf(sent, sent * (bytes - fcsBytes), durationNs);
  const rx = receiveRates(arrivalsOf(device, accepted, bytes - fcsBytes, durationNs), durationNs);
  const trial: Trial = {
    ...forwarding64,
    frameBytes: frameSizeName(request.size),
    meanFrameBytes: bytes,
    phase: request.phase,
    requested: {
      rate: request.rateText,
      pps: request.pps,
      durationNs: request.count === null ? request.durationNs : null,
      count: request.count,
      ...(request.steps === undefined ? {} : { steps: request.steps.map((step) => ({ ...step })) }),
    },
    ...(overloaded === null ? {} : { lossUntilNs: overloaded.lossUntilNs }),
    durationNs,
    intended: sent + missed,
    ...{ late: 0, missed, sent, accepted, lost: sent - accepted, lossRatio: (sent - accepted) / sent },
    received: accepted + duplicate,
    duplicate,
    foreign: device.foreign ?? 0,
    ...probeOf(device, request, number),
    lostRanges: accepted < sent ? [[accepted, sent - 1]] : [],
    ...{ txPps: tx.pps, txBpsL1: tx.bpsL1, txBpsL2: tx.bpsL2 },
    ...{ rxPps: rx.pps, rxBpsL1: rx.bpsL1, rxBpsL2: rx.bpsL2 },
    latencyNs,
    ...(latencyNs === null ? {} : { latencyBuckets: histogram.coarseBuckets() }),
    pdvNs: latencyNs === null ? null : delayVariation(histogram),
    queuesSeen: [{ queue: 0, sent, accepted, lost: sent - accepted }],
    hops: [{ name: "host>", rx: sent, tx: accepted, dropped: sent - accepted, queues: [] }],
    unaccounted: 0,
    ledger: [],
    ...{ verdict: "pass", reasons: [], notes: [] },
  };
  if (request.resetAtNs !== undefined) return resetTrial(device, request, trial, dies);
  const faults = dies ? [faultReason("the device under test went away in the trial")] : [];
  const judgement = judgeTrial(trial, { lossRatioMax: 1, minPps: null, faults });
  return { ...trial, ...judgement };
}
