/** `run`, the default command: a forwarding test of some frame sizes. */
import { exitCodes, PktgenError } from "../../errors.js";
import type { Trial } from "../../report/index.js";
import { allowedCores } from "../allowed-cores.js";
import type { CommandContext, CommandDefinition } from "../command.js";
import { dutOptionsHelp } from "../dut-options-help.js";
import { watchInterrupts } from "../interrupt.js";
import { checkCoresAllowed, refuseWords } from "../option-values.js";
import { progressLine } from "../progress-line.js";
import { checkResultFiles } from "../result-file.js";
import { addRunOptions, type RunOptions } from "../run-options.js";
import type { ReportChoice, ReportFile } from "../run-report.js";

const reportOptions = { json: "--json", csv: "--csv", junit: "--junit" } as const;

function reportChoice(options: RunOptions): ReportChoice {
  const files = Object.entries(reportOptions).flatMap(([report, option]): ReportFile[] => {
    const path = options[report as ReportFile["report"]];
    return path === undefined ? [] : [{ report: report as ReportFile["report"], option, path }];
  });
  const ndjson = options.ndjson === true ? [{ option: "--ndjson", path: "-" }] : [];
  checkResultFiles([...ndjson, ...files]);
  const color = process.stdout.isTTY === true && (process.env["NO_COLOR"] ?? "") === "";
  return { files, ndjson: options.ndjson === true, color };
}

async function run(options: RunOptions, words: readonly string[], context: CommandContext): Promise<void> {
  const { output, finish } = context;
  refuseWords(words);
  const choice = reportChoice(options);
  const { planRun } = await import("../run-plan.js");
  const profile =
    options.profile === undefined ? null : (await import("../../profile/index.js")).loadProfile(options.profile);
  const plan = planRun(options, profile, context.commandLine);
  if (plan.cores !== null) checkCoresAllowed(plan.cores, allowedCores(), "--cores");
  const [{ runForwarding }, { exitCodeOf, ndjsonLine, reportRun }, report] = await Promise.all([
    import("../../method/forwarding.js"),
    import("../run-report.js"),
    import("../../report/index.js"),
  ]);
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
  const result = await runForwarding(plan, {
    signal: interrupt.signal,
    onProgress: (progress) => line.show(report.progressLine(progress)),
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
  await reportRun(result, choice, output);
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
    command.allowExcessArguments().action(() => run(command.opts<RunOptions>(), command.args, context));
  },
};
