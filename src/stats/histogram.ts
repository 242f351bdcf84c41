/**
 * A log-linear histogram of nanoseconds: exact below 256, then 128 buckets per power of two. So a percentile is at most
 * 1/128 (0.8 %) above the true value and never below it. The memory is constant, and a sample allocates nothing.
 */
import { usageError } from "../errors.js";

/** Exact buckets 0 … 255. */
const exactBuckets = 256;
const subBucketBits = 7;
const subBuckets = 1 << subBucketBits;
const firstExponent = 8;
/** Values of 2^42 ns (73 min) and more share the last bucket; minimum, maximum and mean stay exact. */
const endExponent = 42;
const bucketCount = exactBuckets + (endExponent - firstExponent) * subBuckets;

/** The layout of the one Float64Array: sum, minimum, maximum, then a count per bucket (exact to 2^53). */
const sumAt = 0;
const minAt = 1;
const maxAt = 2;
const bucketsAt = 3;

/** Doubles that a histogram takes; give a Float64Array of this length to keep it in memory of your own. */
export const histogramSlots = bucketsAt + bucketCount;

/** Percentiles by nearest rank: the smallest value that at least that share of the samples does not exceed. */
export interface HistogramSummary {
  readonly count: number;
  readonly min: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p99_9: number;
  readonly p99_99: number;
  readonly max: number;
}

/** The plain form to post between threads: a copy of the histogram's doubles. */
export type HistogramData = Float64Array;

export class Histogram {
  readonly #slots: Float64Array;

  /**
   * `slots`: `histogramSlots` doubles that the histogram uses as they are; call reset() on fresh memory. Without it,
   * the histogram has its own memory.
   */
  constructor(slots?: Float64Array) {
    this.#slots = slots ?? new Float64Array(histogramSlots);
    if (slots === undefined) this.reset();
  }

  static fromData(data: HistogramData): Histogram {
    return new Histogram(Float64Array.from(data));
  }

