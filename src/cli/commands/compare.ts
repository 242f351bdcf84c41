/** `compare`: two captures, frame by frame. */
import { usageError } from "../../errors.js";
import { type CompareOptions, compareOptions, comparisonOf, filterHelp } from "../../options/compare-options.js";
import { readOptions } from "../../options/option.js";
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
  const { filter = null } = readOptions(compareOptions, options);
  const { compareCaptures } = await import("../../capture/compare/compare.js");
  const result = await compareCaptures({
    ...comparisonOf(options),
    expected: words[0],
    actual: words[1],
    filter,
    commandLine: context.commandLine,
    tool: { name: "pktgen-ts", version: context.version, node: process.version },
  });
  context.finish(await reportComparison(result, options, context));
}

export const compareCommand: CommandDefinition<CompareOptions> = {
  name: "compare",
  summary: "compare two captures frame by frame: missing, unexpected, changed, reordered",
  argument: ["[files...]", "EXPECTED ACTUAL: pcap or pcapng, also .gz and .zst"],
  options: { "": compareOptions },
  help: [examples],
  run: compare,
};
