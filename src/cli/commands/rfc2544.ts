/** `rfc2544`: throughput, latency, frame loss rate, back-to-back frames, recovery and reset, as RFC 2544 has them. */
import { methodCommands } from "../../options/measuring-commands.js";
import { methodCommand } from "./method-command.js";

const examples = `
Examples:
  pktgen-ts rfc2544 --quick --tests throughput --dut embedded,rate=200kpps
  pktgen-ts rfc2544 --sizes 64,1518 --line-rate 10Gbps --html report.html
  pktgen-ts rfc2544 --quick --sizes 64 --tests recovery --throughput 20kpps --dut embedded,rate=20kpps,queue=256
  pktgen-ts rfc2544 --quick --sizes 64 --tests reset --throughput 10kpps --dut testpmd,container=none
`;

export const rfc2544Command = methodCommand({
  ...methodCommands.rfc2544,
  instead: {
    "--rate": "see --min-load and --throughput",
    "--duration": "see --trial",
    "--count": "see --trial",
    "--repeat": "see --latency-repeats and the other --…-repeats",
    "--min-rate": "see --threshold 'throughput>=1Mpps'",
  },
  examples,
});
