/** `ndr`: the greatest rates without loss and with a tolerated loss. */
import { methodCommands } from "../../options/measuring-commands.js";
import { methodCommand } from "./method-command.js";

const examples = `
Examples:
  pktgen-ts ndr --sizes 64,1518 --quick --dut embedded,rate=200kpps
  pktgen-ts ndr --sizes 64 --pdr 0.1%,0.5% --html ndr.html --threshold 'NDR>=1Mpps'
  pktgen-ts ndr --dut external --tx virtio-user:/tmp/gen.sock --line-rate 10Gbps
`;

export const ndrCommand = methodCommand({
  ...methodCommands.ndr,
  instead: {
    "--rate": "see --min-load and --line-rate",
    "--duration": "see --trial and --duration-sum",
    "--count": "see --trial",
    "--loss": "see --pdr",
    "--min-rate": "see --threshold 'NDR>=1Mpps'",
  },
  examples,
});
