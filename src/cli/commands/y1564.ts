/** `y1564`: service activation, the configuration and the performance test of ITU-T Y.1564. */

import type { ServiceOptions } from "../../options/methods/y1564.js";
import type { Row } from "../../options/option-rows.js";
import type { CommandContext, CommandDefinition } from "../command.js";
import { addMethodOptions, decidedByMethods, decidesItself, methodPlan, runMethodCommand } from "./method-command.js";

const rows: readonly Row[] = [
  ["--cir <rate>", "committed information rate, e.g. 100Mbps or 50kpps"],
  ["--eir <rate>", "excess information rate on top of it (default: none)"],
  ["--steps <shares>", "of the CIR, growing (default: 25%,50%,75%,100%)"],
  ["--step-duration <time>", "of each step (default: 10s)"],
  ["--performance <time>", "of the performance test at CIR (default: 15min)"],
  ["--policing", "traffic above CIR + EIR must be dropped"],
];
const criteria: readonly Row[] = [
  ["--flr <ratio>", "frame loss ratio that the service promises (default: 0)"],
  ["--ftd <time>", "mean frame transfer delay that it promises"],
  ["--ifdv <time>", "delay variation that it promises, of 99.9 % of frames"],
];

const examples = `
Examples:
  pktgen-ts y1564 --sizes 512 --cir 20kpps --policing --performance 1min --dut embedded,rate=20kpps
  pktgen-ts y1564 --sizes 512 --cir 50Mbps --eir 20Mbps --flr 0.1% --ftd 5ms --html service.html
`;

async function runService(options: ServiceOptions, words: readonly string[], context: CommandContext): Promise<void> {
  const plan = await methodPlan(options, words, "512", context);
  const { prepareService } = await import("../../options/methods/y1564.js");
  await runMethodCommand(options, prepareService(options, plan), context);
}

export const serviceCommand: CommandDefinition = {
  name: "y1564",
  summary: "service activation: CIR in steps, EIR, policing and performance (ITU-T Y.1564)",
  instead: decidesItself({
    "--rate": "see --cir and --eir",
    "--duration": "see --step-duration and --performance",
    "--count": "see --step-duration",
    "--loss": "see --flr",
  }),
  define: (command, context) => {
    addMethodOptions(command, {
      without: decidedByMethods,
      rows: { "The service": rows, "What it promises": criteria },
      sizes: "512",
    });
    command.addHelpText("after", examples);
    command.allowExcessArguments().action(() => runService(command.opts<ServiceOptions>(), command.args, context));
  },
};
