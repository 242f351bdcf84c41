/** One queue's walk through a stream's frames: the state of a cursor function, and what a program needs around it. */
import { PktgenError, usageError } from "../errors.js";
import type { RingMemory } from "../ring/memory.js";
import { type CursorModel, cursorCode, type TouchLoop } from "./codegen.js";
import { type BitPlace, getBits } from "./modifier.js";
import type { FrameCursor } from "./program.js";
import { type EachFrame, type ProgramFrame, type ProgramTarget, programFrame } from "./program-frame.js";
import type { ResolvedStream } from "./resolve.js";

export interface CursorStart {
  readonly resolved: ResolvedStream;
  readonly eachFrame: EachFrame | null;
  /** Of the first variant, as far as a program may touch it. */
  readonly template: Uint8Array;
  readonly shared: boolean;
  modelWith(registers: readonly Register[]): CursorModel;
  readonly queue: number;
  readonly queues: number;
}

interface Register {
  readonly name: string;
  readonly place: BitPlace;
  /** What the template has there. */
  readonly initial: number;
}

const mostRegisters = 256;
/** Frames that a program is tried on before the first is sent, so that what it sets is known. */
const triedFrames = 64;

export class CompiledCursor implements FrameCursor {
  readonly #start: CursorStart;
  readonly #registers: Register[] = [];
  readonly #values = new Int32Array(mostRegisters);
  readonly #more = new Int32Array(1);
  readonly #position = new Float64Array(2);
  readonly #frame: ProgramFrame | null;
  #counters: Int32Array = new Int32Array(0);
  #loop: TouchLoop;

  constructor(start: CursorStart) {
    this.#start = start;
    this.#position.set([start.queue, start.queues]);
    this.#frame = start.eachFrame === null ? null : programFrame(start.resolved, this.#access());
    if (this.#frame !== null) this.#tryProgram(this.#frame, start.eachFrame!);
    this.#loop = this.#compile();
  }

  touch(memory: RingMemory, offsets: Uint32Array, variants: Uint16Array, n: number): void {
    let done = this.#touchSome(memory.view, offsets, variants, 0, n);
    while (done < n) {
      this.#loop = this.#compile();
      done = this.#touchSome(memory.view, offsets, variants, done, n);
    }
  }

  #touchSome(view: DataView, offsets: Uint32Array, variants: Uint16Array, from: number, n: number): number {
    if (this.#start.eachFrame === null) return this.#loop(view, offsets, variants, from, n);
    try {
      return this.#loop(view, offsets, variants, from, n);
    } catch (error) {
      throw programError(this.#start.resolved, this.#position[0], error);
    }
  }

  /** The function for the registers known now, from the present position on. */
  #compile(): TouchLoop {
    const { shared, modelWith, eachFrame } = this.#start;
    const model = modelWith(this.#registers);
    const code = cursorCode(model, shared);
    const [next, stride] = this.#position;
    this.#more[0] = 0;
    this.#counters = new Int32Array(3 * code.moduli.length);
    for (const [c, modulus] of code.moduli.entries()) {
      this.#counters.set([next % modulus, stride % modulus, modulus | 0], 3 * c);
    }
    const frame = this.#frame;
    return code.make({
      tables: code.tables,
      parameters: code.parameters,
      bases: Uint16Array.from(model.sums.flatMap((sum) => [...sum.bases])),
      counters: this.#counters,
      position: this.#position,
      registers: this.#values,
      program: frame === null ? () => {} : (index) => eachFrame!(frame, index),
      more: this.#more,
    });
  }

  #access() {
    const values = this.#values;
    return {
      get: (target: ProgramTarget) => (target.register < 0 ? this.#initialOf(target) : values[target.register] >>> 0),
      set: (target: ProgramTarget, value: number) => {
        if (target.register >= 0) values[target.register] = value;
        else if (value !== this.#initialOf(target)) this.#addRegister(target);
      },
    };
  }

  #initialOf({ place }: ProgramTarget): number {
    return getBits(this.#start.template, place.bitOffset, place.bits);
  }

  /** The frame is made again, with it. */
  #addRegister(target: ProgramTarget): void {
    const { place, name } = target;
    const taken = [
      ...this.#start.resolved.changes.flatMap((change) => change.places.map((at) => ({ name: change.name, ...at }))),
      ...this.#registers.map((register) => ({ name: register.name, ...register.place })),
    ];
    const other = taken.find(
      (at) => at.bitOffset < place.bitOffset + place.bits && place.bitOffset < at.bitOffset + at.bits,
    );
    if (other !== undefined) {
      throw usageError(`${name} and ${other.name} change the same bits`, { accepted: "one way to change each bit" });
    }
    if (this.#registers.length === mostRegisters) {
      throw usageError("the program changes too many places", { accepted: `up to ${mostRegisters}` });
    }
    target.register = this.#registers.push({ name, place, initial: this.#initialOf(target) }) - 1;
    this.#more[0] = 1;
  }

  #tryProgram(frame: ProgramFrame, eachFrame: EachFrame): void {
    for (let n = 0; n < triedFrames; n++) {
      const index = this.#position[0] + n * this.#position[1];
      do {
        this.#more[0] = 0;
        this.#registers.forEach(({ initial }, r) => {
          this.#values[r] = initial;
        });
        try {
          eachFrame(frame, index);
        } catch (error) {
          throw programError(this.#start.resolved, index, error);
        }
      } while (this.#more[0] !== 0);
    }
  }
}

/** With stream, frame, and where in the program it happened. */
function programError({ stream }: ResolvedStream, index: number, error: unknown): PktgenError {
  const what = error instanceof Error ? error.message : String(error);
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  const at = stack
    .split("\n")
    // Of the program, not of what called it.
    .filter(
      (line) => /^\s+at /.test(line) && !/<anonymous>|\/(?:stream|engine)\/[\w-]+\.[jt]s|\/errors\.[jt]s/.test(line),
    )
    .slice(0, 4)
    .map((line) => line.trim());
  const accepted = error instanceof PktgenError && error.accepted !== undefined ? { accepted: error.accepted } : {};
  throw usageError(
    `eachFrame of "${stream.name}" stopped at frame ${index}: ${what}${at.length > 0 ? ` (${at.join(", ")})` : ""}`,
    {
      where: `stream "${stream.name}"`,
      ...accepted,
      cause: error,
    },
  );
}
