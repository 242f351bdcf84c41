/**
 * Fills and publishes one transmit queue: frame after frame of a program, each with its signature.
 * Sequence numbers are dense per queue: the j-th frame of queue q carries start + j·Q + q.
 */
import type { RingMemory } from "../../memory.js";
import type { TxRing } from "../../ring/ring.js";
import {
  type BurstStamp,
  bufferBytesOf,
  type FrameCursor,
  type FrameProgram,
  type SigningCursor,
} from "../../stream/frames/program.js";
import {
  signatureBase,
  signatureHead,
  trialHighOf,
  writeSignatureHead,
  writeSignatureRest,
} from "../../stream/frames/signature.js";
import { type Share, type Walk, walkOf } from "../../stream/share.js";
import type { OpenQueue } from "../loop/index.js";
import { RingAccount } from "./ring-account.js";
import { ringPace, type Sender } from "./sender.js";

export interface SenderStart {
  readonly memory: RingMemory;
  readonly program: FrameProgram;
  readonly queue: number;
  readonly queues: number;
  /** The trial's id. */
  readonly trial: number;
  /** The stream's number in signatures. */
  readonly firstStream: number;
  readonly startSequence: number;
  /** Whose frames these are. */
  readonly share: Share;
  /** Differs from trial to trial, so that buffers filled by an earlier program are rendered anew; 1 … 65,535. */
  readonly generation: number;
}

/** The most frames that one call sends. */
const burstFrames = 256;

/** Doubles in a typed array; trial-clock.ts says why. */
const cell = { published: 0, bytes: 1, count: 2 } as const;

export class QueueSender implements Sender {
  readonly queue: number;
  readonly pace = ringPace;
  readonly #memory: RingMemory;
  readonly #program: FrameProgram;
  readonly #trialHigh: number;
  readonly #head: number;
  readonly #stride: number;
  /** The frames of the whole that leave here. */
  readonly #walk: Walk;
  readonly #patternStep: number;
  /** Frames differ in nothing but their signature. */
  readonly #uniform: boolean;
  readonly #cursor: FrameCursor | null;
  /** Set where frames of one size change: they are signed where they are touched. */
  readonly #signing: SigningCursor | null;
  readonly #stamp: BurstStamp;
  readonly #generation: number;
  readonly #cells = new Float64Array(cell.count);
  /** Per buffer of the ring: generation and variant of the frame that lies in it (0: none of ours). */
  #primed: Uint32Array = new Uint32Array(0);
  /** Buffers without a frame of ours. After a lap of the ring there are none, and no look is needed. */
  #unprimed = 0;
  /** Where the frames of the burst under construction lie, and in which buffers. */
  readonly #offsets = new Uint32Array(burstFrames);
  readonly #slots = new Int32Array(burstFrames);
  readonly #variants = new Uint16Array(burstFrames);
  readonly #account = new RingAccount(() => this.published);
  #ring: TxRing | null = null;
  /** The low 32 bits of the next frame's number, as a signed integer. */
  #lowSequence: number;
  #patternAt: number;

  constructor(start: SenderStart) {
    this.queue = start.queue;
    this.#memory = start.memory;
    this.#program = start.program;
    this.#trialHigh = trialHighOf(start.trial);
    this.#head = signatureHead(start.trial, start.firstStream);
    this.#stride = start.queues;
    this.#generation = start.generation;
    this.#lowSequence = (start.startSequence + start.queue) | 0;
    const walk = walkOf(start.queue, start.queues, start.share);
    this.#walk = walk;
    const { pattern, changes, signed, seals } = start.program;
    this.#uniform = pattern.length === 1 && !changes && signed && !seals;
    const signing = changes && signed && !seals && start.program.variants.length === 1;
    this.#signing = signing ? start.program.signingCursor(walk.first, walk.step) : null;
    this.#cursor = changes && !signing ? start.program.cursor(walk.first, walk.step) : null;
    this.#stamp = { base: 0, sequence: 0, sequenceStep: start.queues, timeLow32: 0, timeHigh16: 0 };
    this.#patternAt = walk.first % pattern.length;
    this.#patternStep = walk.step % pattern.length;
  }

