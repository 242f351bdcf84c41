/** `latency`: latency and delay variation at shares of the no-drop rate. */
import { methodCommands } from "../../options/measuring-commands.js";
import { methodCommand } from "./method-command.js";

const examples = `
Examples:
  pktgen-ts latency --sizes 64 --reference 20kpps --dut embedded,rate=40kpps --html latency.html
  pktgen-ts latency --sizes 64 --reference 20kpps --loads 100% --probe 1kpps --dut embedded,rate=40kpps
  pktgen-ts latency --sizes 64,1518 --threshold 'latency 50 %.p99<=500us'
`;

export const latencyCommand = methodCommand({
  ...methodCommands.latency,
  instead: {
    "--rate": "see --reference and --loads",
    "--duration": "see --trial-duration",
    "--count": "see --trial-duration",
    "--repeat": "see --repeats",
  },
  examples,
});
