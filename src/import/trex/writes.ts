/** Writes of variables into the packet → changes of bits, each bit once: the last write to a bit is the one that counts. */
import type { FieldEngine, Write } from "./instructions.js";
import { listedSequence, mappedShape, mostListedValues, type Sequence, type Shape, sequenceOf } from "./sequence.js";

export interface BitChange {
  readonly write: Write;
  /** First byte in the frame, and how many: the value's bits are those of `mask` in them. */
  readonly offset: number;
  readonly bytes: 1 | 2 | 4;
  readonly mask: number;
  readonly shape: Shape;
  readonly carrier: string | null;
  readonly period: number | null;
  /** The name whose closed form it has, so that others can come after it. */
  readonly carries: string | null;
}

export interface WrittenBits {
  readonly changes: readonly BitChange[];
  /** Bytes that are the same in all frames, though they are written. */
  readonly constants: readonly { readonly offset: number; readonly bytes: Uint8Array }[];
}

const full: Readonly<Record<number, number>> = { 1: 0xff, 2: 0xffff, 4: 0xffff_ffff };

/** Writes as they stand in the program. @throws PktgenError (2) for what no change can say. */
export function bitChanges(engine: FieldEngine, writes: readonly Write[], frameBytes: number): WrittenBits {
  const taken = new Set<number>();
  const changes: BitChange[] = [];
  const constants: { offset: number; bytes: Uint8Array }[] = [];
  for (const write of writes.toReversed()) {
    const parts = partsOf(engine, write);
    for (const part of parts) {
      const bits = bitsOf(part.offset, part.bytes, part.mask);
      if (part.offset + part.bytes > frameBytes) {
        throw write.item.error("the write lies outside of the packet", `offsets within its ${frameBytes} bytes`);
      }
      const free = bits.filter((bit) => !taken.has(bit));
      if (free.length === 0) continue;
      if (free.length < bits.length) {
        const accepted = "writes that cover each other wholly or not at all";
        throw write.item.error("a later write takes a part of this one's bits", accepted);
      }
      for (const bit of bits) taken.add(bit);
      if (isConstant(part.shape) && part.mask === full[part.bytes]) {
        constants.push({ offset: part.offset, bytes: bytesOf(constantOf(part.shape), part.bytes) });
      } else changes.push(part);
    }
  }
  return { changes: withCarriers(engine, changes.toReversed()), constants };
}

const isConstant = (shape: Shape): boolean =>
  shape.kind === "steps"
    ? shape.count === 1n
    : shape.kind === "list"
      ? shape.values.every((value) => value === shape.values[0])
      : shape.min === shape.max;

const constantOf = (shape: Shape): bigint =>
  shape.kind === "steps" ? shape.first : shape.kind === "list" ? shape.values[0]! : shape.min;

export function bytesOf(value: bigint, bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, i) => Number((value >> BigInt(8 * (bytes - 1 - i))) & 0xffn));
}

function bitsOf(offset: number, bytes: number, mask: number): readonly number[] {
  const bits: number[] = [];
  for (let bit = 0; bit < bytes * 8; bit++) {
    if (Math.floor(mask / 2 ** bit) % 2 === 1) bits.push((offset + bytes) * 8 - 1 - bit);
  }
  return bits;
}

/** A change whose carrier changes no bit counts all frames itself, as a list. */
function withCarriers(engine: FieldEngine, changes: readonly BitChange[]): readonly BitChange[] {
  let kept = changes;
  for (;;) {
    const carrying = new Set(kept.map(({ carries }) => carries));
    const index = kept.findIndex(({ carrier }) => carrier !== null && !carrying.has(carrier));
    if (index < 0) return kept;
    const { write, offset } = kept[index]!;
    const parts = listedParts(engine, write);
    kept = kept.map((change, i) => (i === index ? (parts.find((part) => part.offset === offset) ?? change) : change));
  }
}

/** What a write does with a variable's value. */
interface WriteMap {
  readonly map: (value: bigint) => bigint;
  readonly bits: number;
  readonly isLowBits: boolean;
  readonly bytes: 1 | 2 | 4 | 8;
  readonly mask: number;
}

function partsOf(engine: FieldEngine, write: Write): readonly BitChange[] {
  const sequence = sequenceOf(engine, write.variable);
  const map = mapOf(engine, write);
  const shape = sequence === null ? null : mappedShape(sequence.shape, map.map, map.bits, map.isLowBits);
  if (sequence === null || shape === null) return listedParts(engine, write);
  const parts = split(write, map, { ...sequence, shape }, write.variable);
  return parts ?? listedParts(engine, write);
}

