/** `rfc2544`: throughput, latency, frame loss rate, back-to-back frames, system recovery and reset as RFC 2544 has them. */

import type { Rfc2544RunOptions } from "../../options/methods/rfc2544.js";
import type { Row } from "../../options/option-rows.js";
import { searchRows } from "../../options/search-rows.js";
import type { CommandContext, CommandDefinition } from "../command.js";
import { addMethodOptions, decidedByMethods, decidesItself, methodPlan, runMethodCommand } from "./method-command.js";

const testRows: readonly Row[] = [
  ["--tests <list>", "throughput,latency,loss,back-to-back,recovery,reset (default: all that the device allows)"],
  ["--throughput <rate>", "as found before, for latency, recovery and reset without measuring it again"],
  ["--quick", "trials of 1s and few repetitions: a look, which the report names as not conforming"],
  ["--trial <time>", "of throughput and frame loss (default: 60s)"],
  ["--latency-duration <time>", "of a latency trial (default: 120s)"],
  ["--latency-repeats <n>", "latency trials of a size (default: 20)"],
  ["--loss-step <ratio>", "of the frame loss curve (default: 10%)"],
  ["--burst-duration <time>", "the longest burst (default: 2s)"],
  ["--burst-repeats <n>", "searches for the longest burst without loss (default: 50)"],
  ["--recovery-duration <time>", "of the overload, 110% of the throughput (default: 60s)"],
  ["--recovery-after <time>", "at half of it, in which the device recovers (default: 10s)"],
  ["--recovery-repeats <n>", "recovery trials of a size (default: 5)"],
  [
    "--reset-command <cmd>",
    "resets an external device; a shell runs it in the middle of a reset trial (default: ours are ended and started anew)",
  ],
  ["--reset-within <time>", "a reset is waited for so long (default: 5min)"],
  ["--reset-repeats <n>", "resets (default: 3)"],
  [
    "--learning <frames>",
    "to the output port before each trial, from the addresses that test frames go to; then 2s (default: 4; none with --quick and the built-in device)",
  ],
  [
    "--restabilise <time>",
    "between two trials; unless 0s, trials also wait for residual frames where all are back (default: 5s; none with --quick and the built-in device)",
  ],
];

const examples = `
Examples:
  pktgen-ts rfc2544 --quick --tests throughput --dut embedded,rate=200kpps
  pktgen-ts rfc2544 --sizes 64,1518 --line-rate 10Gbps --html report.html
  pktgen-ts rfc2544 --quick --sizes 64 --tests recovery --throughput 20kpps --dut embedded,rate=20kpps,queue=256
  pktgen-ts rfc2544 --quick --sizes 64 --tests reset --throughput 10kpps --dut testpmd,container=none
`;

async function runRfc2544(
  options: Rfc2544RunOptions,
  words: readonly string[],
  context: CommandContext,
): Promise<void> {
  const plan = await methodPlan(options, words, "rfc2544", context);
  const { prepareRfc2544 } = await import("../../options/methods/rfc2544.js");
  await runMethodCommand(options, prepareRfc2544(options, plan), context);
}

export const rfc2544Command: CommandDefinition = {
  name: "rfc2544",
  summary: "throughput, latency, frame loss rate, back-to-back frames, system recovery, reset (RFC 2544, 9004, 6201)",
  instead: decidesItself({
    "--rate": "see --min-load and --throughput",
    "--duration": "see --trial",
    "--count": "see --trial",
    "--repeat": "see --latency-repeats and the other --…-repeats",
    "--min-rate": "see --threshold 'throughput>=1Mpps'",
  }),
  define: (command, context) => {
    addMethodOptions(command, {
      without: decidedByMethods,
      rows: { "What is measured": testRows, "How throughput is searched": searchRows },
      sizes: "rfc2544",
    });
    command.addHelpText("after", examples);
    command.allowExcessArguments().action(() => runRfc2544(command.opts<Rfc2544RunOptions>(), command.args, context));
  },
};