  toData(): HistogramData {
    return Float64Array.from(this.#slots);
  }

  reset(): void {
    this.#slots.fill(0);
    this.#slots[minAt] = Number.POSITIVE_INFINITY;
    this.#slots[maxAt] = Number.NEGATIVE_INFINITY;
  }

  /** One sample in ns; a negative one counts in bucket 0, with minimum and mean exact. */
  record(value: number): void {
    const slots = this.#slots;
    slots[bucketsAt + bucketOf(value)] += 1;
    slots[sumAt] += value;
    if (value < slots[minAt]) slots[minAt] = value;
    if (value > slots[maxAt]) slots[maxAt] = value;
  }

  /** The same sample `count` times; nothing when count is 0. */
  recordMany(value: number, count: number): void {
    if (count <= 0) return;
    const slots = this.#slots;
    slots[bucketsAt + bucketOf(value)] += count;
    slots[sumAt] += value * count;
    if (value < slots[minAt]) slots[minAt] = value;
    if (value > slots[maxAt]) slots[maxAt] = value;
  }

  /** Adds the other's samples to this one's. */
  merge(other: Histogram): void {
    const mine = this.#slots;
    const theirs = other.#slots;
    mine[sumAt] += theirs[sumAt];
    mine[minAt] = Math.min(mine[minAt], theirs[minAt]);
    mine[maxAt] = Math.max(mine[maxAt], theirs[maxAt]);
    for (let i = bucketsAt; i < histogramSlots; i++) mine[i] += theirs[i];
  }

  /** Samples recorded. Counted when asked, so that recording needn't. */
  get count(): number {
    let count = 0;
    for (let i = bucketsAt; i < histogramSlots; i++) count += this.#slots[i];
    return count;
  }

  /** NaN when empty, like max and mean. */
  get min(): number {
    return Number.isFinite(this.#slots[minAt]) ? this.#slots[minAt] : Number.NaN;
  }

  get max(): number {
    return Number.isFinite(this.#slots[maxAt]) ? this.#slots[maxAt] : Number.NaN;
  }

  get mean(): number {
    return this.#slots[sumAt] / this.count;
  }

  /** The value of rank ceil(share × count), share 0 … 1: the upper end of its bucket, within minimum and maximum. */
  percentile(share: number): number {
    const count = this.count;
    return count === 0 ? Number.NaN : this.valueAtRank(rankOf(share, count));
  }

  /** The sample of rank `rank` (1 … count) in ascending order, as exact as the histogram is. */
  valueAtRank(rank: number): number {
    let seen = 0;
    for (let bucket = 0; bucket < bucketCount; bucket++) {
      seen += this.#slots[bucketsAt + bucket];
      // The last bucket has no upper end.
      if (seen >= rank && bucket < bucketCount - 1) return Math.max(this.min, Math.min(this.max, bucketTop(bucket)));
    }
    return this.max;
  }

  /**
   * The occupied part of the histogram, coarser: upper end in ns and count of at most 8 buckets per power of two. The
   * last upper end is the maximum.
   */
  coarseBuckets(): [upTo: number, count: number][] {
    const coarse: [number, number][] = [];
    let group = -1;
    for (let bucket = 0; bucket < bucketCount; bucket++) {
      const count = this.#slots[bucketsAt + bucket];
      if (count === 0) continue;
      const now = coarseGroup(bucket);
      const upTo = Math.min(this.max, bucketTop(bucket));
      const last = coarse.at(-1);
      if (now === group && last !== undefined) {
        last[0] = upTo;
        last[1] += count;
      } else {
        coarse.push([upTo, count]);
      }
      group = now;
    }
    const last = coarse.at(-1);
    if (last !== undefined) last[0] = this.max;
    return coarse;
  }

  /** Null when nothing was recorded. */
  summary(): HistogramSummary | null {
    const count = this.count;
    if (count === 0) return null;
    const at = (share: number): number => this.valueAtRank(rankOf(share, count));
    return {
      count,
      min: this.min,
      mean: this.#slots[sumAt] / count,
      p50: at(0.5),
      p90: at(0.9),
      p99: at(0.99),
      p99_9: at(0.999),
      p99_99: at(0.9999),
      max: this.max,
    };
  }
}

/** All their samples in one; null: there is none. Exact, for whole nanoseconds whose sum is below 2^53. */
export function mergeHistograms(parts: readonly (HistogramData | null | undefined)[]): HistogramData | null {
  let merged: Histogram | null = null;
  for (const part of parts) {
    if (part == null) continue;
    if (part.length !== histogramSlots) {
      const accepted = `${histogramSlots}, which this version has`;
      throw usageError(`a histogram has ${part.length} slots`, { accepted });
    }
    if (merged === null) merged = Histogram.fromData(part);
    else merged.merge(new Histogram(part));
  }
  return merged?.toData() ?? null;
}

/** Nearest rank; the small term undoes roundings upwards, as in 0.07 × 100 = 7.000000000000001. */
export function rankOf(share: number, count: number): number {
  return Math.min(count, Math.max(1, Math.ceil(share * count * (1 - 1e-12))));
}

/**
 * Packet delay variation (RFC 5481 §4.2): each delay less the smallest one of the trial. Its accuracy is the delay
 * histogram's: 0.8 % of the delay, not of the variation.
 */
export function delayVariation(delay: Histogram): HistogramSummary | null {
  const summary = delay.summary();
  return summary === null ? null : variationOf(summary);
}

/** The same of delays that are summed up already. */
export function variationOf(delay: HistogramSummary): HistogramSummary {
  const { min } = delay;
  return {
    count: delay.count,
    min: 0,
    mean: delay.mean - min,
    p50: delay.p50 - min,
    p90: delay.p90 - min,
    p99: delay.p99 - min,
    p99_9: delay.p99_9 - min,
    p99_99: delay.p99_99 - min,
    max: delay.max - min,
  };
}

function bucketOf(value: number): number {
  if (value < exactBuckets) return value > 0 ? value | 0 : 0;
  if (value < 2 ** 31) return bucketOfInt32(value | 0);
  // Math.clz32 sees 32 bits only: eleven halvings bring all up to 2^42 below 2^31, at the cost of bits that don't count.
  if (value < 2 ** endExponent) return bucketOfInt32((value * 2 ** -11) | 0) + 11 * subBuckets;
  return bucketCount - 1;
}

function bucketOfInt32(value: number): number {
  const exponent = 31 - Math.clz32(value);
  return ((exponent - firstExponent + 1) << subBucketBits) + (value >> (exponent - subBucketBits));
}

/** Eight groups for each power of two; below 16 ns each value is its own. */
function coarseGroup(bucket: number): number {
  const top = bucketTop(bucket);
  if (top < 16) return top;
  const exponent = Math.floor(Math.log2(top));
  return 16 + exponent * 8 + Math.floor((top / 2 ** exponent - 1) * 8);
}

/** The largest whole number of a bucket. */
function bucketTop(bucket: number): number {
  if (bucket < exactBuckets) return bucket;
  const exponent = firstExponent + ((bucket - exactBuckets) >> subBucketBits);
  const width = 2 ** (exponent - subBucketBits);
  return 2 ** exponent + (((bucket - exactBuckets) & (subBuckets - 1)) + 1) * width - 1;
}
