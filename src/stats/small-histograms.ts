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

/** Percentiles from 16 buckets per power of two: at most 6.25 % above the true value. */
export interface SmallSummary {
  readonly min: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** A histogram as plain data: bucket and count, bucket and count … in ascending order, and what is exact. */
export interface SmallData extends Extremes {
  readonly buckets: readonly number[];
}

/** What so many take, from a multiple of 8 on. */
export const smallHistogramBytes = (histograms: number): number => histograms * (4 * buckets + rowBytes) + padding;

export class SmallHistograms {
  readonly #counts: Uint8Array;
  /** Per bucket: how often its byte came round to 0. */
  readonly #carried: Uint32Array;

  /** `memory`: of `smallHistogramBytes`, which others may read; absent: its own. */
  constructor(histograms: number, memory?: { readonly buffer: SharedArrayBuffer; readonly offset: number }) {
    const { buffer, offset } = memory ?? { buffer: new ArrayBuffer(smallHistogramBytes(histograms)), offset: 0 };
    this.#carried = new Uint32Array(buffer, offset, histograms * buckets);
    this.#counts = new Uint8Array(buffer, offset + 4 * histograms * buckets, padding + histograms * rowBytes);
  }

  /** Forgets all samples of a histogram. */
  reset(histogram: number): void {
    this.#counts.fill(0, padding + histogram * rowBytes, padding + (histogram + 1) * rowBytes);
    this.#carried.fill(0, histogram * buckets, (histogram + 1) * buckets);
  }