  /** The queue's ring now; null: its peer is gone. What was outstanding then will never be taken. */
  attach(open: OpenQueue | null): void {
    if (!this.#account.attach(open)) return;
    this.#ring = open?.tx ?? null;
    this.#primed = new Uint32Array(this.#ring?.slots ?? 0);
    this.#unprimed = this.#primed.length;
  }

  get connected(): boolean {
    return this.#ring !== null;
  }

  /** Half of the ring's slots, at least one: a burst should not be larger. */
  get halfRing(): number {
    return Math.max(1, (this.#ring?.slots ?? 0) >> 1);
  }

  get published(): number {
    return this.#cells[cell.published];
  }

  get bytes(): number {
    return this.#cells[cell.bytes];
  }

  bytesOfLast(n: number): number {
    if (n === 0) return 0;
    const { first, step } = this.#walk;
    const ofFirst = (frames: number): number => bufferBytesOf(this.#program, first, step, frames);
    return ofFirst(this.published) - ofFirst(this.published - n);
  }

  outstanding(): number {
    return this.#account.outstanding();
  }

  carried(): number {
    return this.#account.carried();
  }

  noteBeside(slot: number): void {
    if (slot >= 0 && this.#primed[slot] >>> 16 === this.#generation) {
      this.#primed[slot] = 0;
      this.#unprimed++;
    }
    this.#account.noteBeside();
  }

  /** Free slots now. */
  room(): number {
    const ring = this.#ring;
    if (ring === null) return 0;
    if (ring.kickAgain !== undefined) this.nudge();
    return ring.reclaim();
  }

  /** Calls the kernel again where it stopped because it had no room. */
  nudge(): void {
    this.#account.nudge();
  }

  /**
   * Places up to n frames with one departure time (ns, 48 bits in two halves) and publishes them. Returns how many had
   * room. Call `room` before.
   */
  send(n: number, timeLow32: number, timeHigh16: number): number {
    const ring = this.#ring;
    if (ring === null) return 0;
    // 32-bit integers from here on: V8 keeps them in registers, where a number above 2^31 would be a double.
    const low = timeLow32 | 0;
    const placed = this.#uniform
      ? this.#fillUniform(ring, n, low, timeHigh16)
      : this.#fillAny(ring, n, low, timeHigh16);
    if (placed === 0) return 0;
    ring.publish(placed);
    // Counted first: a kick may find that the other side is gone.
    this.#cells[cell.published] += placed;
    this.#account.notify();
    return placed;
  }

  /** Frames of one size and one flow: a buffer that was filled once needs a new sequence, time and balance only. */
  #fillUniform(ring: TxRing, n: number, timeLow32: number, timeHigh16: number): number {
    const view = this.#memory.view;
    const primed = this.#primed;
    const bytes = this.#program.variants[0].bufferBytes;
    const mark = (this.#generation << 16) >>> 0;
    const stride = this.#stride;
    const base = signatureBase(this.#trialHigh, this.#head, timeLow32, timeHigh16);
    const offsets = this.#offsets;
    const slots = this.#slots;
    const placed = ring.placeMany(n, bytes, offsets, slots);
    let sequence = this.#lowSequence;
    if (this.#unprimed > 0) {
      for (let k = 0; k < placed; k++) {
        const slot = slots[k];
        if (slot < 0 || primed[slot] !== mark) this.#prime(slot, offsets[k], 0);
      }
    }
    for (let k = 0; k < placed; k++) {
      writeSignatureRest(view, offsets[k] + bytes, base, sequence, timeLow32, timeHigh16);
      sequence = (sequence + stride) | 0;
    }
    this.#lowSequence = sequence;
    if (placed <= 0) return 0;
    this.#cells[cell.bytes] += placed * bytes;
    return placed;
  }

  /** Frames of several sizes, or that change: they are placed, rendered where needed, touched and signed. */
  #fillAny(ring: TxRing, n: number, timeLow32: number, timeHigh16: number): number {
    const placed = this.#program.pattern.length === 1 ? this.#placeSame(ring, n) : this.#placeMixed(ring, n);
    if (placed <= 0) return 0;
    if (this.#unprimed > 0 || this.#program.variants.length > 1) this.#primeMany(placed);
    if (this.#signing !== null) {
      this.#touchAndSign(this.#signing, placed, timeLow32, timeHigh16);
      return placed;
    }
    if (this.#cursor !== null) this.#cursor.touch(this.#memory, this.#offsets, this.#variants, placed);
    if (this.#program.signed) this.#signMany(placed, timeLow32, timeHigh16);
    if (this.#program.seals) {
      for (let k = 0; k < placed; k++) this.#program.seal(this.#memory, this.#offsets[k], this.#variants[k]);
    }
    return placed;
  }

  #placeSame(ring: TxRing, n: number): number {
    const bytes = this.#program.variants[0].bufferBytes;
    const placed = ring.placeMany(n, bytes, this.#offsets, this.#slots);
    if (placed > 0) this.#cells[cell.bytes] += placed * bytes;
    return placed;
  }

  #placeMixed(ring: TxRing, n: number): number {
    const { variants, pattern } = this.#program;
    let patternAt = this.#patternAt;
    let bytesSent = 0;
    let k = 0;
    for (; k < n; k++) {
      const variant = pattern[patternAt];
      const bytes = variants[variant].bufferBytes;
      const at = ring.place(k, bytes);
      if (at <= 0) break;
      this.#offsets[k] = at;
      this.#slots[k] = ring.slotOf(k);
      this.#variants[k] = variant;
      bytesSent += bytes;
      patternAt += this.#patternStep;
      if (patternAt >= pattern.length) patternAt -= pattern.length;
    }
    this.#patternAt = patternAt;
    this.#cells[cell.bytes] += bytesSent;
    return k;
  }

  #primeMany(placed: number): void {
    const generation = this.#generation << 16;
    for (let k = 0; k < placed; k++) {
      const slot = this.#slots[k];
      const variant = this.#variants[k];
      if (slot < 0 || this.#primed[slot] !== (generation | variant) >>> 0) this.#prime(slot, this.#offsets[k], variant);
    }
  }

  #touchAndSign(signing: SigningCursor, placed: number, timeLow32: number, timeHigh16: number): void {
    const stamp = this.#stamp;
    stamp.base = signatureBase(this.#trialHigh, this.#head, timeLow32, timeHigh16);
    stamp.sequence = this.#lowSequence;
    stamp.timeLow32 = timeLow32;
    stamp.timeHigh16 = timeHigh16;
    signing.touchAndSign(this.#memory, this.#offsets, placed, stamp);
    this.#lowSequence = (this.#lowSequence + Math.imul(placed, this.#stride)) | 0;
  }

  #signMany(placed: number, timeLow32: number, timeHigh16: number): void {
    const { variants } = this.#program;
    const view = this.#memory.view;
    const offsets = this.#offsets;
    const variantOf = this.#variants;
    const stride = this.#stride;
    const base = signatureBase(this.#trialHigh, this.#head, timeLow32, timeHigh16);
    const same = variants.length === 1 ? variants[0].bufferBytes : 0;
    let sequence = this.#lowSequence;
    for (let k = 0; k < placed; k++) {
      const bytes = same > 0 ? same : variants[variantOf[k]].bufferBytes;
      writeSignatureRest(view, offsets[k] + bytes, base, sequence, timeLow32, timeHigh16);
      sequence = (sequence + stride) | 0;
    }
    this.#lowSequence = sequence;
  }

  /** Writes everything that does not change, with the signature's trial and stream. */
  #prime(slot: number, at: number, variant: number): void {
    if (slot >= 0) {
      if (this.#primed[slot] >>> 16 !== this.#generation) this.#unprimed--;
      this.#primed[slot] = ((this.#generation << 16) | variant) >>> 0;
    }
    const program = this.#program;
    program.render(this.#memory, at, variant);
    if (!program.signed) return;
    const end = at + program.variants[variant].bufferBytes;
    writeSignatureHead(this.#memory.view, end, this.#trialHigh, this.#head);
  }
}
