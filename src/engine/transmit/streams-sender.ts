/**
 * Fills and publishes one transmit queue with frames of many streams, in the transmitter's order. Sequence numbers are
 * dense per stream and queue: the j-th frame of a stream on queue q carries start + j·Q + q.
 */
import type { RingMemory } from "../../memory.js";
import type { TxRing } from "../../ring/ring.js";
import { bufferBytesOf } from "../../stream/frames/program.js";
import { StreamFrames, type StreamFramesStart } from "../../stream/frames/stream-frames.js";
import { type Walk, walkOf } from "../../stream/share.js";
import type { OpenQueue } from "../loop/index.js";
import { RingAccount } from "./ring-account.js";
import type { TransmitQueue } from "./sender.js";

export interface StreamsSenderStart extends StreamFramesStart {
  readonly memory: RingMemory;
}

/** How many published frames' streams are remembered: as many as any ring has slots. */
const remembered = 32_768;

/** Doubles in a typed array; trial-clock.ts says why. */
const cell = { published: 0, bytes: 1, count: 2 } as const;

export class StreamsSender implements TransmitQueue {
  readonly queue: number;
  readonly #start: StreamsSenderStart;
  readonly #memory: RingMemory;
  readonly #frames: StreamFrames;
  readonly #walk: Walk;
  /** Per stream: frames sent here. */
  readonly #sent: Float64Array;
  /** Per buffer of the ring: what was rendered into it. It is new with each attachment. */
  #primed: Int32Array = new Int32Array(0);
  readonly #recent = new Int32Array(remembered);
  readonly #account = new RingAccount(() => this.published);
  readonly #cells = new Float64Array(cell.count);
  #ring: TxRing | null = null;
  /** Something was published since the last kick. */
  #isKickDue = false;
  /** Placed and not yet published. */
  #placed = 0;
  /** Free slots at the last look, minus the frames placed since. */
  #room = 0;

  constructor(start: StreamsSenderStart) {
    this.queue = start.queue;
    this.#start = start;
    this.#memory = start.memory;
    this.#frames = new StreamFrames(start);
    this.#walk = walkOf(start.queue, start.queues, start.share);
    this.#sent = new Float64Array(start.programs.length);
  }

  attach(open: OpenQueue | null): void {
    if (open === this.#account.open) return;
    // Frames that were placed when the ring broke will never be taken.
    this.#cells[cell.published] += this.#placed;
    this.#account.lose(this.#placed);
    this.#placed = 0;
    this.#account.attach(open);
    this.#ring = open?.tx ?? null;
    this.#primed = new Int32Array(this.#ring?.slots ?? 0);
  }

  noteBeside(slot: number): void {
    if (slot >= 0) this.#primed[slot] = 0;
    this.#account.noteBeside();
  }

  get published(): number {
    return this.#cells[cell.published];
  }

  get bytes(): number {
    return this.#cells[cell.bytes];
  }

  bytesOfLast(n: number): number {
    if (n === 0) return 0;
    const last = new Float64Array(this.#sent.length);
    this.countLast(n, last);
    return last.reduce((sum, frames, stream) => {
      const sent = this.#sent[stream];
      return frames === 0 ? sum : sum + this.bytesOf(stream, sent) - this.bytesOf(stream, sent - frames);
    }, 0);
  }

  outstanding(): number {
    return this.#account.outstanding();
  }

  carried(): number {
    return this.#account.carried();
  }

  /** Frames of a stream handed over here. */
  sentOf(stream: number): number {
    return this.#sent[stream];
  }

  /** For each of the last `outstanding` frames published, adds 1 to its stream. */
  countLast(outstanding: number, into: Float64Array): void {
    const known = Math.min(outstanding, remembered);
    for (let back = 1; back <= known; back++) into[this.#recent[(this.published - back) & (remembered - 1)]] += 1;
  }

  /** bufferBytes of the first `frames` frames of a stream that were handed over here. */
  bytesOf(stream: number, frames: number): number {
    const { first, step } = this.#walk;
    return bufferBytesOf(this.#start.programs[stream], first, step, frames);
  }

  /** Free slots now, minus the frames that are placed and not published. */
  room(): number {
    if (this.#placed === 0) {
      if (this.#ring?.kickAgain !== undefined) this.nudge();
      this.#room = this.#ring === null ? 0 : this.#ring.reclaim();
    }
    return this.#room;
  }

  nudge(): void {
    this.#account.nudge();
  }

  /** Places and stamps the stream's next frame of this queue; false: there is no room. `publish` hands it over. */
  place(stream: number, timeLow32: number, timeHigh16: number): boolean {
    const ring = this.#ring;
    if (ring === null || this.room() <= 0) return false;
    const frames = this.#frames;
    const bytes = frames.bytesOf(frames.nextSize(stream));
    const at = ring.place(this.#placed, bytes);
    if (at <= 0) return false;
    const slot = ring.slotOf(this.#placed);
    const primed = slot < 0 ? 0 : this.#primed[slot];
    const made = frames.make(this.#memory, stream, at, primed, timeLow32 | 0, timeHigh16);
    if (slot >= 0) this.#primed[slot] = made;
    this.#recent[(this.published + this.#placed) & (remembered - 1)] = stream;
    this.#sent[stream]++;
    this.#cells[cell.bytes] += bytes;
    this.#placed++;
    this.#room--;
    return true;
  }

  /** Hands over what was placed. `kick` is called afterwards: it may find the peer gone. */
  publish(): void {
    if (this.#placed === 0 || this.#ring === null) return;
    this.#ring.publish(this.#placed);
    this.#cells[cell.published] += this.#placed;
    this.#placed = 0;
    this.#isKickDue = true;
  }

  kick(): void {
    if (!this.#isKickDue) return;
    this.#isKickDue = false;
    this.#account.notify();
  }
}
