/** Messages of the normal form as protobuf's binary form. */
import { messageNamed, type SchemaField } from "../schema/index.js";
import type { Value } from "./read-value.js";

/** protobuf.dev, "Encoding": how what follows a tag is laid out. */
export const wireType = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

const firstBytes = 256;

class Writer {
  #bytes = new Uint8Array(firstBytes);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  /** Whole numbers up to 2^53; negative ones as 64 bits. */
  varint(value: number): void {
    let rest = BigInt.asUintN(64, BigInt(value));
    do {
      const low = Number(rest & 0x7fn);
      rest >>= 7n;
      this.#room(1);
      this.#bytes[this.#length++] = rest > 0n ? low | 0x80 : low;
    } while (rest > 0n);
  }

  tag(number: number, type: number): void {
    this.varint(number * 8 + type);
  }

  float(value: number): void {
    this.#room(4);
    this.#view.setFloat32(this.#length, value, true);
    this.#length += 4;
  }

  double(value: number): void {
    this.#room(8);
    this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  bytes(bytes: Uint8Array): void {
    this.varint(bytes.length);
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  done(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #room(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + bytes));
    larger.set(this.#bytes);
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

const textBytes = new TextEncoder();

function writeNumber(writer: Writer, { type }: SchemaField, value: unknown): void {
  if (type.kind === "enum") writer.varint(type.names.indexOf(value as string) + 1);
  else if (type.kind === "scalar" && type.scalar === "float") writer.float(value as number);
  else if (type.kind === "scalar" && type.scalar === "double") writer.double(value as number);
  else writer.varint(Number(value));
}

/** How one value of the field is laid out. */
export function wireTypeOf({ type }: SchemaField): number {
  if (type.kind === "enum") return wireType.varint;
  if (type.kind !== "scalar") return wireType.bytes;
  switch (type.scalar) {
    case "float":
      return wireType.fixed32;
    case "double":
      return wireType.fixed64;
    case "bool":
    case "uint32":
    case "int32":
    case "uint64":
      return wireType.varint;
    default:
      return wireType.bytes;
  }
}

function writeField(writer: Writer, field: SchemaField, value: unknown): void {
  const type = wireTypeOf(field);
  if (type !== wireType.bytes && Array.isArray(value)) {
    const packed = new Writer();
    for (const one of value) writeNumber(packed, field, one);
    writer.tag(field.number, wireType.bytes);
    writer.bytes(packed.done());
    return;
  }
  for (const one of Array.isArray(value) ? value : [value]) {
    writer.tag(field.number, type);
    if (type !== wireType.bytes) writeNumber(writer, field, one);
    else if (field.type.kind === "message") writer.bytes(binaryOf(field.type.message, one as Value));
    else writer.bytes(textBytes.encode(one as string));
  }
}

export function binaryOf(name: string, value: Value): Uint8Array {
  const message = messageNamed(name);
  const writer = new Writer();
  for (const field of message.fields) {
    const given = value[field.name];
    if (given === undefined || (Array.isArray(given) && given.length === 0)) continue;
    writeField(writer, field, given);
  }
  return writer.done();
}

/** A message with one field of bytes: what gRPC's requests and answers are around the models' messages. */
export function wrapped(number: number, bytes: Uint8Array): Uint8Array {
  const writer = new Writer();
  writer.tag(number, wireType.bytes);
  writer.bytes(bytes);
  return writer.done();
}

/** A piece of a long answer: its size, and its bytes. */
export function chunkOf(bytes: Uint8Array): Uint8Array {
  const writer = new Writer();
  writer.tag(1, wireType.varint);
  writer.varint(bytes.length);
  writer.tag(2, wireType.bytes);
  writer.bytes(bytes);
  return writer.done();
}
