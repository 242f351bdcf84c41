/** The contract of devices under test, run for every device that this program starts. */
import { parseEmbeddedOptions, parseTestpmdOptions, startEmbeddedDut, startTestpmdDut } from "../../src/dut/index.js";
import { type DutCase, dutContract } from "./dut.js";

const embedded = (options: string, queues: number): DutCase => ({
  name: `embedded,${options}`,
  needs: [],
  queues,
  start: (setup) => startEmbeddedDut(parseEmbeddedOptions(options), setup),
});

dutContract(embedded("threads=1", 2));
dutContract(embedded("threads=2,ring=split,loss=1%,duplicate=3", 1));
dutContract({
  name: "testpmd,container=none",
  needs: ["testpmd"],
  queues: 2,
  start: (setup) => startTestpmdDut(parseTestpmdOptions("container=none"), setup),
});
