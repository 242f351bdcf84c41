/** How true a replay is to the file's times: each departure beside the time it was due. */
import { Histogram } from "../../stats/histogram.js";
import type { GapSummary } from "./spec.js";

const lateNs = 10_000;
const lateShare = 0.01;

export class ReplayGaps {
  /** Frames left by more than 10 µs, and more than a hundredth of the gap. */
  late = 0;
  lagMaxNs = 0;
  readonly #off = new Histogram();
  #within1 = 0;
  #within10 = 0;
  #within100 = 0;
  #lastDueNs = Number.NaN;
  #lastNs = 0;

  departed(dueNs: number, nowNs: number): void {
    const lag = nowNs - dueNs;
    if (lag > this.lagMaxNs) this.lagMaxNs = lag;
    if (!Number.isNaN(this.#lastDueNs)) {
      const gap = dueNs - this.#lastDueNs;
      if (lag > lateNs && lag > gap * lateShare) this.late++;
      this.#note(Math.abs(nowNs - this.#lastNs - gap));
    } else if (lag > lateNs) this.late++;
    this.#lastDueNs = dueNs;
    this.#lastNs = nowNs;
  }

  #note(off: number): void {
    this.#off.record(off);
    if (off > 100_000) return;
    this.#within100++;
    if (off > 10_000) return;
    this.#within10++;
    if (off <= 1000) this.#within1++;
  }

  /** null: not even one gap. */
  summary(): GapSummary | null {
    const gaps = this.#off.count;
    if (gaps === 0) return null;
    const at = (share: number): number => this.#off.percentile(share);
    return {
      gaps,
      within1us: this.#within1 / gaps,
      within10us: this.#within10 / gaps,
      within100us: this.#within100 / gaps,
      p50Ns: at(0.5),
      p90Ns: at(0.9),
      p99Ns: at(0.99),
      p99_9Ns: at(0.999),
      maxNs: this.#off.max,
    };
  }
}
