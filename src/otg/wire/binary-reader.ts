/**
 * protobuf's binary form → what JSON would have said: names of enums, lists, plain objects. It is not checked: read-value.ts
 * does that. What the schema does not know keeps its number as a name, so that it is refused and not passed over.
 */
import { messageNamed, type SchemaField, type SchemaMessage } from "../schema/index.js";
import { wireType, wireTypeOf } from "./binary-writer.js";
import { mostElements } from "./read-value.js";

/** These bytes are no message. */
export class MalformedMessage extends Error {}

const mostDepth = 32;

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#take(1)]!;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new MalformedMessage("a number is longer than 64 bits");
  }

  float(): number {
    return this.#view.getFloat32(this.#take(4), true);
  }

  double(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }

  bytes(): Uint8Array {
    const length = Number(this.varint());
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  skip(type: number): void {
    if (type === wireType.varint) this.varint();
    else if (type === wireType.fixed64) this.#take(8);
    else if (type === wireType.bytes) this.bytes();
    else if (type === wireType.fixed32) this.#take(4);
    else throw new MalformedMessage(`there is no wire type ${type}`);
  }

  #take(bytes: number): number {
    const at = this.#at;
    if (bytes > this.#bytes.length - at) throw new MalformedMessage("the message ends in the middle of a field");
    this.#at += bytes;
    return at;
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function textOf(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new MalformedMessage("a text is not UTF-8");
  }
}

/** Shortest decimal of a 32-bit float: 0.1, not 0.10000000149011612. */
const asWritten = (float: number): number => (Number.isFinite(float) ? Number(float.toPrecision(7)) : float);

function numberOf(reader: Reader, { type }: SchemaField, wire: number): unknown {
  if (wire === wireType.fixed32) return asWritten(reader.float());
  if (wire === wireType.fixed64) return reader.double();
  const value = reader.varint();
  if (type.kind === "enum") return type.names[Number(value) - 1] ?? Number(value);
  if (type.kind === "scalar" && type.scalar === "bool") return value !== 0n;
  if (type.kind === "scalar" && type.scalar === "int32") return Number(BigInt.asIntN(32, value));
  return Number(value);
}

function oneValue(reader: Reader, field: SchemaField, wire: number, depth: number): unknown {
  if (wire !== wireType.bytes) return numberOf(reader, field, wire);
  const bytes = reader.bytes();
  if (field.type.kind === "message") return readBinary(field.type.message, bytes, depth + 1);
  return field.type.kind === "refused" ? {} : textOf(bytes);
}

function addTo(message: Record<string, unknown>, field: SchemaField, value: unknown): void {
  if (!field.isList) {
    message[field.name] = value;
    return;
  }
  const list = message[field.name] as unknown[] | undefined;
  if (list !== undefined && list.length >= mostElements) {
    throw new MalformedMessage(`${field.name} has too many elements; accepted: up to ${mostElements}`);
  }
  if (list === undefined) message[field.name] = [value];
  else list.push(value);
}

function readKnown(reader: Reader, field: SchemaField, wire: number, into: Record<string, unknown>, depth: number) {
  const own = wireTypeOf(field);
  if (field.isList && wire === wireType.bytes && own !== wireType.bytes) {
    const packed = new Reader(reader.bytes());
    while (!packed.isAtEnd) addTo(into, field, numberOf(packed, field, own));
    return;
  }
  if (wire === own) addTo(into, field, oneValue(reader, field, wire, depth));
  else if (field.type.kind === "refused") {
    reader.skip(wire);
    into[field.name] = {};
  } else throw new MalformedMessage(`field ${field.name} has the wire type ${wire}, expected ${own}`);
}

function readFields(message: SchemaMessage, bytes: Uint8Array, depth: number): Record<string, unknown> {
  if (depth > mostDepth) throw new MalformedMessage("messages are nested too deeply");
  const reader = new Reader(bytes);
  const read: Record<string, unknown> = {};
  while (!reader.isAtEnd) {
    const tag = Number(reader.varint());
    const [number, wire] = [Math.floor(tag / 8), tag % 8];
    const field = message.byNumber.get(number);
    if (field !== undefined) readKnown(reader, field, wire, read, depth);
    else {
      reader.skip(wire);
      read[`field ${number}`] = true;
    }
  }
  return read;
}

/** @throws MalformedMessage */
export const readBinary = (name: string, bytes: Uint8Array, depth = 0): Record<string, unknown> =>
  readFields(messageNamed(name), bytes, depth);

/** The bytes of field 1 of a message that has no other; null: it is not there. @throws MalformedMessage */
export function unwrapped(bytes: Uint8Array): Uint8Array | null {
  const reader = new Reader(bytes);
  let inner: Uint8Array | null = null;
  while (!reader.isAtEnd) {
    const tag = Number(reader.varint());
    if (tag !== 8 + wireType.bytes) throw new MalformedMessage(`field ${Math.floor(tag / 8)} is unknown`);
    inner = reader.bytes();
  }
  return inner;
}

/** The bytes of one piece of a long request. @throws MalformedMessage */
export function chunkBytes(bytes: Uint8Array): Uint8Array {
  const reader = new Reader(bytes);
  let inner = new Uint8Array(0);
  while (!reader.isAtEnd) {
    const tag = Number(reader.varint());
    if (tag === 8) reader.varint();
    else if (tag === 16 + wireType.bytes) inner = reader.bytes() as Uint8Array<ArrayBuffer>;
    else throw new MalformedMessage(`field ${Math.floor(tag / 8)} is unknown`);
  }
  return inner;
}
