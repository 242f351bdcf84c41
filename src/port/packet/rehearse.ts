/**
 * Sends a few frames by calls into a pair of sockets of our own, before a packet socket's first frame is due. Otherwise
 * the compiled loop has met no mover but that of rings in memory, and V8 throws it away with the first frame.
 */
import type { RingMemory } from "../../memory.js";
import { SlotTx } from "../../ring/kernel/slot-ring.js";
import type { SlotRingLayout } from "../../ring/ring.js";
import { libc } from "../../sys/libc.js";
import { type PacketMoverOrder, packetMover } from "./mover.js";

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0x800;
/** V8 keeps no notes of the first calls of a function. */
const turns = 64;
const frameBytes = 60;
/** One call for each frame, and one call for all of them. */
const bursts = [1, 4];

/** `layout`: of a packet port's transmit ring. Its slots are read, and nothing leaves the program. */
export function rehearsePacketSend(memory: RingMemory, layout: SlotRingLayout): void {
  const pair = new Int32Array(2);
  if (libc.socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair) < 0) return;
  try {
    const order = { ...(layout.mover as PacketMoverOrder), fd: pair[0], taken: null };
    const ring = new SlotTx(memory, layout, packetMover(memory, order));
    const into = new Uint8Array(frameBytes);
    for (let turn = 0; turn < turns; turn++) {
      const frames = bursts[turn % bursts.length];
      if (ring.reclaim() < frames) continue;
      for (let k = 0; k < frames; k++) ring.place(k, frameBytes);
      ring.publish(frames);
      while (libc.read(pair[1], into, frameBytes) > 0);
    }
  } finally {
    for (const fd of pair) libc.close(fd);
  }
}
