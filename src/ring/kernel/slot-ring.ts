/**
 * Rings whose other side is a system call. Only the owning thread empties or fills them, a burst at a time, through a
 * mover (`write` and `read` of a tap, a capture file). So nothing is in flight between two calls, and a published frame
 * is either taken or still here.
 *
 *   tx:  slots  | free | waiting … published and refused for now | free |
 *                       oldest ↑                            next ↑
 */
import type { RingMemory } from "../../memory.js";
import { checkArea } from "../area.js";
import { placeEach } from "../place-each.js";
import { burstFrames, RingFault, type RxRing, type SlotRingLayout, type TxRing } from "../ring.js";

/** Moves frames between a ring's slots and the other side. Never blocks. */
export interface FrameMover {
  /**
   * Moves n frames (at most burstFrames), in order. Frame k is at byte `offsets[k]` of memory and `lengths[k]` bytes
   * long; of an incoming frame, `lengths[k]` is the room for it. Leaves in `results[k]` the bytes moved, or −errno.
   * −EAGAIN also means that it was not tried.
   */
  move(n: number, offsets: Uint32Array, lengths: Uint32Array, results: Int32Array): void;
  /** Why nothing will move any more, for a result that is not one of `laterErrnos`. */
  trouble(result: number): string;
}

/** EINTR, EAGAIN, ENOMEM, ENOBUFS: the same frame may well go the next time. */
const laterErrnos: readonly number[] = [4, 11, 12, 105];
const isLater = (result: number): boolean => result < 0 && laterErrnos.includes(-result);

/** Fewer reads than this are not worth a batch; more are asked for where as many came. */
const leastReads = 3;
const mostReads = 64;

function checkSlots(memory: RingMemory, { size, buffers, bufferStride, bufferBytes }: SlotRingLayout): void {
  if (!(size >= 1 && size <= burstFrames)) {
    throw new RingFault("ring.size", `${size} slots, not 1 to ${burstFrames}`);
  }
  if (!(bufferBytes >= 1 && bufferBytes <= bufferStride)) {
    throw new RingFault("ring.bufferBytes", `${bufferBytes} bytes in slots of ${bufferStride}`);
  }
  checkArea(memory, "ring.buffers", buffers, { bytes: size * bufferStride, alignment: 4 });
}

export class SlotTx implements TxRing {
  readonly slots: number;
  readonly maxFrameBytes: number;
  readonly #mover: FrameMover;
  readonly #buffers: number;
  readonly #stride: number;
  /** By slot. */
  readonly #bytes: Uint32Array;
  /** Slots of published frames that were not taken yet, oldest first. */
  readonly #waiting: Uint16Array;
  #waitingCount = 0;
  /** What the mover sees. */
  readonly #offsets = new Uint32Array(burstFrames);
  readonly #lengths = new Uint32Array(burstFrames);
  readonly #results = new Int32Array(burstFrames);
  #next = 0;
  #fault: RingFault | null = null;
  #faultTold = false;

  constructor(memory: RingMemory, layout: SlotRingLayout, mover: FrameMover) {
    checkSlots(memory, layout);
    this.slots = layout.size;
    this.maxFrameBytes = layout.bufferBytes;
    this.#mover = mover;
    this.#buffers = layout.buffers;
    this.#stride = layout.bufferStride;
    this.#bytes = new Uint32Array(layout.size);
    this.#waiting = new Uint16Array(layout.size);
  }

  /** Tries again what waits. Throws a RingFault, once, where nothing will be taken any more. */
  reclaim(): number {
    if (this.#waitingCount > 0 && this.#fault === null) this.#move();
    if (this.#fault !== null) return this.#broken(this.#fault);
    return this.#free();
  }

  /** A fault is reported when the next frames are due, so that the frames before it are counted. */
  #broken(fault: RingFault): number {
    if (this.#faultTold) return 0;
    this.#faultTold = true;
    throw fault;
  }

  /** A frame in the middle may wait while later ones went: slots are free from `next` up to the oldest that waits. */
  #free(): number {
    if (this.#waitingCount === 0) return this.slots;
    const distance = this.#waiting[0] - this.#next;
    return distance < 0 ? distance + this.slots : distance;
  }

  place(k: number, bytes: number): number {
    if (bytes > this.maxFrameBytes) return -1;
    if (k >= this.#free()) return 0;
    const slot = this.slotOf(k);
    this.#bytes[slot] = bytes;
    return this.#buffers + slot * this.#stride;
  }

  placeMany(n: number, bytes: number, offsets: Uint32Array, slots: Int32Array): number {
    return placeEach(this, n, bytes, offsets, slots);
  }

  slotOf(k: number): number {
    const slot = this.#next + k;
    return slot < this.slots ? slot : slot - this.slots;
  }

  publish(n: number): void {
    for (let k = 0; k < n; k++) this.#waiting[this.#waitingCount++] = this.slotOf(k);
    this.#next = this.slotOf(n);
    if (this.#fault === null) this.#move();
  }

  /** All that waits, oldest first; keeps what was not taken. */
  #move(): void {
    const waiting = this.#waiting;
    const offsets = this.#offsets;
    const lengths = this.#lengths;
    const results = this.#results;
    const n = this.#waitingCount;
    for (let k = 0; k < n; k++) {
      const slot = waiting[k];
      offsets[k] = this.#buffers + slot * this.#stride;
      lengths[k] = this.#bytes[slot];
    }
    this.#mover.move(n, offsets, lengths, results);
    let kept = 0;
    for (let k = 0; k < n; k++) {
      if (results[k] === lengths[k]) continue;
      if (!isLater(results[k])) this.#fault ??= new RingFault("tx", this.#mover.trouble(results[k]));
      waiting[kept++] = waiting[k];
    }
    this.#waitingCount = kept;
  }

  outstanding(): number {
    return this.#waitingCount;
  }

  notifyWanted(): boolean {
    return false;
  }

  position(): number {
    return 0;
  }
}

export class SlotRx implements RxRing {
  readonly slots: number;
  readonly offsets = new Uint32Array(burstFrames);
  readonly lengths = new Uint32Array(burstFrames);
  readonly #mover: FrameMover;
  readonly #room: number;
  readonly #buffers: Uint32Array;
  readonly #results = new Int32Array(burstFrames);
  readonly #rooms = new Uint32Array(burstFrames);
  #reads = leastReads;
  #fault: RingFault | null = null;

  constructor(memory: RingMemory, layout: SlotRingLayout, mover: FrameMover) {
    checkSlots(memory, layout);
    this.slots = layout.size;
    this.#mover = mover;
    this.#room = layout.bufferBytes;
    this.#buffers = Uint32Array.from({ length: layout.size }, (_, slot) => layout.buffers + slot * layout.bufferStride);
    this.#rooms.fill(this.#room);
  }

  /** As many reads as are likely to bring something: one that brings nothing costs 0.3 µs, too. */
  poll(max: number): number {
    if (this.#fault !== null) throw this.#fault;
    const asked = Math.min(max, this.#reads, this.slots);
    const results = this.#results;
    this.#mover.move(asked, this.#buffers, this.#rooms, results);
    let frames = 0;
    for (let k = 0; k < asked; k++) {
      const bytes = results[k];
      if (bytes > 0) {
        this.offsets[frames] = this.#buffers[k];
        this.lengths[frames++] = bytes;
      } else if (!isLater(bytes)) {
        this.#fault ??= new RingFault("rx", this.#mover.trouble(bytes));
      }
    }
    if (frames === 0 && this.#fault !== null) throw this.#fault;
    this.#reads = Math.min(mostReads, Math.max(leastReads, 2 * frames));
    return frames;
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
