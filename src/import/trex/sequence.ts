/** A variable's values over time → what a change of a field can say: steps, a list, or random values; and who carries. */
import { seededRandom } from "../../random.js";
import type { FieldEngine, Variable } from "./instructions.js";
import { periodOf, simulatedValues } from "./machine.js";

export type Shape =
  /** first + step · ((n + phase) mod count); step may be negative. */
  | {
      readonly kind: "steps";
      readonly first: bigint;
      readonly step: bigint;
      readonly count: bigint;
      readonly phase: bigint;
    }
  | { readonly kind: "list"; readonly values: readonly bigint[] }
  /** Other values than TRex's, of the same range. `limit` null: without end. */
  | {
      readonly kind: "random";
      readonly min: bigint;
      readonly max: bigint;
      readonly seed: number | null;
      readonly limit: number | null;
    };

export interface Sequence {
  readonly shape: Shape;
  /** The name whose going round moves this one; null: it moves with every frame. */
  readonly carrier: string | null;
  /** Frames after which it starts again; null: after its own values. */
  readonly period: number | null;
}

/** The longest list of values that is written out. */
export const mostListedValues = 10_000;

const leastPicks = 1_024;

/** A closed form of the values of `name` (a variable, or `tuple.ip`, `tuple.port`); null: there is none. */
export function sequenceOf({ variables }: FieldEngine, name: string): Sequence | null {
  for (const variable of variables) {
    if (variable.kind !== "tuple" && variable.name === name) return ownSequence(variables, variable);
    if (variable.kind !== "tuple" || !name.startsWith(`${variable.name}.`)) continue;
    const { ip, port, limit } = variable;
    const period = limit === 0 ? null : limit;
    const from = (range: { min: number; max: number }): Shape => ({
      kind: "steps",
      first: BigInt(range.min),
      step: 1n,
      count: BigInt(range.max - range.min + 1),
      phase: 0n,
    });
    if (name === `${variable.name}.ip`) return { shape: from(ip), carrier: null, period };
    if (name === `${variable.name}.port`) return { shape: from(port), carrier: `${variable.name}.ip`, period };
  }
  return null;
}

/** The values over one period of all that it hangs together with; null: it is longer than what is written out. */
export function listedSequence({ variables }: FieldEngine, name: string): readonly bigint[] | null {
  const chain = chainOf(variables, name);
  if (chain.some((variable) => variable.kind === "range" && variable.op === "random")) return null;
  const period = periodOf(chain, mostListedValues);
  return period === null ? null : simulatedValues(chain, name, period);
}

/** The variables that carry into it, and it, in order. */
function chainOf(variables: readonly Variable[], name: string): readonly Variable[] {
  const own = variables.findIndex(
    (each) => each.name === name || (each.kind === "tuple" && name.startsWith(`${each.name}.`)),
  );
  let first = own;
  while (first > 0 && carriesInto(variables[first - 1]!, variables[first]!)) first--;
  return variables.slice(first, own + 1);
}

const carriesInto = (before: Variable, variable: Variable): boolean =>
  before.kind !== "tuple" && before.next === variable.name;

function ownSequence(variables: readonly Variable[], variable: Exclude<Variable, { kind: "tuple" }>): Sequence | null {
  const shape = shapeOf(variable);
  if (shape === null) return null;
  const before = variables[variables.indexOf(variable) - 1];
  if (before === undefined || before.kind === "tuple" || !carriesInto(before, variable)) {
    return { shape, carrier: null, period: null };
  }
  // The carrier must go round in its first frame, and evenly: as its own closed form does.
  const carrying = ownSequence(variables, before);
  const isEven = carrying !== null && moves(before) && (carrying.shape.kind !== "steps" || carrying.shape.phase === 0n);
  return isEven ? { shape, carrier: before.name, period: null } : null;
}

/** TRex reduces a step by the number of values: one that comes to nothing never goes round. */
function moves(variable: Exclude<Variable, { kind: "tuple" }>): boolean {
  if (variable.kind === "repeated") return true;
  const { range, list, step } = variable;
  return step % (range === null ? BigInt(list.length) : range.max - range.min + 1n) !== 0n;
}

function shapeOf(variable: Exclude<Variable, { kind: "tuple" }>): Shape | null {
  if (variable.kind === "repeated") {
    const { limit, min, max, seed, name } = variable;
    if (limit > mostListedValues) return { kind: "random", min, max, seed, limit };
    return { kind: "list", values: simulatedValues([{ ...variable, next: null }], name, limit) };
  }
  const { op, range, list, step } = variable;
  if (range === null) {
    if (op === "random") return { kind: "list", values: picksOf(list) };
    // Other steps go through the list in an order of their own.
    return step === 1n ? { kind: "list", values: op === "inc" ? list : list.toReversed() } : null;
  }
  const { init, min, max } = range;
  if (op === "random") return { kind: "random", min, max, seed: null, limit: null };
  const values = max - min + 1n;
  if (values % step !== 0n) return null;
  const [count, up] = [values / step, op === "inc"];
  const from = up ? init - min : max - init;
  const rest = from % step;
  return { kind: "steps", first: up ? min + rest : max - rest, step: up ? step : -step, count, phase: from / step };
}

/** Picks of a list: as many values as it has, and no fewer than hundreds, in a random order that repeats. */
function picksOf(list: readonly bigint[]): readonly bigint[] {
  const count = Math.min(mostListedValues, Math.max(leastPicks, 4 * list.length));
  const random = seededRandom(1, 0x7472);
  return Array.from({ length: count }, () => list[random.below(list.length)]!);
}

/** The shape of `map(value)`. `isLowBits`: the map adds, and keeps the lowest `bits`. null: steps or chance are lost in it. */
export function mappedShape(
  shape: Shape,
  map: (value: bigint) => bigint,
  bits: number,
  isLowBits: boolean,
): Shape | null {
  if (shape.kind === "list") return { kind: "list", values: shape.values.map(map) };
  if (!isLowBits) return null;
  const whole = 1n << BigInt(bits);
  const keeps = (low: bigint, high: bigint): boolean => high - low < whole && map(high) - map(low) === high - low;
  if (shape.kind === "steps") {
    const { first, step, count } = shape;
    const last = first + step * (count - 1n);
    const [low, high] = step < 0n ? [last, first] : [first, last];
    return keeps(low, high) ? { ...shape, first: map(first) } : null;
  }
  const { min, max } = shape;
  if (keeps(min, max)) return { ...shape, min: map(min), max: map(max) };
  return (max - min + 1n) % whole === 0n ? { ...shape, min: 0n, max: whole - 1n } : null;
}
