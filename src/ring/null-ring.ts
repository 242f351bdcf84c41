/** Rings without another side: what is sent is taken at once and counted, and nothing ever arrives. */
import { placeEach } from "./place-each.js";
import { burstFrames, type NullRingLayout, type RxRing, type TxRing } from "./ring.js";

export class NullTx implements TxRing {
  readonly slots: number;
  readonly maxFrameBytes: number;
  /** Frames and bytes (without FCS) taken. */
  frames = 0;
  bytes = 0;
  readonly #buffers: number;
  readonly #stride: number;
  readonly #lengths = new Uint32Array(burstFrames);
  #next = 0;

  constructor(layout: NullRingLayout) {
    this.slots = layout.size;
    this.maxFrameBytes = layout.bufferBytes;
    this.#buffers = layout.buffers;
    this.#stride = layout.bufferStride;
  }

  reclaim(): number {
    return Math.min(this.slots, burstFrames);
  }

  place(k: number, bytes: number): number {
    if (bytes > this.maxFrameBytes) return -1;
    if (k >= this.slots || k >= burstFrames) return 0;
    this.#lengths[k] = bytes;
    return this.#buffers + this.slotOf(k) * this.#stride;
  }

  placeMany(n: number, bytes: number, offsets: Uint32Array, slots: Int32Array): number {
    return placeEach(this, n, bytes, offsets, slots);
  }

  slotOf(k: number): number {
    const slot = this.#next + k;
    return slot < this.slots ? slot : slot - this.slots;
  }

  publish(n: number): void {
    let bytes = 0;
    for (let k = 0; k < n; k++) bytes += this.#lengths[k];
    this.bytes += bytes;
    this.frames += n;
    this.#next = this.slotOf(n);
  }

  outstanding(): number {
    return 0;
  }

  notifyWanted(): boolean {
    return false;
  }

  position(): number {
    return 0;
  }
}

export class NullRx implements RxRing {
  readonly slots: number;
  readonly offsets = new Uint32Array(burstFrames);
  readonly lengths = new Uint32Array(burstFrames);

  constructor(layout: NullRingLayout) {
    this.slots = layout.size;
  }

  poll(_max: number): number {
    return 0;
  }

  release(_n: number): void {}

  pending(): number {
    return 0;
  }

  notifyWanted(): boolean {
    return false;
  }

  position(): number {
    return 0;
  }
}
