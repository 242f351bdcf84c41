/** `soak`: one load for hours, with interval statistics and each spell of loss. */
import { PktgenError } from "../../errors.js";
import { methodCommands } from "../../options/measuring-commands.js";
import { soakOptions } from "../../options/method-options.js";
import type { SoakOptions } from "../../options/methods/soak.js";
import { type ResultFile, resultFiles } from "../../options/option.js";
import type { RunOptions } from "../../options/run-options.js";
import type { Soak } from "../../result/run-result.js";
import { checkResultFiles, writeResultFile } from "../output/result-file.js";
import { methodCommand } from "./method-command.js";

const examples = `
Examples:
  pktgen-ts soak --sizes 64 --load 20kpps --for 8h --state soak.json --html soak.html
  pktgen-ts soak --sizes 64 --load 20kpps --for 8h --state soak.json --resume soak.json
`;

/** Writes the soak so far. What cannot be written is said once for each reason: the measurement goes on. */
function stateWriter(file: ResultFile | undefined, say: (note: string) => void): (soak: Soak) => void {
  let said = "";
  return (soak) => {
    if (file === undefined) return;
    try {
      writeResultFile(file, `${JSON.stringify({ soak }, null, 2)}\n`);
      said = "";
    } catch (error) {
      if (!(error instanceof PktgenError)) throw error;
      if (said !== error.message) say(`${error.toLine()}; the soak goes on, and this state is missing or an older one`);
      said = error.message;
    }
  };
}

export const soakCommand = methodCommand({
  ...methodCommands.soak,
  instead: {
    "--rate": "see --load",
    "--duration": "see --for",
    "--count": "see --for",
  },
  examples,
  entry: async (options: RunOptions & SoakOptions, { output }) => {
    const files = resultFiles(soakOptions, options);
    checkResultFiles(files);
    const { soakEntry } = await import("../../options/methods/soak.js");
    return soakEntry(stateWriter(files[0], (note) => output.message(`pktgen-ts: ${note}\n`)));
  },
});
