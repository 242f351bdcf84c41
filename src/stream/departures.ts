/**
 * The departures of many streams in one order: the stream whose next frame is due first, by a binary heap over typed
 * arrays, so that one costs O(log n) and nothing is allocated. Equal times go by the streams' order.
 */
import type { Timeline } from "./timeline.js";

export class Departures {
  readonly #timelines: readonly Timeline[];
  /** Heap of streams by due time, and per stream its next frame's number and time. */
  readonly #heap: Int32Array;
  readonly #slots: Float64Array;
  readonly #dueNs: Float64Array;
  #size = 0;

  constructor(timelines: readonly Timeline[]) {
    this.#timelines = timelines;
    this.#heap = new Int32Array(timelines.length);
    this.#slots = new Float64Array(timelines.length);
    this.#dueNs = Float64Array.from(timelines, (timeline) => (timeline.frames > 0 ? timeline.dueNs(0) : Infinity));
    timelines.forEach((timeline, stream) => {
      if (timeline.frames > 0) this.#heap[this.#size++] = stream;
    });
    for (let at = (this.#size >> 1) - 1; at >= 0; at--) this.#sink(at);
  }

  /** When the next frame is due; Infinity: there is none. */
  get nextNs(): number {
    return this.#size === 0 ? Number.POSITIVE_INFINITY : this.#dueNs[this.#heap[0]];
  }

  /** Which stream's it is. */
  get stream(): number {
    return this.#heap[0];
  }

  /** Which of that stream's. */
  get slot(): number {
    return this.#slots[this.#heap[0]];
  }

  /** Goes to the next. */
  advance(): void {
    const stream = this.#heap[0];
    const slot = this.#slots[stream] + 1;
    const timeline = this.#timelines[stream];
    this.#slots[stream] = slot;
    if (slot < timeline.frames) this.#dueNs[stream] = timeline.dueNs(slot);
    else {
      this.#dueNs[stream] = Number.POSITIVE_INFINITY;
      this.#heap[0] = this.#heap[--this.#size];
    }
    if (this.#size > 0) this.#sink(0);
  }

  /** How many of the frames from the next one on are due before `ns`, per stream added to `into`; returns their sum. */
  dueBefore(ns: number, into?: Float64Array): number {
    let sum = 0;
    for (let stream = 0; stream < this.#timelines.length; stream++) {
      const slot = this.#slots[stream];
      if (!(this.#dueNs[stream] < ns)) continue;
      const due = this.#timelines[stream].dueBefore(ns, slot) - slot;
      if (into !== undefined) into[stream] += due;
      sum += due;
    }
    return sum;
  }

  #sink(from: number): void {
    const heap = this.#heap;
    const dueNs = this.#dueNs;
    const size = this.#size;
    const stream = heap[from];
    const due = dueNs[stream];
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      const right = child + 1;
      if (right < size && isBefore(dueNs[heap[right]], heap[right], dueNs[heap[child]], heap[child])) child = right;
      if (!isBefore(dueNs[heap[child]], heap[child], due, stream)) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = stream;
  }
}

const isBefore = (aNs: number, a: number, bNs: number, b: number): boolean => aNs < bNs || (aNs === bNs && a < b);
