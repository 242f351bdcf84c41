/** `latency`: latency and delay variation at shares of the no-drop rate. */

import type { LatencyOptions } from "../../options/methods/latency.js";
import type { Row } from "../../options/option-rows.js";
import { searchRows } from "../../options/search-rows.js";
import type { CommandContext, CommandDefinition } from "../command.js";
import { addMethodOptions, decidedByMethods, decidesItself, methodPlan, runMethodCommand } from "./method-command.js";

const rows: readonly Row[] = [
  ["--loads <shares>", "of the reference rate (default: 10%,50%,90%,100%)"],
  ["--reference <rate>", "what 100% is (default: each size's NDR, searched for quickly first)"],
  ["--trial-duration <time>", "at each load (default: 10s)"],
  ["--repeats <n>", "trials at each load (default: 1)"],
  ["--probe <rate>", "a stream beside the load, on top of it, whose latency is reported by itself, e.g. 1kpps"],
];

const examples = `
Examples:
  pktgen-ts latency --sizes 64 --reference 20kpps --dut embedded,rate=40kpps --html latency.html
  pktgen-ts latency --sizes 64 --reference 20kpps --loads 100% --probe 1kpps --dut embedded,rate=40kpps
  pktgen-ts latency --sizes 64,1518 --threshold 'latency 50 %.p99<=500us'
`;

async function runLatency(options: LatencyOptions, words: readonly string[], context: CommandContext): Promise<void> {
  const plan = await methodPlan(options, words, "64,1518", context);
  const { prepareLatency } = await import("../../options/methods/latency.js");
  await runMethodCommand(options, prepareLatency(options, plan), context);
}

export const latencyCommand: CommandDefinition = {
  name: "latency",
  summary: "latency and delay variation of every frame, at 10, 50, 90 and 100 % of the no-drop rate",
  instead: decidesItself({
    "--rate": "see --reference and --loads",
    "--duration": "see --trial-duration",
    "--count": "see --trial-duration",
    "--repeat": "see --repeats",
  }),
  define: (command, context) => {
    addMethodOptions(command, {
      without: decidedByMethods.filter((name) => name !== "--loss"),
      rows: { "What is measured": rows, "How the no-drop rate is searched": searchRows },
      sizes: "64,1518",
    });
    command.addHelpText("after", examples);
    command.allowExcessArguments().action(() => runLatency(command.opts<LatencyOptions>(), command.args, context));
  },
};
