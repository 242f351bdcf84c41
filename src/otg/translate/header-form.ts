/** What a header of the models is here: its fields in the order in which they lie, and the layer that has them. */
import {
  type Ipv4Address,
  type Ipv6Address,
  type Header as Layer,
  type MacAddress,
  numberOfBytes,
} from "../../packet/index.js";

/** A field: its path in the header's message; null: bits that no field names. */
export interface Slot {
  readonly path: string | null;
  readonly bits: number;
  /** Of a filler. */
  readonly value?: number;
}

/** Values of frame 0, by path. Absent: it is computed. */
export interface FirstValues {
  /** Nothing that has a name follows. */
  readonly isLast: boolean;
  number(path: string): number | undefined;
  bytes(path: string): Uint8Array | undefined;
}

export interface HeaderForm {
  /** `given`: the header as it was sent. */
  slots(given: Readonly<Record<string, unknown>>): readonly Slot[];
  /** The layer that has these slots; null: raw bytes. */
  layer: ((first: FirstValues, given: Readonly<Record<string, unknown>>) => Layer) | null;
  /** A field that follows from the next header; where none does it has its default. */
  readonly next?: string;
  /** What an Ethernet header before it says of it; absent: the layer knows. */
  readonly etherType?: number;
  /** Fields that are computed where they are not given, though the models have a default; `[]` in place of a number. */
  readonly computed?: readonly string[];
  /** Fields that decide which others are there: of one value. */
  readonly shapes?: readonly string[];
  /** Bits of its first slots that lie in the header before it. */
  readonly before?: number;
}

export const slot = (path: string, bits: number): Slot => ({ path, bits });
export const filler = (bits: number, value = 0): Slot => ({ path: null, bits, value });
export const rows = (...given: readonly (readonly [string, number])[]): readonly Slot[] =>
  given.map(([p, b]) => slot(p, b));

export const macOf = (first: FirstValues, path: string): MacAddress => first.bytes(path) as MacAddress;
export const fourBytes = (first: FirstValues, path: string): Ipv4Address => first.bytes(path) as Ipv4Address;
export const sixteenBytes = (first: FirstValues, path: string): Ipv6Address => first.bytes(path) as Ipv6Address;

/** Without what is undefined, so that constructors compute it. */
export const only = <T extends object>(values: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;

/** The bytes that slots make, as they are in frame 0. What is computed is 0. */
export function slotBytes(slots: readonly Slot[], first: FirstValues): Uint8Array {
  let bits = 0n;
  let count = 0;
  for (const { path, bits: width, value = 0 } of slots) {
    const bytes = path === null || width <= 32 ? undefined : first.bytes(path);
    const part = bytes === undefined ? BigInt((path === null ? value : first.number(path)) ?? 0) : numberOfBytes(bytes);
    bits = (bits << BigInt(width)) | BigInt.asUintN(width, part);
    count += width;
  }
  const length = count / 8;
  return Uint8Array.from({ length }, (_, i) => Number(BigInt.asUintN(8, bits >> BigInt(8 * (length - 1 - i)))));
}
