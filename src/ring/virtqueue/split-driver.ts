/**
 * Driver side of split virtqueues (virtio 1.2 §2.7): our memory, our buffers. Every frame is one descriptor, and
 * descriptor i always points to buffer i. So the table is written once, when the ring is initialised.
 *
 *   free-running 16-bit counters:   used ≤ polled/reclaimed … next (= avail.idx)
 *   FIFO of free (tx) or held (rx) ids: entry c & mask; a buffer leaves the FIFO at `next` and enters it at `used`.
 */
import type { RingMemory } from "../../memory.js";
import { burstFrames, type DriverRingLayout, RingFault, type RxRing, type TxRing } from "../ring.js";
import { HeldFrames } from "./held-frames.js";
import { longestFrameBytes, NO_NOTIFY } from "./virtqueue.js";

/** Marks buffers that the device owns. */
const deviceOwns = 1;

const distance = (from: number, to: number): number => (to - from) & 0xffff;

/** Indices of a split ring's fields in the 16- and 32-bit views. */
function splitIndices(layout: DriverRingLayout): {
  descriptors32: number;
  availIdx16: number;
  availRing16: number;
  usedFlags16: number;
  usedIdx16: number;
  usedRing32: number;
} {
  return {
    descriptors32: layout.descriptors >>> 2,
    availIdx16: (layout.driverArea >>> 1) + 1,
    availRing16: (layout.driverArea >>> 1) + 2,
    usedFlags16: layout.deviceArea >>> 1,
    usedIdx16: (layout.deviceArea >>> 1) + 1,
    usedRing32: (layout.deviceArea >>> 2) + 1,
  };
}

/**
 * The buffers that the device owns when a ring is taken over in use: those between `from` and `to` in the avail ring.
 * (Exact for devices that use buffers in the order given, as every network device we know does.)
 */
function ownedIds(u16: Uint16Array, availRing16: number, size: number, from: number, to: number): Uint8Array {
  const owned = new Uint8Array(size);
  const count = distance(from, to);
  if (count > size) throw new RingFault("used.idx", `${from} with avail.idx ${to} in a ring of ${size}`);
  for (let c = 0; c < count; c++) {
    const id = u16[availRing16 + ((from + c) & (size - 1))];
    if (id >= size || owned[id] === deviceOwns) throw new RingFault("avail.ring", `buffer ${id} cannot be outstanding`);
    owned[id] = deviceOwns;
  }
  return owned;
}

/** transmitq of a split driver. */
export class SplitDriverTx implements TxRing {
  readonly slots: number;
  readonly maxFrameBytes: number;
  readonly #u16: Uint16Array;
  readonly #u32: Uint32Array;
  readonly #descriptors32: number;
  readonly #availIdx16: number;
  readonly #availRing16: number;
  readonly #usedFlags16: number;
  readonly #usedIdx16: number;
  readonly #usedRing32: number;
  readonly #mask: number;
  readonly #inOrder: boolean;
  readonly #headerBytes: number;
  readonly #firstFrame: number;
  readonly #stride: number;
  readonly #free: Uint16Array;
  readonly #owned: Uint8Array;
  /** What descriptor i's length is at present, without header. */
  readonly #descriptorBytes: Uint32Array;
  #next: number;
  #used: number;
  #room: number;

