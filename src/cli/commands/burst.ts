/** `burst`: what a device's queues absorb of bursts and ramps. */
import { methodCommands } from "../../options/measuring-commands.js";
import { methodCommand } from "./method-command.js";

const examples = `
Examples:
  pktgen-ts burst --sizes 64 --load 200kpps --dut embedded,rate=40kpps,queue=256
  pktgen-ts burst --ramp --load 80kpps --dut embedded,rate=40kpps
`;

export const burstCommand = methodCommand({
  ...methodCommands.burst,
  instead: {
    "--rate": "see --load",
    "--duration": "see --step-duration",
    "--count": "see --frames",
  },
  examples,
});
