/** The cursors of many streams on one queue: rows by shape (row-code.ts); programs have a cursor each. */
import type { RingMemory } from "../../memory.js";
import type { FrameCursor, FrameProgram } from "./program.js";
import { type RowCode, rowCode, rowFunction, type TouchRow } from "./row-code.js";

/** Shapes of streams in which nothing changes, and of streams with a separate cursor. */
const [constant, ownCursor] = [-1, -2];

export class StreamCursors {
  readonly #functions: readonly TouchRow[];
  /** Per stream: its shape and its row (or own cursor) there. */
  readonly #shapes: Int32Array;
  readonly #rows: Int32Array;
  readonly #own: FrameCursor[] = [];
  readonly #offset = new Uint32Array(1);
  readonly #variant = new Uint16Array(1);

  constructor(programs: readonly FrameProgram[], queue: number, queues: number) {
    const shapes = new Map<string, { readonly shape: number; readonly rows: RowCode[] }>();
    this.#shapes = new Int32Array(programs.length).fill(constant);
    this.#rows = new Int32Array(programs.length);
    for (const [stream, program] of programs.entries()) {
      if (!program.changes) continue;
      const model = program.model();
      if (model === null) {
        this.#shapes[stream] = ownCursor;
        this.#rows[stream] = this.#own.push(program.cursor(queue, queues)) - 1;
        continue;
      }
      const row = rowCode(model, queue, queues);
      const known = shapes.get(row.text) ?? { shape: shapes.size, rows: [] };
      shapes.set(row.text, known);
      this.#shapes[stream] = known.shape;
      this.#rows[stream] = known.rows.push(row) - 1;
    }
    this.#functions = [...shapes].map(([text, { rows }]) => rowFunction(text, filled(rows, queue)));
  }

  /** Streams of the same shape change the same bytes; −1: none. */
  shapeOf(stream: number): number {
    const shape = this.#shapes[stream];
    return shape === ownCursor ? this.#functions.length + this.#rows[stream] : shape;
  }

  /** Writes what changes into the stream's next frame, which was rendered at `at` for this variant. */
  touch(memory: RingMemory, stream: number, at: number, variant: number): void {
    const shape = this.#shapes[stream];
    if (shape >= 0) this.#functions[shape](memory.view, at, variant, this.#rows[stream]);
    else if (shape === ownCursor) {
      this.#offset[0] = at;
      this.#variant[0] = variant;
      this.#own[this.#rows[stream]].touch(memory, this.#offset, this.#variant, 1);
    }
  }
}

function filled(rows: readonly RowCode[], queue: number) {
  const [{ ints, doubles }] = rows;
  const made = {
    ints: new Int32Array(rows.length * ints.length),
    doubles: new Float64Array(rows.length * doubles.length),
    tables: new Int32Array(
      rows.reduce((sum, { lists }) => sum + lists.reduce((n, { values }) => n + values.length, 0), 0),
    ),
    indices: new Float64Array(rows.length).fill(queue),
  };
  let end = 0;
  for (const [r, row] of rows.entries()) {
    made.ints.set(row.ints, r * ints.length);
    made.doubles.set(row.doubles, r * doubles.length);
    for (const { at, values } of row.lists) {
      made.ints[r * ints.length + at] = end;
      made.tables.set(values, end);
      end += values.length;
    }
  }
  return made;
}
