/**
 * Driver side of packed virtqueues (virtio 1.2 §2.8), transmitq: our memory, our buffers, one descriptor a frame.
 *
 *   one ring of { le64 addr; le32 len; le16 id; le16 flags }, written by both sides in turn, each with an index and
 *   a wrap counter. With AVAIL = wrap and USED ≠ wrap it is the device's, with both = wrap it has been used (§2.8.1).
 *
 * FIFO of free ids: entry = ring position. A buffer leaves it at `next` and enters it at `used`, where each used
 * descriptor takes the place of one that was made available.
 */
import type { RingMemory } from "../../memory.js";
import { burstFrames, type DriverRingLayout, RingFault, type TxRing } from "../ring.js";
import {
  availableFlags,
  BufferAddresses,
  deviceOwns,
  noBuffer,
  outstandingBehind,
  usedFlags,
} from "./packed-descriptors.js";
import { DESC_AVAIL, EVENT_DISABLE, loadsStayInOrder, longestFrameBytes, ownerFlags, wrapBit } from "./virtqueue.js";

/** Node 20 folds a module's own constants into hot code, but loads imported ones from memory each time. */
const plainLoads = loadsStayInOrder;

/** transmitq of a packed driver. */
export class PackedDriverTx implements TxRing {
  readonly slots: number;
  readonly maxFrameBytes: number;
  readonly #u16: Uint16Array;
  readonly #u32: Uint32Array;
  readonly #descriptors16: number;
  readonly #descriptors32: number;
  readonly #deviceFlags16: number;
  readonly #inOrder: boolean;
  readonly #headerBytes: number;
  readonly #firstFrame: number;
  readonly #stride: number;
  readonly #addresses: BufferAddresses;
  readonly #free: Uint16Array;
  readonly #owned: Uint8Array;
  /** By position: the id of the buffer whose address the descriptor holds. */
  readonly #addressed: Uint16Array;
  /** Lengths of the burst under construction: all the first one's, or, if they are mixed, each its own. */
  readonly #lengths = new Uint32Array(burstFrames);
  #bytes = 0;
  #mixed = false;
  #next: number;
  #wrap: number;
  #used: number;
  #usedWrap: number;
  #room: number;

