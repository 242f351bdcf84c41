/**
 * Device side of split virtqueues (virtio 1.2 §2.7): the peer's memory and buffers, which are not trusted. Buffers are
 * used in the order in which they were made available, so one counter goes through both rings.
 */
import type { RingMemory } from "../../memory.js";
import { burstFrames, type DeviceRingLayout, RingFault } from "../ring.js";
import { DeviceRx } from "./device-rx.js";
import { DeviceTx } from "./device-tx.js";
import type { Segments } from "./peer-memory.js";
import { DESC_INDIRECT, DESC_NEXT, DESC_WRITE, NO_NOTIFY } from "./virtqueue.js";

const shapeFlags = DESC_NEXT | DESC_WRITE | DESC_INDIRECT;

/** A split ring's fields in the 16- and 32-bit views, and what only reads them. */
class SplitAreas {
  readonly descriptors32: number;
  readonly availRing16: number;
  readonly usedIdx16: number;
  readonly usedRing32: number;
  readonly #availFlags16: number;
  readonly #usedFlags16: number;
  readonly #size: number;
  readonly #u16: Uint16Array;
  readonly #u32: Uint32Array;

  constructor(memory: RingMemory, layout: DeviceRingLayout) {
    this.#size = layout.size;
    this.#u16 = memory.u16;
    this.#u32 = memory.u32;
    this.descriptors32 = layout.descriptors >>> 2;
    this.#availFlags16 = layout.driverArea >>> 1;
    this.availRing16 = (layout.driverArea >>> 1) + 2;
    this.#usedFlags16 = layout.deviceArea >>> 1;
    this.usedIdx16 = (layout.deviceArea >>> 1) + 1;
    this.usedRing32 = (layout.deviceArea >>> 2) + 1;
    this.wishSignals(false);
  }

