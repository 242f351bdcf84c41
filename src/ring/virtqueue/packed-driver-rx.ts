/**
 * Driver side of packed virtqueues, receiveq: the ring of packed-driver-tx.ts, with buffers for the device to fill.
 * FIFO of held ids: entry = ring position; a buffer enters it at `used` and leaves it at `next`.
 */
import type { RingMemory } from "../../memory.js";
import { burstFrames, type DriverRingLayout, RingFault, type RxRing } from "../ring.js";
import { HeldFrames } from "./held-frames.js";
import { availableFlags, BufferAddresses, deviceOwns, noBuffer, usedFlags } from "./packed-descriptors.js";
import {
  DESC_AVAIL,
  DESC_WRITE,
  EVENT_DISABLE,
  EVENT_ENABLE,
  loadsStayInOrder,
  ownerFlags,
  wrapBit,
} from "./virtqueue.js";

/** Node 20 folds a module's own constants into hot code, but loads imported ones from memory each time. */
const owners = ownerFlags;
const plainLoads = loadsStayInOrder;

/** receiveq of a packed driver: all buffers are with the device, but those polled and not yet released. */
export class PackedDriverRx implements RxRing {
  readonly slots: number;
  readonly offsets: Uint32Array;
  readonly lengths: Uint32Array;
  readonly #u16: Uint16Array;
  readonly #u32: Uint32Array;
  readonly #descriptors16: number;
  readonly #descriptors32: number;
  readonly #driverFlags16: number;
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
    this.#driverFlags16 = (layout.driverArea >>> 1) + 1;
    this.#deviceFlags16 = (layout.deviceArea >>> 1) + 1;
    this.#inOrder = layout.inOrder;
    this.#mergeable = layout.mergeable;
    this.#headerBytes = layout.headerBytes;
    this.#buffers = layout.buffers;
    this.#stride = layout.bufferStride;
    this.#bufferBytes = layout.bufferBytes;
    this.#addresses = new BufferAddresses(layout);
    this.#addressed = new Uint16Array(size).fill(noBuffer);
    this.#heldIds = new Uint16Array(size);
    this.#owned = new Uint8Array(size).fill(deviceOwns);
    this.#used = layout.start & (wrapBit - 1);
    this.#usedWrap = layout.start >>> 15;
    this.#next = this.#used;
    this.#wrap = this.#usedWrap ^ 1;
  }

  poll(max: number): number {
    if (this.#held.frames > 0) return 0;
    const limit = Math.min(max, burstFrames);
    if (this.#mergeable) return this.#pollMergeable(limit);
    if (this.#inOrder) return this.#pollInOrder(limit);
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
      if ((flags & ownerFlags) !== wanted) break;
      const at = this.#descriptors16 + (used << 3);
      const id = u16[at + 6];
      const bytes = u32[(at + 4) >>> 1];
      this.#take(used, id, bytes, headerBytes);
      offsets[frames] = firstFrame + id * stride;
      lengths[frames] = bytes - headerBytes;
      frames++;
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
    this.#held.keepSingles(frames);
    return frames;
  }

  /** In order, a buffer's id is its position, so nothing about it has to be remembered. */
  #pollInOrder(limit: number): number {
    const u16 = this.#u16;
    const u32 = this.#u32;
    const { offsets, lengths } = this;
    const descriptors16 = this.#descriptors16;
    const headerBytes = this.#headerBytes;
    const bufferBytes = this.#bufferBytes;
    const firstFrame = this.#buffers + headerBytes;
    const stride = this.#stride;
    const size = this.slots;
    const most = Math.min(limit, size);
    let used = this.#used;
    let wanted = usedFlags(this.#usedWrap);
    let frames = 0;
    let flags = Atomics.load(u16, descriptors16 + (used << 3) + 7);
    while (frames < most) {
      if ((flags & owners) !== wanted) break;
      const at = descriptors16 + (used << 3);
      const bytes = u32[(at + 4) >>> 1];
      if (u16[at + 6] !== used || bytes < headerBytes || bytes > bufferBytes) this.#refuse(used, u16[at + 6], bytes);
      offsets[frames] = firstFrame + used * stride;
      lengths[frames] = bytes - headerBytes;
      frames++;
      if (++used === size) {
        used = 0;
        wanted ^= owners;
      }
      flags = plainLoads ? u16[descriptors16 + (used << 3) + 7] : Atomics.load(u16, descriptors16 + (used << 3) + 7);
    }
    this.#used = used;
    this.#usedWrap = wanted === 0 ? 0 : 1;
    this.#held.keepSingles(frames);
    return frames;
  }

  #refuse(position: number, id: number, bytes: number): never {
    if (id !== position) throw new RingFault("used.id", `${id} at ${position} is not a buffer the device owns`);
    throw new RingFault("used.len", `${bytes} bytes in a buffer of ${this.#bufferBytes}`);
  }

  /** One used descriptor, checked; the buffer is ours until it is released. */
  #take(position: number, id: number, bytes: number, leastBytes: number): void {
    if (this.#inOrder ? id !== position : id >= this.slots || this.#owned[id] !== deviceOwns) {
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
    return (Atomics.load(this.#u16, this.#descriptors16 + (position << 3) + 7) & ownerFlags) === usedFlags(wrap);
  }

  release(n: number): void {
    const buffers = this.#held.release(n);
    if (buffers === 0) return;
    if (this.#inOrder) this.#repostInOrder(buffers);
    else this.#repost(buffers);
  }

  /** As #repost, where each descriptor keeps its buffer: it writes length, id and flags again. */
  #repostInOrder(count: number): void {
    const u32 = this.#u32;
    const descriptors32 = this.#descriptors32;
    const size = this.slots;
    const bufferBytes = this.#bufferBytes;
    const head = this.#next;
    const headFlags = DESC_WRITE | availableFlags(this.#wrap);
    u32[descriptors32 + (head << 2) + 2] = bufferBytes;
    let position = head + 1;
    let flags = headFlags;
    if (position === size) {
      position = 0;
      flags ^= owners;
    }
    for (let c = 1; c < count; c++) {
      const at = descriptors32 + (position << 2);
      u32[at + 2] = bufferBytes;
      u32[at + 3] = position | (flags << 16);
      if (++position === size) {
        position = 0;
        flags ^= owners;
      }
    }
    this.#u16[this.#descriptors16 + (head << 3) + 6] = head;
    Atomics.store(this.#u16, this.#descriptors16 + (head << 3) + 7, headFlags);
    this.#next = position;
    this.#wrap = (flags & DESC_AVAIL) !== 0 ? 1 : 0;
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
      this.#owned[id] = deviceOwns;
      if (this.#addressed[position] !== id) {
        this.#addressed[position] = id;
        u32[at] = this.#addresses.low[id];
        u32[at + 1] = this.#addresses.high[id];
      }
      u32[at + 2] = bufferBytes;
      if (c > 0) u32[at + 3] = id | (flags << 16);
      if (++position === size) {
        position = 0;
        flags ^= ownerFlags;
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

  wishSignals(areWished: boolean): void {
    Atomics.store(this.#u16, this.#driverFlags16, areWished ? EVENT_ENABLE : EVENT_DISABLE);
  }

  position(): number {
    return this.#next | ((this.#wrap ^ 1) << 15);
  }
}
