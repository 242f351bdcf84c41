/**
 * A cursor's work on one frame, as text: statements that write exactly what changes in this stream. They are made from
 * the closed set below, contain no numbers but ours, and are compiled with `new Function`. V8 then divides by
 * multiplying, drops what is 0, and calls nothing. A checksum is a constant for everything that stays plus, per value,
 * a factor modulo 65,535 (RFC 1624 as arithmetic, see linear.ts).
 *
 * There are two ways to get the numbers. They stand in the text (loop-code.ts: a loop for one stream). Or they are
 * looked up in a row per stream (row-code.ts: one function for thousands of streams of the same shape).
 */
import type { ProgramRegister } from "../program/registers.js";
import type { BitPlace, ChangeValue } from "../spec/modifier.js";

/** A checksum that follows from the values that change. */
export interface LinearSum {
  readonly at: number;
  readonly neverZero: boolean;
  /** Sum (1 … 0xffff) of what stays, for each variant. */
  readonly bases: readonly number[];
  /** Per source, per place: what one of the place's value adds, modulo 65,535. */
  readonly factors: readonly (readonly number[])[];
}

/** Where a value comes from, and where it is written. */
export interface Source {
  readonly places: readonly BitPlace[];
  readonly from:
    | {
        readonly kind: "change";
        readonly value: ChangeValue;
        readonly every: number;
        readonly period: number | null;
        readonly perQueue: readonly number[] | null;
      }
    /** Register of a program; it starts each frame at its initial value. */
    | ({ readonly kind: "register" } & ProgramRegister);
}

export interface CursorModel {
  readonly sources: readonly Source[];
  readonly sums: readonly LinearSum[];
  readonly leastBufferBytes: number;
  /**
   * The program that is called for each frame, even before it has registers; null: there is none. Before the call, the
   * `computed` registers get what declared changes have made of the frame.
   */
  readonly program: { readonly computed: readonly ProgramRegister[] } | null;
}

/** Counters that wrap have this modulus. */
export const twoTo32 = 2 ** 32;
const longestCounter = 2 ** 30;

/** Takes the statements and says how to get numbers. The frame lies at `at` of `view`; `i` is its number. */
export interface Writer {
  readonly lines: string[];
  /** The frame's number is used. */
  usesIndex: boolean;
  /** The frame's variant. */
  readonly variant: string;
  /** A finite number. */
  number(value: number): string;
  /** `values[index]`, 32-bit integers. */
  indexed(values: readonly number[], index: string): string;
  /** The counter that counts modulo `modulus`. */
  counter(modulus: number): string;
}

/** The counter modulo `modulus` among a writer's counters; it is added where there is none. */
export function counterIn(moduli: number[], modulus: number): string {
  const known = moduli.indexOf(modulus);
  return `c${known >= 0 ? known : moduli.push(modulus) - 1}`;
}

/** All statements for a frame, in the order in which they run. */
export function writeFrame(writer: Writer, model: CursorModel): void {
  model.sources.forEach(({ from }, s) => {
    if (from.kind === "change") writer.lines.push(`const v${s} = ${valueText(writer, from)};`);
  });
  if (model.program !== null) writeProgramCall(writer, model.sources, model.program.computed);
  model.sources.forEach(({ from }, s) => {
    if (from.kind === "register") writer.lines.push(`const v${s} = R[${from.register}];`);
  });
  for (const [s, source] of model.sources.entries()) writeStores(writer, source, s, model.leastBufferBytes);
  for (const [k, sum] of model.sums.entries()) writeSum(writer, model, sum, k);
}

/** A counter's step, at the end of a frame: by d, below m. */
export const stepText = (modulus: number, c: number): string =>
  modulus === twoTo32 ? `c${c} = (c${c} + d${c}) | 0;` : `c${c} += d${c}; if (c${c} >= m${c}) c${c} -= m${c};`;

