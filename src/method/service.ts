/**
 * Service activation, ITU-T Y.1564. The configuration test has CIR in steps, CIR + EIR, and policing. The performance
 * test runs at CIR. Each is judged by the acceptance criteria of the service. There is one service. Rates are of frames
 * with FCS.
 */

import type { Measurer } from "../measure/measurer.js";
import { useOf, type Wanted } from "../measure/outcome.js";
import type { ServiceStep, Trial } from "../result/run-result.js";
import { judgedBy, notMeasured, type Reason } from "../stats/cause.js";
import { badOf, isWithin, lossShareOf, offeredOf } from "../stats/loss.js";
import { percentWord, rateWord, timeWord } from "../stats/words.js";
import { type FrameSize, frameSizeName } from "../units.js";
import { percentName } from "./latency.js";
import { paced } from "./search-run.js";

/** What the service promises: Y.1564's SAC. */
export interface AcceptanceCriteria {
  readonly lossRatio: number;
  /** Frame transfer delay and delay variation, ns; null: not judged. */
  readonly delayNs: number | null;
  readonly delayVariationNs: number | null;
}

export interface ServiceSettings {
  readonly size: FrameSize;
  readonly cirPps: number;
  /** On top of CIR; 0: none. */
  readonly eirPps: number;
  /** Shares of CIR, growing, the last 1. */
  readonly steps: readonly number[];
  readonly stepNs: number;
  readonly performanceNs: number;
  /** Traffic above CIR + EIR must be dropped. */
  readonly policing: boolean;
  readonly criteria: AcceptanceCriteria;
  /** Share beyond CIR + EIR that may come back nevertheless (factor M of Y.1564). */
  readonly policingMargin: number;
}

/** Y.1564 §8.1.2: the policing step goes a quarter of the EIR above the total, or of the CIR without one. */
const policingShare = 0.25;
const attempts = 3;

/** What is judged in a step besides the generator, and which figures of a trial that needs. */
interface Judge {
  readonly reasons: (trials: readonly Trial[]) => Reason[];
  readonly wanted: Wanted;
  /** Loss ratios that only the side of is of interest; empty: the loss itself. */
  readonly lossGoals: readonly number[];
}

export async function serviceActivation(measurer: Measurer, settings: ServiceSettings): Promise<ServiceStep[]> {
  const { size, cirPps, eirPps, steps, stepNs } = settings;
  const done: ServiceStep[] = [];
  const step = async (name: string, pps: number, durationNs: number, judge: Judge): Promise<boolean> => {
    if (measurer.ended() !== null) return false;
    const trials = await usableTrials(measurer, size, name, pps, durationNs, judge);
    done.push(stepOf(size, name, pps, trials, judge));
    return done.at(-1)?.verdict === "pass";
  };
  const { criteria } = settings;
  const keeps: Judge = {
    reasons: (trials) => criteriaReasons(trials, criteria),
    wanted: criteria.delayNs === null && criteria.delayVariationNs === null ? "loss" : "times",
    lossGoals: [criteria.lossRatio],
  };
  const rates = (reasons: Judge["reasons"]): Judge => ({ reasons, wanted: "loss", lossGoals: [] });
  for (const share of steps) {
    // A service that fails at a share of its rate is not asked for more (Y.1564 §8.1).
    if (!(await step(`CIR ${percentName(share)}`, cirPps * share, stepNs, keeps))) return done;
  }
  if (eirPps > 0)
    await step(
      "CIR + EIR",
      cirPps + eirPps,
      stepNs,
      rates((trials) => atLeastCir(trials, settings)),
    );
  if (settings.policing) {
    const above = cirPps + eirPps + (eirPps > 0 ? eirPps : cirPps) * policingShare;
    const judged = (trials: readonly Trial[]) => [...atLeastCir(trials, settings), ...policed(trials, settings)];
    await step("policing", above, stepNs, rates(judged));
  }
  await step("performance", cirPps, settings.performanceNs, keeps);
  return done;
}

