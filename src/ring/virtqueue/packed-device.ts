/**
 * Device side of packed virtqueues (virtio 1.2 §2.8): the peer's memory and buffers, which are not trusted. Buffers are
 * used in the order in which they were made available. So a used descriptor lies where its buffer's first descriptor
 * was, and the rest of a chain is skipped (§2.8.5).
 *
 * Positions are kept as index | wrap counter << 15.
 */
import type { RingMemory } from "../../memory.js";
import { burstFrames, type DeviceRingLayout, RingFault } from "../ring.js";
import { DeviceRx } from "./device-rx.js";
import { DeviceTx } from "./device-tx.js";
import type { Segments } from "./peer-memory.js";
import {
  DESC_AVAIL,
  DESC_INDIRECT,
  DESC_NEXT,
  DESC_USED,
  DESC_WRITE,
  EVENT_DISABLE,
  EVENT_ENABLE,
  loadsStayInOrder,
  ownerFlags,
  wrapBit,
} from "./virtqueue.js";

const shapeFlags = DESC_NEXT | DESC_WRITE | DESC_INDIRECT;
const indexMask = wrapBit - 1;
/** Node 20 folds a module's own constants into hot code, but loads imported ones from memory each time. */
const plainLoads = loadsStayInOrder;

/** Ownership bits of a descriptor available, and of one used, at this position. */
const availableFlags = (position: number): number => ((position & wrapBit) !== 0 ? DESC_AVAIL : DESC_USED);
const usedFlags = (position: number): number => ((position & wrapBit) !== 0 ? ownerFlags : 0);

/** A packed ring's fields in the 16- and 32-bit views, and what only reads them. */
class PackedAreas {
  readonly descriptors16: number;
  readonly descriptors32: number;
  /** The id of the chain read last: that of its last descriptor (§2.8.6). */
  chainId = 0;
  readonly #driverFlags16: number;
  readonly #deviceFlags16: number;
  readonly #size: number;
  readonly #u16: Uint16Array;
  readonly #u32: Uint32Array;

  constructor(memory: RingMemory, layout: DeviceRingLayout) {
    this.#size = layout.size;
    this.#u16 = memory.u16;
    this.#u32 = memory.u32;
    this.descriptors16 = layout.descriptors >>> 1;
    this.descriptors32 = layout.descriptors >>> 2;
    this.#driverFlags16 = (layout.driverArea >>> 1) + 1;
    this.#deviceFlags16 = (layout.deviceArea >>> 1) + 1;
    this.wishSignals(false);
  }