function writeProgramCall(writer: Writer, sources: readonly Source[], computed: readonly ProgramRegister[]): void {
  writer.usesIndex = true;
  for (const { from } of sources) {
    if (from.kind === "register") writer.lines.push(`R[${from.register}] = ${initialText(writer, from)};`);
  }
  for (const register of computed) {
    const parts = sources.flatMap(({ from, places }, s) =>
      from.kind === "change" ? places.flatMap((place) => overlapText(place, register.place, s)) : [],
    );
    writer.lines.push(`R[${register.register}] = ${[initialText(writer, register), ...parts].join(" | ")};`);
  }
  writer.lines.push("D[0] = i;", "E(F, i);", "if (X[0] !== 0) { stopped = k; break; }");
}

const initialText = (writer: Writer, { initials }: ProgramRegister): string =>
  initials.length === 1 ? `${initials[0] | 0}` : writer.indexed(initials, writer.variant);

/** The part of value s, written at `place`, that another place reads. */
function overlapText(place: BitPlace, seen: BitPlace, s: number): readonly string[] {
  const from = Math.max(place.bitOffset, seen.bitOffset);
  const [end, seenEnd] = [place.bitOffset + place.bits, seen.bitOffset + seen.bits];
  const until = Math.min(end, seenEnd);
  if (from >= until) return [];
  const part = partText({ bitOffset: from, bits: until - from, shift: place.shift + end - until }, s);
  return [`(${part} << ${seenEnd - until})`];
}

type Change = Extract<Source["from"], { kind: "change" }>;
type Steps = Extract<ChangeValue, { kind: "steps" }>;

/** An expression for the value in this frame, as an int32. */
function valueText(writer: Writer, from: Change): string {
  const { value } = from;
  const n = from.perQueue === null ? nText(writer, from) : perQueueText(writer, from.perQueue, value);
  switch (value.kind) {
    case "steps":
      return `(${writer.number(value.first | 0)} + Math.imul(${writer.number(value.step | 0)}, ${phaseText(writer, value, n)})) | 0`;
    case "list":
      return writer.indexed(value.values, n);
    case "random":
      return randomText(writer, value, n);
  }
}

/** Which step: the first frame may be in the middle. */
const phaseText = (writer: Writer, { phase, count }: Steps, n: string): string =>
  phase === 0 ? n : `((${n} + ${writer.number(phase)}) % ${writer.number(count)})`;

/** Which value of the sequence, below its count (random without limit: below 2^32, or as a double). */
function nText(writer: Writer, { value, every, period }: Change): string {
  const count = value.kind === "steps" ? value.count : value.kind === "list" ? value.values.length : value.limit;
  const modulus = period ?? (count === null ? (every === 1 ? twoTo32 : Number.POSITIVE_INFINITY) : every * count);
  if (modulus <= longestCounter) {
    const counter = writer.counter(modulus);
    const n = every === 1 ? counter : `((${counter} / ${writer.number(every)}) | 0)`;
    return count === null || modulus <= every * count ? n : `(${n} % ${writer.number(count)})`;
  }
  if (modulus === twoTo32 && every === 1) return writer.counter(twoTo32);
  writer.usesIndex = true;
  const inPeriod = period === null ? "i" : `(i % ${writer.number(period)})`;
  const n = every === 1 ? inPeriod : `Math.floor(${inPeriod} / ${writer.number(every)})`;
  return count === null ? n : `(${n} % ${writer.number(count)})`;
}

/** Frame i belongs to queue i mod Q, which has its own values. */
function perQueueText(writer: Writer, counts: readonly number[], value: ChangeValue): string {
  writer.usesIndex = true;
  const queues = writer.number(counts.length);
  const befores = counts.map((_, q) => counts.slice(0, q).reduce((sum, count) => sum + count, 0));
  const before = writer.indexed(befores, `i % ${queues}`);
  const n = `(${before} + Math.floor(i / ${queues}) % ${writer.indexed(counts, `i % ${queues}`)})`;
  return value.kind === "random" && value.limit !== null ? `(${n} % ${writer.number(value.limit)})` : n;
}

