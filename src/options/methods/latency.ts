/** `latency`: from options to the loads at which latencies are measured. */
import { usageError } from "../../errors.js";
import type { RunPlan } from "../../measure/plan.js";
import { type LatencySettings, latencyAtLoads } from "../../method/latency.js";
import { isSigned } from "../../stream/spec.js";
import { frameSizeName, meanFrameBytes, type Rate } from "../../units.js";
import { latencyMethod } from "../method-facts.js";
import { latencyOptions } from "../method-options.js";
import { readOptions, type TextsOf } from "../option.js";
import type { RunOptions } from "../run-options.js";
import { loadOfSizes, loadPps } from "./loads.js";
import type { MethodEntry } from "./method.js";
import { ndrSettings, type SearchOptions } from "./ndr.js";

export type LatencyOptions = SearchOptions & TextsOf<typeof latencyOptions>;

/** A probe's frames are told from the load's by their signature. */
function probePps(rate: Rate, text: string, { sizes, stream, lineRateBps }: RunPlan): number {
  const where = "--probe";
  const small = sizes.find((size) => !isSigned(stream, size));
  if (small !== undefined) {
    throw usageError(`frames of ${frameSizeName(small)} bytes are too small to tell the probe from the load`, {
      where,
      accepted: "larger --sizes: from 64, with a VLAN tag from 68, IPv6 from 84",
    });
  }
  const rates = sizes.map((size) => loadPps(rate, where, meanFrameBytes(size), lineRateBps));
  if (rates.every((each) => each === rates[0])) return rates[0]!;
  throw usageError(`"${text}" is another rate in frames for each size`, { where, accepted: "e.g. 1kpps" });
}

/** Latencies at loads; where the reference rate is not given, a quick search finds it. */
export function latencySettings(texts: LatencyOptions, plan: RunPlan): LatencySettings {
  const given = readOptions(latencyOptions, texts);
  const search = ndrSettings({ ...texts, quick: true }, plan);
  return {
    sizes: plan.sizes,
    shares: given.loads ?? [0.1, 0.5, 0.9, 1],
    durationNs: given.trialDuration ?? 10e9,
    repeats: given.repeats ?? 1,
    referencePps: loadOfSizes(given.reference, "--reference", plan),
    search: { ...search, goals: search.goals.slice(0, 1) },
    probePps: given.probe === undefined ? null : probePps(given.probe, texts.probe ?? "", plan),
    lossRatioMax: plan.lossLimit ?? 0,
  };
}

/** Trials of a quick search, roughly. */
const searchTrials = 9;

export const latencyEntry: MethodEntry<RunOptions & LatencyOptions, LatencySettings> = {
  sizes: "64,1518",
  settings: latencySettings,
  facts: latencyMethod,
  expectedTrials: ({ sizes, shares, repeats, referencePps }) =>
    sizes.length * (shares.length * repeats + (referencePps === null ? searchTrials : 0)),
  run: latencyAtLoads,
};
