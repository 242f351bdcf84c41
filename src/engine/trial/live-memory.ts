/** Memory of a generator's thread that its owner reads and writes while a trial runs. */
import { Histogram, histogramSlots } from "../../stats/histogram.js";
import { loadQueueBytes } from "./load-queue.js";

const mostDirections = 2;
const latencyBytes = 8 * mostDirections * histogramSlots;

export interface LiveMemory {
  readonly turns: SharedArrayBuffer;
  readonly latency: SharedArrayBuffer;
}

export const liveMemory = (): LiveMemory => {
  const memory = { turns: new SharedArrayBuffer(loadQueueBytes), latency: new SharedArrayBuffer(latencyBytes) };
  const latency = new LiveLatency(memory.latency);
  for (let direction = 0; direction < mostDirections; direction++) new Histogram(latency.of(direction)).reset();
  return memory;
};

/** The latency of each direction's frames, as the receiver records it. */
export class LiveLatency {
  readonly #memory: SharedArrayBuffer;

  constructor(memory: SharedArrayBuffer) {
    this.#memory = memory;
  }

  /** Slots of the histogram of a direction. */
  of(direction: number): Float64Array {
    return new Float64Array(this.#memory, 8 * direction * histogramSlots, histogramSlots);
  }

  /** What was recorded until now, of all directions together. */
  read(): Histogram {
    const sum = new Histogram();
    for (let direction = 0; direction < mostDirections; direction++) {
      sum.merge(new Histogram(Float64Array.from(this.of(direction))));
    }
    return sum;
  }
}
