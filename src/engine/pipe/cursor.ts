/**
 * Which frame of a pipe leaves next. A capture that fits into the pipe stays there, and each loop reads it again.
 * Otherwise each loop comes through the pipe anew, and frames that left make room.
 */
import type { PipeReader } from "./frame-pipe.js";

export class PipeCursor {
  /** The loop of the frame that `next` found last. */
  loop = 0;
  readonly #pipe: PipeReader;
  readonly #loops: number;
  readonly #kept: boolean;
  readonly #frames: number;
  /** In a pipe that is kept: where each frame lies, and its bytes. */
  readonly #offsets: Uint32Array;
  readonly #lengths: Uint32Array;
  /** The bytes of every frame of a pipe that is kept; 0: they differ, or are unknown. */
  readonly sameBytes: number;
  #index = 0;

  /** `loops`: how often a pipe that is kept is read. Make a cursor when the pipe is `filled`. */
  constructor(pipe: PipeReader, loops: number) {
    this.#pipe = pipe;
    this.#loops = loops;
    const frames = pipe.available();
    this.#kept = !pipe.overflowed && pipe.ended && loops > 1 && frames > 0 && pipe.loop(pipe.at(frames - 1)) === 0;
    this.#frames = this.#kept ? frames : 0;
    this.#offsets = Uint32Array.from({ length: this.#frames }, (_, i) => pipe.offset(pipe.at(i)));
    this.#lengths = Uint32Array.from({ length: this.#frames }, (_, i) => pipe.bytes(pipe.at(i)));
    const first = this.#lengths[0] ?? 0;
    this.sameBytes = this.#lengths.every((bytes) => bytes === first) ? first : 0;
  }

  /** Nothing comes any more. */
  get isOver(): boolean {
    return this.#kept ? this.next() < 0 : this.#pipe.ended && this.#pipe.available() === 0;
  }

  /** The next frame, for the pipe's getters; −1: none now. */
  next(): number {
    const pipe = this.#pipe;
    if (!this.#kept) {
      if (pipe.available() === 0) return -1;
      this.loop = pipe.loop(pipe.at(0));
      return pipe.at(0);
    }
    if (this.#index === this.#frames) {
      if (this.loop + 1 >= this.#loops) return -1;
      this.#index = 0;
      this.loop++;
    }
    return pipe.at(this.#index);
  }

  /**
   * Up to `most` frames from the next one on: where they lie, and their bytes. Those of later loops, too, where `across`.
   * Call `next` before. Lengths are left alone where all are `sameBytes`.
   */
  gather(most: number, offsets: Uint32Array, lengths: Uint32Array, across: boolean): number {
    const pipe = this.#pipe;
    if (this.#kept) return this.#gatherKept(most, offsets, lengths, across);
    const n = Math.min(most, pipe.available());
    for (let k = 0; k < n; k++) {
      const frame = pipe.at(k);
      if (!across && pipe.loop(frame) !== this.loop) return k;
      offsets[k] = pipe.offset(frame);
      lengths[k] = pipe.bytes(frame);
    }
    return n;
  }

  #gatherKept(most: number, offsets: Uint32Array, lengths: Uint32Array, across: boolean): number {
    const frames = this.#frames;
    const [allOffsets, allLengths] = [this.#offsets, this.#lengths];
    let index = this.#index;
    const left = across ? (this.#loops - this.loop) * frames - index : frames - index;
    const n = Math.min(left, most) | 0;
    if (this.sameBytes > 0) {
      for (let k = 0; k < n; k++) {
        offsets[k] = allOffsets[index];
        if (++index === frames) index = 0;
      }
      return n;
    }
    for (let k = 0; k < n; k++) {
      offsets[k] = allOffsets[index];
      lengths[k] = allLengths[index];
      if (++index === frames) index = 0;
    }
    return n;
  }

  /** The first n frames have left and were copied: the slots of a pipe that is not kept may be written over. */
  advance(n: number): void {
    if (this.#kept) {
      this.#index += n;
      while (this.#index > this.#frames) {
        this.#index -= this.#frames;
        this.loop++;
      }
      return;
    }
    this.loop = this.#pipe.loop(this.#pipe.at(n - 1));
    this.#pipe.release(n);
  }
}