function randomText(writer: Writer, value: Extract<ChangeValue, { kind: "random" }>, n: string): string {
  const start = `(Math.imul(${n} | 0, 0x9e3779b9) + ${writer.number(value.key | 0)}) | 0`;
  writer.lines.push(
    `h = ${start};`,
    "h = Math.imul(h ^ (h >>> 16), 0x21f0aaad);",
    "h = Math.imul(h ^ (h >>> 15), 0x735a2d97);",
    "h = h ^ (h >>> 15);",
  );
  const min = writer.number(value.min | 0);
  const bits = Math.log2(value.range);
  if (bits === 32) return `(${min} + h) | 0`;
  if (bits === 0) return min;
  if (Number.isInteger(bits)) return `(${min} + (h >>> ${32 - bits})) | 0`;
  return `(${min} + Math.floor(((h >>> 0) / 4294967296) * ${writer.number(value.range)})) | 0`;
}

/** The part of value s that is written to a place. */
function partText(place: BitPlace, s: number): string {
  const shifted = place.shift === 0 ? `v${s}` : `(v${s} >>> ${place.shift})`;
  return place.bits === 32 ? shifted : `(${shifted} & ${2 ** place.bits - 1})`;
}

function writeStores(writer: Writer, { places }: Source, s: number, leastBufferBytes: number): void {
  for (const place of places) {
    const byte = place.bitOffset >> 3;
    const needed = ((place.bitOffset & 7) + place.bits + 7) >> 3;
    const width = needed <= 2 ? needed : 4;
    // Three bytes are written as four, the last of which stays as it is.
    const start = Math.min(byte, leastBufferBytes - width);
    const at = `at + ${start}`;
    if (width * 8 === place.bits && start * 8 === place.bitOffset) {
      writer.lines.push(`view.${width === 4 ? "setInt32" : `setUint${width * 8}`}(${at}, v${s} >>> ${place.shift});`);
      continue;
    }
    const left = (start + width) * 8 - place.bitOffset - place.bits;
    const kept = ~((2 ** place.bits - 1) * 2 ** left) | 0;
    const [get, set] = width === 4 ? ["getInt32", "setInt32"] : [`getUint${width * 8}`, `setUint${width * 8}`];
    writer.lines.push(`view.${set}(${at}, (view.${get}(${at}) & ${kept}) | (${partText(place, s)} << ${left}));`);
  }
}

function writeSum(writer: Writer, model: CursorModel, sum: LinearSum, k: number): void {
  const parts: string[] = [];
  model.sources.forEach(({ places }, s) => {
    places.forEach((place, p) => {
      const factor = sum.factors[s][p];
      if (factor !== 0) parts.push(contribution(writer, partText(place, s), place.bits, factor));
    });
  });
  if (parts.length === 0) return;
  const base = sum.bases.length === 1 ? writer.number(sum.bases[0]) : writer.indexed(sum.bases, writer.variant);
  writer.lines.push(
    `let s${k} = ${[base, ...parts].join(" + ")};`,
    `s${k} = (s${k} & 0xffff) + (s${k} >>> 16);`,
    // A store takes the lower half. The test for zero looks at all of it.
    `s${k} = ~(s${k} + (s${k} >>> 16))${sum.neverZero ? " & 0xffff" : ""};`,
    `view.setUint16(at + ${sum.at}, ${sum.neverZero ? `s${k} === 0 ? 0xffff : s${k}` : `s${k}`});`,
  );
}

/** What a value adds to a sum. Each part is below 2^24, so that a sum of dozens stays an int32. */
function contribution(writer: Writer, part: string, bits: number, factor: number): string {
  if (factor === 1) return bits <= 16 ? part : `((${part} & 0xffff) + (${part} >>> 16))`;
  if (factor * (2 ** bits - 1) < 2 ** 24) return `Math.imul(${part}, ${factor})`;
  const name = `f${writer.lines.length}`;
  const folded = bits <= 16 ? part : `((${part} & 0xffff) + (${part} >>> 16))`;
  writer.lines.push(`let ${name} = ${folded};`);
  if (bits > 16) writer.lines.push(`${name} = (${name} & 0xffff) + (${name} >>> 16);`);
  writer.lines.push(`${name} = Math.imul(${name}, ${factor});`);
  return `((${name} & 0xffff) + (${name} >>> 16))`;
}
