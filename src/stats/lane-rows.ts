/**
 * The cells that every frame of one of thousands of streams touches. Each lane (one stream on one transmit queue) has
 * two neighbouring cache lines; with ten arrays instead, a frame would miss ten lines. The second line collects
 * samples. So a stream's histograms, which lie far apart, are touched only once in fifteen frames.
 */

/**
 * Doubles of a row. Of latency and of its variation: sum, minimum, maximum. Then, as words: how many samples are kept
 * back, and they.
 */
const cell = { next: 0, last: 1, latency: 2, variation: 5, samples: 8, doubles: 16 } as const;
const keptSamples = 15;
/**
 * glibc hands out large memory 16 bytes behind a page's start. This many doubles further, a pair of cache lines begins.
 */
const padding = 14;

export interface Extremes {
  readonly sum: number;
  readonly min: number;
  readonly max: number;
}

export class LaneRows {
  /** Row `lane` begins at `padding + lane · 16`. Its first double belongs to the table (sequence-table.ts). */
  readonly #cells: Float64Array;
  readonly #words: Int32Array;

  constructor(lanes: number) {
    this.#cells = new Float64Array(padding + lanes * cell.doubles);
    this.#words = new Int32Array(this.#cells.buffer);
    const empty = [0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let lane = 0; lane < lanes; lane++) {
      this.#cells.set([0, Number.NaN, ...empty, ...empty], padding + lane * cell.doubles);
    }
  }

  /** The index after the highest seen; −1 less it while a number below is missing. */
  next(lane: number): number {
    return this.#cells[padding + lane * cell.doubles];
  }

  setNext(lane: number, next: number): void {
    this.#cells[padding + lane * cell.doubles] = next;
  }

  /** NaN: nothing came yet. */
  lastLatency(lane: number): number {
    return this.#cells[padding + lane * cell.doubles + cell.last];
  }

  /** A frame's latency; below 0 it counts as 0. `isLast`: what comes next is compared with it as it is. Hot. */
  noteLatency(lane: number, latencyNs: number, isLast: boolean): void {
    const at = padding + lane * cell.doubles;
    if (isLast) this.#cells[at + cell.last] = latencyNs;
    this.#extend(at + cell.latency, latencyNs < 0 ? 0 : latencyNs);
  }

  /** Notes the difference to the latency before, as a magnitude. Hot. */
  noteVariation(lane: number, variationNs: number): void {
    this.#extend(padding + lane * cell.doubles + cell.variation, variationNs);
  }

  /** Keeps a sample, which is one word. True: the row is full, and the caller must call `takeSamples`. Hot. */
  keepSample(lane: number, sample: number): boolean {
    const words = this.#words;
    const at = 2 * (padding + lane * cell.doubles + cell.samples);
    const kept = words[at] + 1;
    words[at] = kept;
    words[at + kept] = sample;
    return kept === keptSamples;
  }

  /** Into `samples`; returns how many were kept back, and forgets them. */
  takeSamples(lane: number, samples: Int32Array): number {
    const words = this.#words;
    const at = 2 * (padding + lane * cell.doubles + cell.samples);
    const kept = words[at];
    for (let k = 0; k < kept; k++) samples[k] = words[at + 1 + k];
    words[at] = 0;
    return kept;
  }

  /** Of several lanes together. */
  latency(lanes: readonly number[]): Extremes {
    return this.#together(lanes, cell.latency);
  }

  variation(lanes: readonly number[]): Extremes {
    return this.#together(lanes, cell.variation);
  }

  #extend(at: number, value: number): void {
    const cells = this.#cells;
    cells[at] += value;
    if (value < cells[at + 1]) cells[at + 1] = value;
    if (value > cells[at + 2]) cells[at + 2] = value;
  }

  #together(lanes: readonly number[], first: number): Extremes {
    let [sum, min, max] = [0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const lane of lanes) {
      const at = padding + lane * cell.doubles + first;
      sum += this.#cells[at];
      min = Math.min(min, this.#cells[at + 1]);
      max = Math.max(max, this.#cells[at + 2]);
    }
    return { sum, min, max };
  }
}
