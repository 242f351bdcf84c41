/** `burst` from its options. */
import { usageError } from "../../errors.js";
import type { RunPlan } from "../../measure/plan.js";
import { absorption } from "../../method/absorption.js";
import { runMethod } from "../../method/session.js";
import { parseCount, parseDuration } from "../../units.js";
import { plainMethod } from "../method-facts.js";
import { loadPps } from "../method-options.js";
import type { RunOptions } from "../run-options.js";
import { keptTrials, type PreparedMethod } from "./prepared.js";

export interface BurstOptions extends RunOptions {
  readonly load?: string;
  readonly frames?: string;
  readonly ramp?: boolean;
  readonly steps?: string;
  readonly stepDuration?: string;
}

function framesOf(text: string): number[] {
  const frames = text.split(",").map((piece) => parseCount(piece.trim(), "--frames"));
  if (frames.every((count, i) => count > (frames[i - 1] ?? 0))) return frames;
  throw usageError("the bursts do not grow", { where: "--frames", accepted: "growing counts, e.g. 64,256,1024" });
}

/** @throws PktgenError (2) for the first option that cannot be. */
export function prepareBurst(options: BurstOptions, plan: RunPlan): PreparedMethod {
  const { load = "1Mpps", frames = "64,128,256,512,1024,2048,4096", steps = "10", stepDuration = "1s" } = options;
  const settings = {
    sizes: plan.sizes,
    kind: options.ramp === true ? ("ramp" as const) : ("burst" as const),
    pps: loadPps(load, "--load", 64, plan.lineRateBps),
    frames: framesOf(frames),
    rampSteps: parseCount(steps, "--steps", 1, 1_000),
    stepNs: parseDuration(stepDuration, "--step-duration"),
  };
  const { kind, pps, rampSteps } = settings;
  const each = kind === "ramp" ? rampSteps : settings.frames.length;
  const facts = { kind, pps, ...(kind === "ramp" ? { rampSteps, stepNs: settings.stepNs } : { frames }) };
  const method = () => plainMethod("burst", facts);
  const setup = {
    plan,
    method,
    keepTrials: keptTrials,
    expectedTrials: each * plan.sizes.length,
    run: async (bench: Parameters<typeof absorption>[0]) => ({ absorption: await absorption(bench, settings) }),
  };
  return { plan, method, run: (hooks) => runMethod(setup, hooks) };
}
