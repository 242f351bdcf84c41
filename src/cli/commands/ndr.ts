/** `ndr`: the greatest rates without loss and with a tolerated loss. */

import type { NdrOptions } from "../../options/methods/ndr.js";
import type { Row } from "../../options/option-rows.js";
import { searchRows } from "../../options/search-rows.js";
import type { CommandContext, CommandDefinition } from "../command.js";
import { addMethodOptions, decidedByMethods, decidesItself, methodPlan, runMethodCommand } from "./method-command.js";

const goalRows: readonly Row[] = [
  ["--pdr <ratios>", "tolerated loss of the partial drop rates, growing (default: 0.5%)"],
  ["--trial <time>", "final length of a trial (default: 1s)"],
  ["--duration-sum <time>", "trials of that length at one load, together (default: 21 of them)"],
  ["--exceed <ratio>", "share of that time that may have more loss (default: 50%)"],
  ["--quick", "one trial for each load, none of which may lose more, and a width of 1%"],
];

const examples = `
Examples:
  pktgen-ts ndr --sizes 64,1518 --quick --dut embedded,rate=200kpps
  pktgen-ts ndr --sizes 64 --pdr 0.1%,0.5% --html ndr.html --threshold 'NDR>=1Mpps'
  pktgen-ts ndr --dut external --tx virtio-user:/tmp/gen.sock --line-rate 10Gbps
`;

async function runNdr(options: NdrOptions, words: readonly string[], context: CommandContext): Promise<void> {
  const plan = await methodPlan(options, words, "64,1518", context);
  const { prepareNdr } = await import("../../options/methods/ndr.js");
  await runMethodCommand(options, prepareNdr(options, plan), context);
}

export const ndrCommand: CommandDefinition = {
  name: "ndr",
  summary: "no-drop and partial-drop rates of each size, in one search (MLRsearch, RFC 9971)",
  instead: decidesItself({
    "--rate": "see --min-load and --line-rate",
    "--duration": "see --trial and --duration-sum",
    "--count": "see --trial",
    "--loss": "see --pdr",
    "--min-rate": "see --threshold 'NDR>=1Mpps'",
  }),
  define: (command, context) => {
    addMethodOptions(command, {
      without: decidedByMethods.filter((name) => name !== "--repeat"),
      rows: { "What is looked for": goalRows, "How it is searched": searchRows },
      sizes: "64,1518",
    });
    command.addHelpText("after", examples);
    command.allowExcessArguments().action(() => runNdr(command.opts<NdrOptions>(), command.args, context));
  },
};
