/** Latency and delay variation of one stream's frames, in runs that left together. */
import { Histogram } from "../../stats/histogram.js";
import { SignedHistogram } from "../../stats/signed-histogram.js";
import { type LagWindow, lagWindowFrames, type ReceiveReport } from "../loop/index.js";

/** Node 20 folds a module's own constants into hot code, but loads imported ones from memory each time. */
const lagFrames = lagWindowFrames;

export class FrameTimes {
  readonly #queues: number;
  readonly #lag: LagWindow | null;
  /** Frames handed to the peer so far on a transmit queue. */
  readonly #published: (queue: number) => number;
  readonly #latency: Histogram;
  /** From the intended departure; null where nothing is scheduled. */
  readonly #latencyIntended: Histogram | null;
  readonly #ipdv = new SignedHistogram();
  /** By transmit queue; NaN: that frame had none. */
  readonly #lastLatency: Float64Array;

  /** `latency`: where latencies are recorded; absent: in memory of its own. */
  constructor(queues: number, lag: LagWindow | null, published: (queue: number) => number, latency?: Float64Array) {
    this.#latency = new Histogram(latency);
    this.#latency.reset();
    this.#queues = queues;
    this.#lag = lag;
    this.#published = published;
    this.#latencyIntended = lag === null ? null : new Histogram();
    this.#lastLatency = new Float64Array(queues);
  }

  /** Frames `first` to `first + run − 1` of a transmit queue came in order, and left together. */
  noteRun(queue: number, first: number, run: number, latencyNs: number): void {
    if (this.#latencyIntended !== null) this.#recordIntended(queue, first, run, latencyNs);
    // RFC 5481 §4.1: differences of consecutive frames; within a run they are 0.
    const differsBy = latencyNs - this.#lastLatency[queue];
    if (first > 0 && !Number.isNaN(differsBy)) this.#ipdv.record(differsBy);
    this.#ipdv.recordMany(0, run - 1);
    this.#lastLatency[queue] = latencyNs;
    this.#latency.recordMany(latencyNs, run);
  }

  /** `isNext`: it follows the frame before. `isLast`: no greater number came before it. */
  note(queue: number, index: number, latencyNs: number, isNext: boolean, isLast: boolean): void {
    const differsBy = latencyNs - this.#lastLatency[queue];
    if (isNext && index > 0 && !Number.isNaN(differsBy)) this.#ipdv.record(differsBy);
    if (isLast) this.#lastLatency[queue] = latencyNs;
    if (this.#latencyIntended !== null) this.#recordIntended(queue, index, 1, latencyNs);
    this.#latency.record(latencyNs);
  }

  /** As note, of a frame that came before it left, by the clocks of two hosts. The variation needs no common time. */
  noteEarly(queue: number, index: number, latencyNs: number, isNext: boolean, isLast: boolean): void {
    const differsBy = latencyNs - this.#lastLatency[queue];
    if (isNext && index > 0 && !Number.isNaN(differsBy)) this.#ipdv.record(differsBy);
    if (isLast) this.#lastLatency[queue] = latencyNs;
    this.#latency.record(0);
  }

  /** The last frame of the queue has no latency: the next one cannot be compared with it. */
  noteUnknown(queue: number): void {
    this.#lastLatency[queue] = Number.NaN;
  }

  report(): Pick<ReceiveReport, "latency" | "latencyIntended" | "ipdv"> {
    const measured = this.#latency.count > 0;
    return {
      latency: measured ? this.#latency.toData() : null,
      latencyIntended: measured ? (this.#latencyIntended?.toData() ?? null) : null,
      ipdv: measured && this.#ipdv.count > 0 ? this.#ipdv.toData() : null,
    };
  }

  #recordIntended(queue: number, first: number, run: number, latencyNs: number): void {
    const stride = this.#queues;
    // Frames that left since have taken the places of these: their lag is not known any more.
    if ((this.#published(queue) - first) * stride > lagFrames) return;
    for (let i = 0; i < run; i++) {
      this.#latencyIntended!.record(latencyNs + this.#lag!.of((first + i) * stride + queue));
    }
  }
}