async function usableTrials(
  measurer: Measurer,
  size: FrameSize,
  step: string,
  pps: number,
  durationNs: number,
  { lossGoals, wanted }: Judge,
): Promise<readonly Trial[]> {
  let trials: readonly Trial[] = [];
  for (let attempt = 0; attempt < attempts; attempt++) {
    trials = await measurer.measure(paced(size, `service: ${step}`, pps, durationNs));
    if (measurer.ended() !== null || useOf(trials, lossGoals, wanted).kind === "measured") break;
  }
  return trials;
}

function stepOf(size: FrameSize, step: string, pps: number, trials: readonly Trial[], judge: Judge): ServiceStep {
  const use = useOf(trials, judge.lossGoals, judge.wanted);
  const reasons = use.kind === "measured" ? judge.reasons(trials) : [use.why];
  return {
    ...{ frameBytes: frameSizeName(size), step, pps },
    rxPps: Math.min(...trials.map(({ rxPps }) => rxPps)),
    lossRatio: lossShareOf(trials),
    delayNs: worst(trials, (trial) => trial.latencyNs?.mean),
    delayVariationNs: worst(trials, (trial) => trial.pdvNs?.p99_9),
    ...judgedBy(use.kind !== "measured" ? "invalid" : reasons.length > 0 ? "fail" : "pass", reasons),
  };
}

function worst(trials: readonly Trial[], of: (trial: Trial) => number | undefined): number | null {
  const figures = trials.map(of).filter((figure) => figure !== undefined);
  return figures.length === 0 ? null : Math.max(...figures);
}

function criteriaReasons(trials: readonly Trial[], criteria: AcceptanceCriteria): Reason[] {
  const reasons: Reason[] = [];
  const lossRatio = lossShareOf(trials);
  const delayNs = worst(trials, (trial) => trial.latencyNs?.mean);
  const delayVariationNs = worst(trials, (trial) => trial.pdvNs?.p99_9);
  const sum = (of: (trial: Trial) => number): number => trials.reduce((total, trial) => total + of(trial), 0);
  if (!isWithin(sum(badOf), sum(offeredOf), criteria.lossRatio)) {
    const text = `loss ${percentWord(lossRatio)}, the service promises ${percentWord(criteria.lossRatio)}`;
    reasons.push({ cause: "lost", text });
  }
  for (const [name, found, promised] of [
    ["mean delay", delayNs, criteria.delayNs],
    ["delay variation (99.9 %)", delayVariationNs, criteria.delayVariationNs],
  ] as const) {
    if (promised === null) continue;
    const promise = `the service promises ${timeWord(promised)}`;
    if (found === null) reasons.push(notMeasured(`${name} was not measured, and ${promise}`));
    else if (found > promised) reasons.push({ cause: "check", text: `${name} ${timeWord(found)}, ${promise}` });
  }
  return reasons;
}

/** Above CIR only CIR itself is promised. */
function atLeastCir(trials: readonly Trial[], { cirPps, criteria }: ServiceSettings): Reason[] {
  const promised = cirPps * (1 - criteria.lossRatio);
  return trials
    .filter(({ rxPps }) => rxPps < promised * 0.999)
    .map(({ rxPps }) => ({
      cause: "too slow",
      text: `${rateWord(rxPps)} came back, the committed rate is ${rateWord(cirPps)}`,
    }));
}

function policed(trials: readonly Trial[], { cirPps, eirPps, policingMargin }: ServiceSettings): Reason[] {
  const most = (cirPps + eirPps) * (1 + policingMargin);
  return trials
    .filter(({ rxPps }) => rxPps > most)
    .map(({ rxPps }) => ({
      cause: "check",
      text: `${rateWord(rxPps)} came back, at most ${rateWord(cirPps + eirPps)} should have been let through`,
    }));
}
