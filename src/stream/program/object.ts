/**
 * The frame that a program sees, made fast. Each layer is a class in the form of text. A field is a getter and a setter
 * over a register at a constant place. So V8 inlines them into the program's function, and that into the cursor's loop.
 * Classes are kept by their text: frames of all trials and queues have the same shapes, so an optimised function stays
 * optimised.
 */
import type { FieldTarget, ProgramFrame } from "./frame.js";

/** 0: never touched; then a register holds what the frame has there, and the program may … */
export const registerState = { untouched: 0, read: 1, written: 2 } as const;

/** Where values are, and who handles the rare cases. */
export interface RegisterFile {
  readonly values: Int32Array;
  readonly states: Uint8Array;
  /** By offset in the frame, the register of 8, 16, 32 bits there; −1: none. */
  readonly registersOf8: Int32Array;
  readonly registersOf16: Int32Array;
  readonly registersOf32: Int32Array;
  /** The first read of a register. */
  read(register: number): void;
  /** A value that does not fit, or a register that is not written yet. */
  write(register: number, value: number): void;
  readBytes(offset: number, bits: number): number;
  writeBytes(offset: number, bits: number, value: number): void;
}

type FrameClass = new (file: RegisterFile) => ProgramFrame;

const { untouched, written } = registerState;
const mostRemembered = 256;
const cache = new Map<string, FrameClass>();

/** Field k of `targets` is register k. */
export function programObject(layers: readonly string[], targets: readonly FieldTarget[], file: RegisterFile) {
  const text = frameText(layers, targets);
  let known = cache.get(text);
  if (known === undefined) {
    known = new Function(text)() as FrameClass;
    if (cache.size >= mostRemembered) cache.clear();
    cache.set(text, known);
  }
  return new known(file);
}

function frameText(layers: readonly string[], targets: readonly FieldTarget[]): string {
  const numbered = targets.map((target, register) => ({ ...target, register }));
  const classes = layers.map((layer, k) => {
    const members = numbered.filter((target) => target.layer === layer).map(fieldText);
    return `const Layer${k} = ${classText([], members)};`;
  });
  const fields = layers.map((layer, k) => `this[${JSON.stringify(layer)}] = new Layer${k}(file);`);
  const frame = classText(fields, [8, 16, 32].map(bytesText));
  return ['"use strict";', ...classes, `return ${frame};`].join("\n");
}

const classText = (construction: readonly string[], members: readonly string[]): string =>
  [
    "class {",
    "#values; #states; #file;",
    "constructor(file) {",
    "this.#values = file.values; this.#states = file.states; this.#file = file;",
    ...construction,
    "Object.freeze(this);",
    "}",
    ...members,
    "}",
  ].join("\n");

/** Is v a whole number that fits? For fewer than 32 bits one comparison says it. */
const fitText = (bits: number): string => (bits === 32 ? "v >>> 0 === v" : `(v & ${2 ** bits - 1}) === v`);

function fieldText({ field, register, place }: FieldTarget & { readonly register: number }): string {
  const name = JSON.stringify(field);
  return [
    `get ${name}() {`,
    `if (this.#states[${register}] === ${untouched}) this.#file.read(${register});`,
    `return this.#values[${register}] >>> 0;`,
    "}",
    `set ${name}(v) {`,
    `if (${fitText(place.bits)} && this.#states[${register}] === ${written}) this.#values[${register}] = v;`,
    `else this.#file.write(${register}, v);`,
    "}",
  ].join("\n");
}

function bytesText(bits: number): string {
  const register = `const r = this.#file.registersOf${bits}[offset];`;
  return [
    `get${bits}(offset) {`,
    register,
    `return r >= 0 && this.#states[r] !== ${untouched} ? this.#values[r] >>> 0 : this.#file.readBytes(offset, ${bits});`,
    "}",
    `set${bits}(offset, v) {`,
    register,
    `if (r >= 0 && ${fitText(bits)} && this.#states[r] === ${written}) this.#values[r] = v;`,
    `else this.#file.writeBytes(offset, ${bits}, v);`,
    "}",
  ].join("\n");
}
