/**
 * Latency of each of thousands of streams in constant memory: log-linear with 16 buckets per power of two, so that a
 * percentile is at most 6.25 % above the true value; minimum, mean and maximum are exact.
 */
const subBits = 4;
const sub = 1 << subBits;
const endExponent = 42;
const buckets = sub + (endExponent - subBits) * sub;

export interface SmallSummary {
  readonly min: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

export class SmallHistograms {
  readonly #counts: Uint32Array;
  readonly #total: Float64Array;
  readonly #sum: Float64Array;
  readonly #min: Float64Array;
  readonly #max: Float64Array;

  constructor(streams: number) {
    this.#counts = new Uint32Array(streams * buckets);
    this.#total = new Float64Array(streams);
    this.#sum = new Float64Array(streams);
    this.#min = new Float64Array(streams).fill(Number.POSITIVE_INFINITY);
    this.#max = new Float64Array(streams).fill(Number.NEGATIVE_INFINITY);
  }

  /** ns, from 0. Hot. */
  record(stream: number, value: number): void {
    this.#counts[stream * buckets + bucketOf(value)]++;
    this.#total[stream]++;
    this.#sum[stream] += value;
    if (value < this.#min[stream]) this.#min[stream] = value;
    if (value > this.#max[stream]) this.#max[stream] = value;
  }

  /** null: no sample. */
  summary(stream: number): SmallSummary | null {
    const total = this.#total[stream];
    if (total === 0) return null;
    return {
      min: this.#min[stream],
      mean: this.#sum[stream] / total,
      p50: this.#percentile(stream, 0.5),
      p90: this.#percentile(stream, 0.9),
      p99: this.#percentile(stream, 0.99),
      max: this.#max[stream],
    };
  }

  /** Nearest rank; the upper edge of its bucket, never above the maximum. */
  #percentile(stream: number, share: number): number {
    let left = Math.ceil(this.#total[stream] * share);
    const first = stream * buckets;
    let bucket = 0;
    while (bucket < buckets - 1 && left > this.#counts[first + bucket]) left -= this.#counts[first + bucket++];
    return Math.min(upperEdge(bucket), this.#max[stream]);
  }
}

function bucketOf(value: number): number {
  if (value < sub) return value < 0 ? 0 : value | 0;
  const high = value >= 2 ** 31 ? 31 - Math.clz32(value / 2 ** 31) + 31 : 31 - Math.clz32(value);
  if (high >= endExponent) return buckets - 1;
  return sub + (high - subBits) * sub + Math.floor(value / 2 ** (high - subBits)) - sub;
}

function upperEdge(bucket: number): number {
  if (bucket < sub) return bucket;
  const exponent = Math.floor((bucket - sub) / sub);
  return (((bucket - sub) % sub) + sub + 1) * 2 ** exponent - 1;
}
