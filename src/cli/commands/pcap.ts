/** `pcap`: looks at captures. */
import { usageError } from "../../errors.js";
import type { CommandContext, CommandDefinition } from "../command.js";
import { pcapInfo } from "../pcap-info.js";

const examples = `
Examples:
  pktgen-ts pcap info x.pcapng.gz                 counts, sizes, rates, protocols, duration, errors, histograms
`;

async function pcap(
  [what, ...words]: readonly string[],
  options: { readonly json?: boolean },
  context: CommandContext,
): Promise<void> {
  if (what === "info") return pcapInfo(words, options.json === true, context);
  throw usageError(what === undefined ? "what about captures?" : `what is '${what}'?`, {
    where: "pcap",
    accepted: "info FILE",
  });
}

export const pcapCommand: CommandDefinition = {
  name: "pcap",
  summary: "what is in a capture",
  define: (command, context) => {
    command
      .argument("[words...]", "info FILE")
      .option("--json", "of info: as JSON")
      .addHelpText("after", examples)
      .action((_words: readonly string[], options: { readonly json?: boolean }) =>
        pcap(command.args, options, context),
      );
  },
};
