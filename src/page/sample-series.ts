/** Samples of many figures over time, in constant memory: once it is full, the older half is thinned by pairs. */
import type { UnitName } from "./words.js";

/** What a pair of neighbouring samples becomes: rates their mean, worst values the greater, counts the later one. */
type Merge = (earlier: number, later: number) => number;

const later: Merge = (_earlier, value) => value;
const greater: Merge = (a, b) => (Number.isNaN(a) ? b : Number.isNaN(b) ? a : Math.max(a, b));
const mean: Merge = (a, b) => (Number.isNaN(a) ? b : Number.isNaN(b) ? a : (a + b) / 2);
const merges: Readonly<Record<UnitName, Merge>> = {
  frames: later,
  index: later,
  pps: mean,
  bps: mean,
  ns: greater,
  ratio: greater,
};

/** Columns that belong together: times, then a column a figure. NaN: unknown. */
export type AlignedColumns = readonly Float64Array[];

/** The columns with null for what is unknown, as charts want it: one NaN at the start makes a whole scale NaN. */
export const withNulls = (columns: AlignedColumns): (number | null)[][] =>
  columns.map((column) => Array.from(column, (value) => (Number.isNaN(value) ? null : value)));

export class SampleSeries {
  readonly names: readonly string[];
  readonly #merges: readonly Merge[];
  readonly #times: Float64Array;
  readonly #columns: readonly Float64Array[];
  #count = 0;

  constructor(names: readonly string[], units: readonly UnitName[], capacity = 8_192) {
    this.names = names;
    this.#merges = units.map((unit) => merges[unit]);
    this.#times = new Float64Array(capacity);
    this.#columns = names.map(() => new Float64Array(capacity));
  }

  get count(): number {
    return this.#count;
  }

  /** Seconds of the last sample; 0 before the first. */
  get lastSecond(): number {
    return this.#count === 0 ? 0 : this.#times[this.#count - 1]!;
  }

  has(name: string): boolean {
    const column = this.#columns[this.names.indexOf(name)];
    return column?.subarray(0, this.#count).some((value) => !Number.isNaN(value)) ?? false;
  }

  /** The last value of a figure; null: unknown. */
  last(name: string): number | null {
    const value = this.#columns[this.names.indexOf(name)]?.[this.#count - 1];
    return this.#count === 0 || value === undefined || Number.isNaN(value) ? null : value;
  }

  add(milliseconds: number, values: readonly (number | null)[]): void {
    if (this.#count === this.#times.length) this.#thin();
    this.#times[this.#count] = milliseconds / 1000;
    this.#columns.forEach((column, i) => {
      column[this.#count] = values[i] ?? Number.NaN;
    });
    this.#count++;
  }

  #thin(): void {
    const half = (this.#times.length >> 2) * 2;
    const kept = half / 2;
    for (let pair = 0; pair < kept; pair++) this.#times[pair] = this.#times[2 * pair + 1]!;
    this.#times.copyWithin(kept, half, this.#count);
    this.#columns.forEach((column, i) => {
      const merge = this.#merges[i]!;
      for (let pair = 0; pair < kept; pair++) column[pair] = merge(column[2 * pair]!, column[2 * pair + 1]!);
      column.copyWithin(kept, half, this.#count);
    });
    this.#count -= kept;
  }

  /**
   * Times in seconds and the named figures, from a time on. If there are more samples than fit, each place of a chart
   * gets the least and the greatest of its samples, so that no peak is lost.
   */
  view(names: readonly string[], fromSecond: number, places: number): AlignedColumns {
    let first = 0;
    while (first < this.#count && this.#times[first]! < fromSecond) first++;
    const chosen = names.map((name) => this.#columns[this.names.indexOf(name)]);
    const length = this.#count - first;
    if (length <= 2 * places) {
      const cut = (column: Float64Array | undefined): Float64Array =>
        column === undefined ? new Float64Array(length).fill(Number.NaN) : column.subarray(first, this.#count);
      return [this.#times, ...chosen].map(cut);
    }
    return this.#reduced(chosen, first, length, places);
  }

  #reduced(
    chosen: readonly (Float64Array | undefined)[],
    first: number,
    length: number,
    places: number,
  ): AlignedColumns {
    const edge = (place: number): number => first + Math.floor((place * length) / places);
    const times = new Float64Array(2 * places);
    for (let place = 0; place < places; place++) {
      times[2 * place] = this.#times[edge(place)]!;
      times[2 * place + 1] = this.#times[Math.max(edge(place), edge(place + 1) - 1)]!;
    }
    const columns = chosen.map((column) => {
      const out = new Float64Array(2 * places).fill(Number.NaN);
      if (column === undefined) return out;
      for (let place = 0; place < places; place++) extremes(column, edge(place), edge(place + 1), out, 2 * place);
      return out;
    });
    return [times, ...columns];
  }
}

/** The least and the greatest of column[from … to), in the order in which they came. */
function extremes(column: Float64Array, from: number, to: number, out: Float64Array, at: number): void {
  let [least, greatest] = [-1, -1];
  for (let i = from; i < to; i++) {
    const value = column[i]!;
    if (Number.isNaN(value)) continue;
    if (least === -1 || value < column[least]!) least = i;
    if (greatest === -1 || value > column[greatest]!) greatest = i;
  }
  if (least === -1) return;
  out[at] = column[Math.min(least, greatest)]!;
  out[at + 1] = column[Math.max(least, greatest)]!;
}
