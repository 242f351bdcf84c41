/** `burst`: what a device's queues absorb of bursts and ramps. */
import { burstOptions } from "../../options/method-options.js";
import { methodCommand } from "./method-command.js";

const examples = `
Examples:
  pktgen-ts burst --sizes 64 --load 200kpps --dut embedded,rate=40kpps,queue=256
  pktgen-ts burst --ramp --load 80kpps --dut embedded,rate=40kpps
`;

export const burstCommand = methodCommand({
  name: "burst",
  summary: "what the queues of a device absorb: bursts of growing length, or a ramp of load",
  options: { "Bursts and ramps": burstOptions },
  instead: {
    "--rate": "see --load",
    "--duration": "see --step-duration",
    "--count": "see --frames",
  },
  examples,
  entry: async () => (await import("../../options/methods/burst.js")).burstEntry,
});
