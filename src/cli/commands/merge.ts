/** `merge`: the halves that `send` and `receive` wrote, as the result of one run. */
import { usageError } from "../../errors.js";
import { type ToleranceOptions, toleranceRows, tolerancesOf } from "../../options/tolerances.js";
import type { ReceivedHalf, SentHalf } from "../../result/half.js";
import { isReadError, mostDocumentBytes, readInputText, unreadableBecause } from "../../sys/input-file.js";
import { usualTolerances } from "../../tolerances.js";
import { parseRate, parseRatio } from "../../units.js";
import type { CommandContext, CommandDefinition } from "../command.js";
import { checkResultFiles } from "../output/result-file.js";
import type { ReportFile } from "../output/run-report.js";

interface MergeCommandOptions extends ToleranceOptions {
  readonly loss?: string;
  readonly minRate?: string;
  readonly json?: string;
  readonly csv?: string;
  readonly junit?: string;
}

const accepted = "merge SENT.json RECEIVED.json, as send --json and receive --json wrote them";
const reportOptions = { json: "--json", csv: "--csv", junit: "--junit" } as const;
type ReportName = keyof typeof reportOptions;

async function readHalf(path: string): Promise<SentHalf | ReceivedHalf> {
  const { parseHalf } = await import("../../result/half-schema.js");
  try {
    return parseHalf(readInputText(path, { mostBytes: mostDocumentBytes }));
  } catch (error) {
    const why = isReadError(error) ? `it ${unreadableBecause(error)}` : (error as Error).message;
    throw usageError(`${path}: ${why.split("\n")[0]}`, { where: "merge", accepted, cause: error });
  }
}

function minRatePps(text: string): number {
  const rate = parseRate(text, "--min-rate");
  if (rate.kind === "pps") return rate.pps;
  throw usageError(`"${text}" is no rate of frames`, { where: "--min-rate", accepted: "e.g. 1Mpps" });
}

async function merge(words: readonly string[], options: MergeCommandOptions, context: CommandContext): Promise<void> {
  if (words.length !== 2) throw usageError("which two results?", { where: "merge", accepted });
  const files = Object.entries(reportOptions).flatMap(([report, option]): ReportFile[] => {
    const path = options[report as ReportName];
    return path === undefined ? [] : [{ report: report as ReportName, option, path }];
  });
  checkResultFiles(files);
  const { halfFormats } = await import("../../result/half.js");
  const halves = [await readHalf(words[0]!), await readHalf(words[1]!)];
  const sentAt = halves.findIndex(({ format }) => format === halfFormats.send);
  const receivedAt = halves.findIndex(({ format }) => format === halfFormats.receive);
  if (sentAt < 0 || receivedAt < 0) {
    const what = sentAt < 0 ? "both are results of receive" : "both are results of send";
    throw usageError(what, { where: "merge", accepted: "one of each" });
  }
  const [{ mergeHalves }, { exitCodeOf, reportRun }] = await Promise.all([
    import("../../method/merge.js"),
    import("../output/run-report.js"),
  ]);
  const result = mergeHalves(halves[sentAt] as SentHalf, halves[receivedAt] as ReceivedHalf, {
    names: { sent: words[sentAt]!, received: words[receivedAt]! },
    lossLimit: options.loss === undefined ? null : parseRatio(options.loss, "--loss"),
    minRatePps: options.minRate === undefined ? null : minRatePps(options.minRate),
    tolerances: tolerancesOf(options) ?? usualTolerances,
    commandLine: context.commandLine,
  });
  const color = process.stdout.isTTY === true && (process.env["NO_COLOR"] ?? "") === "";
  await reportRun(result, { files, ndjson: false, color }, context.output);
  context.finish(exitCodeOf(result));
}

export const mergeCommand: CommandDefinition = {
  name: "merge",
  summary: "the results of send and receive as those of one run",
  define: (command, context) => {
    for (const [flags, help] of toleranceRows) command.option(flags, help);
    command
      .argument("[files...]", "SENT.json RECEIVED.json, in any order")
      .option("--loss <ratio>", "tolerated loss, e.g. 0, 0.1% (default: 0 at a set rate)")
      .option("--min-rate <rate>", "least received rate that passes, e.g. 1Mpps")
      .option("--json <file>", "the whole result as one document; - for standard output, then without the table")
      .option("--csv <file>", "a line for each trial")
      .option("--junit <file>", "a test case for each trial")
      .action((_files: readonly string[], options: MergeCommandOptions) => merge(command.args, options, context));
  },
};
