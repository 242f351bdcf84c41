/** One queue's walk through a stream's frames: the state of a cursor function, and what a program needs. */
import { PktgenError, usageError } from "../../errors.js";
import { type RingMemory, ringMemory } from "../../memory.js";
import type { EachFrame } from "../program/frame.js";
import { ProgramRegisters } from "../program/registers.js";
import type { CursorModel } from "./codegen.js";
import { loopCode, type TouchLoop } from "./loop-code.js";
import type { BurstStamp, FrameCursor, SigningCursor } from "./program.js";
import type { ResolvedStream } from "./resolve.js";
import { signatureBytes } from "./signature.js";

export interface CursorStart {
  readonly resolved: ResolvedStream;
  readonly eachFrame: EachFrame | null;
  /** Per variant, the bytes that a program may touch; and which variant each frame has. */
  readonly templates: readonly Uint8Array[];
  readonly pattern: Uint16Array;
  /** bufferBytes of all frames, for a cursor that signs. */
  readonly signedBytes: number | null;
  readonly model: CursorModel;
  modelWith(registers: ProgramRegisters): CursorModel;
  readonly queue: number;
  readonly queues: number;
}

/** A program is tried on this many frames before the first one is sent, so that its registers are known. */
const triedFrames = 64;
const none = new Int32Array(1);
const unsigned: BurstStamp = { base: 0, sequence: 0, sequenceStep: 0, timeLow32: 0, timeHigh16: 0 };
const oneVariant = new Uint16Array(1);

export class CompiledCursor implements FrameCursor, SigningCursor {
  readonly #start: CursorStart;
  readonly #registers: ProgramRegisters | null;
  readonly #position = new Float64Array(2);
  #counters: Int32Array = none;
  #loop: TouchLoop;

  constructor(start: CursorStart) {
    const { resolved, eachFrame, templates, queue, queues } = start;
    this.#start = start;
    this.#registers = eachFrame === null ? null : new ProgramRegisters(resolved, templates);
    this.#position.set([queue, queues]);
    this.#loop = this.#compile();
    if (eachFrame === null) return;
    this.#tryProgram();
    this.#position.set([queue, queues]);
    this.#loop = this.#compile();
  }

  touch(memory: RingMemory, offsets: Uint32Array, variants: Uint16Array, n: number): void {
    this.#touchAll(memory.view, offsets, variants, n, unsigned);
  }

  touchAndSign(memory: RingMemory, offsets: Uint32Array, n: number, stamp: BurstStamp): void {
    this.#touchAll(memory.view, offsets, oneVariant, n, stamp);
  }

  #touchAll(view: DataView, offsets: Uint32Array, variants: Uint16Array, n: number, stamp: BurstStamp): void {
    let done = this.#touchSome(view, offsets, variants, 0, n, stamp);
    while (done < n) {
      this.#loop = this.#compile();
      done = this.#touchSome(view, offsets, variants, done, n, stamp);
    }
  }

  #touchSome(
    view: DataView,
    offsets: Uint32Array,
    variants: Uint16Array,
    from: number,
    n: number,
    { base, sequence, sequenceStep, timeLow32, timeHigh16 }: BurstStamp,
  ): number {
    const first = (sequence + Math.imul(from, sequenceStep)) | 0;
    try {
      return this.#loop(view, offsets, variants, from, n, base, first, sequenceStep, timeLow32, timeHigh16);
    } catch (error) {
      if (this.#start.eachFrame === null) throw error;
      throw programError(this.#start.resolved, this.#position[0], error);
    }
  }

  /** The function for the registers known now, from the present position on. */
  #compile(): TouchLoop {
    const { signedBytes, model: declared, modelWith, eachFrame } = this.#start;
    const registers = this.#registers;
    const model = registers === null ? declared : modelWith(registers);
    const code = loopCode(model, signedBytes);
    const [next, stride] = this.#position;
    if (registers !== null) registers.more[0] = 0;
    this.#counters = new Int32Array(2 * code.moduli.length);
    for (const [c, modulus] of code.moduli.entries()) {
      this.#counters.set([next % modulus, stride % modulus], 2 * c);
    }
    return code.make({
      tables: code.tables,
      counters: this.#counters,
      position: this.#position,
      registers: registers?.values ?? none,
      more: registers?.more ?? none,
      eachFrame,
      frame: registers?.frame ?? null,
    });
  }

  /** Runs the program on frames that are not sent. */
  #tryProgram(): void {
    const { templates, pattern, queue, queues } = this.#start;
    const longest = Math.max(...templates.map(({ length }) => length)) + signatureBytes;
    const memory = ringMemory(new ArrayBuffer(Math.ceil(longest / 8) * 8));
    const variants = Uint16Array.from(
      { length: triedFrames },
      (_, n) => pattern[(queue + n * queues) % pattern.length],
    );
    this.touch(memory, new Uint32Array(triedFrames), variants, triedFrames);
  }
}

const ownFolder = new URL("../../", import.meta.url);

/** A line of a stack that names a file of this package. */
const isOwnCode = (line: string): boolean => line.includes(ownFolder.href) || line.includes(ownFolder.pathname);

/** With stream, frame, and where in the program it happened. */
function programError({ stream }: ResolvedStream, index: number, error: unknown): PktgenError {
  const what = error instanceof Error ? error.message : String(error);
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  const at = stack
    .split("\n")
    // Of the program, not of what called it.
    .filter((line) => /^\s+at /.test(line) && !line.includes("<anonymous>") && !isOwnCode(line))
    .slice(0, 4)
    .map((line) => line.trim());
  const accepted = error instanceof PktgenError && error.accepted !== undefined ? { accepted: error.accepted } : {};
  throw usageError(`eachFrame stopped at frame ${index}: ${what}${at.length > 0 ? ` (${at.join(", ")})` : ""}`, {
    where: `stream "${stream.name}"`,
    ...accepted,
    cause: error,
  });
}
