/** Values of a filter: numbers, addresses, prefixes. */
import { parseIpv4, parseIpv6, parseMac } from "./address.js";

export type ValueKind = "number" | "seconds" | "mac" | "ipv4" | "ipv6" | "protocol";

export interface FilterValue {
  /** Numbers; of addresses, 0. */
  readonly low: number;
  readonly high: number;
  /** Addresses: bytes to be equal to under the mask. */
  readonly bytes: Uint8Array;
  readonly mask: Uint8Array;
}

const none = new Uint8Array(0);

const addressOf = (parse: (text: string, where: string) => Uint8Array, text: string): Uint8Array | null => {
  try {
    return parse(text, "");
  } catch {
    return null;
  }
};

/** Decimal, hexadecimal (0x) or, of seconds, with a fraction; addresses, of IP with a prefix length. null: none of these. */
export function parseFilterValue(kind: ValueKind, text: string): FilterValue | null {
  switch (kind) {
    case "number": {
      if (!/^(\d+|0x[0-9a-f]+)$/i.test(text)) return null;
      const value = Number(text);
      return Number.isSafeInteger(value) ? { low: value, high: value, bytes: none, mask: none } : null;
    }
    case "seconds":
      return /^\d+(\.\d+)?$/.test(text) ? { low: Number(text), high: Number(text), bytes: none, mask: none } : null;
    case "mac":
      return addressValue(addressOf(parseMac, text), 48, undefined);
    case "ipv4":
      return prefixed(parseIpv4, text, 32);
    case "ipv6":
      return prefixed(parseIpv6, text, 128);
    case "protocol":
      return null;
  }
}

function prefixed(parse: (text: string, where: string) => Uint8Array, text: string, bits: number): FilterValue | null {
  const [address = "", length, more] = text.split("/");
  if (more !== undefined || (length !== undefined && !/^\d+$/.test(length))) return null;
  return addressValue(addressOf(parse, address), bits, length === undefined ? undefined : Number(length));
}

function addressValue(bytes: Uint8Array | null, bits: number, length: number | undefined): FilterValue | null {
  if (bytes === null || (length !== undefined && length > bits)) return null;
  const mask = prefixMask(bits, length ?? bits);
  return { low: 0, high: 0, bytes: bytes.map((byte, i) => byte & mask[i]), mask };
}

/** The first `length` of `bits` bits. */
export const prefixMask = (bits: number, length: number): Uint8Array =>
  new Uint8Array(bits / 8).map((_, i) => (0xff00 >> Math.min(8, Math.max(0, length - 8 * i))) & 0xff);
