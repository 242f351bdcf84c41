/**
 * What a protocol of this room is. Each protocol has one file and gives two views of its header. One is the raw bytes,
 * which can hold anything. The other is a representation made by a constructor function, which cannot be illegal:
 * lengths and checksums are not in it, because they follow from the layers around it.
 *
 * An illegal header is built on request: `wrong` overrides what would be computed. `parse` puts into `wrong` whatever
 * differs from the computed value, so that emitting a parsed header gives the same bytes.
 */
import { usageError } from "../errors.js";
import { addBytes, complement, fold } from "./checksum.js";
import type { Field } from "./field.js";
import type { Inputs } from "./input.js";

/**
 * Number spaces in which an outer header names the next one. Some outer headers name nothing. `ipVersion` is the first
 * four bits of the next header (GTP-U, the bottom of an MPLS stack). In `mpls`, `vxlan`, `pppoe` and `llc` (announced
 * by an 802.3 length) only one header can follow, and its number is 0.
 */
export type NumberSpace =
  | "etherType"
  | "llc"
  | "llcSap"
  | "ipProtocol"
  | "ipVersion"
  | "mpls"
  | "udpPort"
  | "vxlan"
  | "pppoe"
  | "pppProtocol"
  | "sctpChunk";

/** A mistake in a frame, as data. */
export interface Fault {
  readonly protocol: string;
  readonly field: string;
  /** Byte of the frame where the wrong field is. */
  readonly offset: number;
  /** What was there and what was expected, in words. */
  readonly what: string;
}

/** What an IP layer adds to the checksums inside it (RFC 768, RFC 8200 §8.1). */
export interface PseudoHeader {
  readonly version: 4 | 6;
  readonly src: Uint8Array;
  readonly dst: Uint8Array;
}

/** The sum of addresses, protocol and length; 0 outside of IP. */
export function pseudoHeaderSum(pseudo: PseudoHeader | null, ipProtocol: number, bytes: number): number {
  if (pseudo === null) return 0;
  const { src, dst } = pseudo;
  return fold(addBytes(addBytes(ipProtocol + bytes, src, 0, src.length), dst, 0, dst.length));
}

/**
 * The Internet checksum of start … end and the pseudo-header; the checksum's own field holds `stored`. `ipProtocol`
 * null: without pseudo-header.
 */
export function messageChecksum(place: Unparsed, end: number, ipProtocol: number | null, stored: number): number {
  const pseudo = ipProtocol === null ? 0 : pseudoHeaderSum(place.pseudoHeader, ipProtocol, end - place.start);
  return complement(addBytes(pseudo, place.bytes, place.start, end) - stored);
}

/** Where a header is written. Its payload, start + headerBytes … end, is already there. */
export interface Place {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly start: number;
  readonly end: number;
  /** The number of the next layer in `nextSpace`; null if the payload is no known protocol. */
  readonly next: number | null;
  /** The space of that number. */
  readonly nextSpace: NumberSpace | null;
  /** The pseudo-header of the enclosing IP layer; null outside IP. */
  readonly pseudoHeader: PseudoHeader | null;
}

/** Where a header is read. */
export type Unparsed = Omit<Place, "next" | "nextSpace">;

/** How a protocol's checksum is made; the field is called `checksum`. */
export interface ChecksumRule {
  readonly algorithm: "internet" | "crc32c";
  /** `header` alone (IPv4), or the header and everything behind it up to the layer's end. */
  readonly covers: "header" | "packet";
  /** It includes the addresses, protocol and length of the IP layer around it. */
  readonly pseudoHeader: boolean;
  /** UDP: 0 means that there is no checksum, and a computed 0 is sent as 0xffff (RFC 768). */
  readonly zeroIsNone: boolean;
}

/** A header that was read, or why it could not be. */
export type Parsed<H> =
  | {
      readonly header: H;
      readonly headerBytes: number;
      /** End of the payload as the header says, never beyond the bytes that are there. */
      readonly end: number;
      /** The next layer, by number; null: nothing that can be parsed. */
      readonly next: { readonly space: NumberSpace; readonly number: number } | null;
      readonly faults: readonly Fault[];
    }
  | { readonly header: null; readonly fault: Fault };

export interface Protocol<H extends { readonly protocol: string }> {
  readonly name: H["protocol"];
  /** The numbers by which outer layers know it. Building uses the first, unless the header says another. */
  readonly numbers: Readonly<Partial<Record<NumberSpace, readonly number[]>>>;
  numberOf?(header: H): number;
  /** It may follow any header, and that header names nothing: raw bytes. */
  readonly anywhere?: boolean;
  /** Spaces in which this header names the next one. The first space in which the next layer has a number is used. */
  nextSpaces(header: H): readonly NumberSpace[];
  /** It carries nothing. Bytes behind it in a frame are trailer, which no length or checksum counts. */
  closed?(header: H): boolean;
  headerBytes(header: H): number;
  /** At its end, no part of what it carries. Absent: none. */
  trailerBytes?(header: H): number;
  emit(header: H, place: Place): void;
  parse(place: Unparsed, number: number | null): Parsed<H>;
  /** For IP layers and their extensions: what checksums inside include. `outer` is that of the layer around. */
  pseudoHeader?(header: H, outer: PseudoHeader | null): PseudoHeader | null;
  /** The inputs from which it can be made in words, and its constructor (input.ts). */
  readonly inputs: Inputs;
  make(values: object): H;
  /** Where this header's fields lie, in order. Users cannot set bits that no field names. */
  fields(header: H): readonly Field[];
  /** null or absent: this header has none. */
  checksum?(header: H): ChecksumRule | null;
}

/** For constructors: throws a usage error unless `value` is a whole number of at most `bits` bits. */
export function fits(protocol: string, field: string, value: number, bits: number): number {
  const most = 2 ** bits - 1;
  if (!Number.isInteger(value) || value < 0 || value > most) {
    throw usageError(`${value} does not fit into ${protocol} ${field}`, {
      where: `${protocol}.${field}`,
      accepted: `0 to ${most}`,
    });
  }
  return value;
}

/** For `parse`: the header is not complete. */
export const tooShort = (protocol: string, start: number, end: number, needed: number): Parsed<never> => ({
  header: null,
  fault: { protocol, field: "header", offset: start, what: `${end - start} bytes left of ${needed}` },
});

/** For `parse`: a checksum that differs from the computed one. */
export const checksumFault = (protocol: string, offset: number, stored: number, right: number): Fault => ({
  protocol,
  field: "checksum",
  offset,
  what: `${hexNumber(stored)}, expected ${hexNumber(right)}`,
});

/** For `parse`: a length that does not fit the bytes that are there. */
export const lengthFault = (protocol: string, field: string, offset: number, length: number, there: number): Fault => ({
  protocol,
  field,
  offset,
  what: `${length}, but ${there} bytes are there`,
});

export const hexNumber = (value: number): string => `0x${value.toString(16).padStart(4, "0")}`;
