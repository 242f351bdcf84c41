/** The kernel's side of an AF_XDP socket's rings (xdp.ts) in private memory: takes descriptors, completes, fills chunks. */
import type { RingMemory } from "../../memory.js";
import { burstFrames, type XdpRingLayout } from "../ring.js";
import { indicesOf } from "./xdp.js";

/** Takes what was sent; a frame is complete when it is released. */
export class XdpKernelTx {
  readonly offsets = new Uint32Array(burstFrames);
  readonly lengths = new Uint32Array(burstFrames);
  readonly #u32: Uint32Array;
  readonly #mask: number;
  readonly #umem: number;
  readonly #tx: ReturnType<typeof indicesOf>;
  readonly #completion: ReturnType<typeof indicesOf>;
  #taken = 0;

  constructor(memory: RingMemory, layout: XdpRingLayout) {
    this.#u32 = memory.u32;
    this.#mask = layout.size - 1;
    this.#umem = layout.umem;
    this.#tx = indicesOf(layout.descriptors);
    this.#completion = indicesOf(layout.addresses);
  }

  poll(max: number): number {
    const waiting = (Atomics.load(this.#u32, this.#tx.producer) - this.#taken) | 0;
    const n = Math.min(waiting, max, burstFrames);
    for (let k = 0; k < n; k++) {
      const at = this.#tx.entries + (((this.#taken + k) & this.#mask) << 2);
      this.offsets[k] = this.#umem + this.#u32[at];
      this.lengths[k] = this.#u32[at + 2];
    }
    return n;
  }

  release(n: number): void {
    for (let k = 0; k < n; k++) {
      const from = this.#tx.entries + (((this.#taken + k) & this.#mask) << 2);
      this.#u32[this.#completion.entries + (((this.#taken + k) & this.#mask) << 1)] = this.#u32[from];
    }
    this.#taken = (this.#taken + n) | 0;
    Atomics.store(this.#u32, this.#tx.consumer, this.#taken);
    Atomics.store(this.#u32, this.#completion.producer, this.#taken);
  }
}

/** Puts frames into the chunks of the fill ring, in the ring's order. */
export class XdpKernelRx {
  readonly #u32: Uint32Array;
  readonly #mask: number;
  readonly #umem: number;
  readonly #rx: ReturnType<typeof indicesOf>;
  readonly #fill: ReturnType<typeof indicesOf>;
  readonly #lengths = new Uint32Array(burstFrames);
  #filled = 0;

  constructor(memory: RingMemory, layout: XdpRingLayout) {
    this.#u32 = memory.u32;
    this.#mask = layout.size - 1;
    this.#umem = layout.umem;
    this.#rx = indicesOf(layout.descriptors);
    this.#fill = indicesOf(layout.addresses);
  }

  reclaim(): number {
    return (Atomics.load(this.#u32, this.#fill.producer) - this.#filled) | 0;
  }

  place(k: number, bytes: number): number {
    if (k >= burstFrames || k >= this.reclaim()) return 0;
    this.#lengths[k] = bytes;
    return this.#umem + this.#u32[this.#fill.entries + (((this.#filled + k) & this.#mask) << 1)];
  }

  publish(n: number): void {
    for (let k = 0; k < n; k++) {
      const at = this.#rx.entries + (((this.#filled + k) & this.#mask) << 2);
      this.#u32[at] = this.#u32[this.#fill.entries + (((this.#filled + k) & this.#mask) << 1)];
      this.#u32[at + 2] = this.#lengths[k];
    }
    this.#filled = (this.#filled + n) | 0;
    Atomics.store(this.#u32, this.#fill.consumer, this.#filled);
    Atomics.store(this.#u32, this.#rx.producer, this.#filled);
  }
}
