/** `soak`: one load for hours, with interval statistics and each spell of loss. */
import { PktgenError } from "../../errors.js";
import type { SoakOptions as MethodOptions } from "../../options/methods/soak.js";
import type { Row } from "../../options/option-rows.js";
import type { Soak } from "../../result/run-result.js";
import type { CommandContext, CommandDefinition } from "../command.js";
import { checkResultFiles, type ResultFile, writeResultFile } from "../output/result-file.js";
import { addMethodOptions, decidedByMethods, decidesItself, methodPlan, runMethodCommand } from "./method-command.js";

interface SoakOptions extends MethodOptions {
  readonly state?: string;
}

const rows: readonly Row[] = [
  ["--load <rate>", "frames per second, or a share of --line-rate (default: 10kpps)"],
  ["--for <time>", "so long, or forever (until Ctrl-C; default: 1h)"],
  ["--piece <time>", "sending goes in pieces of this length, with the settle time between (default: 10s)"],
  ["--state <file>", "the result so far as JSON, written anew after each piece"],
  ["--resume <file>", "takes up the report of such a file, or of an earlier --json"],
];

const examples = `
Examples:
  pktgen-ts soak --sizes 64 --load 20kpps --for 8h --state soak.json --html soak.html
  pktgen-ts soak --sizes 64 --load 20kpps --for 8h --state soak.json --resume soak.json
`;

/** What cannot be written is said, each reason once: the measurement is worth more than its state. */
function stateWriter(file: ResultFile | null, say: (note: string) => void): (soak: Soak) => void {
  let said = "";
  return (soak) => {
    if (file === null) return;
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

async function runSoak(options: SoakOptions, words: readonly string[], context: CommandContext): Promise<void> {
  const plan = await methodPlan(options, words, "64", context);
  const file = options.state === undefined ? null : { option: "--state", path: options.state };
  const onPiece = stateWriter(file, (note) => context.output.message(`pktgen-ts: ${note}\n`));
  const { prepareSoak } = await import("../../options/methods/soak.js");
  const prepared = prepareSoak(options, plan, onPiece);
  if (file !== null) checkResultFiles([file]);
  await runMethodCommand(options, prepared, context);
}

export const soakCommand: CommandDefinition = {
  name: "soak",
  summary: "one load for hours: interval statistics, and each spell of loss with its time and length",
  instead: decidesItself({
    "--rate": "see --load",
    "--duration": "see --for",
    "--count": "see --for",
  }),
  define: (command, context) => {
    addMethodOptions(command, {
      without: decidedByMethods.filter((name) => name !== "--loss"),
      rows: { "How much, how long": rows },
      sizes: "64",
    });
    command.addHelpText("after", examples);
    command.allowExcessArguments().action(() => runSoak(command.opts<SoakOptions>(), command.args, context));
  },
};