/** The values of a whole period, one by one. */
function listedParts(engine: FieldEngine, write: Write): readonly BitChange[] {
  const values = listedSequence(engine, write.variable);
  if (values === null) {
    throw write.item.error(
      `what is written of "${write.variable}" has no counterpart`,
      `steps that fit into a range and start at its end; or values that repeat within ${mostListedValues} frames`,
    );
  }
  const map = mapOf(engine, write);
  const shape: Shape = { kind: "list", values: values.map(map.map) };
  return split(write, map, { shape, carrier: null, period: null }, null)!;
}

/** Of eight bytes two changes of four. null: the upper four change in steps or by chance. */
function split(write: Write, map: WriteMap, sequence: Sequence, carries: string | null): readonly BitChange[] | null {
  const { shape, carrier, period } = sequence;
  const own = { write, carrier, period, carries };
  const { offset } = write;
  if (map.bytes !== 8) return [{ ...own, offset, bytes: map.bytes, mask: map.mask, shape }];
  const [high, low] = [halfOf(shape, 32n), halfOf(shape, 0n)];
  if (high === null || low === null) return null;
  const mask = 0xffff_ffff;
  return [
    { ...own, offset, bytes: 4, mask, shape: high },
    { ...own, offset: offset + 4, bytes: 4, mask, shape: low },
  ];
}

function halfOf(shape: Shape, shift: bigint): Shape | null {
  const half = (value: bigint): bigint => (value >> shift) & 0xffff_ffffn;
  if (shape.kind === "list") return { kind: "list", values: shape.values.map(half) };
  const ends =
    shape.kind === "random" ? [shape.min, shape.max] : [shape.first, shape.first + shape.step * (shape.count - 1n)];
  if (ends[0]! >> 32n !== ends[1]! >> 32n) return null;
  if (shift > 0n) return { kind: "list", values: [half(ends[0]!)] };
  if (shape.kind === "random") return { ...shape, min: half(shape.min), max: half(shape.max) };
  return { ...shape, first: half(shape.first) };
}

/** How many bytes the value of a name has. */
function bytesOfName({ variables }: FieldEngine, name: string): 1 | 2 | 4 | 8 {
  for (const variable of variables) {
    if (variable.kind !== "tuple") {
      if (variable.name === name) return variable.bytes;
    } else if (name === `${variable.name}.ip`) return 4;
    else if (name === `${variable.name}.port`) return 2;
  }
  return 4;
}

function mapOf(engine: FieldEngine, write: Write): WriteMap {
  const bytes = bytesOfName(engine, write.variable);
  const { add, bigEndian, masked } = write;
  if (masked === null) {
    const bits = bytes * 8;
    const sum = (value: bigint): bigint => BigInt.asUintN(bits, value + add);
    const map = bigEndian ? sum : (value: bigint): bigint => swapped(sum(value), bytes);
    return { map, bits, isLowBits: bigEndian || bytes === 1, bytes, mask: full[bytes] ?? 0 };
  }
  const { bytes: castBytes, shift } = masked;
  if (!bigEndian && !(bytes === 1 && castBytes === 1)) {
    throw write.item.at("is_big_endian").error("a masked write with the least byte first", "is_big_endian: true");
  }
  const mask = Number(BigInt(masked.mask) & BigInt(full[castBytes]!));
  if (mask === 0)
    throw write.item.at("mask").error("a mask without bits of the packet", "a mask with at least one bit");
  // Of eight bytes TRex takes the upper four.
  const word = (value: bigint): bigint => (bytes === 8 ? value >> 32n : value);
  const shifted = (sum: bigint): bigint =>
    shift >= 0 ? BigInt.asUintN(32, sum << BigInt(shift)) : sum >> BigInt(-shift);
  const map = (value: bigint): bigint => gathered(shifted(BigInt.asUintN(32, word(value) + add)), mask);
  const isRun = /^1+0*$/.test(mask.toString(2));
  const zeros = /0*$/.exec(mask.toString(2))![0].length;
  const bits = mask.toString(2).replaceAll("0", "").length;
  return { map, bits, isLowBits: bytes !== 8 && isRun && zeros === shift, bytes: castBytes, mask };
}

function swapped(value: bigint, bytes: number): bigint {
  return bytesOf(value, bytes).reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

/** The bits of a value that a mask names, side by side. */
function gathered(value: bigint, mask: number): bigint {
  let [result, to] = [0n, 0n];
  for (let bit = 0; bit < 32; bit++) {
    if (Math.floor(mask / 2 ** bit) % 2 === 0) continue;
    result |= ((value >> BigInt(bit)) & 1n) << to++;
  }
  return result;
}
