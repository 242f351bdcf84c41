/**
 * What a protocol of this room is. Each lives in one file and gives two views of its header: the raw bytes, which can
 * hold anything, and a representation made by its constructor function, which cannot be illegal: lengths and
 * checksums are not in it, they follow from what stands around it. An illegal header is built by asking: `wrong`
 * overrides what would be computed. `parse` fills `wrong` with what it found not as computed, so that emitting what was
 * parsed gives the same bytes.
 */
import { usageError } from "../errors.js";
import { addBytes, complement, fold } from "./checksum.js";
import type { Field } from "./field.js";
import type { Inputs } from "./input.js";

/**
 * Number spaces in which an outer header names the one that follows. Some outer headers name nothing: `ipVersion` is
 * the first four bits of what follows (GTP-U, the bottom of an MPLS stack); in `mpls`, `vxlan`, `pppoe` and `llc` (what
 * an 802.3 length announces) the number 0 is what alone can follow.
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

/** Something a frame has wrong, as data. */
export interface Fault {
  readonly protocol: string;
  readonly field: string;
  /** Byte of the frame where that field is. */
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
 * The Internet checksum of start … end and the pseudo-header, where the checksum's own field holds `stored`.
 * `ipProtocol` null: without pseudo-header.
 */
export function messageChecksum(place: Unparsed, end: number, ipProtocol: number | null, stored: number): number {
  const pseudo = ipProtocol === null ? 0 : pseudoHeaderSum(place.pseudoHeader, ipProtocol, end - place.start);
  return complement(addBytes(pseudo, place.bytes, place.start, end) - stored);
}

/** Where a header is written: its payload, start + headerBytes … end, is there already. */
export interface Place {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly start: number;
  readonly end: number;
  /** The number by which the next layer is known here; null if the payload is not a known protocol. */
  readonly next: number | null;
  /** The space of that number. */
  readonly nextSpace: NumberSpace | null;
  /** Of the enclosing IP layer; null outside of one. */
  readonly pseudoHeader: PseudoHeader | null;
}

/** Where a header is read. */
export type Unparsed = Omit<Place, "next" | "nextSpace">;

/** How a protocol's checksum is made; the field is called `checksum`. */
export interface ChecksumRule {
  readonly algorithm: "internet" | "crc32c";
  /** `header` alone (IPv4), or the header and everything behind it up to the layer's end. */
  readonly covers: "header" | "packet";
  /** With the addresses, protocol and length of the IP layer around it. */
  readonly pseudoHeader: boolean;
  /** UDP: 0 says that there is none, and a computed 0 is sent as 0xffff (RFC 768). */
  readonly zeroIsNone: boolean;
}

/** A header that was read, or why it could not be. */
export type Parsed<H> =
  | {
      readonly header: H;
      readonly headerBytes: number;
      /** End of what the header says is its payload, never beyond what is there. */
      readonly end: number;
      /** What follows, by number; null: nothing that could be parsed further. */
      readonly next: { readonly space: NumberSpace; readonly number: number } | null;
      readonly faults: readonly Fault[];
    }
  | { readonly header: null; readonly fault: Fault };

export interface Protocol<H extends { readonly protocol: string }> {
  readonly name: H["protocol"];
  /** By which numbers it is known to outer layers. The first is used when building, unless the header knows better. */
  readonly numbers: Readonly<Partial<Record<NumberSpace, readonly number[]>>>;
  numberOf?(header: H): number;
  /** It may stand behind any header, which then names nothing: raw bytes. */
  readonly anywhere?: boolean;
  /** In which spaces this header names what follows it; the first in which the next layer has a number is used. */
  nextSpaces(header: H): readonly NumberSpace[];
  /** It carries nothing: what stands behind it in a frame is trailer, which no length or checksum counts. */
  closed?(header: H): boolean;
  headerBytes(header: H): number;
  emit(header: H, place: Place): void;
  parse(place: Unparsed, number: number | null): Parsed<H>;
  /** Of IP layers and their extensions: what checksums inside count in; `outer` is that of the layer around. */
  pseudoHeader?(header: H, outer: PseudoHeader | null): PseudoHeader | null;
  /** What it may be given as in words, and the constructor for that (input.ts). */
  readonly inputs: Inputs;
  make(values: object): H;
  /** Where this header's fields lie, in order. Bits that no field names are none of the user's. */
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

/** For `parse`: the header is not all there. */
export const tooShort = (protocol: string, start: number, end: number, needed: number): Parsed<never> => ({
  header: null,
  fault: { protocol, field: "header", offset: start, what: `${end - start} bytes left of ${needed}` },
});

/** For `parse`: a checksum that is not as computed. */
export const checksumFault = (protocol: string, offset: number, stored: number, right: number): Fault => ({
  protocol,
  field: "checksum",
  offset,
  what: `${hexNumber(stored)}, expected ${hexNumber(right)}`,
});

/** For `parse`: a length that does not go with what is there. */
export const lengthFault = (protocol: string, field: string, offset: number, length: number, there: number): Fault => ({
  protocol,
  field,
  offset,
  what: `${length}, but ${there} bytes are there`,
});

export const hexNumber = (value: number): string => `0x${value.toString(16).padStart(4, "0")}`;