  constructor(memory: RingMemory, layout: DriverRingLayout) {
    const { size } = layout;
    this.slots = size;
    this.#headerBytes = layout.headerBytes;
    this.maxFrameBytes = Math.min(layout.bufferBytes - layout.headerBytes, longestFrameBytes);
    this.#u16 = memory.u16;
    this.#u32 = memory.u32;
    this.#descriptors16 = layout.descriptors >>> 1;
    this.#descriptors32 = layout.descriptors >>> 2;
    this.#deviceFlags16 = (layout.deviceArea >>> 1) + 1;
    this.#inOrder = layout.inOrder;
    this.#firstFrame = layout.buffers + layout.headerBytes;
    this.#stride = layout.bufferStride;
    this.#addresses = new BufferAddresses(layout);
    this.#next = layout.start & (wrapBit - 1);
    this.#wrap = layout.start >>> 15;
    const behind = outstandingBehind(memory.u16, layout);
    this.#used = behind.used;
    this.#usedWrap = behind.usedWrap;
    this.#owned = behind.owned;
    this.#room = size - behind.count;
    this.#addressed = new Uint16Array(size).fill(noBuffer);
    // In order, position and id always stay the same. Otherwise the free ids queue up from `next` on.
    this.#free = Uint16Array.from({ length: size }, (_, id) => id);
    let free = this.#next;
    for (let c = 0; c < size; c++) {
      const id = (this.#next + c) % size;
      if (this.#owned[id] !== deviceOwns) this.#free[free++ % size] = id;
    }
  }

  reclaim(): number {
    if (this.#inOrder) this.#skipBatches();
    else this.#collect();
    return Math.min(this.#room, burstFrames);
  }

  /**
   * In order, one used descriptor may stand for a batch: it has the id, which is the position, of the last one
   * (§2.8.4).
   */
  #skipBatches(): void {
    const u16 = this.#u16;
    const size = this.slots;
    let used = this.#used;
    let wanted = usedFlags(this.#usedWrap);
    let room = this.#room;
    let flags = Atomics.load(u16, this.#descriptors16 + (used << 3) + 7);
    while (room < size) {
      if ((flags & ownerFlags) !== wanted) break;
      const last = u16[this.#descriptors16 + (used << 3) + 6];
      let count = last - used + 1;
      if (count <= 0) count += size;
      if (last >= size || count > size - room) throw new RingFault("used.id", `${last} at ${used} was not outstanding`);
      room += count;
      used += count;
      if (used >= size) {
        used -= size;
        wanted ^= ownerFlags;
      }
      flags = plainLoads
        ? u16[this.#descriptors16 + (used << 3) + 7]
        : Atomics.load(u16, this.#descriptors16 + (used << 3) + 7);
    }
    this.#used = used;
    this.#usedWrap = wanted === 0 ? 0 : 1;
    this.#room = room;
  }

  #collect(): void {
    const u16 = this.#u16;
    const owned = this.#owned;
    const free = this.#free;
    const size = this.slots;
    let used = this.#used;
    let wanted = usedFlags(this.#usedWrap);
    let room = this.#room;
    let flags = Atomics.load(u16, this.#descriptors16 + (used << 3) + 7);
    while (room < size) {
      if ((flags & ownerFlags) !== wanted) break;
      const id = u16[this.#descriptors16 + (used << 3) + 6];
      if (id >= size || owned[id] !== deviceOwns)
        throw new RingFault("used.id", `${id} is not a buffer the device owns`);
      owned[id] = 0;
      free[used] = id;
      room++;
      if (++used === size) {
        used = 0;
        wanted ^= ownerFlags;
      }
      flags = plainLoads
        ? u16[this.#descriptors16 + (used << 3) + 7]
        : Atomics.load(u16, this.#descriptors16 + (used << 3) + 7);
    }
    this.#used = used;
    this.#usedWrap = wanted === 0 ? 0 : 1;
    this.#room = room;
  }

  place(k: number, bytes: number): number {
    if (bytes > this.maxFrameBytes) return -1;
    if (k >= this.#room || k >= burstFrames) return 0;
    if (this.#mixed || bytes !== this.#bytes) this.#noteLength(k, bytes);
    return this.#firstFrame + this.slotOf(k) * this.#stride;
  }

  #noteLength(k: number, bytes: number): void {
    if (k === 0) {
      this.#bytes = bytes;
      this.#mixed = false;
      return;
    }
    if (!this.#mixed) this.#lengths.fill(this.#bytes, 0, k);
    this.#mixed = true;
    this.#lengths[k] = bytes;
  }

  placeMany(n: number, bytes: number, offsets: Uint32Array, slots: Int32Array): number {
    if (bytes > this.maxFrameBytes) return -1;
    const count = Math.min(n, this.#room, burstFrames);
    const firstFrame = this.#firstFrame;
    const stride = this.#stride;
    const size = this.slots;
    const free = this.#free;
    let position = this.#next;
    for (let k = 0; k < count; k++) {
      const id = free[position];
      offsets[k] = firstFrame + id * stride;
      slots[k] = id;
      if (++position === size) position = 0;
    }
    this.#bytes = bytes;
    this.#mixed = false;
    return count;
  }

  slotOf(k: number): number {
    let position = this.#next + k;
    if (position >= this.slots) position -= this.slots;
    return this.#inOrder ? position : this.#free[position];
  }

  publish(n: number): void {
    if (n <= 0) return;
    if (n > this.#room) throw new RangeError(`published ${n} frames with room for ${this.#room}`);
    const u32 = this.#u32;
    const free = this.#free;
    const lengths = this.#lengths;
    const inOrder = this.#inOrder;
    const mixed = this.#mixed;
    const headerBytes = this.#headerBytes;
    const sameBytes = headerBytes + this.#bytes;
    const size = this.slots;
    const descriptors32 = this.#descriptors32;
    const head = this.#next;
    const headFlags = availableFlags(this.#wrap);
    if (!inOrder) this.#offer(n);
    let position = head + 1;
    let flags = headFlags;
    for (let k = 1; k < n; k++, position++) {
      if (position === size) {
        position = 0;
        flags ^= ownerFlags;
      }
      const at = descriptors32 + (position << 2);
      u32[at + 2] = mixed ? headerBytes + lengths[k] : sameBytes;
      u32[at + 3] = (inOrder ? position : free[position]) | (flags << 16);
    }
    if (position === size) {
      position = 0;
      flags ^= ownerFlags;
    }
    // The head's flags are written last: a reader that sees them sees the whole burst (§2.8.21.1).
    u32[descriptors32 + (head << 2) + 2] = mixed ? headerBytes + lengths[0] : sameBytes;
    this.#u16[this.#descriptors16 + (head << 3) + 6] = free[head];
    Atomics.store(this.#u16, this.#descriptors16 + (head << 3) + 7, headFlags);
    this.#next = position;
    this.#wrap = flags === DESC_AVAIL ? 1 : 0;
    this.#room -= n;
  }

  /** Out of order, buffers change places. Their addresses are then written and their owners noted. */
  #offer(n: number): void {
    const u32 = this.#u32;
    const addressed = this.#addressed;
    const size = this.slots;
    let position = this.#next;
    for (let k = 0; k < n; k++) {
      const id = this.#free[position];
      this.#owned[id] = deviceOwns;
      if (addressed[position] !== id) {
        addressed[position] = id;
        u32[this.#descriptors32 + (position << 2)] = this.#addresses.low[id];
        u32[this.#descriptors32 + (position << 2) + 1] = this.#addresses.high[id];
      }
      if (++position === size) position = 0;
    }
  }

  outstanding(): number {
    return this.slots - this.#room;
  }

  notifyWanted(): boolean {
    return (Atomics.load(this.#u16, this.#deviceFlags16) & 3) !== EVENT_DISABLE;
  }

  /**
   * In order, this also marks skipped descriptors of a batch as used; they are ours. So the next user of the ring finds
   * at this position what the device still owns.
   */
  position(): number {
    if (this.#inOrder) {
      for (let c = 0; c < this.#room; c++) {
        const beyond = this.#next + c >= this.slots;
        const position = beyond ? this.#next + c - this.slots : this.#next + c;
        const at = this.#descriptors16 + (position << 3);
        this.#u16[at + 6] = position;
        Atomics.store(this.#u16, at + 7, usedFlags(beyond ? this.#wrap : this.#wrap ^ 1));
      }
    }
    return this.#next | (this.#wrap << 15);
  }
}
