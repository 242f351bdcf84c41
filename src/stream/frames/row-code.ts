/**
 * One function for all streams of the same shape. What differs from stream to stream lies in a row of numbers per
 * stream, in neighbouring memory. So a frame of one of thousands of streams costs one or two cache lines and not
 * twenty.
 *
 *     ints     per counter: position, step, modulus; then constants of the stream
 *     doubles  constants that are no 32-bit integers
 *     tables   lists and what depends on the size, one behind the other; ints say where each begins
 *     indices  the next frame's number
 */
import { type CursorModel, counterIn, stepText, twoTo32, type Writer, writeFrame } from "./codegen.js";

export interface Rows {
  readonly ints: Int32Array;
  readonly doubles: Float64Array;
  readonly tables: Int32Array;
  readonly indices: Float64Array;
}

/** Touches the next frame of the stream in this row, which was rendered at `at` for this variant. */
export type TouchRow = (view: DataView, at: number, variant: number, row: number) => void;

/** A stream's row, and the function that it is a row of. */
export interface RowCode {
  readonly text: string;
  readonly ints: readonly number[];
  readonly doubles: readonly number[];
  /** The place of each list in `tables` goes to ints[at]. */
  readonly lists: readonly { readonly at: number; readonly values: readonly number[] }[];
}

const mostRemembered = 256;
const cache = new Map<string, (rows: Rows) => TouchRow>();

export function rowFunction(text: string, rows: Rows): TouchRow {
  const make = cache.get(text) ?? (new Function("rows", text) as (rows: Rows) => TouchRow);
  if (!cache.has(text)) {
    if (cache.size >= mostRemembered) cache.clear();
    cache.set(text, make);
  }
  return make(rows);
}

class RowWriter implements Writer {
  readonly lines: string[] = [];
  readonly variant = "variant";
  readonly ints: number[] = [];
  readonly doubles: number[] = [];
  readonly lists: { at: number; values: readonly number[] }[] = [];
  readonly moduli: number[] = [];
  usesIndex = false;

  number(value: number): string {
    if ((value | 0) === value) return `q${this.ints.push(value) - 1}`;
    return `p${this.doubles.push(value) - 1}`;
  }

  indexed(values: readonly number[], index: string): string {
    const at = this.ints.push(0) - 1;
    this.lists.push({ at, values });
    return `T[q${at} + ${index}]`;
  }

  counter(modulus: number): string {
    return counterIn(this.moduli, modulus);
  }
}

/** A row whose stream begins at frame `queue` and advances by `queues`. */
export function rowCode(model: CursorModel, queue: number, queues: number): RowCode {
  const writer = new RowWriter();
  writeFrame(writer, model);
  const { moduli, ints, doubles, lists } = writer;
  const counters = moduli.flatMap((modulus) => [queue % modulus, queues % modulus, modulus | 0]);
  return {
    text: rowText(writer, queues),
    ints: [...counters, ...ints],
    doubles,
    lists: lists.map(({ at, values }) => ({ at: counters.length + at, values })),
  };
}

function rowText({ moduli, ints, doubles, lines, usesIndex }: RowWriter, queues: number): string {
  const numbers = 3 * moduli.length;
  const counters = moduli.map((_, c) => c);
  const loads = (c: number): string => {
    const [position, step, modulus] = [3 * c, 3 * c + 1, 3 * c + 2].map((at) => `S[s + ${at}]`);
    return `let c${c} = ${position}; const d${c} = ${step};${moduli[c] === twoTo32 ? "" : ` const m${c} = ${modulus};`}`;
  };
  return [
    '"use strict";',
    "const { ints: S, doubles: P, tables: T, indices: D } = rows;",
    "return function touch(view, at, variant, row) {",
    `const s = row * ${numbers + ints.length}; const p = row * ${doubles.length};`,
    ...counters.map(loads),
    ...ints.map((_, q) => `const q${q} = S[s + ${numbers + q}];`),
    ...doubles.map((_, k) => `const p${k} = P[p + ${k}];`),
    usesIndex ? "const i = D[row];" : "",
    "let h = 0;",
    ...lines,
    ...moduli.map(stepText),
    ...counters.map((c) => `S[s + ${3 * c}] = c${c};`),
    usesIndex ? `D[row] = i + ${queues};` : "",
    "};",
  ].join("\n");
}
