/** `y1564` from its options. */
import { usageError } from "../../errors.js";
import type { RunPlan } from "../../measure/plan.js";
import { type ServiceSettings, serviceActivation } from "../../method/service.js";
import { runMethod } from "../../method/session.js";
import { meanFrameBytes, parseDuration, parseRatio } from "../../units.js";
import { serviceMethod } from "../method-facts.js";
import { loadPps } from "../method-options.js";
import type { RunOptions } from "../run-options.js";
import { keptTrials, type PreparedMethod } from "./prepared.js";

export interface ServiceOptions extends RunOptions {
  readonly cir?: string;
  readonly eir?: string;
  readonly steps?: string;
  readonly stepDuration?: string;
  readonly performance?: string;
  readonly policing?: boolean;
  readonly flr?: string;
  readonly ftd?: string;
  readonly ifdv?: string;
}

/** ITU-T Y.1564 §8.2 */
const leastPerformanceNs = 15 * 60e9;

function stepsOf(text: string): number[] {
  const steps = text.split(",").map((piece) => parseRatio(piece.trim(), "--steps"));
  const falls = steps.some((share, i) => share <= (steps[i - 1] ?? 0));
  if (!falls && steps.at(-1) === 1) return steps;
  const what = falls ? "the steps do not grow" : "the last step is not the whole CIR";
  throw usageError(what, { where: "--steps", accepted: "growing shares that end with 100%, e.g. 25%,50%,75%,100%" });
}

function settingsOf(options: ServiceOptions, plan: RunPlan): ServiceSettings {
  const [size] = plan.sizes;
  if (size === undefined || plan.sizes.length > 1) {
    throw usageError(`${plan.sizes.length} sizes`, {
      where: "--sizes",
      accepted: "one size or mix: a service has one",
    });
  }
  if (options.cir === undefined) throw usageError("which rate?", { where: "--cir", accepted: "e.g. 100Mbps, 50kpps" });
  const rate = (text: string, where: string): number => loadPps(text, where, meanFrameBytes(size), plan.lineRateBps);
  const timeOf = (text: string | undefined, where: string): number | null =>
    text === undefined ? null : parseDuration(text, where);
  return {
    size,
    cirPps: rate(options.cir, "--cir"),
    eirPps: options.eir === undefined ? 0 : rate(options.eir, "--eir"),
    steps: stepsOf(options.steps ?? "25%,50%,75%,100%"),
    stepNs: parseDuration(options.stepDuration ?? "10s", "--step-duration"),
    performanceNs: parseDuration(options.performance ?? "15min", "--performance"),
    policing: options.policing === true,
    policingMargin: 0.01,
    criteria: {
      lossRatio: parseRatio(options.flr ?? "0", "--flr"),
      delayNs: timeOf(options.ftd, "--ftd"),
      delayVariationNs: timeOf(options.ifdv, "--ifdv"),
    },
  };
}

/** @throws PktgenError (2) for the first option that cannot be. */
export function prepareService(options: ServiceOptions, plan: RunPlan): PreparedMethod {
  const settings = settingsOf(options, plan);
  const isShort = settings.performanceNs < leastPerformanceNs;
  const method = () => serviceMethod(settings, isShort ? ["a performance test below 15 min, Y.1564 §8.2"] : []);
  const setup = {
    plan,
    method,
    keepTrials: keptTrials,
    expectedTrials: settings.steps.length + 3,
    run: async (bench: Parameters<typeof serviceActivation>[0]) => ({
      service: await serviceActivation(bench, settings),
    }),
  };
  return { plan, method, run: (hooks) => runMethod(setup, hooks) };
}
