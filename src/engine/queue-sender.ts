/**
 * Fills and publishes one transmit queue: frame after frame of a program, each with its signature.
 * Sequence numbers are dense per queue: the j-th frame of queue q carries start + j·Q + q.
 */
import type { RingMemory } from "../ring/memory.js";
import type { TxRing } from "../ring/ring.js";
import type { FrameProgram } from "../stream/program.js";
import { signatureHead, writeSignature } from "../stream/signature.js";
import type { OpenQueue } from "./job.js";

export interface SenderStart {
  readonly memory: RingMemory;
  readonly program: FrameProgram;
  readonly queue: number;
  readonly queues: number;
  readonly trial: number;
  readonly startSequence: number;
  /** Differs from trial to trial, so that buffers filled by an earlier program are rendered anew; 1 … 65,535. */
  readonly generation: number;
}

/** Cells of a sender: doubles in a typed array, since a field would change representation when it passes 2^31. */
const cell = { published: 0, bytes: 1, lowSequence: 2, count: 3 } as const;

export class QueueSender {
  readonly queue: number;
  readonly #memory: RingMemory;
  readonly #program: FrameProgram;
  readonly #head: number;
  readonly #stride: number;
  readonly #flowStep: number;
  readonly #patternStep: number;
  readonly #generation: number;
  readonly #cells = new Float64Array(cell.count);
  /** Per buffer of the ring: generation and variant of the frame that lies in it (0: none of ours). */
  #primed: Uint32Array = new Uint32Array(0);
  #ring: TxRing | null = null;
  #open: OpenQueue | null = null;
  #flow: number;
  #patternAt: number;
  #outstandingAtLoss = 0;
  /** An earlier trial's frames that lay in the ring when this one began. */
  #leftBefore = 0;

  constructor(start: SenderStart) {
    this.queue = start.queue;
    this.#memory = start.memory;
    this.#program = start.program;
    this.#head = signatureHead(start.trial, 0);
    this.#stride = start.queues;
    this.#generation = start.generation;
    this.#cells[cell.lowSequence] = (start.startSequence + start.queue) % 2 ** 32;
    const { flows, pattern } = start.program;
    this.#flow = start.queue % flows;
    this.#flowStep = start.queues % flows;
    this.#patternAt = start.queue % pattern.length;
    this.#patternStep = start.queues % pattern.length;
  }

  /** The queue's ring now; null: its peer is gone. What was outstanding then will never be taken. */
  attach(open: OpenQueue | null): void {
    if (open === this.#open) return;
    if (this.#ring !== null) this.#outstandingAtLoss += this.#ownOutstanding(this.#ring);
    this.#open = open;
    this.#ring = open?.tx ?? null;
    this.#primed = new Uint32Array(this.#ring?.slots ?? 0);
    this.#ring?.reclaim();
    this.#leftBefore = this.#ring?.outstanding() ?? 0;
  }

  get connected(): boolean {
    return this.#ring !== null;
  }

  get published(): number {
    return this.#cells[cell.published]!;
  }

  get bytes(): number {
    return this.#cells[cell.bytes]!;
  }

  /** Published and not taken by the peer, after a look at the ring. */
  outstanding(): number {
    if (this.#ring === null) return this.#outstandingAtLoss;
    this.#ring.reclaim();
    return this.#outstandingAtLoss + this.#ownOutstanding(this.#ring);
  }

  /** An earlier trial's frames that the peer took in this one. A ring is taken from in order. */
  carried(): number {
    if (this.#ring === null) return 0;
    this.#ring.reclaim();
    const here = this.published - this.#outstandingAtLoss;
    return this.#leftBefore - Math.max(0, this.#ring.outstanding() - here);
  }

  /** A ring is taken from in order, so an earlier trial's frames that lie in it still are the first to go. */
  #ownOutstanding(ring: TxRing): number {
    return Math.min(ring.outstanding(), this.published - this.#outstandingAtLoss);
  }

  /** Free slots now. */
  room(): number {
    return this.#ring === null ? 0 : this.#ring.reclaim();
  }

  /**
   * Places up to n frames stamped with one departure time (ns, 48 bits in two halves) and publishes them; returns
   * how many there was room for. Call `room` before.
   */
  send(n: number, timeLow32: number, timeHigh16: number): number {
    const ring = this.#ring;
    if (ring === null) return 0;
    const program = this.#program;
    const { variants, pattern, flows, signed } = program;
    const view = this.#memory.view;
    const primed = this.#primed;
    const generation = this.#generation << 16;
    const stride = this.#stride;
    const head = this.#head;
    let sequence = this.#cells[cell.lowSequence]! >>> 0;
    let bytesSent = 0;
    let k = 0;
    for (; k < n; k++) {
      const variant = pattern[this.#patternAt]!;
      const bytes = variants[variant]!.bufferBytes;
      const at = ring.place(k, bytes);
      if (at <= 0) break;
      const slot = ring.slotOf(k);
      if (slot < 0) program.render(this.#memory, at, variant, this.#flow);
      else if (primed[slot] !== (generation | variant)) {
        primed[slot] = generation | variant;
        program.render(this.#memory, at, variant, this.#flow);
      } else if (flows > 1) program.touch(this.#memory, at, variant, this.#flow);
      if (signed) writeSignature(view, at + bytes, head, sequence, timeLow32, timeHigh16);
      sequence = (sequence + stride) >>> 0;
      bytesSent += bytes;
      this.#advance();
    }
    if (k === 0) return 0;
    ring.publish(k);
    if (ring.notifyWanted()) this.#open!.notifyTx();
    this.#cells[cell.lowSequence] = sequence;
    this.#cells[cell.published]! += k;
    this.#cells[cell.bytes]! += bytesSent;
    return k;
  }

  /** The next frame's flow and place in the order of sizes, without dividing. */
  #advance(): void {
    const { flows, pattern } = this.#program;
    let flow = this.#flow + this.#flowStep;
    if (flow >= flows) flow -= flows;
    this.#flow = flow;
    let at = this.#patternAt + this.#patternStep;
    if (at >= pattern.length) at -= pattern.length;
    this.#patternAt = at;
  }
}
