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
  /** Of the pace, by its kind: speed; ns between frames; bits per second; bytes added to each frame. */
  speed: 4,
  gapNs: 5,
  bps: 6,
  overheadBytes: 7,
  loopDelayNs: 8,
  count: 9,
} as const;

export class DueFrames {
  readonly #pipe: PipeReader;
  readonly #cursor: PipeCursor;
  readonly #kind: ReplayPace["kind"];
  readonly #cells = new Float64Array(cell.count);
  #loop = 0;
  #frame = -1;

  /** Made when the pipe is `filled`. */
  constructor(pipe: PipeReader, { pace, loops, loopDelayNs }: Pick<ReplaySpec, "pace" | "loops" | "loopDelayNs">) {
    this.#pipe = pipe;
    this.#cursor = new PipeCursor(pipe, loops);
    this.#kind = ownWord(pace.kind);
    const cells = this.#cells;
    cells[cell.last] = Number.NaN;
    cells[cell.loopDelayNs] = loopDelayNs;
    // Not the spec's own object: see ReplaySender.
    if (pace.kind === "original") cells[cell.speed] = pace.speed;
    else if (pace.kind === "pps") cells[cell.gapNs] = 1e9 / pace.pps;
    else if (pace.kind === "bps") {
      cells[cell.bps] = pace.bps;
      cells[cell.overheadBytes] = pace.overheadBytes;
    }
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
    cells[cell.loopBegan] = (Number.isNaN(cells[cell.last]) ? 0 : cells[cell.last]) + cells[cell.loopDelayNs];
    cells[cell.rateDue] += cells[cell.loopDelayNs];
  }

  #dueOf(frame: number): number {
    const cells = this.#cells;
    switch (this.#kind) {
      case "original":
        return cells[cell.loopBegan] + this.#pipe.timeNs(frame) / cells[cell.speed];
      case "pps":
        return this.#nextAtRate(cells[cell.gapNs]);
      case "bps":
        return this.#nextAtRate(((this.#pipe.bytes(frame) + cells[cell.overheadBytes]) * 8e9) / cells[cell.bps]);
      default:
        return this.#loop > 0 && cells[cell.loopDelayNs] > 0 ? cells[cell.loopBegan] : Number.NEGATIVE_INFINITY;
    }
  }

  #nextAtRate(takesNs: number): number {
    const due = this.#cells[cell.rateDue];
    this.#cells[cell.rateDue] = due + takesNs;
    return due;
  }
}

const kinds: readonly ReplayPace["kind"][] = ["original", "pps", "bps", "max", "one"];

/**
 * The same word of this program. Words that came with a message are other strings to V8: it throws away code that compared
 * only words of its own.
 */
const ownWord = (kind: ReplayPace["kind"]): ReplayPace["kind"] => kinds[kinds.indexOf(kind)];
