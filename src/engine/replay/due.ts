/**
 * Which frame leaves next, and when it is due. Both follow from the spec and the frames alone: no clock is read here.
 *
 *     original   frame's time / speed after its loop began
 *     pps, bps   the time that all frames before it take at the rate
 *     max, one   at once
 *
 * A loop begins `loopDelayNs` after the last frame of the loop before, at every pace. Times count from the replay's
 * start, in ns. They are doubles in a typed array, for the reason in loop/trial-clock.ts.
 */
import { PipeCursor, type PipeReader } from "../pipe/index.js";
import type { ReplayPace, ReplaySpec } from "./spec.js";

const cell = {
  /** When the next frame is due. */
  due: 0,
  /** When the next frame is due at a rate. */
  rateDue: 1,
  loopBegan: 2,
  /** The last frame's due time; where there are no times, its departure. */
  last: 3,
  count: 4,
} as const;

export class DueFrames {
  readonly #pipe: PipeReader;
  readonly #cursor: PipeCursor;
  readonly #pace: ReplayPace;
  readonly #loopDelayNs: number;
  readonly #cells = new Float64Array(cell.count);
  #loop = 0;
  #frame = -1;

  /** Made when the pipe is `filled`. */
  constructor(pipe: PipeReader, { pace, loops, loopDelayNs }: Pick<ReplaySpec, "pace" | "loops" | "loopDelayNs">) {
    this.#pipe = pipe;
    this.#cursor = new PipeCursor(pipe, loops);
    this.#pace = pace;
    this.#loopDelayNs = loopDelayNs;
    this.#cells[cell.last] = Number.NaN;
  }

  /** Looks for the next frame. If there is one, `frame` and `dueNs` are its own. */
  look(): boolean {
    if (this.#frame >= 0) return true;
    const frame = this.#cursor.next();
    if (frame < 0) return false;
    if (this.#cursor.loop !== this.#loop) this.#beginLoop(this.#cursor.loop);
    this.#cells[cell.due] = this.#dueOf(frame);
    this.#frame = frame;
    return true;
  }

  /** The pipe's descriptor of the next frame; −1: it was not looked for. */
  get frame(): number {
    return this.#frame;
  }

  /** −Infinity: at once. */
  get dueNs(): number {
    return this.#cells[cell.due];
  }

  /** Where the next frame is, for a burst that takes many frames at once. Call `passed` afterwards. */
  get cursor(): PipeCursor {
    return this.#cursor;
  }

  /** The loop of the last frame that was looked for or passed. */
  get loop(): number {
    return this.#loop;
  }

  /** No frame will come any more. */
  get isOver(): boolean {
    return this.#cursor.isOver;
  }

  /** The next `frames` frames have left, or were skipped. `atNs`: their time, for the delay before the next loop. */
  passed(frames: number, atNs: number): void {
    this.#cells[cell.last] = atNs;
    this.#cursor.advance(frames);
    this.#loop = this.#cursor.loop;
    this.#frame = -1;
  }

  #beginLoop(loop: number): void {
    const cells = this.#cells;
    this.#loop = loop;
    cells[cell.loopBegan] = (Number.isNaN(cells[cell.last]) ? 0 : cells[cell.last]) + this.#loopDelayNs;
    cells[cell.rateDue] += this.#loopDelayNs;
  }

  #dueOf(frame: number): number {
    const pace = this.#pace;
    switch (pace.kind) {
      case "original":
        return this.#cells[cell.loopBegan] + this.#pipe.timeNs(frame) / pace.speed;
      case "pps":
        return this.#nextAtRate(1e9 / pace.pps);
      case "bps":
        return this.#nextAtRate(((this.#pipe.bytes(frame) + pace.overheadBytes) * 8e9) / pace.bps);
      default:
        return this.#loop > 0 && this.#loopDelayNs > 0 ? this.#cells[cell.loopBegan] : Number.NEGATIVE_INFINITY;
    }
  }

  #nextAtRate(takesNs: number): number {
    const due = this.#cells[cell.rateDue];
    this.#cells[cell.rateDue] = due + takesNs;
    return due;
  }
}
