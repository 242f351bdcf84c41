/**
 * A short replay of the same code into a ring with nobody behind it, before anything counts: V8 compiles the loop then,
 * and not while the first frames of a file wait.
 */

import { ringMemory } from "../../memory.js";
import { openRxRing, openTxRing } from "../../ring/open.js";
import { nullRingEnd, nullRingLayout } from "../../ring/virtqueue/layout.js";
import type { CreateJob, JobContext } from "../loop/job.js";
import { type PipeLayout, PipeWriter, pipeBytesOf, pipeWord } from "../pipe/frame-pipe.js";
import type { ReplayJobOptions } from "./job.js";
import { type ReplayOrder, replayCounter } from "./order.js";

const frames = 256;
const frameBytes = 60;
/** Enough for the optimising compiler, with the loop's own branches: about 50 ms in all. */
const warmUps: readonly Pick<ReplayOrder, "pace" | "loops">[] = [
  { pace: { kind: "original", speed: 1 }, loops: 40 },
  { pace: { kind: "max" }, loops: 400 },
];

export function warmUpReplay(context: JobContext, createJob: CreateJob): void {
  const slot = { direction: "tx", vring: 1, size: 256, bufferBytes: 2048 } as const;
  const feedAt = 4096;
  const dataBytes = frames * 128;
  const tx = nullRingLayout(slot, feedAt + pipeBytesOf(frames, dataBytes) + 4096);
  const memory = ringMemory(new ArrayBuffer(nullRingEnd(tx) + 4096));
  const queue = {
    tx: openTxRing(memory, tx),
    rx: openRxRing(memory, { ...tx, direction: "rx", vring: 0 }),
    notifyTx: () => {},
    notifyRx: () => {},
  };
  for (const { pace, loops } of warmUps) {
    const feed: PipeLayout = {
      offset: feedAt,
      frames,
      dataBytes,
      control: new SharedArrayBuffer(4 * pipeWord.words),
    };
    const writer = new PipeWriter(memory, feed);
    for (let i = 0; i < frames / 2; i++) {
      if (writer.place(frameBytes) === 0) break;
      writer.commit(i * 10_000, frameBytes, 0, 0);
    }
    writer.end();
    let done = false;
    const job = createJob({
      ...context,
      memory,
      options: { ports: 1, senders: 1 } satisfies ReplayJobOptions,
      counters: new Float64Array(replayCounter.slots),
      inUse: { port: 0 },
      post: () => {
        done = true;
      },
    });
    job.attach(0, { memory, queues: [queue] });
    const order: ReplayOrder = {
      feed,
      pace,
      loops,
      loopDelayNs: 0,
      count: Number.POSITIVE_INFINITY,
      durationNs: 30e6,
      settleNs: 0,
      expectBack: false,
      cooperative: true,
      recordTx: null,
      recordRx: null,
    };
    job.command({ kind: "replay", order });
    while (!done) job.step();
  }
}
