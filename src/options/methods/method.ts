/** A method as the command line and the library run it: options, settings, what the result says, and the run. */
import { usageError } from "../../errors.js";
import type { OpenBench } from "../../measure/bench.js";
import type { Measurer } from "../../measure/measurer.js";
import type { RunHooks, RunPlan } from "../../measure/plan.js";
import type { Findings } from "../../method/findings.js";
import { type AroundTrials, runMethod } from "../../method/session.js";
import type { Profile } from "../../profile/index.js";
import type { Method, RunResult } from "../../result/run-result.js";
import { readOptions } from "../option.js";
import { type RunOptions, runOptions } from "../run-options.js";
import { planRun } from "../run-plan.js";

export interface MethodEntry<Options, Settings> {
  /** Frame sizes where neither options nor a profile name any. */
  readonly sizes: string;
  /** Throws a usage error (2) for the first option that cannot be. */
  readonly settings: (options: Options, plan: RunPlan) => Settings;
  /** The plan as the settings change it. Absent: they do not. */
  readonly plan?: (plan: RunPlan, settings: Settings, options: Options) => RunPlan;
  /** What the result says of the method. */
  readonly facts: (settings: Settings, options: Options, settleNs: number, findings?: Findings) => Method;
  /** A rough guess, for the time that is left. */
  readonly expectedTrials: (settings: Settings, options: Options, plan: RunPlan) => number;
  /** Trials that the document keeps. Absent: 10,000. */
  readonly keepTrials?: number;
  /** Before and after each trial. Absent: nothing. */
  readonly around?: (settings: Settings) => AroundTrials;
  readonly run: (measurer: Measurer, settings: Settings, plan: RunPlan) => Promise<Findings>;
  /** Gives the verdict by the method's rules. Absent: the rules of all methods. */
  readonly judge?: (result: RunResult, plan: RunPlan) => RunResult;
}

/** A method's run, decided: nothing is open yet. */
export interface PlannedMethod {
  readonly plan: RunPlan;
  readonly facts: (settleNs: number, findings?: Findings) => Method;
  /** Rejects with a PktgenError where nothing could be measured. */
  readonly run: (hooks: RunHooks, open?: OpenBench) => Promise<RunResult>;
}

const mostTrials = 10_000;

/** The plan of the trials: a method decides their load, and rates of streams are shares of it. */
function planTrials(sizes: string, options: RunOptions, profile: Profile | null, commandLine: string): RunPlan {
  const asked: RunOptions =
    profile === null ? { ...options, sizes: options.sizes ?? sizes } : { ...options, rate: "max" };
  const plan = planRun(asked, profile, commandLine);
  const scheduled = plan.stream.streams.find(({ schedule }) => schedule.kind !== "continuous");
  if (scheduled === undefined) return plan;
  throw usageError(`stream "${scheduled.name}" has a schedule, and the load of a method is its own to decide`, {
    where: "--profile",
    accepted: "streams without a schedule; their rates or weights are shares of the load",
  });
}

/** Throws a usage error (2) for the first option that cannot be. */
export function planMethod<Options extends RunOptions, Settings>(
  entry: MethodEntry<Options, Settings>,
  options: Options,
  profile: Profile | null,
  commandLine: string,
): PlannedMethod {
  const asked = planTrials(entry.sizes, options, profile, commandLine);
  const settings = entry.settings(options, asked);
  const plan = entry.plan?.(asked, settings, options) ?? asked;
  const facts = (settleNs: number, findings?: Findings): Method => entry.facts(settings, options, settleNs, findings);
  const around = entry.around?.(settings);
  const setup = {
    ...{ plan, method: facts, ...(around === undefined ? {} : { around }) },
    keepTrials: entry.keepTrials ?? mostTrials,
    expectedTrials: entry.expectedTrials(settings, options, plan),
    run: (measurer: Measurer) => entry.run(measurer, settings, plan),
  };
  const judge = entry.judge ?? ((result: RunResult) => result);
  return { plan, facts, run: async (hooks, open) => judge(await runMethod(setup, hooks, open), plan) };
}

/**
 * A method on a bench that has its trials already, e.g. of a run that was lost: as `planMethod`, by the plan that the run
 * had, and without the pauses around trials.
 */
export async function goThroughAgain<Options extends RunOptions, Settings>(
  entry: MethodEntry<Options, Settings>,
  options: Options,
  plan: RunPlan,
  open: OpenBench,
): Promise<RunResult> {
  const settings = entry.settings(options, plan);
  const { loss: lossLimit = null } = readOptions({ loss: runOptions.loss }, options);
  const setup = {
    plan: { ...plan, lossLimit },
    method: (settleNs: number, findings?: Findings): Method => entry.facts(settings, options, settleNs, findings),
    keepTrials: entry.keepTrials ?? mostTrials,
    expectedTrials: 0,
    run: (measurer: Measurer) => entry.run(measurer, settings, plan),
  };
  const result = await runMethod(setup, { signal: new AbortController().signal }, open);
  return entry.judge?.(result, plan) ?? result;
}
