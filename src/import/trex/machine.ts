/**
 * What TRex's field engine computes: the value of each variable in frame after frame, written from its rules. A variable
 * moves before its frame is sent, and starts one step before its first value. One that carries lets the next one move
 * only in frames in which it goes round.
 */
import type { RangeVariable, RepeatedVariable, TupleVariable, Variable } from "./instructions.js";

/** One variable's state. */
interface Cell {
  /** Moves on; true: it has gone round, so that the next one moves, too. */
  advance(): boolean;
  /** Of one name each: `name`, or `name.ip` and `name.port`. */
  readonly values: ReadonlyMap<string, bigint>;
  /** Equal texts have equal futures. */
  readonly state: string;
}

class RangeCell implements Cell {
  readonly #of: RangeVariable;
  readonly #min: bigint;
  readonly #count: bigint;
  readonly #step: bigint;
  #at: bigint;
  #shown: bigint;

  constructor(of: RangeVariable) {
    this.#of = of;
    const { range, list, op } = of;
    this.#min = range?.min ?? 0n;
    this.#count = range === null ? BigInt(list.length) : range.max - range.min + 1n;
    this.#step = of.step % this.#count;
    // A range begins a step before its first value. A list shows its value first, and moves then.
    const first = range === null ? (op === "inc" ? 0n : this.#count - 1n) : range.init - range.min;
    this.#at = range === null ? first : this.#moved(first, op !== "inc");
    this.#shown = range === null ? 0n : this.#min + this.#at;
  }

  advance(): boolean {
    const { range, list, op } = this.#of;
    if (range === null) this.#shown = list[Number(this.#at)] ?? 0n;
    const up = op === "inc";
    const left = up ? this.#count - 1n - this.#at : this.#at;
    const goesRound =
      range === null ? (up ? this.#at < this.#step : this.#at + this.#step >= this.#count) : left < this.#step;
    this.#at = this.#moved(this.#at, up);
    if (range !== null) this.#shown = this.#min + this.#at;
    return goesRound;
  }

  #moved(from: bigint, up: boolean): bigint {
    return (from + (up ? this.#step : this.#count - this.#step)) % this.#count;
  }

  get values(): ReadonlyMap<string, bigint> {
    return new Map([[this.#of.name, this.#shown]]);
  }

  get state(): string {
    return `${this.#at} ${this.#shown}`;
  }
}

/** The 15 bits of a linear congruential generator that many C libraries have. */
class Drawing {
  seed: number;

  constructor(seed: number) {
    this.seed = seed >>> 0;
  }

  next(bytes: 1 | 2 | 4 | 8): bigint {
    if (bytes <= 2) return BigInt(this.#bits15());
    const high = this.#bits32();
    return bytes === 4 ? high : (high << 32n) + this.#bits32();
  }

  #bits32(): bigint {
    const high = this.#bits15();
    return BigInt(((high << 16) + this.#bits15()) >>> 0);
  }

  #bits15(): number {
    this.seed = (Math.imul(214_013, this.seed) + 2_531_011) >>> 0;
    return (this.seed >>> 16) & 0x7fff;
  }
}

class RepeatedCell implements Cell {
  readonly #of: RepeatedVariable;
  readonly #drawing: Drawing;
  #count = 0;
  #shown = 0n;

  constructor(of: RepeatedVariable) {
    this.#of = of;
    this.#drawing = new Drawing(of.seed);
  }

  advance(): boolean {
    const { limit, seed, bytes, min, max } = this.#of;
    if (this.#count === limit) {
      this.#count = 0;
      this.#drawing.seed = seed;
    }
    const goesRound = this.#count === 0;
    this.#shown = min + (this.#drawing.next(bytes) % (max - min + 1n));
    this.#count++;
    return goesRound;
  }

  get values(): ReadonlyMap<string, bigint> {
    return new Map([[this.#of.name, this.#shown]]);
  }

  get state(): string {
    return `${this.#count} ${this.#drawing.seed} ${this.#shown}`;
  }
}

class TupleCell implements Cell {
  readonly #of: TupleVariable;
  #flow = -1;

  constructor(of: TupleVariable) {
    this.#of = of;
  }

  advance(): boolean {
    const { limit } = this.#of;
    this.#flow = (this.#flow + 1) % (limit === 0 ? addresses(this.#of) * ports(this.#of) : limit);
    return false;
  }

  get values(): ReadonlyMap<string, bigint> {
    const { name, ip, port } = this.#of;
    const count = addresses(this.#of);
    return new Map([
      [`${name}.ip`, BigInt(ip.min + (this.#flow % count))],
      [`${name}.port`, BigInt(port.min + (Math.floor(this.#flow / count) % ports(this.#of)))],
    ]);
  }

  get state(): string {
    return `${this.#flow}`;
  }
}

const addresses = ({ ip }: TupleVariable): number => ip.max - ip.min + 1;
const ports = ({ port }: TupleVariable): number => port.max - port.min + 1;

const cellOf = (variable: Variable): Cell =>
  variable.kind === "range"
    ? new RangeCell(variable)
    : variable.kind === "repeated"
      ? new RepeatedCell(variable)
      : new TupleCell(variable);

/** The variables of a stream, or some that belong together, in the order in which they move. */
export class Machine {
  readonly #cells: readonly { readonly cell: Cell; readonly isCarriedInto: boolean }[];

  constructor(variables: readonly Variable[]) {
    this.#cells = variables.map((variable, i) => {
      const before = variables[i - 1];
      const isCarriedInto = before !== undefined && before.kind !== "tuple" && before.next === variable.name;
      return { cell: cellOf(variable), isCarriedInto };
    });
  }

  /** To the next frame. */
  advance(): void {
    let moves = true;
    for (const { cell, isCarriedInto } of this.#cells) {
      if (!isCarriedInto) moves = true;
      if (moves) moves = cell.advance();
    }
  }

  value(name: string): bigint {
    for (const { cell } of this.#cells) {
      const value = cell.values.get(name);
      if (value !== undefined) return value;
    }
    throw new Error(`no variable ${name}`);
  }

  get state(): string {
    return this.#cells.map(({ cell }) => cell.state).join(",");
  }
}

/** Frames until the variables are again as in the first frame; null: more than `most`. */
export function periodOf(variables: readonly Variable[], most: number): number | null {
  const machine = new Machine(variables);
  machine.advance();
  const first = machine.state;
  for (let frames = 1; frames <= most; frames++) {
    machine.advance();
    if (machine.state === first) return frames;
  }
  return null;
}

/** The values of a name in the first `frames` frames. */
export function simulatedValues(variables: readonly Variable[], name: string, frames: number): readonly bigint[] {
  const machine = new Machine(variables);
  return Array.from({ length: frames }, () => {
    machine.advance();
    return machine.value(name);
  });
}
