/**
 * Writes what changes from frame to frame, for flows that come and go. Flows that are added together and have the same
 * shape make a group: a function and its rows (stream/frames/row-code.ts). The owner writes the rows into the heap, so
 * that the loop only has to make the function.
 */
import type { RingMemory } from "../../memory.js";
import { rowFunction, type TouchRow } from "../../stream/frames/row-code.js";
import type { SessionMemory } from "./session-memory.js";

/** Where something lies in the heap: bytes from its start, and how many numbers. */
export interface HeapPiece {
  readonly at: number;
  readonly length: number;
}

/** `ints` has the rows as they begin a second time, behind themselves. */
export interface RowGroup {
  readonly group: number;
  readonly text: string;
  readonly rows: number;
  readonly ints: HeapPiece;
  readonly doubles: HeapPiece;
  readonly tables: HeapPiece;
  readonly indices: HeapPiece;
}

interface OpenGroup {
  readonly ints: Int32Array;
  readonly indices: Float64Array;
  readonly rows: number;
}

/** Of a group that is gone: it holds no memory. */
const untouched: TouchRow = () => {};

export class LiveCursors {
  readonly #memory: SessionMemory;
  readonly #functions: TouchRow[] = [];
  readonly #groups: (OpenGroup | null)[] = [];

  constructor(memory: SessionMemory) {
    this.#memory = memory;
  }

  open({ group, text, rows, ints, doubles, tables, indices }: RowGroup): void {
    const { heap } = this.#memory;
    const open = {
      ints: new Int32Array(heap, ints.at, ints.length),
      doubles: new Float64Array(heap, doubles.at, doubles.length),
      tables: new Int32Array(heap, tables.at, tables.length),
      indices: new Float64Array(heap, indices.at, indices.length),
      rows,
    };
    this.#groups[group] = open;
    this.#functions[group] = rowFunction(text, open);
  }

  close(group: number): void {
    this.#groups[group] = null;
    this.#functions[group] = untouched;
  }

  touch(memory: RingMemory, flow: number, at: number, variant: number): void {
    const group = this.#memory.groupOf[flow];
    if (group >= 0) this.#functions[group](memory.view, at, variant, this.#memory.rowOf[flow]);
  }

  /** The flow's next frame is its first one again. */
  restart(flow: number): void {
    const open = this.#groups[this.#memory.groupOf[flow]] ?? null;
    if (open === null) return;
    const row = this.#memory.rowOf[flow];
    const half = open.ints.length / 2;
    const words = half / open.rows;
    open.ints.copyWithin(row * words, half + row * words, half + (row + 1) * words);
    open.indices[row] = 0;
  }
}
