/**
 * Frames from one thread to another through shared memory. One thread writes and one reads; neither waits for the other
 * in a system call. A capture's reader hands frames to the sender this way, and loops hand frames to a capture's writer.
 *
 *     descriptors   32 bytes each: 0 time (f64)  8 offset (u32)  12 bytes (u32)  16 port (u16)  18 spread (u16)  20 loop (u32)
 *                   24 end of its data since the start (f64)
 *     data          frames, each at the start of a cache line
 *
 * `head` counts frames written and `tail` frames read, both modulo 2^32.
 */
import type { RingMemory } from "../../memory.js";
import { arena } from "../../sys/arena.js";

/** Words of the control page (Int32). `state`: bits of pipeState, written by the writer; `stop`: by the reader. */
export const pipeWord = { head: 0, tail: 16, state: 32, stop: 33, words: 48 } as const;
/** ended: nothing comes any more. overflow: the frames do not fit at once, so that the reader must begin. */
export const pipeState = { ended: 1, overflow: 2 } as const;

export interface PipeLayout {
  /** Arena offset of the descriptors; data follows. */
  readonly offset: number;
  /** A power of two. */
  readonly frames: number;
  readonly dataBytes: number;
  readonly control: SharedArrayBuffer;
}

const descriptorBytes = 32;
const lineBytes = 64;

/** Bytes of memory that a pipe takes. */
export const pipeBytesOf = (frames: number, dataBytes: number): number => frames * descriptorBytes + dataBytes;

/** Owner's side: memory for a pipe. Release it with arena().release(layout.offset). */
export function allocatePipe(frames: number, dataBytes: number): PipeLayout {
  const { offset } = arena().mapAnonymous(pipeBytesOf(frames, dataBytes));
  return { offset, frames, dataBytes, control: new SharedArrayBuffer(4 * pipeWord.words) };
}

export class PipeWriter {
  readonly #memory: RingMemory;
  readonly #control: Int32Array;
  readonly #frames: number;
  readonly #mask: number;
  readonly #descriptors: number;
  readonly #data: number;
  readonly #dataBytes: number;
  readonly #mostBytes: number;
  /** Frames written, as published and as placed. */
  #published = 0;
  #head = 0;
  #tail = 0;
  /** Where the next frame's data may begin, since the start and in the data. Both are kept: a division costs as a copy. */
  #position = 0;
  #offset = 0;
  #released = 0;
  /** Where the frame placed last begins, since the start and in the data. */
  #start = 0;
  #at = 0;

  constructor(memory: RingMemory, layout: PipeLayout) {
    this.#memory = memory;
    this.#control = new Int32Array(layout.control);
    this.#frames = layout.frames;
    this.#mask = layout.frames - 1;
    this.#descriptors = layout.offset;
    this.#data = layout.offset + layout.frames * descriptorBytes;
    this.#dataBytes = layout.dataBytes;
    this.#mostBytes = Math.floor(layout.dataBytes / 2 / lineBytes) * lineBytes;
    this.goOn();
  }

  /** Continues behind the frames of another writer, which has ended, or whose turn is over. */
  goOn(): void {
    this.#head = Atomics.load(this.#control, pipeWord.head);
    this.#published = this.#head;
    if (this.#head === 0) return;
    this.#position = this.#endOf(this.#head - 1);
    this.#offset = this.#position % this.#dataBytes;
    this.#look();
  }

  #endOf(frame: number): number {
    return this.#memory.f64[(this.#descriptors + (frame & this.#mask) * descriptorBytes + 24) >>> 3];
  }

