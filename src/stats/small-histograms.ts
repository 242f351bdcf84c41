/**
 * Latency of each of thousands of streams in constant memory: log-linear with 16 buckets per power of two, so that a
 * percentile is at most 6.25 % above the true value; minimum, mean and maximum are exact.
 */
const subBits = 4;
const sub = 1 << subBits;
const endExponent = 42;
const buckets = sub + (endExponent - subBits) * sub;

const cell = { total: 0, sum: 1, min: 2, max: 3, count: 4 } as const;

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
  /** Per stream: how many, their sum, minimum, maximum; side by side, as each stream is a cache miss. */
  readonly #cells: Float64Array;

  constructor(streams: number) {
    this.#counts = new Uint32Array(streams * buckets);
    this.#cells = new Float64Array(streams * cell.count);
    for (let at = 0; at < this.#cells.length; at += cell.count) {
      this.#cells[at + cell.min] = Number.POSITIVE_INFINITY;
      this.#cells[at + cell.max] = Number.NEGATIVE_INFINITY;
    }
  }

  /** ns, from 0. Hot. */
  record(stream: number, value: number): void {
    this.#counts[stream * buckets + bucketOf(value)]++;
    const cells = this.#cells;
    const at = stream * cell.count;
    cells[at + cell.total]++;
    cells[at + cell.sum] += value;
    if (value < cells[at + cell.min]) cells[at + cell.min] = value;
    if (value > cells[at + cell.max]) cells[at + cell.max] = value;
  }

  /** null: no sample. */
  summary(stream: number): SmallSummary | null {
    const at = stream * cell.count;
    const total = this.#cells[at + cell.total];
    if (total === 0) return null;
    return {
      min: this.#cells[at + cell.min],
      mean: this.#cells[at + cell.sum] / total,
      p50: this.#percentile(stream, 0.5),
      p90: this.#percentile(stream, 0.9),
      p99: this.#percentile(stream, 0.99),
      max: this.#cells[at + cell.max],
    };
  }

  /** Nearest rank; the upper edge of its bucket, never above the maximum. */
  #percentile(stream: number, share: number): number {
    let left = Math.ceil(this.#cells[stream * cell.count + cell.total] * share);
    const first = stream * buckets;
    let bucket = 0;
    while (bucket < buckets - 1 && left > this.#counts[first + bucket]) left -= this.#counts[first + bucket++];
    return Math.min(upperEdge(bucket), this.#cells[stream * cell.count + cell.max]);
  }
}

function bucketOf(value: number): number {
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
