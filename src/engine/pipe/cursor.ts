/**
 * Which frame of a feed goes next. Where all of a capture is in the feed it stays there, and is gone through again
 * and again; else each loop comes anew, and what has gone makes room.
 */
import type { PipeReader } from "./frame-pipe.js";

export class PipeCursor {
  /** Of the frame that `next` found last. */
  loop = 0;
  readonly #feed: PipeReader;
  readonly #loops: number;
  readonly #kept: boolean;
  readonly #frames: number;
  /** Of a feed that is kept: where each frame lies, and its bytes. */
  readonly #offsets: Uint32Array;
  readonly #lengths: Uint32Array;
  /** Of every frame of a feed that is kept; 0: they differ, or it is not known. */
  readonly sameBytes: number;
  #index = 0;

  /** `loops`: how often a feed that is kept is gone through. Made when the feed is `filled`. */
  constructor(feed: PipeReader, loops: number) {
    this.#feed = feed;
    this.#loops = loops;
    const frames = feed.available();
    this.#kept = !feed.overflowed && feed.ended && loops > 1 && frames > 0 && feed.loop(feed.at(frames - 1)) === 0;
    this.#frames = this.#kept ? frames : 0;
    this.#offsets = Uint32Array.from({ length: this.#frames }, (_, i) => feed.offset(feed.at(i)));
    this.#lengths = Uint32Array.from({ length: this.#frames }, (_, i) => feed.bytes(feed.at(i)));
    const first = this.#lengths[0] ?? 0;
    this.sameBytes = this.#lengths.every((bytes) => bytes === first) ? first : 0;
  }

  /** Nothing comes any more. */
  get isOver(): boolean {
    return this.#kept ? this.next() < 0 : this.#feed.ended && this.#feed.available() === 0;
  }

  /** The next frame, for the feed's getters; −1: none now. */
  next(): number {
    const feed = this.#feed;
    if (!this.#kept) {
      if (feed.available() === 0) return -1;
      this.loop = feed.loop(feed.at(0));
      return feed.at(0);
    }
    if (this.#index === this.#frames) {
      if (this.loop + 1 >= this.#loops) return -1;
      this.#index = 0;
      this.loop++;
    }
    return feed.at(this.#index);
  }

  /**
   * Up to `most` frames from the next one on: where they lie, and their bytes. Those of later loops, too, where `across`.
   * Call `next` before. Lengths are left alone where all are `sameBytes`.
   */
  gather(most: number, offsets: Uint32Array, lengths: Uint32Array, across: boolean): number {
    const feed = this.#feed;
    if (this.#kept) return this.#gatherKept(most, offsets, lengths, across);
    const n = Math.min(most, feed.available());
    for (let k = 0; k < n; k++) {
      const frame = feed.at(k);
      if (!across && feed.loop(frame) !== this.loop) return k;
      offsets[k] = feed.offset(frame);
      lengths[k] = feed.bytes(frame);
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

  /** The first n have gone. The slots of a feed that is not kept may be written over: they must have been copied. */
  advance(n: number): void {
    if (this.#kept) {
      this.#index += n;
      while (this.#index > this.#frames) {
        this.#index -= this.#frames;
        this.loop++;
      }
      return;
    }
    this.loop = this.#feed.loop(this.#feed.at(n - 1));
    this.#feed.release(n);
  }
}
