/**
 * A rest of a loop that nothing is due in, and that ends when a frame comes in or the owner asks for something: epoll(7) on
 * the descriptors of its rings, and on one of the owner's. A peer in another program is asked to signal meanwhile. A loop
 * with a ring that has no descriptor sleeps a millisecond at most instead, because frames that come meanwhile have to find
 * room. So does one whose peer was asked and did not signal.
 */
import type { QueueRings } from "../../port/port.js";
import type { RxRing } from "../../ring/ring.js";
import { Epoll } from "../../sys/epoll.js";

/** So long at most; a thread in a system call cannot be ended, and 100 ms is what the engine promises. */
const longestMs = 50;
/** So many rests in a row, with frames that nobody signalled, show a peer that never does. One was maybe about to. */
const mostUnsignalled = 3;

/** A ring that frames may come in on, as it was opened here. */
export interface RestingRing {
  readonly port: number;
  readonly ring: RxRing;
  readonly queue: Pick<QueueRings, "rxReadable" | "rxSignal">;
}

export class LongRest implements Disposable {
  readonly #wakeFd: number;
  /** The port whose ring is looked at. */
  readonly #inUse: { port: number };
  #epoll: Epoll;
  /** Those whose peers are asked to signal. */
  #asked: readonly RestingRing[] = [];
  #isPossible = false;
  /** By ring of those: rests in a row whose frames nobody signalled. */
  #unsignalled = new Int32Array(0);

  /** `wakeFd`: the owner's eventfd. */
  constructor(wakeFd: number, inUse: { port: number }) {
    this.#wakeFd = wakeFd;
    this.#inUse = inUse;
    this.#epoll = new Epoll();
  }

  get isPossible(): boolean {
    return this.#isPossible;
  }

  /** Peers that were here before may still have their descriptors, and would end rests: so all is opened anew. */
  watch(rings: readonly RestingRing[]): void {
    this.#epoll[Symbol.dispose]();
    this.#epoll = new Epoll();
    this.#epoll.addSignalled(this.#wakeFd);
    this.#isPossible = rings.every(isHeard);
    this.#asked = this.#isPossible ? rings.filter(({ queue }) => queue.rxReadable === undefined) : [];
    this.#unsignalled = new Int32Array(this.#asked.length);
    if (!this.#isPossible) return;
    for (const { queue } of rings) {
      if (queue.rxReadable !== undefined) this.#epoll.addReadable(queue.rxReadable);
      else this.#epoll.addSignalled(queue.rxSignal!);
    }
  }

  /** Before the last look at the rings, and at the end of the rest. */
  wishSignals(areWished: boolean): void {
    for (const { ring } of this.#asked) ring.wishSignals!(areWished);
  }

  /** False: nothing happened in that time. May throw a RingFault. */
  wait(): boolean {
    const isSignalled = this.#epoll.wait(longestMs);
    for (const [k, { port, ring }] of this.#asked.entries()) {
      this.#inUse.port = port;
      if (ring.pending() === 0) continue;
      this.#unsignalled[k] = isSignalled ? 0 : this.#unsignalled[k] + 1;
      if (this.#unsignalled[k] >= mostUnsignalled) this.#isPossible = false;
    }
    return isSignalled;
  }

  [Symbol.dispose](): void {
    this.#epoll[Symbol.dispose]();
  }
}

const isHeard = ({ ring, queue }: RestingRing): boolean =>
  queue.rxReadable !== undefined || (queue.rxSignal !== undefined && ring.wishSignals !== undefined);
