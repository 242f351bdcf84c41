/** Messages of the normal form as protobuf's binary form. */
import { messageNamed, type SchemaField } from "../schema/index.js";
import type { Value } from "./read-value.js";

/** protobuf.dev, "Encoding": how what follows a tag is laid out. */
export const wireType = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

const firstBytes = 256;
/** Of 64 bits. */
const mostVarintBytes = 10;
const textBytes = new TextEncoder();

/** One buffer for a message and all that is in it. */
class Writer {
  #bytes = new Uint8Array(firstBytes);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;
  readonly #prefix = new Uint8Array(mostVarintBytes);

  /** Whole numbers up to 2^53; negative ones as 64 bits. */
  varint(value: number): void {
    this.#room(mostVarintBytes);
    if (value >= 0 && value <= 0x7fffffff) {
      let rest = value;
      for (; rest > 0x7f; rest >>= 7) this.#bytes[this.#length++] = (rest & 0x7f) | 0x80;
      this.#bytes[this.#length++] = rest;
      return;
    }
    if (Number.isSafeInteger(value) && value >= 0) {
      let rest = value;
      for (; rest > 0x7f; rest = Math.floor(rest / 128)) this.#bytes[this.#length++] = (rest % 128) | 0x80;
      this.#bytes[this.#length++] = rest;
      return;
    }
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest > 0x7fn; rest >>= 7n) this.#bytes[this.#length++] = Number(rest & 0x7fn) | 0x80;
    this.#bytes[this.#length++] = Number(rest);
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

  text(text: string): void {
    const from = this.begin();
    this.#room(3 * text.length);
    const bytes = this.#bytes;
    let at = this.#length;
    for (let k = 0; k < text.length; k++) {
      const code = text.charCodeAt(k);
      if (code > 0x7f) {
        at = this.#length + textBytes.encodeInto(text, bytes.subarray(this.#length)).written;
        break;
      }
      bytes[at++] = code;
    }
    this.#length = at;
    this.end(from);
  }

  /** What follows until `end` has its length before it. */
  begin(): number {
    return this.#length;
  }

  end(from: number): void {
    const bytes = this.#length - from;
    this.varint(bytes);
    const prefix = this.#length - from - bytes;
    for (let k = 0; k < prefix; k++) this.#prefix[k] = this.#bytes[from + bytes + k];
    this.#bytes.copyWithin(from + prefix, from, from + bytes);
    for (let k = 0; k < prefix; k++) this.#bytes[from + k] = this.#prefix[k];
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

/** A message's fields, looked up once. */
class Layout {
  readonly #fields: readonly (readonly [field: SchemaField, type: number])[];
  /** By field: of the message in it. A message may be in itself. */
  readonly #parts: (Layout | undefined)[] = [];

  constructor(name: string) {
    this.#fields = messageNamed(name).fields.map((field) => [field, wireTypeOf(field)]);
  }

  write(writer: Writer, value: Value): void {
    for (let place = 0; place < this.#fields.length; place++) {
      const [field, type] = this.#fields[place]!;
      const given = value[field.name];
      if (given === undefined) continue;
      if (!Array.isArray(given)) this.#writeOne(writer, place, given);
      else if (type === wireType.bytes) for (const one of given) this.#writeOne(writer, place, one);
      else if (given.length > 0) writePacked(writer, field, given);
    }
  }

  #writeOne(writer: Writer, place: number, value: unknown): void {
    const [field, type] = this.#fields[place]!;
    writer.tag(field.number, type);
    if (type !== wireType.bytes) {
      writeNumber(writer, field, value);
    } else if (field.type.kind === "message") {
      const from = writer.begin();
      this.#parts[place] ??= layoutOf(field.type.message);
      this.#parts[place].write(writer, value as Value);
      writer.end(from);
    } else {
      writer.text(value as string);
    }
  }
}

const layouts = new Map<string, Layout>();

function layoutOf(name: string): Layout {
  const layout = layouts.get(name) ?? new Layout(name);
  layouts.set(name, layout);
  return layout;
}

function writePacked(writer: Writer, field: SchemaField, values: readonly unknown[]): void {
  writer.tag(field.number, wireType.bytes);
  const from = writer.begin();
  for (const one of values) writeNumber(writer, field, one);
  writer.end(from);
}

export function binaryOf(name: string, value: Value): Uint8Array {
  const writer = new Writer();
  layoutOf(name).write(writer, value);
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
