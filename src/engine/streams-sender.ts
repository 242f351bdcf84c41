/**
 * Fills and publishes one transmit queue with frames of many streams, whichever the transmitter names. Sequence numbers
 * are dense per stream and queue: the j-th frame of a stream on queue q carries start + j·Q + q.
 */
import type { RingMemory } from "../ring/memory.js";
import type { TxRing } from "../ring/ring.js";
import type { FrameCursor, FrameProgram } from "../stream/program.js";
import { signatureBase, signatureHead, writeSignatureHead, writeSignatureRest } from "../stream/signature.js";
import type { OpenQueue } from "./job.js";
import { RingAccount } from "./ring-account.js";

export interface StreamsSenderStart {
  readonly memory: RingMemory;
  readonly programs: readonly FrameProgram[];
  readonly queue: number;
  readonly queues: number;
  readonly trial: number;
  /** In signatures, the number of the first stream. */
  readonly firstStream: number;
  readonly startSequence: number;
}

/** Streams of the last frames published are remembered: as many as any ring has slots. */
const remembered = 32_768;

export class StreamsSender {
  readonly queue: number;
  readonly #start: StreamsSenderStart;
  readonly #cursors: readonly (FrameCursor | null)[];
  /** Per stream: frames sent here, and where in its order of sizes it is. */
  readonly #sent: Float64Array;
  readonly #patternAt: Int32Array;
  /** Per stream: the number of its first size among all sizes of all streams. */
  readonly #firstSize: Uint32Array;
  /** Per buffer of the ring: which size of which stream was rendered into it, plus 1; new with each attachment, and a sender with each trial. */
  #primedSize: Uint32Array = new Uint32Array(0);
  readonly #recent = new Int32Array(remembered);
  readonly #offset = new Uint32Array(1);
  readonly #variant = new Uint16Array(1);
  readonly #account = new RingAccount(() => this.#published);
  #ring: TxRing | null = null;
  /** Placed and not yet published. */
  #placed = 0;
  /** Free slots at the last look, less what was placed since. */
  #room = 0;
  #published = 0;
  #bytes = 0;

  constructor(start: StreamsSenderStart) {
    const { programs, queue, queues } = start;
    this.queue = queue;
    this.#start = start;
    this.#cursors = programs.map((program) => (program.changes ? program.cursor(queue, queues) : null));
    this.#sent = new Float64Array(programs.length);
    this.#patternAt = Int32Array.from(programs, ({ pattern }) => queue % pattern.length);
    let sizes = 0;
    this.#firstSize = Uint32Array.from(programs, ({ variants }) => {
      const first = sizes;
      sizes += variants.length;
      return first;
    });
  }

  attach(open: OpenQueue | null): void {
    if (!this.#account.attach(open)) return;
    this.#ring = open?.tx ?? null;
    this.#primedSize = new Uint32Array(this.#ring?.slots ?? 0);
    this.#placed = 0;
  }

  noteBeside(slot: number): void {
    if (slot >= 0) this.#primedSize[slot] = 0;
    this.#account.noteBeside();
  }

  get published(): number {
    return this.#published;
  }

  get bytes(): number {
    return this.#bytes;
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

  /** Of the last `outstanding` frames published, adds 1 to each one's stream. */
  countLast(outstanding: number, into: Float64Array): void {
    const known = Math.min(outstanding, remembered);
    for (let back = 1; back <= known; back++) into[this.#recent[(this.#published - back) & (remembered - 1)]] += 1;
  }

  /** Free slots now, frames placed and not published not counted. */
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

  /** Places the stream's next frame for this queue, stamped; false: there is no room. `publish` hands it over. */
  place(stream: number, timeLow32: number, timeHigh16: number): boolean {
    const ring = this.#ring;
    if (ring === null || this.room() <= 0) return false;
    const { programs, memory, queue, queues, startSequence } = this.#start;
    const program = programs[stream];
    const { pattern } = program;
    const patternAt = this.#patternAt[stream];
    const variant = pattern[patternAt];
    const bytes = program.variants[variant].bufferBytes;
    const at = ring.place(this.#placed, bytes);
    if (at <= 0) return false;
    this.#prime(program, stream, variant, at, ring.slotOf(this.#placed));
    this.#offset[0] = at;
    this.#variant[0] = variant;
    this.#cursors[stream]?.touch(memory, this.#offset, this.#variant, 1);
    const sent = this.#sent[stream];
    if (program.signed) {
      const base = signatureBase(this.#head(stream), timeLow32, timeHigh16);
      const sequence = (startSequence + sent * queues + queue) | 0;
      writeSignatureRest(memory.view, at + bytes, base, sequence, timeLow32 | 0, timeHigh16);
    }
    if (program.seals) program.seal(memory, at, variant);
    const next = patternAt + (queues % pattern.length);
    this.#patternAt[stream] = next >= pattern.length ? next - pattern.length : next;
    this.#recent[(this.#published + this.#placed) & (remembered - 1)] = stream;
    this.#sent[stream] = sent + 1;
    this.#bytes += bytes;
    this.#placed++;
    this.#room--;
    return true;
  }

  /** Hands over what was placed. */
  publish(): void {
    if (this.#placed === 0 || this.#ring === null) return;
    this.#ring.publish(this.#placed);
    this.#account.notify();
    this.#published += this.#placed;
    this.#placed = 0;
  }

  #prime(program: FrameProgram, stream: number, variant: number, at: number, slot: number): void {
    const size = this.#firstSize[stream] + variant + 1;
    if (slot >= 0) {
      if (this.#primedSize[slot] === size) return;
      this.#primedSize[slot] = size;
    }
    const { memory } = this.#start;
    program.render(memory, at, variant);
    const end = at + program.variants[variant].bufferBytes;
    if (program.signed) writeSignatureHead(memory.view, end, this.#head(stream));
  }

  #head(stream: number): number {
    return signatureHead(this.#start.trial, this.#start.firstStream + stream);
  }
}
