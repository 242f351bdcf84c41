/**
 * How the generator grows with its threads: 64-byte frames with a full signature into `null:`, where nobody takes time.
 * Two threads on two CPUs against one on one.
 */
import { startGenerator } from "../src/engine/trial/start-generator.js";
import { openPort, parsePortSpec } from "../src/port/index.js";
import { baseOrder, sentPps } from "./generate.js";
import { alternate, type Contender } from "./harness.js";
import { compared, type Outcome } from "./outcome.js";
import { ownCpu, peerCpu } from "./place.js";

const runMs = 1_500;
const never = new AbortController().signal;

const intoNull = (workers: number): Contender => ({
  name: `pktgen-ts into null:, ${workers} ${workers === 1 ? "thread" : "threads"}`,
  async run() {
    await using port = await openPort(parsePortSpec(`null:,queues=${workers}`), { maxFrameBytes: 1518 });
    const setup = { tx: port, rx: null, cpu: ownCpu, furtherCpus: [peerCpu], busy: true, workers };
    await using generator = await startGenerator(setup);
    const order = { ...baseOrder, queues: workers, settleNs: 1e6 };
    await generator.runTrial({ ...order, trial: 0, durationNs: 300e6 }, never);
    return sentPps(await generator.runTrial({ ...order, durationNs: runMs * 1e6 }, never)) / 1e6;
  },
});

export async function scalingBench(rounds: number): Promise<Outcome> {
  return compared(await alternate([intoNull(2), intoNull(1)], rounds, "Mpps"));
}