  constructor(memory: RingMemory, layout: DriverRingLayout) {
    const at = splitIndices(layout);
    this.slots = layout.size;
    this.#headerBytes = layout.headerBytes;
    this.maxFrameBytes = Math.min(layout.bufferBytes - layout.headerBytes, longestFrameBytes);
    this.#u16 = memory.u16;
    this.#u32 = memory.u32;
    this.#descriptors32 = at.descriptors32;
    this.#availIdx16 = at.availIdx16;
    this.#availRing16 = at.availRing16;
    this.#usedFlags16 = at.usedFlags16;
    this.#usedIdx16 = at.usedIdx16;
    this.#usedRing32 = at.usedRing32;
    this.#mask = layout.size - 1;
    this.#inOrder = layout.inOrder;
    this.#firstFrame = layout.buffers + layout.headerBytes;
    this.#stride = layout.bufferStride;
    this.#next = Atomics.load(this.#u16, at.availIdx16);
    this.#used = Atomics.load(this.#u16, at.usedIdx16);
    this.#owned = ownedIds(this.#u16, at.availRing16, this.slots, this.#used, this.#next);
    this.#room = this.slots - distance(this.#used, this.#next);
    // In order, entry and id always stay the same. Otherwise the free ids queue up from `next` on.
    this.#free = Uint16Array.from({ length: this.slots }, (_, id) => id);
    let free = this.#next;
    for (let c = 0; c < this.slots; c++) {
      const id = (this.#next + c) & this.#mask;
      if (this.#owned[id] !== deviceOwns) this.#free[free++ & this.#mask] = id;
    }
    this.#descriptorBytes = Uint32Array.from({ length: this.slots }, () => 0xffff_ffff);
  }

  reclaim(): number {
    const idx = Atomics.load(this.#u16, this.#usedIdx16);
    const count = (idx - this.#used) & 0xffff;
    if (count > 0) {
      if (count > this.slots - this.#room) {
        throw new RingFault(
          "used.idx",
          `${idx} after ${this.#used} with ${this.slots - this.#room} buffers outstanding`,
        );
      }
      // §2.7.9: in order, used.idx alone tells; the device need not write the entries of a batch.
      if (!this.#inOrder) this.#collect(count);
      this.#used = idx;
      this.#room += count;
    }
    return Math.min(this.#room, burstFrames);
  }

  #collect(count: number): void {
    const u32 = this.#u32;
    const owned = this.#owned;
    const free = this.#free;
    const mask = this.#mask;
    const ring = this.#usedRing32;
    const used = this.#used;
    for (let c = 0; c < count; c++) {
      const entry = (used + c) & mask;
      const id = u32[ring + (entry << 1)];
      if (id > mask || owned[id] !== deviceOwns)
        throw new RingFault("used.id", `${id} is not a buffer the device owns`);
      owned[id] = 0;
      free[entry] = id;
    }
  }

  place(k: number, bytes: number): number {
    if (bytes > this.maxFrameBytes) return -1;
    if (k >= this.#room || k >= burstFrames) return 0;
    const id = this.#free[(this.#next + k) & this.#mask];
    if (this.#descriptorBytes[id] !== bytes) {
      this.#descriptorBytes[id] = bytes;
      this.#u32[this.#descriptors32 + (id << 2) + 2] = bytes + this.#headerBytes;
    }
    return this.#firstFrame + id * this.#stride;
  }

  placeMany(n: number, bytes: number, offsets: Uint32Array, slots: Int32Array): number {
    if (bytes > this.maxFrameBytes) return -1;
    const count = Math.min(n, this.#room, burstFrames);
    const firstFrame = this.#firstFrame;
    const stride = this.#stride;
    const mask = this.#mask;
    const next = this.#next;
    for (let k = 0; k < count; k++) {
      const id = this.#free[(next + k) & mask];
      if (this.#descriptorBytes[id] !== bytes) this.place(k, bytes);
      offsets[k] = firstFrame + id * stride;
      slots[k] = id;
    }
    return count;
  }

  slotOf(k: number): number {
    return this.#free[(this.#next + k) & this.#mask];
  }

  publish(n: number): void {
    if (n <= 0) return;
    if (n > this.#room) throw new RangeError(`published ${n} frames with room for ${this.#room}`);
    // In order, buffer ids are positions and the avail ring never changes.
    if (!this.#inOrder) this.#offer(n);
    this.#room -= n;
    this.#next = (this.#next + n) & 0xffff;
    Atomics.store(this.#u16, this.#availIdx16, this.#next);
  }

  #offer(n: number): void {
    const u16 = this.#u16;
    const owned = this.#owned;
    const free = this.#free;
    const mask = this.#mask;
    const ring = this.#availRing16;
    const next = this.#next;
    for (let k = 0; k < n; k++) {
      const entry = (next + k) & mask;
      const id = free[entry];
      owned[id] = deviceOwns;
      // A right entry is not written again: so the device keeps its copy of the cache line.
      if (u16[ring + entry] !== id) u16[ring + entry] = id;
    }
  }

  outstanding(): number {
    return this.slots - this.#room;
  }

  notifyWanted(): boolean {
    return (Atomics.load(this.#u16, this.#usedFlags16) & NO_NOTIFY) === 0;
  }

  position(): number {
    return this.#next;
  }
}

/** receiveq of a split driver: all buffers are with the device, but those polled and not yet released. */
export class SplitDriverRx implements RxRing {
  readonly slots: number;
  readonly offsets: Uint32Array;
  readonly lengths: Uint32Array;
  readonly #u16: Uint16Array;
  readonly #u32: Uint32Array;
  readonly #availIdx16: number;
  readonly #availRing16: number;
  readonly #usedFlags16: number;
  readonly #usedIdx16: number;
  readonly #usedRing32: number;
  readonly #mask: number;
  readonly #inOrder: boolean;
  readonly #mergeable: boolean;
  readonly #headerBytes: number;
  readonly #buffers: number;
  readonly #stride: number;
  readonly #bufferBytes: number;
  readonly #heldIds: Uint16Array;
  readonly #owned: Uint8Array;
  readonly #held: HeldFrames;
  /** The next used entry to poll, the next avail entry to fill. */
  #used: number;
  #next: number;

  constructor(memory: RingMemory, layout: DriverRingLayout) {
    const at = splitIndices(layout);
    this.slots = layout.size;
    this.#held = new HeldFrames(memory, layout);
    this.offsets = this.#held.offsets;
    this.lengths = this.#held.lengths;
    this.#u16 = memory.u16;
    this.#u32 = memory.u32;
    this.#availIdx16 = at.availIdx16;
    this.#availRing16 = at.availRing16;
    this.#usedFlags16 = at.usedFlags16;
    this.#usedIdx16 = at.usedIdx16;
    this.#usedRing32 = at.usedRing32;
    this.#mask = layout.size - 1;
    this.#inOrder = layout.inOrder;
    this.#mergeable = layout.mergeable;
    this.#headerBytes = layout.headerBytes;
    this.#buffers = layout.buffers;
    this.#stride = layout.bufferStride;
    this.#bufferBytes = layout.bufferBytes;
    // Everything that was not given back is still to be polled, by the ring's present user.
    this.#next = Atomics.load(this.#u16, at.availIdx16);
    this.#used = (this.#next - this.slots) & 0xffff;
    this.#owned = new Uint8Array(this.slots).fill(deviceOwns);
    this.#heldIds = new Uint16Array(this.slots);
  }

  poll(max: number): number {
    if (this.#held.frames > 0) return 0;
    const idx = Atomics.load(this.#u16, this.#usedIdx16);
    const ready = (idx - this.#used) & 0xffff;
    if (ready === 0) return 0;
    if (ready > this.slots) throw new RingFault("used.idx", `${idx} after ${this.#used} in a ring of ${this.slots}`);
    const limit = Math.min(max, burstFrames);
    if (this.#mergeable) return this.#pollMergeable(limit, ready);
    const u32 = this.#u32;
    const { offsets, lengths } = this;
    const headerBytes = this.#headerBytes;
    const firstFrame = this.#buffers + headerBytes;
    const stride = this.#stride;
    const frames = Math.min(ready, limit);
    const used = this.#used;
    for (let k = 0; k < frames; k++) {
      const entry = (used + k) & this.#mask;
      const at = this.#usedRing32 + (entry << 1);
      const id = u32[at];
      const bytes = u32[at + 1];
      this.#take(entry, id, bytes, headerBytes);
      offsets[k] = firstFrame + id * stride;
      lengths[k] = bytes - headerBytes;
    }
    this.#used = (used + frames) & 0xffff;
    this.#held.keepSingles(frames);
    return frames;
  }

  /** One used element, checked; the buffer is ours until it is released. */
  #take(entry: number, id: number, bytes: number, leastBytes: number): void {
    if (this.#inOrder ? id !== entry : id > this.#mask || this.#owned[id] !== deviceOwns) {
      throw new RingFault("used.id", `${id} in entry ${entry} is not a buffer the device owns`);
    }
    if (bytes < leastBytes || bytes > this.#bufferBytes) {
      throw new RingFault("used.len", `${bytes} bytes in a buffer of ${this.#bufferBytes}`);
    }
    this.#owned[id] = 0;
    this.#heldIds[entry] = id;
  }

  #pollMergeable(limit: number, ready: number): number {
    const u32 = this.#u32;
    const held = this.#held;
    const mask = this.#mask;
    let left = ready;
    while (held.frames < limit && left > 0) {
      const first = this.#used & mask;
      const id = u32[this.#usedRing32 + (first << 1)];
      if (id > mask) throw new RingFault("used.id", `${id} in a ring of ${this.slots}`);
      const pieces = held.buffersOfFrame(this.#buffers + id * this.#stride);
      if (pieces > left || !held.begin(pieces)) break;
      for (let piece = 0; piece < pieces; piece++) {
        const entry = (this.#used + piece) & mask;
        const at = this.#usedRing32 + (entry << 1);
        const bytes = u32[at + 1];
        const pieceId = u32[at];
        this.#take(entry, pieceId, bytes, piece === 0 ? this.#headerBytes : 0);
        held.piece(this.#buffers + pieceId * this.#stride, bytes);
      }
      held.end();
      left -= pieces;
      this.#used = (this.#used + pieces) & 0xffff;
    }
    return held.frames;
  }

  release(n: number): void {
    const buffers = this.#held.release(n);
    if (buffers > 0) this.#repost(buffers);
  }

  #repost(count: number): void {
    const u16 = this.#u16;
    const owned = this.#owned;
    const mask = this.#mask;
    const ring = this.#availRing16;
    const next = this.#next;
    for (let c = 0; c < count; c++) {
      const entry = (next + c) & mask;
      const id = this.#heldIds[entry];
      owned[id] = deviceOwns;
      if (u16[ring + entry] !== id) u16[ring + entry] = id;
    }
    this.#next = (next + count) & 0xffff;
    Atomics.store(u16, this.#availIdx16, this.#next);
  }

  pending(): number {
    const ready = Math.min((Atomics.load(this.#u16, this.#usedIdx16) - this.#used) & 0xffff, this.slots);
    if (!this.#mergeable) return ready;
    let frames = 0;
    for (let c = 0; c < ready; frames++) {
      const id = this.#u32[this.#usedRing32 + (((this.#used + c) & this.#mask) << 1)];
      if (id > this.#mask) return frames;
      c += this.#held.buffersOfFrame(this.#buffers + id * this.#stride);
      if (c > ready) return frames;
    }
    return frames;
  }

  notifyWanted(): boolean {
    return (Atomics.load(this.#u16, this.#usedFlags16) & NO_NOTIFY) === 0;
  }

  wishSignals(areWished: boolean): void {
    Atomics.store(this.#u16, this.#availIdx16 - 1, areWished ? 0 : NO_NOTIFY);
  }

  position(): number {
    return (this.#next - this.slots) & 0xffff;
  }
}
