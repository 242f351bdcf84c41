/**
 * What `--record-tx` costs the loop, in CPU time of its thread: the same frames at max into null:, recorded and not. A
 * trial has fewer frames than the recorder's pipe holds, so that each is copied, however fast the disk is.
 */
import { readFileSync } from "node:fs";
import { startGenerator } from "../src/engine/trial/start-generator.js";
import { startRecorder } from "../src/measure/recorder.js";
import { openPort, parsePortSpec } from "../src/port/index.js";
import { median } from "../src/stats/rank-test.js";
import { fixedSize } from "../src/units.js";
import { baseOrder } from "./generate.js";
import { alternate, type Contender, type Series } from "./harness.js";
import { compared, type Outcome } from "./outcome.js";
import { openPlace, ownCpu, sleep } from "./place.js";

/** The pipe has 32 MiB: 1,518 bytes take 1,536. */
const framesOf: Readonly<Record<number, number>> = { 64: 200_000, 1518: 20_000 };
const trials = 10;

/** Of a thread of ours, as the scheduler accounts for it. */
const cpuNs = (thread: number): number =>
  Number(readFileSync(`/proc/self/task/${thread}/schedstat`, "utf8").split(" ")[0]);

const sending = (frameBytes: number, recorded: boolean): Contender => ({
  name: `${frameBytes} bytes into null:${recorded ? ", recorded" : ""}`,
  async run() {
    using place = openPlace();
    await using port = await openPort(parsePortSpec("null:"), { maxFrameBytes: 1518 });
    await port.ready(1_000);
    const plan = { tx: recorded ? place.path("sent.pcap") : null, rx: null, stopOnFull: false };
    await using recorder = startRecorder(plan, ["null:"]);
    const recording = recorder?.setup ?? null;
    await using generator = await startGenerator({ tx: port, rx: null, recording, cpu: ownCpu, busy: true });
    const count = framesOf[frameBytes];
    const order = { ...baseOrder, size: fixedSize(frameBytes), count, durationNs: Number.POSITIVE_INFINITY };
    const signal = new AbortController().signal;
    const costs: number[] = [];
    for (let trial = 0; trial < trials; trial++) {
      // The first ones are for the compiler; each begins with an empty pipe.
      recorder?.keep(true);
      const before = cpuNs(generator.workers[0]!.threadId);
      await generator.runTrial({ ...order, trial: 1 + trial, settleNs: 1e6 }, signal);
      const spent = cpuNs(generator.workers[0]!.threadId) - before;
      recorder?.keep(false);
      await sleep(300);
      if (trial >= 4) costs.push(spent / count);
    }
    const missed = (await recorder?.finish())?.[0]?.missed ?? 0;
    if (missed > 0) throw new Error(`${missed} frames were not recorded`);
    return median(costs);
  },
});

const nsMore = (plain: Series, recorded: Series): number =>
  median(plain.values.map((ns, i) => recorded.values[i] - ns));

export async function recordBench(rounds: number): Promise<Outcome> {
  const sizes = Object.keys(framesOf).map(Number);
  const series = await alternate(
    sizes.flatMap((size) => [sending(size, true), sending(size, false)]),
    rounds,
    "ns a frame",
    "lower",
  );
  const outcome = compared(series);
  const costs = sizes.map(
    (size, i) =>
      `recording costs the loop ${nsMore(series[2 * i + 1], series[2 * i]).toFixed(0)} ns a frame of ${size} bytes`,
  );
  return { ...outcome, lines: [...outcome.lines, ...costs] };
}
