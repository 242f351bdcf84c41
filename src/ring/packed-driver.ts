/**
 * Driver side of packed virtqueues (virtio 1.2 §2.8): our memory, our buffers, one descriptor a frame.
 *
 *   one ring of { le64 addr; le32 len; le16 id; le16 flags }, written by both sides in turn, each with an index and
 *   a wrap counter. With AVAIL = wrap and USED ≠ wrap it is the device's, with both = wrap it has been used (§2.8.1).
 *
 * FIFO of free (tx) or held (rx) ids: entry = ring position; a buffer leaves it at `next` and enters it at `used`,
 * where each used descriptor takes the place of one that was made available.
 */
import { HeldFrames } from "./held-frames.js";
import type { RingMemory } from "./memory.js";
import {
  availableFlags,
  BufferAddresses,
  NO_BUFFER,
  OWNED,
  outstandingBehind,
  usedFlags,
} from "./packed-descriptors.js";
import type { DriverRingLayout, RxRing, TxRing } from "./ring.js";
import { RingFault } from "./ring.js";
import {
  BURST_FRAMES,
  DESC_AVAIL,
  DESC_OWNERS,
  DESC_WRITE,
  EVENT_DISABLE,
  MAX_FRAME_BYTES,
  WRAP_BIT,
} from "./virtqueue.js";

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
  /** Whose address the descriptor at a position holds. */
  readonly #addressed: Uint16Array;
  /** Lengths of the burst under construction: all the first one's, or, if they are mixed, each its own. */
  readonly #lengths = new Uint32Array(BURST_FRAMES);
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
    this.maxFrameBytes = Math.min(layout.bufferBytes - layout.headerBytes, MAX_FRAME_BYTES);
    this.#u16 = memory.u16;
    this.#u32 = memory.u32;
    this.#descriptors16 = layout.descriptors >>> 1;
    this.#descriptors32 = layout.descriptors >>> 2;
    this.#deviceFlags16 = (layout.deviceArea >>> 1) + 1;
    this.#inOrder = layout.inOrder;
    this.#firstFrame = layout.buffers + layout.headerBytes;
    this.#stride = layout.bufferStride;
    this.#addresses = new BufferAddresses(layout);
    this.#next = layout.start & (WRAP_BIT - 1);
    this.#wrap = layout.start >>> 15;
    const behind = outstandingBehind(memory.u16, layout);
    this.#used = behind.used;
    this.#usedWrap = behind.usedWrap;
    this.#owned = behind.owned;
    this.#room = size - behind.count;
    this.#addressed = new Uint16Array(size).fill(NO_BUFFER);
    // In order, position and id are the same and stay so; else the free ones queue up from `next` on.
    this.#free = Uint16Array.from({ length: size }, (_, id) => id);
    let free = this.#next;
    for (let c = 0; c < size; c++) {
      const id = (this.#next + c) % size;
      if (this.#owned[id] !== OWNED) this.#free[free++ % size] = id;
    }
  }

  reclaim(): number {
    if (this.#inOrder) this.#skipBatches();
    else this.#collect();
    return Math.min(this.#room, BURST_FRAMES);
  }

  /** In order, one used descriptor may stand for a batch: it carries the id, here the position, of the last (§2.8.4). */
  #skipBatches(): void {
    const u16 = this.#u16;
    const size = this.slots;
    let used = this.#used;
    let wanted = usedFlags(this.#usedWrap);
    let room = this.#room;
    let flags = Atomics.load(u16, this.#descriptors16 + (used << 3) + 7);
    while (room < size) {
      // Nonzero: not used. Zero, it is added to the index: see DESC_OWNERS.
      const differs = (flags & DESC_OWNERS) ^ wanted;
      if (differs !== 0) break;
      const last = u16[this.#descriptors16 + (used << 3) + 6 + differs];
      let count = last - used + 1;
      if (count <= 0) count += size;
      if (last >= size || count > size - room) throw new RingFault("used.id", `${last} at ${used} was not outstanding`);
      room += count;
      used += count;
      if (used >= size) {
        used -= size;
        wanted ^= DESC_OWNERS;
      }
      flags = u16[this.#descriptors16 + (used << 3) + 7];
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
      const differs = (flags & DESC_OWNERS) ^ wanted;
      if (differs !== 0) break;
      const id = u16[this.#descriptors16 + (used << 3) + 6 + differs];
      if (id >= size || owned[id] !== OWNED) throw new RingFault("used.id", `${id} is not a buffer the device owns`);
      owned[id] = 0;
      free[used] = id;
      room++;
      if (++used === size) {
        used = 0;
        wanted ^= DESC_OWNERS;
      }
      flags = u16[this.#descriptors16 + (used << 3) + 7];
    }
    this.#used = used;
    this.#usedWrap = wanted === 0 ? 0 : 1;
    this.#room = room;
  }

  place(k: number, bytes: number): number {
    if (bytes > this.maxFrameBytes) return -1;
    if (k >= this.#room || k >= BURST_FRAMES) return 0;
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
        flags ^= DESC_OWNERS;
      }
      const at = descriptors32 + (position << 2);
      u32[at + 2] = mixed ? headerBytes + lengths[k] : sameBytes;
      u32[at + 3] = (inOrder ? position : free[position]) | (flags << 16);
    }
    if (position === size) {
      position = 0;
      flags ^= DESC_OWNERS;
    }
    // The head's flags come last: whoever sees them sees the whole burst (§2.8.21.1).
    u32[descriptors32 + (head << 2) + 2] = mixed ? headerBytes + lengths[0] : sameBytes;
    this.#u16[this.#descriptors16 + (head << 3) + 6] = free[head];
    Atomics.store(this.#u16, this.#descriptors16 + (head << 3) + 7, headFlags);
    this.#next = position;
    this.#wrap = flags === DESC_AVAIL ? 1 : 0;
    this.#room -= n;
  }

  /** Out of order, buffers change places: addresses are written where they do, and owners noted. */
  #offer(n: number): void {
    const u32 = this.#u32;
    const addressed = this.#addressed;
    const size = this.slots;
    let position = this.#next;
    for (let k = 0; k < n; k++) {
      const id = this.#free[position];
      this.#owned[id] = OWNED;
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
   * In order it also marks what a batch skipped as used, in descriptors that are ours: so that whoever takes the ring
   * over at this position finds what the device still owns.
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

/** receiveq of a packed driver: all buffers are with the device, but those polled and not yet released. */
export class PackedDriverRx implements RxRing {
  readonly slots: number;
  readonly offsets: Uint32Array;
  readonly lengths: Uint32Array;
  readonly #u16: Uint16Array;
  readonly #u32: Uint32Array;
  readonly #descriptors16: number;
  readonly #descriptors32: number;
  readonly #deviceFlags16: number;
  readonly #inOrder: boolean;
  readonly #mergeable: boolean;
  readonly #headerBytes: number;
  readonly #buffers: number;
  readonly #stride: number;
  readonly #bufferBytes: number;
  readonly #addresses: BufferAddresses;
  readonly #addressed: Uint16Array;
  readonly #heldIds: Uint16Array;
  readonly #owned: Uint8Array;
  readonly #held: HeldFrames;
  /** The next descriptor to poll, and the next to give back: equal, a lap apart, when nothing is held. */
  #used: number;
  #usedWrap: number;
  #next: number;
  #wrap: number;

  constructor(memory: RingMemory, layout: DriverRingLayout) {
    const { size } = layout;
    this.slots = size;
    this.#held = new HeldFrames(memory, layout);
    this.offsets = this.#held.offsets;
    this.lengths = this.#held.lengths;
    this.#u16 = memory.u16;
    this.#u32 = memory.u32;
    this.#descriptors16 = layout.descriptors >>> 1;
    this.#descriptors32 = layout.descriptors >>> 2;
    this.#deviceFlags16 = (layout.deviceArea >>> 1) + 1;
    this.#inOrder = layout.inOrder;
    this.#mergeable = layout.mergeable;
    this.#headerBytes = layout.headerBytes;
    this.#buffers = layout.buffers;
    this.#stride = layout.bufferStride;
    this.#bufferBytes = layout.bufferBytes;
    this.#addresses = new BufferAddresses(layout);
    this.#addressed = new Uint16Array(size).fill(NO_BUFFER);
    this.#heldIds = new Uint16Array(size);
    this.#owned = new Uint8Array(size).fill(OWNED);
    this.#used = layout.start & (WRAP_BIT - 1);
    this.#usedWrap = layout.start >>> 15;
    this.#next = this.#used;
    this.#wrap = this.#usedWrap ^ 1;
  }

  poll(max: number): number {
    if (this.#held.frames > 0) return 0;
    const limit = Math.min(max, BURST_FRAMES);
    if (this.#mergeable) return this.#pollMergeable(limit);
    const u16 = this.#u16;
    const u32 = this.#u32;
    const { offsets, lengths } = this;
    const headerBytes = this.#headerBytes;
    const firstFrame = this.#buffers + headerBytes;
    const stride = this.#stride;
    const size = this.slots;
    const most = Math.min(limit, size);
    let used = this.#used;
    let wanted = usedFlags(this.#usedWrap);
    let frames = 0;
    let flags = Atomics.load(u16, this.#descriptors16 + (used << 3) + 7);
    while (frames < most) {
      const differs = (flags & DESC_OWNERS) ^ wanted;
      if (differs !== 0) break;
      const at = this.#descriptors16 + (used << 3) + differs;
      const id = u16[at + 6];
      const bytes = u32[(at + 4) >>> 1];
      this.#take(used, id, bytes, headerBytes);
      offsets[frames] = firstFrame + id * stride;
      lengths[frames] = bytes - headerBytes;
      frames++;
      if (++used === size) {
        used = 0;
        wanted ^= DESC_OWNERS;
      }
      flags = u16[this.#descriptors16 + (used << 3) + 7];
    }
    this.#used = used;
    this.#usedWrap = wanted === 0 ? 0 : 1;
    this.#held.keepSingles(frames);
    return frames;
  }

  /** One used descriptor, checked; the buffer is ours until it is released. */
  #take(position: number, id: number, bytes: number, leastBytes: number): void {
    if (this.#inOrder ? id !== position : id >= this.slots || this.#owned[id] !== OWNED) {
      throw new RingFault("used.id", `${id} at ${position} is not a buffer the device owns`);
    }
    if (bytes < leastBytes || bytes > this.#bufferBytes) {
      throw new RingFault("used.len", `${bytes} bytes in a buffer of ${this.#bufferBytes}`);
    }
    this.#owned[id] = 0;
    this.#heldIds[position] = id;
  }

  #pollMergeable(limit: number): number {
    const held = this.#held;
    const size = this.slots;
    let left = size;
    while (held.frames < limit && left > 0 && this.#isUsed(0)) {
      const first = this.#u16[this.#descriptors16 + (this.#used << 3) + 6];
      if (first >= size) throw new RingFault("used.id", `${first} in a ring of ${size}`);
      const pieces = held.buffersOfFrame(this.#buffers + first * this.#stride);
      if (pieces > left || !this.#isUsed(pieces - 1) || !held.begin(pieces)) break;
      for (let piece = 0; piece < pieces; piece++) {
        const at = this.#descriptors16 + (this.#used << 3);
        const id = this.#u16[at + 6];
        const bytes = this.#u32[(at + 4) >>> 1];
        this.#take(this.#used, id, bytes, piece === 0 ? this.#headerBytes : 0);
        held.piece(this.#buffers + id * this.#stride, bytes);
        if (++this.#used === size) {
          this.#used = 0;
          this.#usedWrap ^= 1;
        }
      }
      held.end();
      left -= pieces;
    }
    return held.frames;
  }

  /** Has the device used the descriptor `ahead` places after the next one to poll? */
  #isUsed(ahead: number): boolean {
    let position = this.#used + ahead;
    let wrap = this.#usedWrap;
    if (position >= this.slots) {
      position -= this.slots;
      wrap ^= 1;
    }
    return (Atomics.load(this.#u16, this.#descriptors16 + (position << 3) + 7) & DESC_OWNERS) === usedFlags(wrap);
  }

  release(n: number): void {
    const buffers = this.#held.release(n);
    if (buffers > 0) this.#repost(buffers);
  }

  #repost(count: number): void {
    const u16 = this.#u16;
    const u32 = this.#u32;
    const ids = this.#heldIds;
    const size = this.slots;
    const bufferBytes = this.#bufferBytes;
    const head = this.#next;
    const headFlags = DESC_WRITE | availableFlags(this.#wrap);
    let position = head;
    let flags = headFlags;
    for (let c = 0; c < count; c++) {
      const at = this.#descriptors32 + (position << 2);
      const id = ids[position];
      this.#owned[id] = OWNED;
      if (this.#addressed[position] !== id) {
        this.#addressed[position] = id;
        u32[at] = this.#addresses.low[id];
        u32[at + 1] = this.#addresses.high[id];
      }
      u32[at + 2] = bufferBytes;
      if (c > 0) u32[at + 3] = id | (flags << 16);
      if (++position === size) {
        position = 0;
        flags ^= DESC_OWNERS;
      }
    }
    // The oldest one's flags come last: one store gives the whole batch back.
    u16[this.#descriptors16 + (head << 3) + 6] = ids[head];
    Atomics.store(u16, this.#descriptors16 + (head << 3) + 7, headFlags);
    this.#next = position;
    this.#wrap = (flags & DESC_AVAIL) !== 0 ? 1 : 0;
  }

  pending(): number {
    let frames = 0;
    for (let ahead = 0; ahead < this.slots && this.#isUsed(ahead); frames++) {
      if (!this.#mergeable) {
        ahead++;
        continue;
      }
      const position = (this.#used + ahead) % this.slots;
      const id = this.#u16[this.#descriptors16 + (position << 3) + 6];
      if (id >= this.slots) return frames;
      ahead += this.#held.buffersOfFrame(this.#buffers + id * this.#stride);
      if (ahead > this.slots || !this.#isUsed(ahead - 1)) return frames;
    }
    return frames;
  }

  notifyWanted(): boolean {
    return (Atomics.load(this.#u16, this.#deviceFlags16) & 3) !== EVENT_DISABLE;
  }

  position(): number {
    return this.#next | ((this.#wrap ^ 1) << 15);
  }
}
