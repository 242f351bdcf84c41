/** A histogram of ns that may be negative, as differences of delays are: two histograms back to back. */
import { Histogram, type HistogramData, type HistogramSummary, rankOf } from "./histogram.js";

export interface SignedHistogramData {
  readonly negative: HistogramData;
  readonly positive: HistogramData;
}

/**
 * For IPDV (RFC 5481 §4.1): record(delay of packet i − delay of packet i − 1), for consecutive numbers that both came
 * in order. Percentiles are of the signed value, so the median of a steady path is 0.
 */
export class SignedHistogram {
  /** Of the magnitudes. */
  readonly #negative: Histogram;
  readonly #positive: Histogram;

  constructor(negative = new Histogram(), positive = new Histogram()) {
    this.#negative = negative;
    this.#positive = positive;
  }

  static fromData({ negative, positive }: SignedHistogramData): SignedHistogram {
    return new SignedHistogram(Histogram.fromData(negative), Histogram.fromData(positive));
  }

  /** Uses them as they are, e.g. to read them. */
  static over({ negative, positive }: SignedHistogramData): SignedHistogram {
    return new SignedHistogram(new Histogram(negative), new Histogram(positive));
  }

  toData(): SignedHistogramData {
    return { negative: this.#negative.toData(), positive: this.#positive.toData() };
  }

  reset(): void {
    this.#negative.reset();
    this.#positive.reset();
  }

  record(value: number): void {
    if (value < 0) this.#negative.record(-value);
    else this.#positive.record(value);
  }

  recordMany(value: number, count: number): void {
    if (value < 0) this.#negative.recordMany(-value, count);
    else this.#positive.recordMany(value, count);
  }

  merge(other: SignedHistogram): void {
    this.#negative.merge(other.#negative);
    this.#positive.merge(other.#positive);
  }

  get count(): number {
    return this.#negative.count + this.#positive.count;
  }

  /** The value of rank ceil(share × count): its magnitude at most 0.8 % too large. NaN when empty. */
  percentile(share: number): number {
    return this.#valueAt(share, this.#negative.count, this.#positive.count);
  }

  #valueAt(share: number, below: number, above: number): number {
    if (below + above === 0) return Number.NaN;
    const rank = rankOf(share, below + above);
    // Ascending values are descending magnitudes on the negative side.
    if (rank <= below) return -this.#negative.valueAtRank(below - rank + 1);
    return this.#positive.valueAtRank(rank - below);
  }

  /** Null when nothing was recorded. */
  summary(): HistogramSummary | null {
    const below = this.#negative.count;
    const above = this.#positive.count;
    if (below + above === 0) return null;
    const at = (share: number): number => this.#valueAt(share, below, above);
    const sum = (above > 0 ? this.#positive.mean * above : 0) - (below > 0 ? this.#negative.mean * below : 0);
    return {
      count: below + above,
      min: below > 0 ? -this.#negative.max : this.#positive.min,
      mean: sum / (below + above),
      p50: at(0.5),
      p90: at(0.9),
      p99: at(0.99),
      p99_9: at(0.999),
      p99_99: at(0.9999),
      max: above > 0 ? this.#positive.max : -this.#negative.min,
    };
  }
}
