/** Frames that a port as a host has to say: they wait for free slots in the port's first transmit ring. */
import type { RingMemory } from "../../memory.js";
import type { OpenPort } from "../loop/index.js";
import type { TransmitQueue } from "../transmit/index.js";

/** At most this many wait. A neighbour without an answer asks again. */
const mostWaiting = 64;

/** The sender that fills the ring, too. It must know what lies between its frames. */
export type BesideSender = Pick<TransmitQueue, "noteBeside">;

/** A frame that waits: an answer, or a question of our own. */
interface Waiting {
  readonly frame: Uint8Array;
  readonly isAnswer: boolean;
}

export class AnswerQueue {
  /** Frames, and their bufferBytes, that were sent; and how many of them were answers. */
  sent = 0;
  sentBytes = 0;
  answered = 0;
  port: OpenPort | null = null;
  sender: BesideSender | null = null;
  /** Sees each frame before it is handed over. */
  watch: ((offset: number, bytes: number) => void) | null = null;
  readonly #memory: RingMemory;
  readonly #waiting: Waiting[] = [];

  constructor(memory: RingMemory) {
    this.#memory = memory;
  }

  /** Where too many wait, this one is dropped. */
  push(frame: Uint8Array, isAnswer: boolean): void {
    if (this.#waiting.length < mostWaiting) this.#waiting.push({ frame, isAnswer });
  }

  /** Counts anew. */
  reset(): void {
    this.sent = 0;
    this.sentBytes = 0;
    this.answered = 0;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Sends what waits, and returns how many left. */
  flush(): number {
    let went = 0;
    while (this.#waiting.length > 0 && this.send(this.#waiting[0].frame)) {
      if (this.#waiting.shift()!.isAnswer) this.answered++;
      went++;
    }
    return went;
  }

  /** Returns false where there is no room now. */
  send(frame: Uint8Array): boolean {
    const open = this.port?.queues[0];
    const ring = open?.tx ?? null;
    if (open === undefined || ring === null) return false;
    if (ring.kickAgain?.()) open.notifyTx();
    if (ring.reclaim() < 1) return false;
    const at = ring.place(0, frame.length);
    if (at <= 0) return false;
    this.#memory.u8.set(frame, at);
    this.sender?.noteBeside?.(ring.slotOf(0));
    this.watch?.(at, frame.length);
    ring.publish(1);
    this.sent++;
    this.sentBytes += frame.length;
    if (ring.notifyWanted()) open.notifyTx();
    return true;
  }
}
