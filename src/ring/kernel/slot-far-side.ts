/** The far side of slot rings (slot-ring.ts) in private memory: a row of frames instead of a system call. */
import type { RingMemory } from "../../memory.js";
import { copyFrame } from "../copy.js";
import { burstFrames, type SlotRingLayout } from "../ring.js";
import type { FrameMover } from "./slot-ring.js";

/** −EAGAIN */
const notNow = -11;

/** Frames in a row of slots, oldest first. */
class FrameRow {
  readonly memory: RingMemory;
  readonly #buffers: number;
  readonly #stride: number;
  readonly #slots: number;
  readonly #bytes: Uint32Array;
  #first = 0;
  #count = 0;

  constructor(memory: RingMemory, { size, bufferStride }: SlotRingLayout, buffers: number) {
    this.memory = memory;
    this.#buffers = buffers;
    this.#stride = bufferStride;
    this.#slots = size;
    this.#bytes = new Uint32Array(size);
  }

  get count(): number {
    return this.#count;
  }

  get room(): number {
    return this.#slots - this.#count;
  }

  at(k: number): number {
    return this.#buffers + ((this.#first + k) % this.#slots) * this.#stride;
  }

  bytesOf(k: number): number {
    return this.#bytes[(this.#first + k) % this.#slots];
  }

  /** The k-th frame behind those that are there is so long. */
  note(k: number, bytes: number): void {
    this.#bytes[(this.#first + this.#count + k) % this.#slots] = bytes;
  }

  add(n: number): void {
    this.#count += n;
  }

  drop(n: number): void {
    this.#first = (this.#first + n) % this.#slots;
    this.#count -= n;
  }
}

/** Is written to by a transmit ring. */
export class SlotSink implements FrameMover {
  readonly offsets = new Uint32Array(burstFrames);
  readonly lengths = new Uint32Array(burstFrames);
  readonly #row: FrameRow;

  /** `buffers`: memory for as many slots as the layout has. */
  constructor(memory: RingMemory, layout: SlotRingLayout, buffers: number) {
    this.#row = new FrameRow(memory, layout, buffers);
  }

  move(n: number, offsets: Uint32Array, lengths: Uint32Array, results: Int32Array): void {
    const row = this.#row;
    const taken = Math.min(n, row.room);
    for (let k = 0; k < taken; k++) {
      row.note(k, lengths[k]);
      copyFrame(row.memory, row.at(row.count + k), offsets[k], lengths[k]);
      results[k] = lengths[k];
    }
    for (let k = taken; k < n; k++) results[k] = notNow;
    row.add(taken);
  }

  trouble(): string {
    return "a loop in memory has none";
  }

  poll(max: number): number {
    const n = Math.min(max, this.#row.count, burstFrames);
    for (let k = 0; k < n; k++) {
      this.offsets[k] = this.#row.at(k);
      this.lengths[k] = this.#row.bytesOf(k);
    }
    return n;
  }

  release(n: number): void {
    this.#row.drop(n);
  }
}

/** Is read from by a receive ring. */
export class SlotSource implements FrameMover {
  readonly #row: FrameRow;

  constructor(memory: RingMemory, layout: SlotRingLayout, buffers: number) {
    this.#row = new FrameRow(memory, layout, buffers);
  }

  move(n: number, offsets: Uint32Array, lengths: Uint32Array, results: Int32Array): void {
    const row = this.#row;
    const ready = Math.min(n, row.count);
    for (let k = 0; k < ready; k++) {
      const bytes = Math.min(row.bytesOf(k), lengths[k]);
      copyFrame(row.memory, offsets[k], row.at(k), bytes);
      results[k] = bytes;
    }
    for (let k = ready; k < n; k++) results[k] = notNow;
    row.drop(ready);
  }

  trouble(): string {
    return "a loop in memory has none";
  }

  reclaim(): number {
    return this.#row.room;
  }

  place(k: number, bytes: number): number {
    if (k >= this.#row.room) return 0;
    this.#row.note(k, bytes);
    return this.#row.at(this.#row.count + k);
  }

  publish(n: number): void {
    this.#row.add(n);
  }
}
