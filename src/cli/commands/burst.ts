/** `burst`: what a device's queues absorb of bursts and ramps. */

import type { BurstOptions } from "../../options/methods/burst.js";
import type { Row } from "../../options/option-rows.js";
import type { CommandContext, CommandDefinition } from "../command.js";
import { addMethodOptions, decidedByMethods, decidesItself, methodPlan, runMethodCommand } from "./method-command.js";

const rows: readonly Row[] = [
  ["--load <rate>", "of a burst's frames, or of the last step of a ramp (default: 1Mpps)"],
  ["--frames <list>", "lengths of the bursts, growing (default: 64,128,256,512,1024,2048,4096)"],
  ["--ramp", "a ramp of load instead of bursts"],
  ["--steps <n>", "of the ramp (default: 10)"],
  ["--step-duration <time>", "of each step of the ramp (default: 1s)"],
];

const examples = `
Examples:
  pktgen-ts burst --sizes 64 --load 200kpps --dut embedded,rate=40kpps,queue=256
  pktgen-ts burst --ramp --load 80kpps --dut embedded,rate=40kpps
`;

async function runBurst(options: BurstOptions, words: readonly string[], context: CommandContext): Promise<void> {
  const plan = await methodPlan(options, words, "64", context);
  const { prepareBurst } = await import("../../options/methods/burst.js");
  await runMethodCommand(options, prepareBurst(options, plan), context);
}

export const burstCommand: CommandDefinition = {
  name: "burst",
  summary: "what the queues of a device absorb: bursts of growing length, or a ramp of load",
  instead: decidesItself({
    "--rate": "see --load",
    "--duration": "see --step-duration",
    "--count": "see --frames",
  }),
  define: (command, context) => {
    addMethodOptions(command, { without: decidedByMethods, rows: { "Bursts and ramps": rows }, sizes: "64" });
    command.addHelpText("after", examples);
    command.allowExcessArguments().action(() => runBurst(command.opts<BurstOptions>(), command.args, context));
  },
};
