/** `compare`: two captures, frame by frame. */
import { usageError } from "../../errors.js";
import { addComparisonOptions, type CompareOptions, comparisonOf, filterHelp } from "../../options/compare-options.js";
import type { CommandContext, CommandDefinition } from "../command.js";
import { comparisonFiles, reportComparison } from "../output/comparison.js";

const examples = `
Examples:
  pktgen-ts compare expected.pcap actual.pcapng
  pktgen-ts compare sent.pcap received.pcap --mask macs,ttl --order free
  pktgen-ts compare sent.pcap received.pcap --filter 'ip.dst == 198.18.0.0/15' --timing 100us
  pktgen-ts compare sent.pcap received.pcap --by signature --annotated why.pcapng --junit report.xml
${filterHelp}
Exit codes: 0 the same; 1 differences; 2 a file that cannot be read; 4 no frame is expected, or a file is cut or damaged
(the result says what the rest shows).
`;

async function compare(words: readonly string[], options: CompareOptions, context: CommandContext): Promise<void> {
  if (words.length !== 2) {
    throw usageError(`two captures are compared, not ${words.length}`, {
      where: "compare",
      accepted: "compare EXPECTED ACTUAL",
    });
  }
  comparisonFiles(options);
  const comparison = await comparisonOf(options);
  const [{ compareCaptures }, { parseFilter }] = await Promise.all([
    import("../../capture/compare/compare.js"),
    import("../../packet/filter.js"),
  ]);
  const result = await compareCaptures({
    ...comparison,
    expected: words[0],
    actual: words[1],
    filter: options.filter === undefined ? null : parseFilter(options.filter, "--filter"),
    commandLine: context.commandLine,
    tool: { name: "pktgen-ts", version: context.version, node: process.version },
  });
  context.finish(await reportComparison(result, options, context));
}

export const compareCommand: CommandDefinition = {
  name: "compare",
  summary: "compare two captures frame by frame: missing, unexpected, changed, reordered",
  define: (command, context) => {
    addComparisonOptions(command.argument("[files...]", "EXPECTED ACTUAL: pcap or pcapng, also .gz and .zst"))
      .option(
        "--filter <expression>",
        "frames of both that count, e.g. 'ip.src == 198.18.0.1 && udp.dstport in {53,123}'",
      )
      .option("--list <n>", "differences to list (default: 20)")
      .option("--annotated <file>", "pcapng of the actual frames, with the reason as a comment on each that differs")
      .option("--json <file>", "the whole result as one document; - for standard output")
      .option("--junit <file>", "JUnit XML; - for standard output")
      .addHelpText("after", examples)
      .action((_files: readonly string[], options: CompareOptions) => compare(command.args, options, context));
  },
};
