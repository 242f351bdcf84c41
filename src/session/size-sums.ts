/** How many bytes the first frames of a flow of several sizes have together, without adding them up each time. */
import type { FrameProgram } from "../stream/index.js";

type Sizes = Pick<FrameProgram, "variants" | "pattern">;

/** Of so many frames one sum is kept: patterns of random sizes have 65,536 frames. */
const framesASum = 64;

export class SizeSums {
  /** By pattern: what the frames before each piece of it have together, and all of them at the end. */
  readonly #sums = new WeakMap<object, Float64Array>();

  /** bufferBytes of the first `frames`. */
  of(sizes: Sizes, frames: number): number {
    const { pattern } = sizes;
    const sums = this.#sums.get(pattern) ?? this.#add(sizes);
    const rest = frames % pattern.length;
    const piece = Math.floor(rest / framesASum);
    const whole = Math.floor(frames / pattern.length) * sums.at(-1)! + sums[piece]!;
    return whole + bytesOf(sizes, piece * framesASum, rest);
  }

  #add(sizes: Sizes): Float64Array {
    const { pattern } = sizes;
    const sums = new Float64Array(Math.ceil(pattern.length / framesASum) + 1);
    for (let piece = 1; piece < sums.length; piece++) {
      const end = Math.min(pattern.length, piece * framesASum);
      sums[piece] = sums[piece - 1]! + bytesOf(sizes, (piece - 1) * framesASum, end);
    }
    this.#sums.set(pattern, sums);
    return sums;
  }
}

function bytesOf({ variants, pattern }: Sizes, from: number, end: number): number {
  let bytes = 0;
  for (let frame = from; frame < end; frame++) bytes += variants[pattern[frame]!]!.bufferBytes;
  return bytes;
}
