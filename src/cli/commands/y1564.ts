/** `y1564`: service activation, the configuration and the performance test of ITU-T Y.1564. */
import { methodCommands } from "../../options/measuring-commands.js";
import { methodCommand } from "./method-command.js";

const examples = `
Examples:
  pktgen-ts y1564 --sizes 512 --cir 20kpps --policing --performance 1min --dut embedded,rate=20kpps
  pktgen-ts y1564 --sizes 512 --cir 50Mbps --eir 20Mbps --flr 0.1% --ftd 5ms --html service.html
`;

export const serviceCommand = methodCommand({
  ...methodCommands.y1564,
  instead: {
    "--rate": "see --cir and --eir",
    "--duration": "see --step-duration and --performance",
    "--count": "see --step-duration",
    "--loss": "see --flr",
  },
  examples,
});
