/**
 * The frames of many streams on one queue. Sizes, templates and sequences of sizes of all streams lie next to each
 * other, so that a frame of one of thousands touches few cache lines. A buffer with a frame of the same template and
 * shape is not rendered again, whichever stream it belonged to.
 */
import type { RingMemory } from "../../memory.js";
import { type Share, walkOf } from "../share.js";
import type { FrameProgram } from "./program.js";
import { signatureHead, trialHighOf, writeSignature } from "./signature.js";
import { StreamCursors } from "./stream-cursors.js";

/** Words of a stream's sequence of sizes. */
const order = { at: 0, start: 1, end: 2, step: 3, firstSize: 4, sequence: 5, words: 8 } as const;
/** Words of a size. `template`: a number from 1, the same for the same bytes and shape. */
const size = { bytes: 0, template: 1, start: 2, length: 3, signed: 4, seals: 5, words: 8 } as const;
/** Longer templates are copied by the platform. */
const shortBytes = 256;

export interface StreamFramesStart {
  readonly programs: readonly FrameProgram[];
  readonly queue: number;
  readonly queues: number;
  /** Whose frames these are. */
  readonly share: Share;
  /** Its id. */
  readonly trial: number;
  /** In signatures, the number of the first stream. */
  readonly firstStream: number;
  readonly startSequence: number;
}

export class StreamFrames {
  readonly #start: StreamFramesStart;
  readonly #trialHigh: number;
  readonly #cursors: StreamCursors;
  readonly #orders: Int32Array;
  readonly #patterns: Uint16Array;
  readonly #sizes: Int32Array;
  readonly #templates: Uint8Array;
  readonly #templateWords: Int32Array;

  constructor(start: StreamFramesStart) {
    const { programs, queue, queues, startSequence } = start;
    const walk = walkOf(queue, queues, start.share);
    this.#start = start;
    this.#trialHigh = trialHighOf(start.trial);
    this.#cursors = new StreamCursors(programs, walk.first, walk.step);
    this.#orders = new Int32Array(programs.length * order.words);
    this.#patterns = new Uint16Array(programs.reduce((sum, { pattern }) => sum + pattern.length, 0));
    let [patternEnd, sizes] = [0, 0];
    for (const [stream, { pattern, variants }] of programs.entries()) {
      this.#patterns.set(pattern, patternEnd);
      const at = patternEnd + (walk.first % pattern.length);
      const end = patternEnd + pattern.length;
      const step = walk.step % pattern.length;
      this.#orders.set([at, patternEnd, end, step, sizes, (startSequence + queue) | 0], stream * order.words);
      patternEnd = end;
      sizes += variants.length;
    }
    const { rows, templates } = this.#templatesOf(programs);
    this.#sizes = Int32Array.from(rows.flat());
    this.#templates = templates;
    this.#templateWords = new Int32Array(templates.buffer);
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
    const { programs, queues, trial, firstStream } = this.#start;
    if (sizes[z + size.signed] !== 0) {
      const head = signatureHead(trial, firstStream + stream) | 0;
      writeSignature(view, at + bytes, this.#trialHigh, head, sequence, timeLow32, timeHigh16);
    }
    if (sizes[z + size.seals] !== 0) programs[stream].seal(memory, at, variant);
    orders[o + order.sequence] = (sequence + queues) | 0;
    const next = patternAt + orders[o + order.step];
    const end = orders[o + order.end];
    orders[o + order.at] = next < end ? next : next - end + orders[o + order.start];
    return template;
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

  #templatesOf(programs: readonly FrameProgram[]) {
    const known = new Map<string, { readonly template: number; readonly start: number }>();
    const kept: { readonly start: number; readonly bytes: Uint8Array }[] = [];
    let end = 0;
    const rows = programs.flatMap((program, stream) =>
      program.variants.map(({ bufferBytes }, variant) => {
        const bytes = program.template(variant);
        const key = `${this.#cursors.shapeOf(stream)}/${String.fromCharCode(...bytes)}`;
        let found = known.get(key);
        if (found === undefined) {
          found = { template: known.size + 1, start: end };
          known.set(key, found);
          kept.push({ start: end, bytes });
          end += Math.ceil(bytes.length / 4) * 4;
        }
        const { signed, seals } = program;
        return [bufferBytes, found.template, found.start, bytes.length, signed ? 1 : 0, seals ? 1 : 0, 0, 0];
      }),
    );
    const templates = new Uint8Array(end);
    for (const { start, bytes } of kept) templates.set(bytes, start);
    return { rows, templates };
  }
}
