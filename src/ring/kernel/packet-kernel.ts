/** The kernel's side of a packet socket's rings (packet.ts) in private memory: takes slots to send, fills slots to receive. */
import type { RingMemory } from "../../memory.js";
import { burstFrames, type PacketRingLayout } from "../ring.js";
import {
  packetHeaderBytes,
  rxFrameAt,
  slotOffsets,
  TP_LEN,
  TP_MAC,
  TP_SNAPLEN,
  TP_STATUS_AVAILABLE,
  TP_STATUS_KERNEL,
  TP_STATUS_SEND_REQUEST,
  TP_STATUS_USER,
} from "./packet.js";

/** What tpacket_snd does, one frame after the other. */
export class PacketKernelTx {
  readonly offsets = new Uint32Array(burstFrames);
  readonly lengths = new Uint32Array(burstFrames);
  readonly #u32: Uint32Array;
  readonly #slotAt: Uint32Array;
  #next = 0;

  constructor(memory: RingMemory, layout: PacketRingLayout) {
    this.#u32 = memory.u32;
    this.#slotAt = slotOffsets(layout);
  }

  #slot(k: number): number {
    return this.#slotAt[(this.#next + k) % this.#slotAt.length];
  }

  poll(max: number): number {
    const most = Math.min(max, burstFrames, this.#slotAt.length);
    for (let k = 0; k < most; k++) {
      const at = this.#slot(k);
      if (Atomics.load(this.#u32, at >>> 2) !== TP_STATUS_SEND_REQUEST) return k;
      this.offsets[k] = at + packetHeaderBytes;
      this.lengths[k] = this.#u32[(at + TP_LEN) >>> 2];
    }
    return most;
  }

  release(n: number): void {
    for (let k = 0; k < n; k++) Atomics.store(this.#u32, this.#slot(k) >>> 2, TP_STATUS_AVAILABLE);
    this.#next = (this.#next + n) % this.#slotAt.length;
  }
}

/** What tpacket_rcv does. */
export class PacketKernelRx {
  readonly #u16: Uint16Array;
  readonly #u32: Uint32Array;
  readonly #slotAt: Uint32Array;
  readonly #lengths = new Uint32Array(burstFrames);
  #next = 0;

  constructor(memory: RingMemory, layout: PacketRingLayout) {
    this.#u16 = memory.u16;
    this.#u32 = memory.u32;
    this.#slotAt = slotOffsets(layout);
  }

  #slot(k: number): number {
    return this.#slotAt[(this.#next + k) % this.#slotAt.length];
  }

  reclaim(): number {
    const most = Math.min(burstFrames, this.#slotAt.length);
    let free = 0;
    while (free < most && this.#isFree(free)) free++;
    return free;
  }

  #isFree(k: number): boolean {
    return Atomics.load(this.#u32, this.#slot(k) >>> 2) === TP_STATUS_KERNEL;
  }

  place(k: number, bytes: number): number {
    if (k >= Math.min(burstFrames, this.#slotAt.length) || !this.#isFree(k)) return 0;
    this.#lengths[k] = bytes;
    return this.#slot(k) + rxFrameAt;
  }

  publish(n: number): void {
    for (let k = 0; k < n; k++) {
      const at = this.#slot(k);
      this.#u32[(at + TP_LEN) >>> 2] = this.#lengths[k];
      this.#u32[(at + TP_SNAPLEN) >>> 2] = this.#lengths[k];
      this.#u16[(at + TP_MAC) >>> 1] = rxFrameAt;
      Atomics.store(this.#u32, at >>> 2, TP_STATUS_USER);
    }
    this.#next = (this.#next + n) % this.#slotAt.length;
  }
}
