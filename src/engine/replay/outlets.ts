/** Where a replay's frames leave: every queue of every port, with the frames that went into it. */
import type { TxRing } from "../../ring/ring.js";
import { RingFault } from "../../ring/ring.js";
import type { OpenPort } from "../loop/index.js";
import { RingAccount } from "../transmit/index.js";

/** An outlet is a queue of a port. Its number is port · mostQueues + queue. */
export const mostQueues = 8;

const portOf = (outlet: number): number => (outlet / mostQueues) | 0;

export class Outlets {
  readonly #inUse: { port: number };
  readonly #accounts: readonly RingAccount[];
  /** By port: open queues; 0 while its peer is gone. */
  readonly #queues: Int32Array;
  /** By port: bytes of the frames placed. */
  readonly #bytes: Float64Array;
  /** By outlet: frames of the burst under construction, and frames handed over. */
  readonly #placed: Int32Array;
  readonly #published: Float64Array;

  constructor(ports: number, inUse: { port: number }) {
    this.#inUse = inUse;
    this.#queues = new Int32Array(ports);
    this.#bytes = new Float64Array(ports);
    this.#placed = new Int32Array(ports * mostQueues);
    const published = new Float64Array(ports * mostQueues);
    this.#published = published;
    this.#accounts = Array.from(published, (_, outlet) => new RingAccount(() => published[outlet]));
  }

  /** The port's rings now; null: its peer is gone. */
  attach(port: number, open: OpenPort | null): void {
    this.#queues[port] = open?.queues.length ?? 0;
    for (let queue = 0; queue < mostQueues; queue++) {
      const account = this.#accounts[port * mostQueues + queue];
      if (account.ring !== null) lastLook(account.ring);
      account.attach(open?.queues[queue] ?? null);
    }
  }

  /** Open queues of a port. */
  queuesOf(port: number): number {
    return this.#queues[port];
  }

  /** The outlet for a frame of this `spread`; −1: the port's peer is gone. */
  of(port: number, spread: number): number {
    const queues = this.#queues[port];
    if (queues === 0) return -1;
    return port * mostQueues + (queues > 1 ? spread % queues : 0);
  }

  /** The outlet's ring, which is about to be touched; null: it has none now. */
  ring(outlet: number): TxRing | null {
    this.#inUse.port = portOf(outlet);
    return this.#accounts[outlet].ring;
  }

  /** A new burst: takes back what peers are done with. */
  begin(): void {
    this.#placed.fill(0);
    for (let port = 0; port < this.#queues.length; port++) {
      for (let queue = 0; queue < this.#queues[port]; queue++) this.ring(port * mostQueues + queue)?.reclaim();
    }
  }

  /** A place for one more frame of the burst, as TxRing.place. */
  place(outlet: number, bytes: number): number {
    return this.ring(outlet)?.place(this.#placed[outlet], bytes) ?? 0;
  }

  /** Frames with `bytes` in all are written where they were placed. */
  note(outlet: number, frames: number, bytes: number): void {
    this.#placed[outlet] += frames;
    this.#bytes[portOf(outlet)] += bytes;
  }

  /** Hands the burst over: one store for each outlet that has frames of it. */
  publish(): void {
    const placed = this.#placed;
    for (let outlet = 0; outlet < placed.length; outlet++) {
      const n = placed[outlet];
      if (n === 0) continue;
      placed[outlet] = 0;
      this.ring(outlet)!.publish(n);
      // Frames are counted before the kick, which may find that the peer is gone.
      this.#published[outlet] += n;
      this.#accounts[outlet].notify();
    }
  }

  /** Calls kernels again where they left off for want of room. */
  nudge(): void {
    for (let outlet = 0; outlet < this.#accounts.length; outlet++) {
      if (this.ring(outlet) !== null) this.#accounts[outlet].nudge();
    }
  }

  /** Frames that lie in rings whose peers are there. */
  waiting(): number {
    let frames = 0;
    for (let outlet = 0; outlet < this.#accounts.length; outlet++) {
      const ring = this.ring(outlet);
      if (ring === null) continue;
      ring.reclaim();
      frames += ring.outstanding();
    }
    return frames;
  }

  report(port: number): {
    readonly published: number;
    readonly publishedByQueue: number[];
    readonly outstanding: number;
    readonly bytes: number;
  } {
    const first = port * mostQueues;
    const published = [...this.#published.subarray(first, first + mostQueues)];
    this.#inUse.port = port;
    return {
      published: published.reduce((sum, n) => sum + n, 0),
      publishedByQueue: published.slice(0, this.#queues[port] || mostQueues),
      outstanding: this.#accounts.slice(first, first + mostQueues).reduce((sum, queue) => sum + queue.outstanding(), 0),
      bytes: this.#bytes[port],
    };
  }
}

/** What a peer took until it went was sent. A ring that it broke says nothing any more. */
function lastLook(ring: TxRing): void {
  try {
    ring.reclaim();
  } catch (error) {
    if (!(error instanceof RingFault)) throw error;
  }
}
