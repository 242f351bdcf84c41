/** `run`, the default command: a forwarding test of some frame sizes. */
import { exitCodes, PktgenError } from "../../errors.js";
import { allowedCores } from "../../options/allowed-cores.js";
import { dutOptionsHelp, hopSourcesHelp } from "../../options/dut-options-help.js";
import { checkCoresAllowed, refuseWords } from "../../options/option-values.js";
import { profileOf } from "../../options/profile-option.js";
import { addRunOptions, type RunOptions } from "../../options/run-options.js";
import type { Trial } from "../../report/index.js";
import type { CommandContext, CommandDefinition } from "../command.js";
import { type BaselineOptions, knownOf, useBaseline } from "../output/baseline-file.js";
import { watchInterrupts } from "../output/interrupt.js";
import { progressLine } from "../output/progress-line.js";
import { reportChoice } from "../output/report-choice.js";

async function run(
  options: RunOptions & BaselineOptions,
  words: readonly string[],
  context: CommandContext,
): Promise<void> {
  const { output, finish } = context;
  refuseWords(words);
  const choice = reportChoice(options);
  const { planRun } = await import("../../options/run-plan.js");
  const profile = await profileOf(options);
  const plan = planRun(options, profile, context.commandLine);
  if (plan.cores !== null) checkCoresAllowed(plan.cores, allowedCores(), "--cores");
  const [{ runForwarding }, { exitCodeOf, ndjsonLine, reportRun }, report] = await Promise.all([
    import("../../method/forwarding.js"),
    import("../output/run-report.js"),
    import("../../report/index.js"),
  ]);
  const { hostFacts } = await import("../../sys/host.js");
  const known = () => ({ ...hostFacts(), ...knownOf(plan), method: null });
  const baseline = await useBaseline(options, plan.thresholds ?? [], known);
  const line = progressLine(output, options.verbose === true, () => performance.now());
  const trials: Trial[] = [];
  using interrupt = watchInterrupts(output.readerGone, () => {
    line.clear();
    output.message("pktgen-ts: stopping; once more to leave at once\n");
  });
  const say = (event: "interval" | "trial", value: object): void => {
    // Where this line can't be written the last one can't either, and that is reported.
    if (choice.ndjson) void output.result(ndjsonLine(event, value)).catch(() => {});
  };
  const measured = await runForwarding(plan, {
    signal: interrupt.signal,
    onProgress: (progress) => line.show(report.progressText(progress)),
    onTrial: (trial) => {
      trials.push(trial);
      say("trial", trial);
    },
    onInterval: (interval) => say("interval", interval),
  }).catch((error: unknown) => {
    line.clear();
    // A bug must not cost what was measured before it.
    if (trials.length > 0) output.message(`${JSON.stringify({ trials })}\n`);
    throw interrupt.signal.aborted ? interrupted(error) : error;
  });
  const stopped = interrupt.signal.aborted;
  line.clear();
  const result = baseline.judge(measured);
  await reportRun(result, choice, output);
  const notUpdated = stopped ? null : baseline.update(result);
  if (notUpdated !== null) output.message(`pktgen-ts: ${notUpdated}\n`);
  finish(stopped ? exitCodes.interrupted : exitCodeOf(result));
}

/** Stopped before there was anything to show. */
const interrupted = (cause: unknown): unknown =>
  cause instanceof PktgenError ? new PktgenError(exitCodes.interrupted, cause.message, { cause }) : cause;

export const runCommand: CommandDefinition = {
  name: "run",
  summary: "forwarding test: what each frame size loses, and how fast it goes (the default command)",
  isDefault: true,
  define: (command, context) => {
    addRunOptions(command);
    command.addHelpText("after", () => dutOptionsHelp("embedded", "Options of --dut embedded,option=value…:"));
    command.addHelpText("after", () => dutOptionsHelp("testpmd", "Options of --dut testpmd,option=value…:"));
    command.addHelpText("after", hopSourcesHelp);
    command
      .allowExcessArguments()
      .action(() => run(command.opts<RunOptions & BaselineOptions>(), command.args, context));
  },
};
