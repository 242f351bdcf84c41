/**
 * Latency of each of thousands of streams in constant memory. Histograms are log-linear with 16 buckets per power of
 * two, so that a percentile is at most 6.25 % above the true value. Minimum, mean and maximum are kept elsewhere and
 * are exact.
 *
 * A bucket is a byte, so that the buckets of a stream lie in few cache lines and pages. A byte overflows once in 256
 * samples. The overflow goes to a table of words, which is touched so rarely that it may be large.
 */
import type { Extremes } from "./lane-rows.js";

const subBits = 4;
const sub = 1 << subBits;
const endExponent = 42;
const buckets = sub + (endExponent - subBits) * sub;
/** Whole cache lines a histogram; the first begins 48 bytes on, as glibc hands out large memory 16 bytes behind one. */
const rowBytes = Math.ceil(buckets / 64) * 64;
const padding = 48;

export interface SmallSummary {
  readonly min: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

export class SmallHistograms {
  readonly #counts: Uint8Array;
  /** Per bucket: how often its byte came round to 0. */
  readonly #carried: Uint32Array;

  constructor(histograms: number) {
    this.#counts = new Uint8Array(padding + histograms * rowBytes);
    this.#carried = new Uint32Array(histograms * buckets);
  }

  /** A sample, by its bucket. */
  count(histogram: number, bucket: number): void {
    const at = padding + histogram * rowBytes + bucket;
    const count = (this.#counts[at] + 1) & 0xff;
    this.#counts[at] = count;
    if (count === 0) this.#carried[histogram * buckets + bucket]++;
  }

  /** `sum`, `min`, `max`: of the samples counted. null: there is none. */
  summary(histogram: number, { sum, min, max }: Extremes): SmallSummary | null {
    let total = 0;
    for (let bucket = 0; bucket < buckets; bucket++) total += this.#countOf(histogram, bucket);
    if (total === 0) return null;
    const percentile = (share: number): number =>
      Math.min(upperEdge(this.#bucketAt(histogram, Math.ceil(total * share))), max);
    return { min, mean: sum / total, p50: percentile(0.5), p90: percentile(0.9), p99: percentile(0.99), max };
  }

  #countOf(histogram: number, bucket: number): number {
    return this.#counts[padding + histogram * rowBytes + bucket] + this.#carried[histogram * buckets + bucket] * 256;
  }

  /** Nearest rank. */
  #bucketAt(histogram: number, rank: number): number {
    let left = rank;
    let bucket = 0;
    for (; bucket < buckets - 1; bucket++) {
      const count = this.#countOf(histogram, bucket);
      if (left <= count) break;
      left -= count;
    }
    return bucket;
  }
}

/** The bucket of a value, ns from 0: below 1024. */
export function smallBucketOf(value: number): number {
  if (value < sub) return value < 0 ? 0 : value | 0;
  if (value < 2 ** 31) {
    const exponent = 31 - Math.clz32(value);
    return (exponent - subBits) * sub + (value >>> (exponent - subBits));
  }
  const high = 31 - Math.clz32(value / 2 ** 31) + 31;
  if (high >= endExponent) return buckets - 1;
  return sub + (high - subBits) * sub + Math.floor(value / 2 ** (high - subBits)) - sub;
}

function upperEdge(bucket: number): number {
  if (bucket < sub) return bucket;
  const exponent = Math.floor((bucket - sub) / sub);
  return (((bucket - sub) % sub) + sub + 1) * 2 ** exponent - 1;
}
