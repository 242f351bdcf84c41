/**
 * The loop of one stream's cursor over a burst of frames: every offset, mask and modulus is a constant. If all frames
 * have one size, it also signs them while their cache line is at hand. One loop costs less than two.
 */
import type { EachFrame, ProgramFrame } from "../program/frame.js";
import { type CursorModel, counterIn, stepText, twoTo32, type Writer, writeFrame } from "./codegen.js";
import { signatureRestText } from "./signature.js";

/** The memory that a cursor's loop works with. */
export interface LoopParts {
  readonly tables: readonly Int32Array[];
  /** Per counter: its position, and its step from frame to frame. */
  readonly counters: Int32Array;
  /** [0] the next frame's number, [1] its step. */
  readonly position: Float64Array;
  readonly registers: Int32Array;
  /** [0] ≠ 0: the program needs another loop. */
  readonly more: Int32Array;
  readonly eachFrame: EachFrame | null;
  readonly frame: ProgramFrame | null;
}

/**
 * Touches frames from … n − 1. Returns the first frame that it did not touch: n, or a frame whose program needs another
 * register. The arguments behind n are for a loop that signs, as in writeSignatureRest; frame `from` has this sequence.
 */
export type TouchLoop = (
  view: DataView,
  offsets: Uint32Array,
  variants: Uint16Array,
  from: number,
  n: number,
  base: number,
  sequence: number,
  sequenceStep: number,
  timeLow32: number,
  timeHigh16: number,
) => number;

export interface LoopCode {
  readonly make: (parts: LoopParts) => TouchLoop;
  readonly tables: readonly Int32Array[];
  /** Moduli of the counters; 2^32 for one that wraps. */
  readonly moduli: readonly number[];
}

const mostRemembered = 256;
const cache = new Map<string, LoopCode["make"]>();

class LoopWriter implements Writer {
  readonly lines: string[] = [];
  readonly variant = "variants[k]";
  readonly tables: Int32Array[] = [];
  readonly moduli: number[] = [];
  usesIndex = false;

  number(value: number): string {
    return value < 0 ? `(${value})` : `${value}`;
  }

  indexed(values: readonly number[], index: string): string {
    return `t${this.tables.push(Int32Array.from(values)) - 1}[${index}]`;
  }

  counter(modulus: number): string {
    return counterIn(this.moduli, modulus);
  }
}

/** `signedBytes`: bufferBytes of all frames, which the loop signs; null: it does not sign. */
export function loopCode(model: CursorModel, signedBytes: number | null): LoopCode {
  const writer = new LoopWriter();
  writeFrame(writer, model);
  if (signedBytes !== null) writer.lines.push(...signatureRestText(signedBytes));
  const isProgram = model.program !== null;
  const text = loopText(writer, isProgram);
  const make = cache.get(text) ?? (new Function("parts", text) as LoopCode["make"]);
  // Each program gets a separate function, into which V8 inlines what it calls.
  if (!isProgram && !cache.has(text)) {
    if (cache.size >= mostRemembered) cache.clear();
    cache.set(text, make);
  }
  return { make, tables: writer.tables, moduli: writer.moduli };
}

function loopText({ moduli, tables, lines, usesIndex }: LoopWriter, isProgram: boolean): string {
  const counters = moduli.map((_, c) => c);
  return [
    '"use strict";',
    "const { tables: T, counters: C, position: D, registers: R, more: X, eachFrame: E, frame: F } = parts;",
    ...tables.map((_, t) => `const t${t} = T[${t}];`),
    "return function touch(view, offsets, variants, from, n, base, sequence, sequenceStep, timeLow32, timeHigh16) {",
    ...counters.map((c) => `let c${c} = C[${2 * c}]; const d${c} = C[${2 * c + 1}];`),
    ...counters.filter((c) => moduli[c] !== twoTo32).map((c) => `const m${c} = ${moduli[c]};`),
    usesIndex ? "let i = D[0]; const stride = D[1];" : "",
    "let h = 0; let stopped = n;",
    "for (let k = from; k < n; k++) {",
    "const at = offsets[k];",
    ...lines,
    ...moduli.map(stepText),
    usesIndex ? "i += stride;" : "",
    "}",
    ...counters.map((c) => `C[${2 * c}] = c${c};`),
    usesIndex ? "D[0] = i;" : "",
    isProgram ? "return stopped;" : "return n;",
    "};",
  ].join("\n");
}
