/** `burst`: from options to bursts or a ramp. */
import type { RunPlan } from "../../measure/plan.js";
import { type AbsorptionSettings, absorption } from "../../method/absorption.js";
import { plainMethod } from "../method-facts.js";
import { burstOptions } from "../method-options.js";
import { readOptions, type TextsOf } from "../option.js";
import type { RunOptions } from "../run-options.js";
import { loadPps } from "./loads.js";
import type { MethodEntry } from "./method.js";

export type BurstOptions = TextsOf<typeof burstOptions>;

const defaultRate = { kind: "pps", pps: 1_000_000 } as const;
const defaultFrames = [64, 128, 256, 512, 1024, 2048, 4096];

export function burstSettings(texts: BurstOptions, plan: RunPlan): AbsorptionSettings {
  const given = readOptions(burstOptions, texts);
  return {
    sizes: plan.sizes,
    kind: given.ramp === true ? "ramp" : "burst",
    pps: loadPps(given.load ?? defaultRate, "--load", 64, plan.lineRateBps),
    frames: given.frames ?? defaultFrames,
    rampSteps: given.steps ?? 10,
    stepNs: given.stepDuration ?? 1e9,
  };
}

export const burstEntry: MethodEntry<RunOptions & BurstOptions, AbsorptionSettings> = {
  sizes: "64",
  settings: burstSettings,
  facts: ({ kind, pps, rampSteps, stepNs }, { frames = defaultFrames.join(",") }) =>
    plainMethod("burst", { kind, pps, ...(kind === "ramp" ? { rampSteps, stepNs } : { frames }) }),
  expectedTrials: ({ sizes, kind, rampSteps, frames }) => sizes.length * (kind === "ramp" ? rampSteps : frames.length),
  run: async (measurer, settings) => ({ absorption: await absorption(measurer, settings) }),
};