  /** Offset in memory for a frame of `bytes`. 0: no room now. −1: never, since it is longer than half of the data. */
  place(bytes: number): number {
    // A frame lies in one piece, and where the end of the data is too near it starts at the beginning. So only up to a
    // half fits wherever the next one begins. The size is an int32 only after this.
    if (bytes > this.#mostBytes) return -1;
    const size = (bytes + lineBytes - 1) & -lineBytes;
    let start = this.#position;
    let at = this.#offset;
    if (at + size > this.#dataBytes) {
      start += this.#dataBytes - at;
      at = 0;
    }
    if (!this.#hasRoom(start + size)) {
      this.#look();
      if (!this.#hasRoom(start + size)) return 0;
    }
    this.#start = start;
    this.#at = at;
    return this.#data + at;
  }

  /** The frame placed last is written. It is seen by the reader after `publish`. */
  commit(timeNs: number, bytes: number, port: number, loop: number, spread = 0): void {
    const at = this.#descriptors + (this.#head & this.#mask) * descriptorBytes;
    const { u32, f64 } = this.#memory;
    const size = (bytes + lineBytes - 1) & -lineBytes;
    this.#position = this.#start + size;
    this.#offset = this.#at + size;
    f64[at >>> 3] = timeNs;
    u32[(at >>> 2) + 2] = this.#data + this.#at;
    u32[(at >>> 2) + 3] = bytes;
    u32[(at >>> 2) + 4] = port | (spread << 16);
    u32[(at >>> 2) + 5] = loop;
    f64[(at >>> 3) + 3] = this.#position;
    this.#head = (this.#head + 1) | 0;
  }

  publish(): void {
    if (this.#published === this.#head) return;
    this.#published = this.#head;
    Atomics.store(this.#control, pipeWord.head, this.#head);
  }

  end(): void {
    this.publish();
    Atomics.or(this.#control, pipeWord.state, pipeState.ended);
  }

  /** Tells the reader that it must read, and sleeps until it has: a millisecond at most. */
  waitForRoom(): void {
    this.publish();
    Atomics.or(this.#control, pipeWord.state, pipeState.overflow);
    Atomics.wait(this.#control, pipeWord.tail, this.#tail, 1);
  }

  get stopped(): boolean {
    return Atomics.load(this.#control, pipeWord.stop) !== 0;
  }

  #hasRoom(end: number): boolean {
    return ((this.#head - this.#tail) | 0) < this.#frames && end - this.#released <= this.#dataBytes;
  }

  /** Frees what was read: up to the end of the last frame before `tail`. */
  #look(): void {
    const tail = Atomics.load(this.#control, pipeWord.tail);
    if (tail === this.#tail) return;
    this.#tail = tail;
    this.#released = this.#endOf(tail - 1);
  }
}

export class PipeReader {
  readonly #control: Int32Array;
  readonly #mask: number;
  readonly #descriptors: number;
  readonly #memory: RingMemory;
  #tail = 0;
  #head = 0;

  constructor(memory: RingMemory, layout: PipeLayout) {
    this.#memory = memory;
    this.#control = new Int32Array(layout.control);
    this.#mask = layout.frames - 1;
    this.#descriptors = layout.offset;
  }

  /** Frames that can be read, after a look. */
  available(): number {
    this.#head = Atomics.load(this.#control, pipeWord.head);
    return (this.#head - this.#tail) | 0;
  }

  get ended(): boolean {
    return (Atomics.load(this.#control, pipeWord.state) & pipeState.ended) !== 0;
  }

  /** The pipe has all frames, or is so full that the writer waits. */
  get filled(): boolean {
    return Atomics.load(this.#control, pipeWord.state) !== 0;
  }

  get overflowed(): boolean {
    return (Atomics.load(this.#control, pipeWord.state) & pipeState.overflow) !== 0;
  }

  /** The descriptor of the i-th frame that can be read, for the getters below. */
  at(i: number): number {
    return this.#descriptors + ((this.#tail + i) & this.#mask) * descriptorBytes;
  }

  timeNs(descriptor: number): number {
    return this.#memory.f64[descriptor >>> 3];
  }

  offset(descriptor: number): number {
    return this.#memory.u32[(descriptor >>> 2) + 2];
  }

  bytes(descriptor: number): number {
    return this.#memory.u32[(descriptor >>> 2) + 3];
  }

  port(descriptor: number): number {
    return this.#memory.u16[(descriptor >>> 1) + 8];
  }

  /** 0 … 65,535; its remainder chooses between several queues. */
  spread(descriptor: number): number {
    return this.#memory.u16[(descriptor >>> 1) + 9];
  }

  loop(descriptor: number): number {
    return this.#memory.u32[(descriptor >>> 2) + 5];
  }

  /** Gives the first n back. */
  release(n: number): void {
    this.#tail = (this.#tail + n) | 0;
    Atomics.store(this.#control, pipeWord.tail, this.#tail);
  }

  /** Waits for more, `ms` at most. */
  wait(ms: number): void {
    Atomics.wait(this.#control, pipeWord.head, this.#head, ms);
  }

  stop(): void {
    Atomics.store(this.#control, pipeWord.stop, 1);
    Atomics.notify(this.#control, pipeWord.tail);
  }
}
