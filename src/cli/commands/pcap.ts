/** `pcap`: looks at captures, and makes one of what a profile would send. */
import { usageError } from "../../errors.js";
import { type PcapOptions, pcapOptions } from "../../options/pcap-options.js";
import type { CommandContext, CommandDefinition } from "../command.js";

const examples = `
Examples:
  pktgen-ts pcap profiles/imix.yaml -o imix.pcap --count 1000       what would be sent, with the scheduled times
  pktgen-ts pcap info x.pcapng.gz                 counts, sizes, rates, protocols, duration, errors, histograms
`;

async function pcap([what, ...words]: readonly string[], options: PcapOptions, context: CommandContext): Promise<void> {
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

export const pcapCommand: CommandDefinition<PcapOptions> = {
  name: "pcap",
  summary: "what is in a capture, or what a profile would send as one",
  argument: ["[words...]", "info FILE | PROFILE"],
  options: { "": pcapOptions },
  help: [examples],
  run: pcap,
};
