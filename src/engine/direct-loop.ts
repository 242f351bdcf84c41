/**
 * A port that leads straight back: both sides of a packed ring pair over private memory, in one thread. What the
 * generator measures through it is its own share of every latency: filling, publishing, polling, and two clock reads.
 */
import {
  copyFrame,
  deviceSideOf,
  driverRingEnd,
  driverRingLayout,
  initialiseDriverRing,
  openRxRing,
  openTxRing,
  type RingMemory,
  type RxRing,
  ringMemory,
  SCRATCH_BYTES,
  type TxRing,
} from "../ring/index.js";
import type { OpenPort } from "./job.js";

const ringSize = 256;
/** The virtio-net header before each frame. */
const headerBytes = 12;
const burstFrames = 64;

export interface DirectLoop {
  readonly memory: RingMemory;
  readonly port: OpenPort;
  /** The device's turn: everything that was sent is put where it will be received. */
  turn(): void;
}

/** `maxFrameBytes`: the longest frame that will be sent, without FCS. */
export function directLoop(maxFrameBytes: number): DirectLoop {
  const bufferBytes = maxFrameBytes + headerBytes;
  const ring = { format: "packed", size: ringSize, headerBytes, inOrder: true, mergeable: false } as const;
  const tx = driverRingLayout({ ...ring, direction: "tx", vring: 1, bufferBytes, addressBase: 0n }, 4096);
  const rx = driverRingLayout({ ...ring, direction: "rx", vring: 0, bufferBytes, addressBase: 0n }, driverRingEnd(tx));
  const end = Math.ceil(driverRingEnd(rx) / 4096) * 4096;
  const memory = ringMemory(new ArrayBuffer(end + SCRATCH_BYTES));
  for (const layout of [tx, rx]) initialiseDriverRing(memory, layout);
  const queue = { tx: openTxRing(memory, tx), rx: openRxRing(memory, rx), notifyTx: () => {}, notifyRx: () => {} };
  const back = openTxRing(memory, deviceSideOf(rx, end, memory));
  const forth = openRxRing(memory, deviceSideOf(tx, end, memory));
  return { memory, port: { memory, queues: [queue] }, turn: () => passOn(memory, forth, back) };
}

function passOn(memory: RingMemory, from: RxRing, to: TxRing): void {
  const frames = from.poll(burstFrames);
  if (frames === 0) return;
  to.reclaim();
  let placed = 0;
  for (let k = 0; k < frames; k++) {
    const at = to.place(placed, from.lengths[k]);
    if (at <= 0) break;
    copyFrame(memory, at, from.offsets[k], from.lengths[k]);
    placed++;
  }
  to.publish(placed);
  from.release(frames);
}
