/** `import`: a profile of another generator as one of ours. */
import { exitCodes, PktgenError, usageError } from "../../errors.js";
import { type ImportOptions, importOptions } from "../../options/import-options.js";
import { readOptions, resultFiles } from "../../options/option.js";
import { terminalText } from "../../terminal-text.js";
import type { CommandContext, CommandDefinition } from "../command.js";
import { checkResultFiles, standardOutput, writeResultFile } from "../output/result-file.js";

const examples = `
Examples:
  scripts/trex_profile_to_json.py imix.py -o imix.json    where TRex's library is: what a Python profile makes
  pktgen-ts import trex imix.json -o imix.yaml            its streams as a profile; what differs is said, with its place
  pktgen-ts --profile imix.yaml --rate 10kpps
  pktgen-ts import trex few.pcap                          a stream for each frame, at its time; replay sends long captures

Frames of a capture that are shorter than 60 bytes get zeros up to that, and times count from the earliest frame. Both are
said with the number of the frame.
`;

const accepted = "trex FILE: .json or .yaml of a TRex profile, or a capture";

async function importProfile(words: readonly string[], texts: ImportOptions, context: CommandContext): Promise<void> {
  const [from, file, ...rest] = words;
  if (from !== "trex" || file === undefined || rest.length > 0) {
    const what = from === undefined ? "what is imported?" : `"${words.join(" ")}" is not what import does`;
    throw usageError(what, { where: "import", accepted });
  }
  const { srcMac = null, dstMac = null, unsigned = false } = readOptions(importOptions, texts);
  const [to] = resultFiles(importOptions, texts);
  if (to !== undefined) checkResultFiles([to]);
  const { output, finish } = context;
  const { importTrexFile } = await import("../../import/trex/index.js");
  try {
    const { text, streams, notes } = importTrexFile(file, { ports: { src: srcMac, dst: dstMac }, unsigned });
    for (const note of notes) output.message(`${terminalText(note)}\n`);
    if (to === undefined || to.path === standardOutput) await output.result(text);
    else {
      writeResultFile(to, text);
      output.message(`${to.path}: ${streams === 1 ? "1 stream" : `${streams} streams`}\n`);
    }
    finish(exitCodes.passed);
  } catch (error) {
    if (!(error instanceof PktgenError)) throw error;
    const { mistakesOf } = await import("../../profile/index.js");
    for (const mistake of mistakesOf(error)) output.message(`pktgen-ts: ${mistake.toLine()}\n`);
    finish(error.exitCode);
  }
}

export const importCommand: CommandDefinition<ImportOptions> = {
  name: "import",
  summary: "a profile of TRex as a profile of pktgen-ts",
  argument: ["[words...]", accepted],
  options: { "": importOptions },
  help: [examples],
  run: importProfile,
};
