/** `y1564`: from options to the steps of a service activation, and what they must reach. */
import { usageError } from "../../errors.js";
import type { RunPlan } from "../../measure/plan.js";
import { type ServiceSettings, serviceActivation } from "../../method/service.js";
import { meanFrameBytes, type Rate } from "../../units.js";
import { serviceMethod } from "../method-facts.js";
import { promiseOptions, serviceOptions } from "../method-options.js";
import { readOptions, type TextsOf } from "../option.js";
import type { RunOptions } from "../run-options.js";
import { loadPps, onlySize } from "./loads.js";
import type { MethodEntry } from "./method.js";

const options = { ...serviceOptions, ...promiseOptions };

export type ServiceOptions = TextsOf<typeof options>;

/** Y.1564 §8.2: the performance test lasts 15 minutes at least. */
const leastPerformanceNs = 15 * 60e9;

export function serviceSettings(texts: ServiceOptions, plan: RunPlan): ServiceSettings {
  const size = onlySize(plan, "one size or mix: a service has one");
  const given = readOptions(options, texts);
  if (given.cir === undefined) throw usageError("which rate?", { where: "--cir", accepted: "e.g. 100Mbps, 50kpps" });
  const ppsOf = (rate: Rate, where: string): number => loadPps(rate, where, meanFrameBytes(size), plan.lineRateBps);
  return {
    size,
    cirPps: ppsOf(given.cir, "--cir"),
    eirPps: given.eir === undefined ? 0 : ppsOf(given.eir, "--eir"),
    steps: given.steps ?? [0.25, 0.5, 0.75, 1],
    stepNs: given.stepDuration ?? 10e9,
    performanceNs: given.performance ?? leastPerformanceNs,
    policing: given.policing === true,
    policingMargin: 0.01,
    criteria: {
      lossRatio: given.flr ?? 0,
      delayNs: given.ftd ?? null,
      delayVariationNs: given.ifdv ?? null,
    },
  };
}

export const serviceEntry: MethodEntry<RunOptions & ServiceOptions, ServiceSettings> = {
  sizes: "512",
  settings: serviceSettings,
  facts: (settings) => {
    const isShort = settings.performanceNs < leastPerformanceNs;
    return serviceMethod(settings, isShort ? ["a performance test below 15 min, Y.1564 §8.2"] : []);
  },
  /** EIR, policing and the performance test follow the steps. */
  expectedTrials: ({ steps }) => steps.length + 3,
  run: async (measurer, settings) => ({ service: await serviceActivation(measurer, settings) }),
};
