/** `latency`: latency and delay variation at shares of the no-drop rate. */
import { latencyOptions, searchOptions } from "../../options/method-options.js";
import { methodCommand } from "./method-command.js";

const examples = `
Examples:
  pktgen-ts latency --sizes 64 --reference 20kpps --dut embedded,rate=40kpps --html latency.html
  pktgen-ts latency --sizes 64 --reference 20kpps --loads 100% --probe 1kpps --dut embedded,rate=40kpps
  pktgen-ts latency --sizes 64,1518 --threshold 'latency 50 %.p99<=500us'
`;

export const latencyCommand = methodCommand({
  name: "latency",
  summary: "latency and delay variation of every frame, at 10, 50, 90 and 100 % of the no-drop rate",
  options: { "What is measured": latencyOptions, "How the no-drop rate is searched": searchOptions },
  takes: ["loss"],
  instead: {
    "--rate": "see --reference and --loads",
    "--duration": "see --trial-duration",
    "--count": "see --trial-duration",
    "--repeat": "see --repeats",
  },
  examples,
  entry: async () => (await import("../../options/methods/latency.js")).latencyEntry,
});
