/** Values of a filter: numbers, times, addresses, prefixes. */
import { parseIpv4, parseIpv6, parseMac } from "./address.js";

export type ValueKind = "number" | "flag" | "seconds" | "mac" | "ipv4" | "ipv6" | "protocol";

export type FilterValue =
  | { readonly kind: "number"; readonly value: number }
  /** The bytes to be equal to under the mask. `isPrefix`: only a part of them counts. */
  | { readonly kind: "address"; readonly bytes: Uint8Array; readonly mask: Uint8Array; readonly isPrefix: boolean };

const addressOf = (parse: (text: string, where: string) => Uint8Array, text: string): Uint8Array | null => {
  try {
    return parse(text, "");
  } catch {
    return null;
  }
};

const number = (value: number): FilterValue => ({ kind: "number", value });

/**
 * Reads decimal numbers, hexadecimal ones (0x), seconds with a fraction (as nanoseconds), and addresses; IP addresses
 * may have a prefix length. null: the text is none of these. A leading zero is none: Wireshark would read it as octal.
 */
export function parseFilterValue(kind: ValueKind, text: string): FilterValue | null {
  switch (kind) {
    case "number": {
      if (!/^(0|[1-9]\d*|0x[0-9a-f]+)$/i.test(text)) return null;
      const value = Number(text);
      return Number.isSafeInteger(value) ? number(value) : null;
    }
    case "flag":
      return text === "0" || text === "1" ? number(Number(text)) : null;
    case "seconds": {
      const match = /^(\d+)(?:\.(\d{1,9}))?$/.exec(text);
      const ns = match === null ? Number.NaN : Number(match[1]) * 1e9 + Number((match[2] ?? "").padEnd(9, "0"));
      return Number.isSafeInteger(ns) ? number(ns) : null;
    }
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
  return { kind: "address", bytes: bytes.map((byte, i) => byte & mask[i]), mask, isPrefix: (length ?? bits) < bits };
}

/** A mask of the first `length` of `bits` bits. */
export const prefixMask = (bits: number, length: number): Uint8Array =>
  new Uint8Array(bits / 8).map((_, i) => (0xff00 >> Math.min(8, Math.max(0, length - 8 * i))) & 0xff);

/** Compares view[at …] with the bytes: below 0, 0, above 0. */
export function compareAt(view: DataView, at: number, bytes: Uint8Array): number {
  for (let i = 0; i < bytes.length; i++) {
    const difference = view.getUint8(at + i) - bytes[i];
    if (difference !== 0) return difference;
  }
  return 0;
}

export function matchesMasked(view: DataView, at: number, bytes: Uint8Array, mask: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if ((view.getUint8(at + i) & mask[i]) !== bytes[i]) return false;
  return true;
}