  /** Whoever polls needs no kick of the driver (§2.8.14). */
  wishSignals(areWished: boolean): void {
    Atomics.store(this.#u16, this.#deviceFlags16, areWished ? EVENT_ENABLE : EVENT_DISABLE);
  }

  notifyWanted(): boolean {
    return (Atomics.load(this.#u16, this.#driverFlags16) & 3) !== EVENT_DISABLE;
  }

  /** The position `count` ≤ size descriptors after this one. */
  after(position: number, count: number): number {
    const index = (position & indexMask) + count;
    return index < this.#size ? position + count : ((position & wrapBit) ^ wrapBit) | (index - this.#size);
  }

  /** Flags of the descriptor at this position if the driver has made it available; else −1. */
  availableAt(position: number): number {
    const flags = Atomics.load(this.#u16, this.descriptors16 + ((position & indexMask) << 3) + 7);
    return (flags & ownerFlags) === availableFlags(position) ? flags : -1;
  }

  /** Adds the pieces of the chain at this position. Returns the number of its descriptors. */
  readChain(position: number, segments: Segments): number {
    const u32 = this.#u32;
    let index = position & indexMask;
    for (let count = 1; ; count++) {
      if (count > this.#size) throw new RingFault("descriptor.next", `a chain of more than ${this.#size} descriptors`);
      const at = this.descriptors32 + (index << 2);
      const low = u32[at];
      const high = u32[at + 1];
      const bytes = u32[at + 2];
      const idFlags = u32[at + 3];
      const flags = idFlags >>> 16;
      this.chainId = idFlags & 0xffff;
      if ((flags & DESC_INDIRECT) !== 0) {
        // §2.8.8: in packed rings, an INDIRECT descriptor cannot be part of a chain.
        if (count > 1) throw new RingFault("descriptor.flags", "INDIRECT in a chain");
        segments.addTable(low, high, bytes, flags, false);
        return count;
      }
      segments.add(low, high, bytes, flags);
      if ((flags & DESC_NEXT) === 0) return count;
      if (++index === this.#size) index = 0;
    }
  }
}

/** Fills a packed driver's receiveq. */
export class PackedDeviceTx extends DeviceTx {
  readonly #areas: PackedAreas;
  readonly #descriptors16: number;
  readonly #descriptors32: number;
  readonly #seenMost: number;
  /** Where buffer b of the burst begins; entry 0 is the ring's own position. */
  readonly #positions: Uint16Array;
  /** Descriptors up to here are known to be available; there are `#ahead` of them. */
  #scanned: number;
  #ahead = 0;

  constructor(memory: RingMemory, layout: DeviceRingLayout) {
    super(memory, layout);
    this.#areas = new PackedAreas(memory, layout);
    this.#descriptors16 = this.#areas.descriptors16;
    this.#descriptors32 = this.#areas.descriptors32;
    this.#seenMost = layout.mergeable ? layout.size : burstFrames;
    this.#positions = new Uint16Array(layout.size + 1);
    this.#positions[0] = layout.start;
    this.#scanned = layout.start;
  }

  reclaim(): number {
    const { u16, slots } = this;
    const flags16 = this.#descriptors16 + 7;
    let { seen } = this;
    let ahead = this.#ahead;
    let index = this.#scanned & indexMask;
    let wanted = availableFlags(this.#scanned);
    let flags = Atomics.load(u16, flags16 + (index << 3));
    while (seen < this.#seenMost && ahead < slots && (flags & ownerFlags) === wanted) {
      if ((flags & DESC_NEXT) === 0) seen++;
      ahead++;
      if (++index === slots) {
        index = 0;
        wanted ^= ownerFlags;
      }
      flags = plainLoads ? u16[flags16 + (index << 3)] : Atomics.load(u16, flags16 + (index << 3));
    }
    this.seen = seen;
    this.#ahead = ahead;
    this.#scanned = index | (wanted === DESC_AVAIL ? wrapBit : 0);
    if (this.seen === 0 && this.#ahead === this.slots) {
      throw new RingFault("descriptor.next", `a chain of more than ${this.slots} descriptors`);
    }
    return Math.min(this.seen, burstFrames);
  }

  place(k: number, bytes: number): number {
    if (k >= burstFrames) return 0;
    const b = k === 0 ? 0 : this.endOf[k - 1];
    if (b >= this.seen) return 0;
    if (this.waiting > 0) this.forgetFrom(k);
    const u32 = this.u32;
    const position = this.#positions[b];
    const at = this.#descriptors32 + ((position & indexMask) << 2);
    const room = u32[at + 2];
    const idFlags = u32[at + 3];
    const need = bytes + this.headerBytes;
    if (((idFlags >>> 16) & shapeFlags) !== DESC_WRITE || room < need || bytes > this.maxFrameBytes) {
      return this.placeInPieces(k, b, bytes);
    }
    const offset = this.peer.offsetOf(u32[at], u32[at + 1], room);
    this.writeHeader(offset, 1);
    this.ids[b] = idFlags;
    this.usedBytes[b] = need;
    this.endOf[k] = b + 1;
    this.#positions[b + 1] = this.#areas.after(position, 1);
    return offset + this.headerBytes;
  }

  protected readBuffer(b: number): number {
    const position = this.#positions[b];
    const descriptors = this.#areas.readChain(position, this.segments);
    this.ids[b] = this.#areas.chainId;
    this.#positions[b + 1] = this.#areas.after(position, descriptors);
    return descriptors;
  }

  publish(n: number): void {
    if (n <= 0) return;
    if (this.waiting > 0) this.scatter(n);
    const { u32, ids, usedBytes } = this;
    const positions = this.#positions;
    const buffers = this.endOf[n - 1];
    for (let b = 1; b < buffers; b++) {
      const position = positions[b];
      const at = this.#descriptors32 + ((position & indexMask) << 2);
      u32[at + 2] = usedBytes[b];
      u32[at + 3] = ids[b] | ((DESC_WRITE | usedFlags(position)) << 16);
    }
    // The first one's flags are written last: a reader that sees them sees the whole burst.
    const first = positions[0];
    u32[this.#descriptors32 + ((first & indexMask) << 2) + 2] = usedBytes[0];
    const at = this.#descriptors16 + ((first & indexMask) << 3);
    this.u16[at + 6] = ids[0];
    Atomics.store(this.u16, at + 7, DESC_WRITE | usedFlags(first));
    this.#advance(buffers);
  }

  #advance(buffers: number): void {
    const from = this.#positions[0];
    const to = this.#positions[buffers];
    let descriptors = (to & indexMask) - (from & indexMask);
    if (((to ^ from) & wrapBit) !== 0) descriptors += this.slots;
    this.#positions[0] = to;
    this.seen -= buffers;
    this.#ahead -= descriptors;
    // Only a driver that changes a chain after making it available gets here; it is read afresh.
    if (this.#ahead < this.seen) {
      this.seen = 0;
      this.#ahead = 0;
      this.#scanned = to;
    }
  }

  notifyWanted(): boolean {
    return this.#areas.notifyWanted();
  }

  position(): number {
    return this.#positions[0];
  }
}

/** Empties a packed driver's transmitq. */
export class PackedDeviceRx extends DeviceRx {
  readonly #areas: PackedAreas;
  readonly #descriptors16: number;
  readonly #descriptors32: number;
  readonly #inOrder: boolean;
  /** By polled frame: its number of descriptors. */
  readonly #descriptorsOf = new Uint16Array(burstFrames);
  /** The next to poll, and the next to use. */
  #next: number;
  #used: number;

  constructor(memory: RingMemory, layout: DeviceRingLayout) {
    super(memory, layout);
    this.#areas = new PackedAreas(memory, layout);
    this.#descriptors16 = this.#areas.descriptors16;
    this.#descriptors32 = this.#areas.descriptors32;
    this.#inOrder = layout.inOrder;
    this.#next = layout.start;
    this.#used = layout.start;
  }

  poll(max: number): number {
    if (this.held > 0) return 0;
    const limit = Math.min(max, burstFrames);
    const { u16, u32, ids, peer } = this;
    const descriptorsOf = this.#descriptorsOf;
    const flags16 = this.#descriptors16 + 7;
    const size = this.slots;
    let index = this.#next & indexMask;
    let wanted = availableFlags(this.#next);
    let left = size;
    let frames = 0;
    this.released = 0;
    this.emptyScratch();
    let flags = Atomics.load(u16, flags16 + (index << 3));
    while (frames < limit && left > 0) {
      if ((flags & ownerFlags) !== wanted) break;
      let descriptors = 1;
      if ((flags & shapeFlags) === 0) {
        const at = this.#descriptors32 + (index << 2);
        const bytes = u32[at + 2];
        this.deliver(frames, peer.offsetOf(u32[at], u32[at + 1], bytes), bytes);
        ids[frames] = u32[at + 3];
      } else {
        this.segments.count = 0;
        descriptors = this.#areas.readChain(index, this.segments);
        ids[frames] = this.#areas.chainId;
        if (!this.deliverPieces(frames)) break;
      }
      descriptorsOf[frames++] = descriptors;
      left -= descriptors;
      index += descriptors;
      if (index >= size) {
        index -= size;
        wanted ^= ownerFlags;
      }
      flags = plainLoads ? u16[flags16 + (index << 3)] : Atomics.load(u16, flags16 + (index << 3));
    }
    this.#next = index | (wanted === DESC_AVAIL ? wrapBit : 0);
    this.held = frames;
    return frames;
  }

  release(n: number): void {
    const frames = Math.min(n, this.held);
    if (frames <= 0) return;
    const { u32, ids, released } = this;
    const descriptorsOf = this.#descriptorsOf;
    const first = this.#used;
    let position = this.#areas.after(first, descriptorsOf[released]);
    for (let k = 1; k < frames; k++) {
      // In order, one used descriptor with the id of the last buffer stands for all buffers (§2.8.4).
      if (!this.#inOrder) {
        const at = this.#descriptors32 + ((position & indexMask) << 2);
        u32[at + 2] = 0;
        u32[at + 3] = ids[released + k] | (usedFlags(position) << 16);
      }
      position = this.#areas.after(position, descriptorsOf[released + k]);
    }
    u32[this.#descriptors32 + ((first & indexMask) << 2) + 2] = 0;
    const at = this.#descriptors16 + ((first & indexMask) << 3);
    this.u16[at + 6] = ids[this.#inOrder ? released + frames - 1 : released];
    this.#used = position;
    this.released += frames;
    this.held -= frames;
    Atomics.store(this.u16, at + 7, usedFlags(first));
  }

  pending(): number {
    let frames = 0;
    let position = this.#next;
    for (let seen = this.held; seen < this.slots; seen++) {
      const flags = this.#areas.availableAt(position);
      if (flags < 0) break;
      if ((flags & DESC_NEXT) === 0) frames++;
      position = this.#areas.after(position, 1);
    }
    return frames;
  }

  notifyWanted(): boolean {
    return this.#areas.notifyWanted();
  }

  wishSignals(areWished: boolean): void {
    this.#areas.wishSignals(areWished);
  }

  /** Frames that were polled and not released are polled again by the next user of the ring. */
  position(): number {
    return this.#used;
  }
}
