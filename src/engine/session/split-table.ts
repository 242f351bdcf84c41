/**
 * What came in of a flow, by what tells its frames apart: a table in shared memory. The loop counts in it, and the owner
 * reads it. Its size is bounded: what finds no place is counted in the last row.
 */

/** Doubles of a row. */
export const splitCell = {
  /** Of the frame as it was sent: its place among the values; −1: the row is free. */
  sent: 0,
  /** Bits of the frame as it came. */
  received: 1,
  /** −1: ports are not told apart. */
  port: 2,
  /** Accepted frames and their bufferBytes. */
  frames: 3,
  bytes: 4,
  latencySum: 5,
  latencyMin: 6,
  latencyMax: 7,
  firstNs: 8,
  lastNs: 9,
  doubles: 10,
} as const;
const cell = splitCell;

/** Bits of a frame as it came: whole bytes, and what of them counts. At most 48 bits in all. */
export interface ReceivedBits {
  readonly byte: number;
  /** At most 6. */
  readonly bytes: number;
  /** Bits behind the field in its last byte. */
  readonly behind: number;
  readonly bits: number;
}

export const mostReceivedBits = 48;

/** Where a flow's tables lie in the heap. */
export interface SplitOrder {
  readonly at: number;
  /** Rows, a power of two, without the last one. */
  readonly rows: number;
  /** By number of a frame, as often as it goes round: its place among the values sent; null: they are not told apart. */
  readonly places: { readonly at: number; readonly length: number } | null;
  readonly received: readonly ReceivedBits[];
  readonly byPort: boolean;
}

export const splitBytes = (rows: number): number => 8 * (rows + 1) * cell.doubles;

/** Rows that are used of a table, so that a free one is found soon. */
const usedShare = 2;

export class SplitTable {
  readonly rows: number;
  readonly cells: Float64Array;
  #used = 0;

  constructor(heap: SharedArrayBuffer, { at, rows }: Pick<SplitOrder, "at" | "rows">) {
    this.rows = rows;
    this.cells = new Float64Array(heap, at, (rows + 1) * cell.doubles);
  }

  reset(): void {
    this.#used = 0;
    this.cells.fill(0);
    for (let row = 0; row <= this.rows; row++) this.cells[row * cell.doubles] = -1;
  }

  /** Where the row of these begins: it is made if there is room. Hot. */
  rowOf(sent: number, received: number, port: number): number {
    const { cells, rows } = this;
    let hash = Math.imul(sent + 1, 0x9e3779b1) ^ Math.imul((received % 0x100000000) | 0, 0x85ebca6b);
    hash ^= Math.imul(Math.floor(received / 0x100000000) + port + 2, 0xc2b2ae35);
    let row = (hash ^ (hash >>> 15)) & (rows - 1);
    for (;;) {
      const at = row * cell.doubles;
      if (cells[at] < 0) break;
      if (cells[at] === sent && cells[at + cell.received] === received && cells[at + cell.port] === port) return at;
      row = (row + 1) & (rows - 1);
    }
    if (this.#used * usedShare >= rows) return rows * cell.doubles;
    this.#used++;
    const at = row * cell.doubles;
    cells[at + cell.received] = received;
    cells[at + cell.port] = port;
    cells[at] = sent;
    return at;
  }

  /** Accepted frames that took the same time. Hot. */
  count(at: number, frames: number, bytes: number, latencyNs: number, atNs: number): void {
    const { cells } = this;
    if (cells[at + cell.frames] === 0) {
      cells[at + cell.firstNs] = atNs;
      cells[at + cell.latencyMin] = latencyNs;
    }
    cells[at + cell.lastNs] = atNs;
    cells[at + cell.latencySum] += latencyNs * frames;
    if (latencyNs < cells[at + cell.latencyMin]) cells[at + cell.latencyMin] = latencyNs;
    if (latencyNs > cells[at + cell.latencyMax]) cells[at + cell.latencyMax] = latencyNs;
    cells[at + cell.bytes] += bytes * frames;
    cells[at + cell.frames] += frames;
  }
}
