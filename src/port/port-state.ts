/**
 * What all ports keep: the rings of the moment, who watches them, and who waits for them. Changes go through here, so
 * that no ring is ever changed under a worker: quiesce, change, then publish or lose.
 */
import { PktgenError } from "../errors.js";
import type { Arena } from "../sys/arena.js";
import type { PortObserver, PortRings, QueueRings } from "./port.js";

interface Waiter {
  readonly resolve: (rings: PortRings) => void;
  readonly reject: (error: PktgenError) => void;
}

export class PortState {
  readonly positions: Int32Array;
  readonly #positionsBuffer: SharedArrayBuffer;
  readonly #arena: Arena;
  readonly #waiters = new Set<Waiter>();
  #observer: PortObserver | null = null;
  #rings: PortRings | null = null;
  #generation = 0;
  #quiesced = false;
  #failure: PktgenError | null = null;

  constructor(arena: Arena, queues: number) {
    this.#arena = arena;
    this.#positionsBuffer = new SharedArrayBuffer(2 * queues * Int32Array.BYTES_PER_ELEMENT);
    this.positions = new Int32Array(this.#positionsBuffer);
  }

  get rings(): PortRings | null {
    return this.#rings;
  }

  observe(observer: PortObserver): void {
    this.#observer = observer;
  }

  /** Until the next publish or lose, nobody touches the rings. Asks the observer once. */
  quiesce(): void {
    if (this.#quiesced || this.#rings === null) return;
    this.#observer?.quiesce();
    this.#quiesced = true;
  }

  /** The rings from now on. Their `start` must be their position now: quiesce first if workers had them before. */
  publish(queues: readonly QueueRings[]): void {
    this.quiesce();
    const rings: PortRings = {
      generation: ++this.#generation,
      arenaAddress: this.#arena.address,
      arenaBytes: this.#arena.bytes,
      queues,
      positions: this.#positionsBuffer,
    };
    for (const { tx, rx } of queues) {
      for (const ring of [tx, rx]) {
        if (ring !== null && "start" in ring) this.positions[ring.vring] = ring.start;
      }
    }
    this.#rings = rings;
    this.#quiesced = false;
    this.#observer?.resume(rings);
    for (const waiter of this.#waiters) waiter.resolve(rings);
  }

  /** The peer is gone; afterwards its memory may go. */
  lose(why: string): void {
    if (this.#rings === null) return;
    try {
      this.quiesce();
    } catch (error) {
      // A worker that does not stand must not keep the port: memory is replaced in place, so the worst is garbage.
      if (!(error instanceof PktgenError)) throw error;
    }
    this.#rings = null;
    this.#quiesced = false;
    this.#observer?.resume(null, why);
  }

  /** Nothing will come any more: whoever waits, now or later, gets this. */
  fail(error: PktgenError): void {
    this.#failure ??= error;
    for (const waiter of this.#waiters) waiter.reject(error);
  }

  /** Resolves with the rings, at once if they are there; `late` words the error of a timeout. */
  ready(timeoutMs: number, late: () => PktgenError): Promise<PortRings> {
    if (this.#rings !== null) return Promise.resolve(this.#rings);
    if (this.#failure !== null) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      const done = (): void => {
        clearTimeout(timeout);
        this.#waiters.delete(waiter);
      };
      const waiter: Waiter = {
        resolve: (rings) => {
          done();
          resolve(rings);
        },
        reject: (error) => {
          done();
          reject(error);
        },
      };
      const timeout = setTimeout(() => waiter.reject(late()), timeoutMs);
      this.#waiters.add(waiter);
    });
  }
}
