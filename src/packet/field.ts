/**
 * Fields as data: each protocol says where its fields lie, so that modifiers, programs, comparisons and dissectors know
 * `ipv4.ttl` without knowing IPv4. Offsets count bits from the header's first bit, most significant bit first, as in
 * RFCs.
 */
import { formatIpv4, formatIpv6, formatMac, type Ipv4Address, type Ipv6Address, type MacAddress } from "./address.js";

export type FieldKind = "uint" | "mac" | "ipv4" | "ipv6" | "bytes";

/** What a builder fills in: a length, a checksum, the number of the next protocol, or a constant. */
export type Derived = "length" | "checksum" | "next" | "constant";

export interface Field {
  readonly name: string;
  /** From the header's first bit. */
  readonly bitOffset: number;
  readonly bits: number;
  readonly kind: FieldKind;
  /** null: the field has a value of its own. */
  readonly derived: Derived | null;
}

export type FieldValue = number | Uint8Array;

const kindBits = { mac: 48, ipv4: 32, ipv6: 128 } as const;

/** A row of fieldTable: name and number of bits, or kind of address; `bytes` are [name, bits, "bytes"]. */
export type FieldRow =
  | readonly [name: string, bits: number, what?: Derived | "bytes" | undefined]
  | readonly [name: string, kind: keyof typeof kindBits];

/** Fields without gaps between them, from bit `from` on. */
export function fieldTable(rows: readonly FieldRow[], from = 0): readonly Field[] {
  let bitOffset = from;
  return rows.map(([name, size, what]) => {
    const bits = typeof size === "number" ? size : kindBits[size];
    const kind: FieldKind = typeof size === "number" ? (what === "bytes" ? "bytes" : "uint") : size;
    const field = { name, bitOffset, bits, kind, derived: what === undefined || what === "bytes" ? null : what };
    bitOffset += bits;
    return field;
  });
}

/** The field's value in a header that begins at byte `start`. Bytes are copied. The whole field must be there. */
export function readField(bytes: Uint8Array, start: number, field: Field): FieldValue {
  if (field.kind !== "uint") {
    const at = start + field.bitOffset / 8;
    return bytes.slice(at, at + field.bits / 8);
  }
  let value = 0;
  let bit = field.bitOffset;
  const end = bit + field.bits;
  while (bit < end) {
    const take = Math.min(8 - (bit & 7), end - bit);
    const part = (bytes[start + (bit >> 3)] >> (8 - (bit & 7) - take)) & (2 ** take - 1);
    value = value * 2 ** take + part;
    bit += take;
  }
  return value;
}

/** Writes the field and leaves its neighbouring bits as they are. */
export function writeField(bytes: Uint8Array, start: number, field: Field, value: FieldValue): void {
  if (typeof value !== "number") {
    bytes.set(value, start + field.bitOffset / 8);
    return;
  }
  let rest = value;
  let bit = field.bitOffset + field.bits;
  while (bit > field.bitOffset) {
    const take = Math.min(((bit - 1) & 7) + 1, bit - field.bitOffset);
    const at = start + ((bit - 1) >> 3);
    const shift = (8 - (bit & 7)) & 7;
    const mask = (2 ** take - 1) << shift;
    bytes[at] = (bytes[at] & ~mask) | ((rest % 2 ** take) << shift);
    rest = Math.floor(rest / 2 ** take);
    bit -= take;
  }
}

/**
 * The value as people write it: addresses in their notation, numbers below 2^16 decimal, other numbers and bytes in
 * hex.
 */
export function formatField(field: Field, value: FieldValue): string {
  if (typeof value === "number") {
    const hex = field.derived === "checksum" || field.name === "etherType" || field.bits > 16;
    return hex ? `0x${value.toString(16).padStart(Math.ceil(field.bits / 4), "0")}` : String(value);
  }
  if (field.kind === "mac") return formatMac(value as MacAddress);
  if (field.kind === "ipv4") return formatIpv4(value as Ipv4Address);
  if (field.kind === "ipv6") return formatIpv6(value as Ipv6Address);
  return Array.from(value, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
