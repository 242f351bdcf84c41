/**
 * What the commands of methods share: options of `run` beside their own, a plan, a run that can be interrupted,
 * progress, thresholds and baseline, reports, exit code.
 */
import { type Command, Option } from "commander";
import { exitCodes, PktgenError } from "../../errors.js";
import type { RunPlan } from "../../measure/plan.js";
import { allowedCores } from "../../options/allowed-cores.js";
import { hopSourcesHelp } from "../../options/dut-options-help.js";
import type { PreparedMethod } from "../../options/methods/prepared.js";
import type { Row } from "../../options/option-rows.js";
import { checkCoresAllowed, refuseWords } from "../../options/option-values.js";
import { profileOf } from "../../options/profile-option.js";
import { addSharedOptions, type RunOptions } from "../../options/run-options.js";
import type { Trial } from "../../report/index.js";
import type { CommandContext } from "../command.js";
import { type BaselineOptions, knownOf, useBaseline } from "../output/baseline-file.js";
import { watchInterrupts } from "../output/interrupt.js";
import { progressLine } from "../output/progress-line.js";
import { reportChoice } from "../output/report-choice.js";

export interface MethodCommand {
  /** Options of `run` that it does not take. */
  readonly without: readonly string[];
  /** Its own, by heading. */
  readonly rows: Readonly<Record<string, readonly Row[]>>;
  /** Sizes where none are given. */
  readonly sizes: string;
}

/** Options that no method takes: it decides loads and lengths itself. */
export const decidedByMethods = [
  "--rate",
  "--duration",
  "--count",
  "--loss",
  "--min-rate",
  "--repeat",
  "--start-sequence",
];

export function addMethodOptions(command: Command, { without, rows }: MethodCommand): void {
  for (const [heading, list] of Object.entries(rows)) {
    for (const [flags, help] of list) command.addOption(new Option(flags, help).helpGroup(`${heading}:`));
  }
  addSharedOptions(command, without);
  command.addHelpText("after", hopSourcesHelp);
}

/** What a method says to options of `run` that it decides itself; `of`: by which of its own options. */
export const decidesItself = (of: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    decidedByMethods.map((name) => {
      const own = of[name];
      return [name, own === undefined ? "the method decides that itself" : `the method decides that itself: ${own}`];
    }),
  );

type SharedOptions = RunOptions & BaselineOptions;

/** The plan of a method's run. */
export async function methodPlan(
  options: SharedOptions,
  words: readonly string[],
  sizes: string,
  context: CommandContext,
): Promise<RunPlan> {
  refuseWords(words);
  reportChoice(options);
  const { planMethod } = await import("../../options/methods/prepared.js");
  const plan = planMethod(options, await profileOf(options), sizes, context.commandLine);
  if (plan.cores !== null) checkCoresAllowed(plan.cores, allowedCores(), "--cores");
  return plan;
}

/** Runs it, reports it, and says how the process is to end. */
export async function runMethodCommand(
  options: SharedOptions,
  { plan, method, run }: PreparedMethod,
  { output, finish }: CommandContext,
): Promise<void> {
  const choice = reportChoice(options);
  const { hostFacts } = await import("../../sys/host.js");
  const baseline = await useBaseline(options, plan.thresholds ?? [], () => ({
    ...hostFacts(),
    ...knownOf(plan),
    method: method(plan.settleNs ?? 0),
  }));
  const [{ exitCodeOf, ndjsonLine, reportRun }, report] = await Promise.all([
    import("../output/run-report.js"),
    import("../../report/index.js"),
  ]);
  const line = progressLine(output, options.verbose === true, () => performance.now());
  using interrupt = watchInterrupts(output.readerGone, () => {
    line.clear();
    output.message("pktgen-ts: stopping; once more to leave at once\n");
  });
  let count = 0;
  const piped = output.messageColumns === null && !choice.ndjson;
  const onTrial = (trial: Trial): void => {
    count++;
    if (choice.ndjson) void output.result(ndjsonLine("trial", trial)).catch(() => {});
    else if (piped) output.message(`${report.trialLine(trial, count)}\n`);
  };
  const measured = await run({
    signal: interrupt.signal,
    onProgress: (progress) => line.show(report.progressText(progress)),
    onTrial,
    onInterval: (interval) => {
      if (choice.ndjson) void output.result(ndjsonLine("interval", interval)).catch(() => {});
    },
  }).catch((error: unknown) => {
    line.clear();
    throw interrupt.signal.aborted && error instanceof PktgenError
      ? new PktgenError(exitCodes.interrupted, error.message, { cause: error })
      : error;
  });
  const stopped = interrupt.signal.aborted;
  line.clear();
  const result = baseline.judge(measured);
  await reportRun(result, choice, output);
  const notUpdated = stopped ? null : baseline.update(result);
  if (notUpdated !== null) output.message(`pktgen-ts: ${notUpdated}\n`);
  finish(stopped ? exitCodes.interrupted : exitCodeOf(result));
}
