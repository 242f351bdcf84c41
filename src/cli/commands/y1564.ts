/** `y1564`: service activation, the configuration and the performance test of ITU-T Y.1564. */
import { promiseOptions, serviceOptions } from "../../options/method-options.js";
import { methodCommand } from "./method-command.js";

const examples = `
Examples:
  pktgen-ts y1564 --sizes 512 --cir 20kpps --policing --performance 1min --dut embedded,rate=20kpps
  pktgen-ts y1564 --sizes 512 --cir 50Mbps --eir 20Mbps --flr 0.1% --ftd 5ms --html service.html
`;

export const serviceCommand = methodCommand({
  name: "y1564",
  summary: "service activation: CIR in steps, EIR, policing and performance (ITU-T Y.1564)",
  options: { "The service": serviceOptions, "What it promises": promiseOptions },
  instead: {
    "--rate": "see --cir and --eir",
    "--duration": "see --step-duration and --performance",
    "--count": "see --step-duration",
    "--loss": "see --flr",
  },
  examples,
  entry: async () => (await import("../../options/methods/y1564.js")).serviceEntry,
});
