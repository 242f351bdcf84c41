/**
 * Frames out of a packet socket by calls: sendmmsg for a burst, sendto for one or two. The kernel copies a short frame into
 * one piece of memory. From a mapped ring it makes a frame of two pieces, and veth copies the second one anew: a burst of
 * 64 costs a fifth more there, a single frame half as much again.
 */
import type { RingMemory } from "../../memory.js";
import type { FrameMover } from "../../ring/kernel/slot-ring.js";
import { burstFrames, type MoverOrder } from "../../ring/ring.js";
import { addressOf, errno, errnoName, libc } from "../../sys/libc.js";
import { sendRefusal } from "../../sys/net/send-refusal.js";

export interface PacketMoverOrder extends MoverOrder {
  readonly kind: "packet";
  /** Of the interface, for errors. */
  readonly name: string;
  readonly fd: number;
  readonly addressBase: bigint;
  /** Offset of a word that counts the frames that the kernel took; null: nobody counts. */
  readonly taken: number | null;
}

const MSG_DONTWAIT = 0x40;
const EAGAIN = 11;
/** struct mmsghdr, struct iovec */
const messageBytes = 64;
const vectorBytes = 16;
const vectorWords = vectorBytes / 4;
/** The least number of frames for which one call for all of them is cheaper than one each. */
const leastBatch = 3;

/** Messages of one piece each; the pieces are filled in for each call. */
class Messages {
  readonly address: number;
  readonly #vectors = new Uint32Array(burstFrames * vectorWords);
  readonly #headers = new Uint8Array(burstFrames * messageBytes);
  readonly #baseLow: number;
  readonly #baseHigh: number;

  constructor(addressBase: bigint) {
    this.#baseLow = Number(addressBase & 0xffffffffn);
    this.#baseHigh = Number(addressBase >> 32n);
    const vectors = addressOf(new Uint8Array(this.#vectors.buffer));
    const view = new DataView(this.#headers.buffer);
    for (let k = 0; k < burstFrames; k++) {
      view.setBigUint64(k * messageBytes + 16, vectors + BigInt(k * vectorBytes), true);
      view.setBigUint64(k * messageBytes + 24, 1n, true);
    }
    this.address = Number(addressOf(this.#headers));
  }

  fill(n: number, offsets: Uint32Array, lengths: Uint32Array): void {
    const vectors = this.#vectors;
    for (let k = 0; k < n; k++) {
      const low = this.#baseLow + offsets[k];
      vectors[k * vectorWords] = low;
      vectors[k * vectorWords + 1] = this.#baseHigh + (low > 0xffffffff ? 1 : 0);
      vectors[k * vectorWords + 2] = lengths[k];
    }
  }
}

export function packetMover(memory: RingMemory, { fd, name, addressBase, taken }: PacketMoverOrder): FrameMover {
  const base = Number(addressBase);
  const messages = new Messages(addressBase);
  const counter = taken === null ? new Uint32Array(1) : memory.u32;
  const at = taken === null ? 0 : taken >>> 2;

  /** How many of the first n were sent; of fewer, `errno` has why the next one was not. */
  const send = (n: number, offsets: Uint32Array, lengths: Uint32Array): number => {
    if (n >= leastBatch) {
      messages.fill(n, offsets, lengths);
      return Math.max(0, libc.sendmmsg(fd, messages.address, n, MSG_DONTWAIT));
    }
    for (let k = 0; k < n; k++) {
      if (libc.sendAt(fd, base + offsets[k], lengths[k], MSG_DONTWAIT) < 0) return k;
    }
    return n;
  };

  return {
    move(n, offsets, lengths, results) {
      const sent = send(n, offsets, lengths);
      for (let k = 0; k < sent; k++) results[k] = lengths[k];
      counter[at] += sent;
      if (sent === n) return;
      // Behind a part of the frames, sendmmsg does not say why it stopped. The next call begins with that frame, and does.
      results[sent] = sent > 0 && n >= leastBatch ? -EAGAIN : -errno();
      results.fill(-EAGAIN, sent + 1, n);
    },
    trouble: (result) => sendRefusal(name, errnoName(-result)),
  };
}