  /** A sample, by its bucket. */
  count(histogram: number, bucket: number): void {
    const at = padding + histogram * rowBytes + bucket;
    const count = (this.#counts[at] + 1) & 0xff;
    this.#counts[at] = count;
    if (count === 0) this.#carried[histogram * buckets + bucket]++;
  }

  /** So many samples of one bucket. */
  countMany(histogram: number, bucket: number, samples: number): void {
    const at = padding + histogram * rowBytes + bucket;
    const count = this.#counts[at] + samples;
    this.#counts[at] = count & 0xff;
    if (count > 0xff) this.#carried[histogram * buckets + bucket] += count >>> 8;
  }

  /** Adds the counts of buckets `from` to `to` to theirs; returns how many samples these are. */
  addTo(counts: Float64Array, histogram: number, from: number, to: number): number {
    const [row, carriedRow] = [padding + histogram * rowBytes, histogram * buckets];
    let added = 0;
    const [low, carried] = [this.#counts, this.#carried];
    for (let bucket = from; bucket <= to; bucket++) {
      const count = low[row + bucket] + carried[carriedRow + bucket] * 256;
      counts[bucket] += count;
      added += count;
    }
    return added;
  }

  /** `extremes`: of the samples counted. null: there is none. */
  data(histogram: number, extremes: Extremes): SmallData | null {
    const used: number[] = [];
    const [counts, carried] = [this.#counts, this.#carried];
    const [row, carriedRow] = [padding + histogram * rowBytes, histogram * buckets];
    for (let bucket = 0; bucket < buckets; bucket++) {
      const count = counts[row + bucket] + carried[carriedRow + bucket] * 256;
      if (count > 0) used.push(bucket, count);
    }
    return used.length === 0 ? null : { ...extremes, buckets: used };
  }
}

/** Places of a summary's figures, as `SmallTally` writes them. */
export const summaryCell = { min: 0, mean: 1, p50: 2, p90: 3, p99: 4, max: 5, doubles: 6 } as const;
const percentiles = [0.5, 0.9, 0.99] as const;

/** The sum may be of a frame more or less than it says, where another thread was just about to write it. */
export const meanWithin = (mean: number, min: number, max: number): number => Math.min(max, Math.max(min, mean));

/** Sums up histograms of others again and again, e.g. while they grow. Only `buckets` allocates. */
export class SmallTally {
  readonly #counts = new Float64Array(buckets);
  /** Of the samples: how many, their sum, the least, the greatest, and of how many the sum is. */
  readonly #sums = new Float64Array(5);
  /** Buckets outside are 0. */
  #low = buckets;
  #high = -1;

  constructor() {
    this.clear();
  }

  /** `of`: of its first so many samples; those beyond the extremes came since, and are left out. */
  add(histograms: SmallHistograms, histogram: number, of: Extremes & { readonly frames: number }): void {
    const { frames, sum, min, max } = of;
    const sums = this.#sums;
    sums[1] += sum;
    sums[4] += frames;
    if (min < sums[2]) sums[2] = min;
    if (max > sums[3]) sums[3] = max;
    const [from, to] = [smallBucketOf(min), smallBucketOf(max)];
    if (from < this.#low) this.#low = from;
    if (to > this.#high) this.#high = to;
    sums[0] += histograms.addTo(this.#counts, histogram, from, to);
  }

  /** A sample that its histogram does not have yet, by its bucket. Its extremes are noted by `add`. */
  addSample(bucket: number): void {
    this.#counts[bucket] += 1;
    this.#sums[0] += 1;
    if (bucket < this.#low) this.#low = bucket;
    if (bucket > this.#high) this.#high = bucket;
  }

  /** Of all that were added. */
  get samples(): number {
    return this.#sums[0];
  }

  /** How many samples are at most so many ns, and more than the bucket before says; ascending. It keeps them. */
  buckets(): (readonly [upToNs: number, samples: number])[] {
    return Array.from(
      this.#counts,
      (samples, bucket) => [Math.min(upperEdge(bucket), this.#sums[3]), samples] as const,
    ).filter(([, samples]) => samples > 0);
  }

  /** Writes the summary, by `summaryCell` from `at` on, and begins anew. NaN: there was no sample. */
  takeInto(cells: Float64Array, at: number): void {
    const [total, sum, min, max, frames] = this.#sums;
    if (total === 0) {
      cells.fill(Number.NaN, at, at + summaryCell.doubles);
    } else {
      cells[at + summaryCell.min] = min;
      cells[at + summaryCell.mean] = meanWithin(sum / frames, min, max);
      cells[at + summaryCell.max] = max;
      this.#writePercentiles(cells, at + summaryCell.p50);
    }
    this.clear();
  }

  /** It begins anew. */
  clear(): void {
    if (this.#low <= this.#high) this.#counts.fill(0, this.#low, this.#high + 1);
    this.#low = buckets;
    this.#high = -1;
    this.#sums[0] = 0;
    this.#sums[1] = 0;
    this.#sums[2] = Number.POSITIVE_INFINITY;
    this.#sums[3] = Number.NEGATIVE_INFINITY;
    this.#sums[4] = 0;
  }

  /** Nearest rank, all in one scan. */
  #writePercentiles(cells: Float64Array, at: number): void {
    const counts = this.#counts;
    const [total, , min, max] = this.#sums;
    const last = smallBucketOf(max);
    let bucket = smallBucketOf(min);
    let seen = counts[bucket];
    for (let k = 0; k < percentiles.length; k++) {
      const rank = Math.ceil(total * percentiles[k]);
      while (seen < rank && bucket < last) seen += counts[++bucket];
      cells[at + k] = Math.min(upperEdge(bucket), max);
    }
  }
}

/** null: there is no sample. */
export function smallSummary(data: SmallData | null): SmallSummary | null {
  if (data === null) return null;
  const { sum, min, max, buckets: used } = data;
  let total = 0;
  for (let at = 1; at < used.length; at += 2) total += used[at];
  const percentile = (share: number): number => Math.min(upperEdge(bucketAt(used, Math.ceil(total * share))), max);
  return { min, mean: sum / total, p50: percentile(0.5), p90: percentile(0.9), p99: percentile(0.99), max };
}

/** How many samples are at most so many ns, and more than the bucket before says; ascending, without empty ones. */
export const smallBuckets = ({ buckets: used, max }: SmallData): [upToNs: number, samples: number][] =>
  Array.from({ length: used.length / 2 }, (_, k) => [Math.min(upperEdge(used[2 * k]), max), used[2 * k + 1]]);

/** All their samples in one. */
export function mergeSmall(parts: readonly (SmallData | null)[]): SmallData | null {
  const counts = new Map<number, number>();
  let [sum, min, max] = [0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const part of parts) {
    if (part === null) continue;
    sum += part.sum;
    min = Math.min(min, part.min);
    max = Math.max(max, part.max);
    for (let at = 0; at < part.buckets.length; at += 2) {
      counts.set(part.buckets[at], (counts.get(part.buckets[at]) ?? 0) + part.buckets[at + 1]);
    }
  }
  if (counts.size === 0) return null;
  return { sum, min, max, buckets: [...counts].sort((a, b) => a[0] - b[0]).flat() };
}

/** Nearest rank. */
function bucketAt(used: readonly number[], rank: number): number {
  let left = rank;
  let at = 0;
  for (; at < used.length - 2; at += 2) {
    if (left <= used[at + 1]) break;
    left -= used[at + 1];
  }
  return used[at];
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
