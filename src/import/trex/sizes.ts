/** The sizes of a stream's frames: that of its packet, or those that `trim_pkt_size` cuts it to. */
import { fcsBytes, maxFrameBytes, minFrameBytes } from "../../units.js";
import type { FieldEngine } from "./instructions.js";
import type { Item, Notes } from "./item.js";
import { listedSequence, mostListedValues, sequenceOf } from "./sequence.js";

export interface FrameSizes {
  /** As a profile says them, with FCS. */
  readonly words: unknown;
  /** Without FCS. */
  readonly shortest: number;
  readonly longest: number;
  readonly isTrimmed: boolean;
}

interface Given {
  readonly item: Item;
  readonly bytes: Uint8Array;
}

const leastBytes = minFrameBytes - fcsBytes;
const mostBytes = maxFrameBytes - fcsBytes;

export function fixedSizes({ item, bytes }: Given, notes: Notes): FrameSizes {
  if (bytes.length > mostBytes) throw tooLong(item, bytes.length);
  if (bytes.length < leastBytes) notes.add(item, `the packet of ${bytes.length} bytes is padded to ${leastBytes}`);
  const longest = Math.max(leastBytes, bytes.length);
  return { words: longest + fcsBytes, shortest: longest, longest, isTrimmed: false };
}

const tooLong = (item: Item, bytes: number) =>
  item.error(`frames of ${bytes + fcsBytes} bytes with FCS`, `up to ${maxFrameBytes} bytes with FCS`);

/** Limits are those of TRex: at least 60 bytes, at most the packet's. */
export function trimmedSizes({ item, bytes }: Given, engine: FieldEngine, notes: Notes): FrameSizes {
  const { item: trim, variable: name } = engine.trim!;
  const variable = engine.variables.find((each) => each.name === name);
  if (variable?.kind !== "range" || variable.bytes !== 2) {
    throw trim.error(`"${name}" cannot be a size`, "a flow_var of 2 bytes");
  }
  const within = (value: bigint): number => Math.min(Math.max(Number(value), leastBytes), bytes.length);
  const capped = (size: number): number => {
    if (size <= mostBytes) return size;
    notes.add(item, `frames of more than ${maxFrameBytes} bytes with FCS are left out: the sizes end there`);
    return mostBytes;
  };
  if (bytes.length < leastBytes)
    throw item.error(`a packet of ${bytes.length} bytes is trimmed`, `${leastBytes} or more`);
  if (variable.range !== null && variable.op === "random") {
    const [min, max] = [within(variable.range.min), capped(within(variable.range.max))];
    return { words: { min: min + fcsBytes, max: max + fcsBytes, random: true }, ...ends([min, max]) };
  }
  const values = limited(variable, engine, name, within, trim)
    .map(capped)
    .filter((size, i, all) => size < mostBytes || all.indexOf(size) === i);
  const [first = leastBytes, second = first] = values;
  const step = second - first;
  const isRange = step > 0 && values.every((value, i) => value === first + i * step);
  if (values.length === 1) return { words: first + fcsBytes, ...ends(values) };
  if (!isRange) return { words: values.map((value) => value + fcsBytes), ...ends(values) };
  const range = { min: first + fcsBytes, max: first + step * (values.length - 1) + fcsBytes };
  return { words: { ...range, ...(step === 1 ? {} : { step }) }, ...ends(values) };
}

const ends = (values: readonly number[]): Omit<FrameSizes, "words"> => ({
  shortest: values.reduce((least, value) => Math.min(least, value)),
  longest: values.reduce((most, value) => Math.max(most, value)),
  isTrimmed: true,
});

type SizeVariable = Extract<FieldEngine["variables"][number], { kind: "range" }>;

/** One period of sizes: the variable counts within what the packet can be. */
function limited(
  variable: SizeVariable,
  engine: FieldEngine,
  name: string,
  within: (value: bigint) => number,
  trim: Item,
): readonly number[] {
  const { range } = variable;
  const clamp = (value: bigint): bigint => BigInt(within(value));
  const own =
    range === null
      ? variable
      : { ...variable, range: { init: clamp(range.init), min: clamp(range.min), max: clamp(range.max) } };
  const variables = engine.variables.map((each) => (each === variable ? own : each));
  const shape = sequenceOf({ ...engine, variables }, name);
  const values =
    shape?.carrier === null && shape.shape.kind === "steps" && shape.shape.phase === 0n
      ? Array.from({ length: Number(shape.shape.count) }, (_, i) => {
          const { first, step } = shape.shape as { first: bigint; step: bigint };
          return first + step * BigInt(i);
        })
      : listedSequence({ ...engine, variables }, name);
  if (values === null)
    throw trim.error("sizes that do not repeat", `sizes that repeat within ${mostListedValues} frames`);
  return values.map(Number);
}
