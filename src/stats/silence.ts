/** The longest time in which nothing arrived, between two arrivals. */

/** Doubles in a typed array, as they are written per burst. */
const cell = { last: 0, from: 1, to: 2, count: 3 } as const;

export class LongestSilence {
  readonly #cells = new Float64Array(cell.count);

  constructor() {
    this.#cells[cell.last] = -1;
    this.#cells[cell.to] = -1;
  }

  /** A frame arrived at `nowNs`, which never decreases. */
  arrived(nowNs: number): void {
    const cells = this.#cells;
    if (cells[cell.last] >= 0 && nowNs - cells[cell.last] > cells[cell.to] - cells[cell.from]) {
      cells[cell.from] = cells[cell.last];
      cells[cell.to] = nowNs;
    }
    cells[cell.last] = nowNs;
  }

  /** null: fewer than two arrivals. */
  longest(): { readonly fromNs: number; readonly toNs: number } | null {
    const { [cell.from]: fromNs, [cell.to]: toNs } = this.#cells;
    return toNs < 0 ? null : { fromNs, toNs };
  }
}