  /** Whoever polls needs no kick of the driver (§2.7.10). */
  wishSignals(areWished: boolean): void {
    Atomics.store(this.#u16, this.#usedFlags16, areWished ? 0 : NO_NOTIFY);
  }

  /** How many buffers the driver has made available from `next` on. */
  available(next: number): number {
    const idx = Atomics.load(this.#u16, this.#availFlags16 + 1);
    const count = (idx - next) & 0xffff;
    if (count > this.#size) throw new RingFault("avail.idx", `${idx} after ${next} in a ring of ${this.#size}`);
    return count;
  }

  notifyWanted(): boolean {
    return (Atomics.load(this.#u16, this.#availFlags16) & NO_NOTIFY) === 0;
  }

  /** Adds the pieces of the chain that starts at `head`. Returns the number of its descriptors in the table. */
  readChain(head: number, segments: Segments): number {
    const u32 = this.#u32;
    let index = head;
    for (let seen = 1; ; seen++) {
      if (index >= this.#size) throw new RingFault("descriptor.next", `${index} in a ring of ${this.#size}`);
      if (seen > this.#size) throw new RingFault("descriptor.next", `the chain at ${head} has a loop`);
      const at = this.descriptors32 + (index << 2);
      const low = u32[at];
      const high = u32[at + 1];
      const bytes = u32[at + 2];
      const flagsNext = u32[at + 3];
      if ((flagsNext & DESC_INDIRECT) !== 0) {
        segments.addTable(low, high, bytes, flagsNext & 0xffff, true);
        return seen;
      }
      segments.add(low, high, bytes, flagsNext & 0xffff);
      if ((flagsNext & DESC_NEXT) === 0) return seen;
      index = flagsNext >>> 16;
    }
  }
}

/** Fills a split driver's receiveq. */
export class SplitDeviceTx extends DeviceTx {
  readonly #areas: SplitAreas;
  readonly #mask: number;
  readonly #descriptors32: number;
  readonly #availRing16: number;
  #next: number;

  constructor(memory: RingMemory, layout: DeviceRingLayout) {
    super(memory, layout);
    this.#areas = new SplitAreas(memory, layout);
    this.#mask = layout.size - 1;
    this.#descriptors32 = this.#areas.descriptors32;
    this.#availRing16 = this.#areas.availRing16;
    this.#next = layout.start;
  }

  reclaim(): number {
    this.seen = this.#areas.available(this.#next);
    return Math.min(this.seen, burstFrames);
  }

  place(k: number, bytes: number): number {
    if (k >= burstFrames) return 0;
    const b = k === 0 ? 0 : this.endOf[k - 1];
    if (b >= this.seen) return 0;
    if (this.waiting > 0) this.forgetFrom(k);
    const u32 = this.u32;
    const head = this.u16[this.#availRing16 + ((this.#next + b) & this.#mask)];
    if (head > this.#mask) throw new RingFault("avail.ring", `descriptor ${head} in a ring of ${this.slots}`);
    const at = this.#descriptors32 + (head << 2);
    const room = u32[at + 2];
    const need = bytes + this.headerBytes;
    if ((u32[at + 3] & shapeFlags) !== DESC_WRITE || room < need || bytes > this.maxFrameBytes) {
      return this.placeInPieces(k, b, bytes);
    }
    const offset = this.peer.offsetOf(u32[at], u32[at + 1], room);
    this.writeHeader(offset, 1);
    this.ids[b] = head;
    this.usedBytes[b] = need;
    this.endOf[k] = b + 1;
    return offset + this.headerBytes;
  }

  protected readBuffer(b: number): number {
    const head = this.u16[this.#availRing16 + ((this.#next + b) & this.#mask)];
    this.ids[b] = head;
    return this.#areas.readChain(head, this.segments);
  }

  publish(n: number): void {
    if (n <= 0) return;
    if (this.waiting > 0) this.scatter(n);
    const { u32, ids, usedBytes } = this;
    const buffers = this.endOf[n - 1];
    const ring = this.#areas.usedRing32;
    const next = this.#next;
    for (let b = 0; b < buffers; b++) {
      const at = ring + (((next + b) & this.#mask) << 1);
      u32[at] = ids[b];
      u32[at + 1] = usedBytes[b];
    }
    this.seen -= buffers;
    this.#next = (next + buffers) & 0xffff;
    Atomics.store(this.u16, this.#areas.usedIdx16, this.#next);
  }

  notifyWanted(): boolean {
    return this.#areas.notifyWanted();
  }

  position(): number {
    return this.#next;
  }
}

/** Empties a split driver's transmitq. */
export class SplitDeviceRx extends DeviceRx {
  readonly #areas: SplitAreas;
  readonly #mask: number;
  readonly #descriptors32: number;
  readonly #availRing16: number;
  #next: number;

  constructor(memory: RingMemory, layout: DeviceRingLayout) {
    super(memory, layout);
    this.#areas = new SplitAreas(memory, layout);
    this.#mask = layout.size - 1;
    this.#descriptors32 = this.#areas.descriptors32;
    this.#availRing16 = this.#areas.availRing16;
    this.#next = layout.start;
  }

  poll(max: number): number {
    if (this.held > 0) return 0;
    const ready = this.#areas.available(this.#next);
    if (ready === 0) return 0;
    const limit = Math.min(max, burstFrames);
    const most = Math.min(ready, limit);
    const { u16, u32, ids } = this;
    const mask = this.#mask;
    const next = this.#next;
    this.released = 0;
    this.emptyScratch();
    let frames = 0;
    for (; frames < most; frames++) {
      const head = u16[this.#availRing16 + ((next + frames) & mask)];
      if (head > mask) throw new RingFault("avail.ring", `descriptor ${head} in a ring of ${this.slots}`);
      const at = this.#descriptors32 + (head << 2);
      if ((u32[at + 3] & shapeFlags) === 0) {
        const bytes = u32[at + 2];
        this.deliver(frames, this.peer.offsetOf(u32[at], u32[at + 1], bytes), bytes);
      } else {
        this.segments.count = 0;
        this.#areas.readChain(head, this.segments);
        if (!this.deliverPieces(frames)) break;
      }
      ids[frames] = head;
    }
    this.held = frames;
    this.#next = (next + frames) & 0xffff;
    return frames;
  }

  release(n: number): void {
    const frames = Math.min(n, this.held);
    if (frames <= 0) return;
    const { u32, ids, released } = this;
    const ring = this.#areas.usedRing32;
    const used = this.position();
    for (let k = 0; k < frames; k++) {
      const at = ring + (((used + k) & this.#mask) << 1);
      u32[at] = ids[released + k];
      // Nothing was written into the buffer (§2.7.8.2).
      u32[at + 1] = 0;
    }
    this.released += frames;
    this.held -= frames;
    Atomics.store(this.u16, this.#areas.usedIdx16, (used + frames) & 0xffff);
  }

  pending(): number {
    return this.#areas.available(this.#next);
  }

  notifyWanted(): boolean {
    return this.#areas.notifyWanted();
  }

  wishSignals(areWished: boolean): void {
    this.#areas.wishSignals(areWished);
  }

  /** Frames that were polled and not released are polled again by the next user of the ring. */
  position(): number {
    return (this.#next - this.held) & 0xffff;
  }
}
