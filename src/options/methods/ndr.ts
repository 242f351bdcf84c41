/** `ndr`: from options to what is searched for, and how. */
import { ringSizesByUse } from "../../dut/embedded/options.js";
import { usageError } from "../../errors.js";
import type { RunPlan } from "../../measure/plan.js";
import { type NdrSettings, runNdr } from "../../method/ndr.js";
import type { SearchGoal } from "../../method/search/index.js";
import { percentWord } from "../../stats/words.js";
import { ndrMethod } from "../method-facts.js";
import { ndrOptions, searchOptions } from "../method-options.js";
import { type OptionsOf, readOptions, type TextsOf } from "../option.js";
import type { RunOptions } from "../run-options.js";
import type { MethodEntry } from "./method.js";

const options = { ...ndrOptions, ...searchOptions };

export type SearchOptions = TextsOf<typeof options>;

/** What the embedded device holds while it polices, per queue; others: a ring of the usual length. */
function queueFramesOf({ dut, queues }: RunPlan): number {
  if (dut.kind !== "embedded") return 1024;
  const { faults, size } = dut.options;
  return faults?.service == null ? (size ?? ringSizesByUse.atSetRate) : faults.queueFrames * queues;
}

/** What every search has. */
export function searchSettings(given: OptionsOf<typeof searchOptions>, plan: RunPlan): Omit<NdrSettings, "goals"> {
  return {
    sizes: plan.sizes,
    kind: given.search ?? "mlr",
    budget: { maxTrials: given.maxTrials ?? 500, maxTrialNs: given.maxTime ?? Number.MAX_SAFE_INTEGER },
    minPps: given.minLoad ?? 1_000,
    lineRateBps: plan.lineRateBps,
    isOthers: plan.dut.kind === "external" || (plan.dut.kind === "testpmd" && plan.dut.ports !== null),
    queueFrames: given.dutQueue ?? queueFramesOf(plan),
  };
}

/** Trials must not become shorter towards the end. */
export function checkOrder(initialNs: number, trialNs: number, sumNs: number): void {
  if (initialNs > trialNs) {
    const accepted = "at most the final length, --trial";
    throw usageError("the first trials are longer than the final ones", { where: "--initial-trial", accepted });
  }
  if (sumNs < trialNs) {
    throw usageError("the sum is shorter than one trial", { where: "--duration-sum", accepted: "at least --trial" });
  }
}

/** In order, each above the one before. */
function checkGrowing(ratios: readonly number[]): void {
  const wrong = ratios.findIndex((ratio, i) => i > 0 && ratio <= ratios[i - 1]);
  if (wrong < 0) return;
  throw usageError(`${percentWord(ratios[wrong])} comes after ${percentWord(ratios[wrong - 1])}`, {
    where: "--pdr",
    accepted: "growing ratios, e.g. 0.1%,0.5%",
  });
}

/** NDR and PDRs. By default as FD.io CSIT measures them: a sum of 21 trials of 1 s, half of which may exceed. */
export function ndrSettings(texts: SearchOptions, plan: RunPlan): NdrSettings {
  const given = readOptions(options, texts);
  const fast = given.quick === true;
  const trialNs = given.trial ?? 1e9;
  const initialTrialNs = given.initialTrial ?? Math.min(1e9, trialNs);
  const durationSumNs = given.durationSum ?? (fast ? trialNs : 21 * trialNs);
  checkOrder(initialTrialNs, trialNs, durationSumNs);
  const exceedRatio = given.exceed ?? (fast ? 0 : 0.5);
  const width = given.width ?? (fast ? 0.01 : 0.005);
  const goal = (name: string, lossRatio: number): SearchGoal => ({
    ...{ name, lossRatio, exceedRatio, initialTrialNs, trialNs, durationSumNs, width },
  });
  const ratios = given.pdr ?? [0.005];
  checkGrowing(ratios);
  const pdrs = ratios.map((ratio) => goal(`PDR ${percentWord(ratio)}`, ratio));
  return { ...searchSettings(given, plan), goals: [goal("NDR", 0), ...pdrs] };
}

export const ndrEntry: MethodEntry<RunOptions & SearchOptions, NdrSettings> = {
  sizes: "64,1518",
  settings: ndrSettings,
  facts: (settings, { quick = false }, settleNs) => ndrMethod(settings, settleNs, quick),
  expectedTrials: ({ sizes }, { quick = false }, plan) => sizes.length * plan.repeat * (quick ? 12 : 90),
  run: (measurer, settings, { sizes, repeat }) =>
    runNdr(measurer, { ...settings, sizes: sizes.flatMap((size) => Array.from({ length: repeat }, () => size)) }),
};
