/**
 * What all ports keep: the current rings, their observer, those who wait for them, and why earlier rings ended. Every
 * change goes through here, so that no ring changes under a worker: quiesce, change, then publish or lose.
 */
import { PktgenError } from "../errors.js";
import type { Arena } from "../sys/arena.js";
import type { PortObserver, PortRings, QueueRings } from "./port.js";

/** Reasons that are kept. Callers ask for those of the last trial. */
const mostEnds = 1000;
const mostUntold = 10;

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
  /** There are no rings, but workers have some that receive on. */
  #receives = false;
  #generation = 0;
  #quiesced = false;
  #failure: PktgenError | null = null;
  /** By generation, in order: why its rings ended. Rings that only went on in the next generation have no entry. */
  readonly #ends = new Map<number, string>();
  /** Since there were rings: what went wrong first, and what went wrong last. */
  #firstTrouble: string | null = null;
  #lastTrouble: string | null = null;
  /** Troubles of peers that came before there was an observer. */
  readonly #untold: string[] = [];

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
    for (const why of this.#untold.splice(0)) observer.trouble?.(why);
  }

  /** Until the next publish or lose, no worker touches the rings. Asks the observer once. */
  quiesce(): void {
    if (this.#quiesced || (this.#rings === null && !this.#receives)) return;
    this.#observer?.quiesce();
    this.#quiesced = true;
  }

  /**
   * The rings from now on. Their `start` must be their position now: quiesce first if workers had them before.
   * `ended`: why rings that were there before are not these; null: they go on as they were.
   */
  publish(queues: readonly QueueRings[], ended: string | null = null): void {
    this.quiesce();
    if (this.#rings !== null && ended !== null) this.#noteEnd(ended);
    this.#firstTrouble = null;
    this.#lastTrouble = null;
    this.#generation++;
    const rings = this.#ringsOf(queues);
    for (const { tx, rx } of queues) {
      for (const ring of [tx, rx]) {
        if (ring !== null && "start" in ring) this.positions[ring.vring] = ring.start;
      }
    }
    this.#rings = rings;
    this.#receives = false;
    this.#quiesced = false;
    this.#observer?.resume(rings);
    for (const waiter of this.#waiters) waiter.resolve(rings);
  }

  #ringsOf(queues: readonly QueueRings[]): PortRings {
    return {
      generation: this.#generation,
      arenaAddress: this.#arena.address,
      arenaBytes: this.#arena.bytes,
      queues,
      positions: this.#positionsBuffer,
    };
  }

  /**
   * The peer is gone; afterwards its memory may go, but for that of the rings that receive on. `between` is called while no
   * worker touches any of them.
   */
  lose(why: string, receiving: readonly QueueRings[] | null = null, between: () => void = () => {}): void {
    if (this.#rings === null && !this.#receives) return;
    if (this.#rings !== null) this.#noteEnd(why);
    try {
      this.quiesce();
    } catch (error) {
      // A worker that does not stand must not keep the port: memory is replaced in place, so the worst is garbage.
      if (!(error instanceof PktgenError)) throw error;
    }
    between();
    this.#rings = null;
    this.#receives = receiving !== null;
    this.#quiesced = false;
    this.#observer?.resume(null, why, receiving === null ? null : this.#ringsOf(receiving));
  }

  #noteEnd(why: string): void {
    this.#ends.set(this.#generation, why);
    if (this.#ends.size > mostEnds) this.#ends.delete(this.#ends.keys().next().value!);
  }

  /** Why the last rings ended; null: there are rings, or there never were any. */
  get lastEnd(): string | null {
    return this.#rings === null ? (this.#ends.get(this.#generation) ?? null) : null;
  }

  /** It turned out what the last end was for. */
  explain(why: string): void {
    if (this.#rings === null && this.#generation > 0) this.#noteEnd(why);
  }

  /** Why the rings of this generation ended, or the first to end of those that followed; null: they have not. */
  whyLost(generation: number): string | null {
    for (const [ended, why] of this.#ends) if (ended >= generation) return why;
    return null;
  }

  /** Something went wrong with a peer. `told`: the observer is told. */
  trouble(why: string, told: boolean): void {
    this.#firstTrouble ??= why;
    this.#lastTrouble = why;
    if (!told) return;
    if (this.#observer !== null) this.#observer.trouble?.(why);
    else if (this.#untold.length < mostUntold) this.#untold.push(why);
  }

  /** What went wrong since the last rings, for the end of a sentence; "" if nothing did. */
  troubles(): string {
    const [first, last] = [this.#firstTrouble, this.#lastTrouble];
    if (first === null) return "";
    return first === last ? ` (the last one: ${first})` : ` (first: ${first}; the last one: ${last})`;
  }

  /** No rings will come any more. Those who wait, now or later, get this error. */
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
