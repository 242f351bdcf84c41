/**
 * In which phase the machine is. A virtual machine's cores are near each other in one minute and far in the next, and then
 * all that travels between them costs several times as much. The measure is a cache line that goes there and back.
 */
import { once } from "node:events";
import { Worker } from "node:worker_threads";

const answerer = `
const { workerData } = require("node:worker_threads");
const line = new Int32Array(workerData);
for (let last = 0; last >= 0; ) {
  const seen = Atomics.load(line, 0);
  if (seen === last) continue;
  last = seen;
  Atomics.store(line, 64, seen);
}`;

const tripsAtOnce = 10;
const longestMs = 100;

/** The least time of ten round trips, as ns of one: other work on the CPUs only makes it longer. */
export async function lineRoundTripNs(): Promise<number> {
  const line = new Int32Array(new SharedArrayBuffer(1024));
  const worker = new Worker(answerer, { eval: true, workerData: line.buffer });
  const ended = once(worker, "exit");
  await once(worker, "online");
  let best = Number.POSITIVE_INFINITY;
  const until = performance.now() + longestMs;
  for (let trip = 0; performance.now() < until; ) {
    const start = performance.now();
    for (const last = trip + tripsAtOnce; trip < last; ) {
      Atomics.store(line, 0, ++trip);
      while (Atomics.load(line, 64) !== trip);
    }
    best = Math.min(best, ((performance.now() - start) * 1e6) / tripsAtOnce);
  }
  Atomics.store(line, 0, -1);
  await ended;
  return best;
}
