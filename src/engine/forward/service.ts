/**
 * A rate limit: one server with a queue before it. A frame that finds the queue full is dropped (tail drop). Time is an
 * argument. Frames are taken to have come evenly since the poll before, so that a rate is that of the hop, not of how
 * its thread was scheduled.
 */
import type { ServiceTime } from "./fault-spec.js";

/** Times in ns, doubles that stay where they are. */
const cell = { arrival: 0, arrivalStep: 1, lastServed: 2, count: 3 } as const;

export class Service {
  readonly #time: ServiceTime;
  /** Queues of the hop. Each has its even share of the rate. */
  readonly #queues: number;
  /** When the last `queueFrames` admitted frames left the server. The oldest one says whether the queue is full. */
  readonly #servedNs: Float64Array;
  #oldest = 0;
  readonly #cells = new Float64Array(cell.count);

  constructor(time: ServiceTime, queueFrames: number, queues: number) {
    this.#time = time;
    this.#queues = queues;
    this.#servedNs = new Float64Array(queueFrames).fill(Number.NEGATIVE_INFINITY);
    this.#cells[cell.arrival] = Number.NaN;
    this.#cells[cell.lastServed] = Number.NEGATIVE_INFINITY;
  }

  /** A poll at `nowNs` brought `frames` and left `pending` in the ring. */
  burst(frames: number, pending: number, nowNs: number): void {
    const cells = this.#cells;
    // The first poll of all: everything came just now.
    if (Number.isNaN(cells[cell.arrival]) || frames === 0) cells[cell.arrival] = nowNs;
    cells[cell.arrivalStep] = frames === 0 ? 0 : Math.max(0, nowNs - cells[cell.arrival]) / (frames + pending);
  }

  /** The burst's next frame comes. */
  arrive(): void {
    this.#cells[cell.arrival] += this.#cells[cell.arrivalStep];
  }

  /**
   * May the frame that has come wait for service? The queue is full if the frame `queueFrames` before it still waits.
   */
  admit(bytes: number): boolean {
    const cells = this.#cells;
    const arrivalNs = cells[cell.arrival];
    if (this.#servedNs[this.#oldest] > arrivalNs) return false;
    const { frameNs, byteNs, overheadBytes } = this.#time;
    const serviceNs = this.#queues * (frameNs + byteNs * (bytes + overheadBytes));
    // A frame that finds the server free leaves at once; the next one has to wait out its time.
    const servedNs = Math.max(arrivalNs, cells[cell.lastServed] + serviceNs);
    cells[cell.lastServed] = servedNs;
    this.#servedNs[this.#oldest] = servedNs;
    this.#oldest = this.#oldest + 1 === this.#servedNs.length ? 0 : this.#oldest + 1;
    return true;
  }

  /** When the frame admitted last leaves the server. */
  lastServedNs(): number {
    return this.#cells[cell.lastServed];
  }
}
