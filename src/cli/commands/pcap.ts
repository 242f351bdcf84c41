/** `pcap`: looks at captures, and makes one of what a profile would send. */
import { usageError } from "../../errors.js";
import { profileRootHelp } from "../../options/option-rows.js";
import type { CommandContext, CommandDefinition } from "../command.js";
import type { PcapProfileOptions } from "./pcap-profile.js";

const examples = `
Examples:
  pktgen-ts pcap profiles/imix.yaml -o imix.pcap --count 1000       what would be sent, with the scheduled times
  pktgen-ts pcap info x.pcapng.gz                 counts, sizes, rates, protocols, duration, errors, histograms
`;

async function pcap(
  [what, ...words]: readonly string[],
  options: { readonly json?: boolean } & PcapProfileOptions,
  context: CommandContext,
): Promise<void> {
  if (what === "info") {
    const { pcapInfo } = await import("./pcap-info.js");
    return pcapInfo(words, options.json === true, context);
  }
  if (what !== undefined && words.length === 0 && options.json !== true) {
    const { pcapProfile } = await import("./pcap-profile.js");
    return pcapProfile(what, options, context);
  }
  throw usageError(what === undefined ? "what about captures?" : `what is '${what}'?`, {
    where: "pcap",
    accepted: "info FILE, or PROFILE -o FILE",
  });
}

export const pcapCommand: CommandDefinition = {
  name: "pcap",
  summary: "what is in a capture, or what a profile would send as one",
  define: (command, context) => {
    command
      .argument("[words...]", "info FILE | PROFILE")
      .option("--json", "of info: as JSON")
      .option("-o, --output <file>", "of a profile: the capture to write (nanosecond pcap)")
      .option("--count <n>", "frames of all streams together (default: 1000)")
      .option("--duration <time>", "instead: what is due within that time")
      .option("--rate <rate>", "of all streams together (default: each at its own; without those 1Mpps)")
      .option("--sizes <size>", "for streams without a size of their own (the first counts)")
      .option("--seed <n>", "everything random is repeatable (default: 1)")
      .option(
        "--set <name=value>",
        "a parameter of the profile; may be repeated",
        (text: string, before: string[] = []) => [...before, text],
      )
      .option("--profile-root <folder>", profileRootHelp)
      .addHelpText("after", examples)
      .action((_words: readonly string[], options: { readonly json?: boolean } & PcapProfileOptions) =>
        pcap(command.args, options, context),
      );
  },
};
