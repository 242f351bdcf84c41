/** `merge`: the halves that `send` and `receive` wrote, as the result of one run. */
import { usageError } from "../../errors.js";
import { type OptionTable, option, readOptions, resultFiles, type TextsOf, writtenFile } from "../../options/option.js";
import { toleranceOptions, tolerancesOf } from "../../options/tolerances.js";
import type { ReceivedHalf, SentHalf } from "../../result/half.js";
import { isReadError, mostDocumentBytes, readInputText, unreadableBecause } from "../../sys/input-file.js";
import { usualTolerances } from "../../tolerances.js";
import { parseRate, parseRatio } from "../../units.js";
import type { CommandContext, CommandDefinition } from "../command.js";
import { hasColors } from "../output/output.js";
import { checkResultFiles } from "../output/result-file.js";
import type { ReportFile } from "../output/run-report.js";

/** Each key is a report's name. */
const mergeReports = {
  json: option(
    "--json <file>",
    "the whole result as one document; - for standard output, then without the table",
    writtenFile,
  ),
  csv: option("--csv <file>", "a line for each trial", writtenFile),
  junit: option("--junit <file>", "a test case for each trial", writtenFile),
} as const satisfies OptionTable;

const mergeOptions = {
  ...toleranceOptions,
  loss: option("--loss <ratio>", "tolerated loss, e.g. 0, 0.1% (default: 0 at a set rate)", parseRatio),
  minRate: option("--min-rate <rate>", "least received rate that passes, e.g. 1Mpps", framesPerSecond),
  ...mergeReports,
} as const satisfies OptionTable;

type MergeOptions = TextsOf<typeof mergeOptions>;

const accepted = "merge SENT.json RECEIVED.json, as send --json and receive --json wrote them";

async function readHalf(path: string): Promise<SentHalf | ReceivedHalf> {
  const { parseHalf } = await import("../../result/half-schema.js");
  try {
    return parseHalf(readInputText(path, { mostBytes: mostDocumentBytes }));
  } catch (error) {
    const why = isReadError(error) ? `it ${unreadableBecause(error)}` : (error as Error).message;
    throw usageError(`${path}: ${why.split("\n")[0]}`, { where: "merge", accepted, cause: error });
  }
}

function framesPerSecond(text: string, where: string): number {
  const rate = parseRate(text, where);
  if (rate.kind === "pps") return rate.pps;
  throw usageError(`"${text}" is no rate of frames`, { where, accepted: "e.g. 1Mpps" });
}

async function merge(words: readonly string[], texts: MergeOptions, context: CommandContext): Promise<void> {
  if (words.length !== 2) throw usageError("which two results?", { where: "merge", accepted });
  const { loss = null, minRate = null } = readOptions(mergeOptions, texts);
  const files = resultFiles(mergeReports, texts).map(({ key, ...file }): ReportFile => ({ report: key, ...file }));
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
    lossLimit: loss,
    minRatePps: minRate,
    tolerances: tolerancesOf(texts) ?? usualTolerances,
    commandLine: context.commandLine,
  });
  const color = hasColors();
  await reportRun(result, { files, ndjson: false, color }, context.output);
  context.finish(exitCodeOf(result));
}

export const mergeCommand: CommandDefinition<MergeOptions> = {
  name: "merge",
  summary: "the results of send and receive as those of one run",
  argument: ["[files...]", "SENT.json RECEIVED.json, in any order"],
  options: { "": mergeOptions },
  run: merge,
};
