/**
 * Makes the frames of many streams from tables: the next frame of any stream, over whatever a buffer holds. A buffer with
 * a frame of the same template and shape is not rendered again, whichever stream it belonged to.
 */
import type { RingMemory } from "../../memory.js";
import { writeSignature } from "./signature.js";

/** Words of a stream's sequence of sizes; `head` is what its signatures begin with (signatureHead). */
const order = { at: 0, start: 1, end: 2, step: 3, firstSize: 4, sequence: 5, head: 6, words: 8 } as const;
/** Words of a size. `template`: a number from 1, the same for the same bytes and shape. */
const size = { bytes: 0, template: 1, start: 2, length: 3, signed: 4, seals: 5, words: 8 } as const;
/** The same for others. V8 does not fold what a module exports, and the loop here needs them folded. */
export const orderField = order;
export const sizeField = size;
/** Longer templates are copied by the platform. */
const shortBytes = 256;

export interface FrameTables {
  readonly orders: Int32Array;
  readonly patterns: Uint16Array;
  readonly sizes: Int32Array;
  /** Each begins at a whole word. */
  readonly templates: Uint8Array;
  /** Writes what changes into the stream's next frame. */
  readonly cursors: { touch(memory: RingMemory, stream: number, at: number, variant: number): void };
  /** Finishes a frame of a size that `seals`. */
  readonly seal: (stream: number, memory: RingMemory, at: number, variant: number) => void;
}

export class FrameMaker {
  readonly #trialHigh: number;
  readonly #sequenceStep: number;
  readonly #cursors: FrameTables["cursors"];
  readonly #seal: FrameTables["seal"];
  readonly #orders: Int32Array;
  readonly #patterns: Uint16Array;
  readonly #sizes: Int32Array;
  readonly #templates: Uint8Array;
  readonly #templateWords: Int32Array;

  constructor(tables: FrameTables, trialHigh: number, sequenceStep: number) {
    const { orders, patterns, sizes, templates, cursors, seal } = tables;
    this.#trialHigh = trialHigh;
    this.#sequenceStep = sequenceStep;
    this.#cursors = cursors;
    this.#seal = seal;
    this.#orders = orders;
    this.#patterns = patterns;
    this.#sizes = sizes;
    this.#templates = templates;
    this.#templateWords = new Int32Array(templates.buffer, templates.byteOffset, templates.length >> 2);
  }

  /** Which size (of all streams' sizes) the stream's next frame has. */
  nextSize(stream: number): number {
    const at = stream * order.words;
    return this.#orders[at + order.firstSize] + this.#patterns[this.#orders[at + order.at]];
  }

  /** bufferBytes of a size. */
  bytesOf(sizeNumber: number): number {
    return this.#sizes[sizeNumber * size.words + size.bytes];
  }

  /**
   * Makes the stream's next frame at `at`, stamped with this time (48 bits in two halves). `primed` is what the
   * previous call for this buffer returned; 0: nothing is known of the buffer.
   */
  make(memory: RingMemory, stream: number, at: number, primed: number, timeLow32: number, timeHigh16: number): number {
    const { view } = memory;
    const orders = this.#orders;
    const o = stream * order.words;
    const patternAt = orders[o + order.at];
    const variant = this.#patterns[patternAt];
    const sizes = this.#sizes;
    const z = (orders[o + order.firstSize] + variant) * size.words;
    const bytes = sizes[z + size.bytes];
    const template = sizes[z + size.template];
    if (primed !== template) this.#render(memory, at, sizes[z + size.start], sizes[z + size.length]);
    this.#cursors.touch(memory, stream, at, variant);
    const sequence = orders[o + order.sequence];
    if (sizes[z + size.signed] !== 0) {
      writeSignature(view, at + bytes, this.#trialHigh, orders[o + order.head], sequence, timeLow32, timeHigh16);
    }
    if (sizes[z + size.seals] !== 0) this.#seal(stream, memory, at, variant);
    orders[o + order.sequence] = (sequence + this.#sequenceStep) | 0;
    const next = patternAt + orders[o + order.step];
    const end = orders[o + order.end];
    orders[o + order.at] = next < end ? next : next - end + orders[o + order.start];
    return template;
  }

  /**
   * As `make` for n frames of a stream with one size, a signature and nothing else that differs. They lie at these offsets
   * in these buffers of the ring (−1: unknown). `primed` says what was made in each buffer.
   */
  makeRun(
    memory: RingMemory,
    stream: number,
    n: number,
    buffers: { readonly offsets: Uint32Array; readonly slots: Int32Array; readonly primed: Int32Array },
    timeLow32: number,
    timeHigh16: number,
  ): void {
    const { view } = memory;
    const { offsets, slots, primed } = buffers;
    const orders = this.#orders;
    const sizes = this.#sizes;
    const o = stream * order.words;
    const z = orders[o + order.firstSize] * size.words;
    const bytes = sizes[z + size.bytes];
    const template = sizes[z + size.template];
    const head = orders[o + order.head];
    const step = this.#sequenceStep;
    let sequence = orders[o + order.sequence];
    for (let k = 0; k < n; k++) {
      const at = offsets[k];
      const slot = slots[k];
      if (slot < 0 || primed[slot] !== template) {
        this.#render(memory, at, sizes[z + size.start], sizes[z + size.length]);
        if (slot >= 0) primed[slot] = template;
      }
      writeSignature(view, at + bytes, this.#trialHigh, head, sequence, timeLow32, timeHigh16);
      sequence = (sequence + step) | 0;
    }
    orders[o + order.sequence] = sequence;
  }

  /** A short loop of words costs less than a call for the bytes of a small frame. */
  #render(memory: RingMemory, at: number, start: number, length: number): void {
    if (length > shortBytes) {
      memory.u8.set(this.#templates.subarray(start, start + length), at);
      return;
    }
    const { view } = memory;
    const words = length >> 2;
    const firstWord = start >> 2;
    for (let k = 0; k < words; k++) view.setInt32(at + 4 * k, this.#templateWords[firstWord + k], true);
    for (let k = words * 4; k < length; k++) view.setUint8(at + k, this.#templates[start + k]);
  }
}
