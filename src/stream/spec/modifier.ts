/**
 * The value of a changing field in frame i: a pure function of i. This is the slow, obvious form of it, with numbers;
 * codegen.ts writes the fast one, and tests hold them together.
 */

/**
 * Where a value, or a part of it, is written: bits `shift` … `shift + bits − 1` of it, at a bit offset of the frame.
 */
export interface BitPlace {
  readonly bitOffset: number;
  readonly bits: number;
  readonly shift: number;
}

/**
 * A value below 2^32 and the bits where it is written. Wider fields change in their last 32 bits, or as several
 * changes.
 */
export interface ResolvedChange {
  /** For messages: `udp.srcPort`, `bits 34/0xffff`. */
  readonly name: string;
  /** Which of the stream's fields it is (a part) of. */
  readonly field: number;
  readonly places: readonly BitPlace[];
  readonly value: ChangeValue;
  /** Frames that each value stays. */
  readonly every: number;
  /** The sequence starts again after this many frames; null: never. */
  readonly period: number | null;
  readonly perQueue: readonly number[] | null;
}

export type ChangeValue =
  /** first + step × ((n + phase) mod count); step may be negative. */
  | {
      readonly kind: "steps";
      readonly first: number;
      readonly step: number;
      readonly count: number;
      readonly phase: number;
    }
  | { readonly kind: "list"; readonly values: readonly number[] }
  /** Uniform in min … min + range − 1. If there is a `limit`, n mod `limit` decides. */
  | {
      readonly kind: "random";
      readonly min: number;
      readonly range: number;
      readonly key: number;
      readonly limit: number | null;
    };

/** The field's value in frame `index`: a whole number below 2^32. */
export function valueAt(change: ResolvedChange, index: number): number {
  const { value, every, period, perQueue } = change;
  if (perQueue !== null) {
    const queue = index % perQueue.length;
    const before = perQueue.slice(0, queue).reduce((sum, count) => sum + count, 0);
    return nth(value, before + (Math.floor(index / perQueue.length) % perQueue[queue]));
  }
  return nth(value, Math.floor((period === null ? index : index % period) / every));
}

function nth(value: ChangeValue, n: number): number {
  switch (value.kind) {
    case "steps":
      return value.first + value.step * ((n + value.phase) % value.count);
    case "list":
      return value.values[n % value.values.length];
    case "random": {
      const chosen = value.limit === null ? n : n % value.limit;
      return value.min + Math.floor((hash32(value.key, chosen) / 2 ** 32) * value.range);
    }
  }
}

/**
 * 32 random bits for whole number n of the sequence `key`: a counter through splitmix32's mixing (Steele, Lea, Flood
 * 2014). So the value of any frame is known without those before it. Repeats after 2^32.
 */
export function hash32(key: number, n: number): number {
  let x = (Math.imul(n | 0, 0x9e37_79b9) + key) | 0;
  x = Math.imul(x ^ (x >>> 16), 0x21f0_aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a_2d97);
  return (x ^ (x >>> 15)) >>> 0;
}

/** Writes the low `bits` of value at a bit offset, most significant first. */
export function putBits(bytes: Uint8Array, bitOffset: number, bits: number, value: number): void {
  for (let i = 0; i < bits; i++) {
    const bit = Math.floor(value / 2 ** (bits - 1 - i)) % 2;
    const at = bitOffset + i;
    const mask = 0x80 >> (at & 7);
    bytes[at >> 3] = bit === 1 ? bytes[at >> 3] | mask : bytes[at >> 3] & ~mask;
  }
}

/** The unsigned number in up to 32 bits at a bit offset. */
export function getBits(bytes: Uint8Array, bitOffset: number, bits: number): number {
  let value = 0;
  for (let at = bitOffset; at < bitOffset + bits; at++) value = value * 2 + ((bytes[at >> 3] >> (7 - (at & 7))) & 1);
  return value;
}

/** A constant of every frame: the bits of a wide field that do not change. */
export interface Patch {
  readonly bitOffset: number;
  readonly bits: number;
  readonly value: number;
}
