/**
 * The registers of a program: a value for everything that it can set. At the start of each frame they hold what the
 * frame holds. A register becomes part of the cursor's loop when the program first sets it to another value. Registers
 * that the program has read, and that differ from frame to frame, are computed in the loop before the call.
 */
import { usageError } from "../../errors.js";
import { layerNames } from "../../packet/index.js";
import type { ResolvedStream } from "../frames/resolve.js";
import { type BitPlace, getBits } from "../spec/modifier.js";
import { bytesTarget, checkedValue, fieldTargets, type ProgramFrame, type ProgramTarget } from "./frame.js";
import { programObject, type RegisterFile, registerState } from "./object.js";

export interface ProgramRegister {
  readonly register: number;
  readonly place: BitPlace;
  /** The frame's value without declared changes: one for all variants, or one for each. */
  readonly initials: readonly number[];
}

const mostWritten = 256;
const { read, written } = registerState;

export class ProgramRegisters implements RegisterFile {
  readonly frame: ProgramFrame;
  readonly values: Int32Array;
  readonly states: Uint8Array;
  readonly registersOf8: Int32Array;
  readonly registersOf16: Int32Array;
  readonly registersOf32: Int32Array;
  /** [0] ≠ 0: the loop and the frame have to be made again. */
  readonly more = new Int32Array(1);
  readonly #resolved: ResolvedStream;
  readonly #templates: readonly Uint8Array[];
  /** By register. */
  readonly #targets: ProgramTarget[] = [];
  readonly #initials: (readonly number[])[] = [];
  /** Frames differ there before the program has done anything. */
  readonly #computed: boolean[] = [];

  /** `templates`: of each variant, the bytes that a program may touch. */
  constructor(resolved: ResolvedStream, templates: readonly Uint8Array[]) {
    const fields = fieldTargets(resolved);
    const bytes = resolved.changeableBytes;
    this.#resolved = resolved;
    this.#templates = templates;
    this.values = new Int32Array(fields.length + 3 * bytes);
    this.states = new Uint8Array(this.values.length);
    [this.registersOf8, this.registersOf16, this.registersOf32] = [0, 0, 0].map(() => new Int32Array(bytes).fill(-1));
    for (const field of fields) this.#add(field);
    this.frame = programObject(layerNames(resolved.stream.layers), fields, this);
  }

  /** What the loop writes into the frame after the program. */
  get written(): readonly ProgramRegister[] {
    return this.#withState(written);
  }

  /** What the loop reads from the frame before the program. */
  get computed(): readonly ProgramRegister[] {
    return this.#withState(read).filter(({ register }) => this.#computed[register]);
  }

  read(register: number): void {
    const other = this.#others(register, written).find(isOver(this.#targets[register]));
    if (other !== undefined) throw this.#readAndWritten(this.#targets[register], other);
    this.states[register] = read;
    if (this.#computed[register]) this.more[0] = 1;
  }

  write(register: number, value: number): void {
    const target = this.#targets[register];
    checkedValue(target, value);
    // The value is the same as before.
    if (!this.#computed[register] && value === this.values[register] >>> 0) return;
    const other = [...this.#declared(), ...this.#others(register, written)].find(isOver(target));
    if (other !== undefined) {
      throw usageError(`${target.name} and ${other.name} change the same bits`, {
        accepted: "one way to change each bit",
      });
    }
    const reader = this.#others(register, read).find(isOver(target));
    if (reader !== undefined) throw this.#readAndWritten(reader, target);
    if (this.written.length === mostWritten) {
      throw usageError("the program changes too many places", { accepted: `up to ${mostWritten}` });
    }
    this.states[register] = written;
    this.more[0] = 1;
  }

  readBytes(offset: number, bits: number): number {
    const register = this.#bytesAt(offset, bits);
    this.read(register);
    return this.values[register] >>> 0;
  }

  writeBytes(offset: number, bits: number, value: number): void {
    this.write(this.#bytesAt(offset, bits), value);
  }

  #bytesAt(offset: number, bits: number): number {
    const target = bytesTarget(this.#resolved, offset, bits);
    const known = bits === 8 ? this.registersOf8 : bits === 16 ? this.registersOf16 : this.registersOf32;
    if (known[offset] < 0) known[offset] = this.#add(target);
    return known[offset];
  }

  #add(target: ProgramTarget): number {
    const { bitOffset, bits } = target.place;
    const register = this.#targets.push(target) - 1;
    const all = this.#templates.map((template) => getBits(template, bitOffset, bits));
    const initials = all.every((initial) => initial === all[0]) ? all.slice(0, 1) : all;
    this.#initials.push(initials);
    this.#computed.push(initials.length > 1 || this.#declared().some(isOver(target)));
    this.values[register] = initials[0];
    return register;
  }

  #declared(): readonly ProgramTarget[] {
    return this.#resolved.changes.flatMap(({ name, places }) => places.map((place) => ({ name, place })));
  }

  #withState(state: number): readonly ProgramRegister[] {
    return this.#targets.flatMap(({ place }, register) =>
      this.states[register] === state ? [{ register, place, initials: this.#initials[register] }] : [],
    );
  }

  #others(register: number, state: number): readonly ProgramTarget[] {
    return this.#targets.filter((_, other) => other !== register && this.states[other] === state);
  }

  #readAndWritten(reads: ProgramTarget, writes: ProgramTarget): Error {
    return usageError(`${reads.name} is read, and ${writes.name} changes the same bits`, {
      accepted: "one way to read and change each bit",
    });
  }
}

const isOver =
  ({ place }: ProgramTarget) =>
  (other: ProgramTarget): boolean =>
    other.place.bitOffset < place.bitOffset + place.bits && place.bitOffset < other.place.bitOffset + other.place.bits;
