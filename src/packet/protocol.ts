/**
 * What a protocol of this room is. Each lives in one file and gives two views of its header: the raw bytes, which can
 * hold anything, and a representation made by its constructor function, which cannot be illegal: lengths and
 * checksums are not in it, they follow from what stands around it. An illegal header is built by asking: `wrong`
 * overrides what would be computed. `parse` fills `wrong` with what it found not as computed, so that emitting what was
 * parsed gives the same bytes.
 */
import { usageError } from "../errors.js";

/** Number spaces in which an outer header names the one that follows. */
export type NumberSpace = "etherType" | "ipProtocol";

/** Something a frame has wrong, as data. */
export interface Fault {
  readonly protocol: string;
  readonly field: string;
  /** Byte of the frame where that field is. */
  readonly offset: number;
  /** What was there and what was expected, in words. */
  readonly what: string;
}

/** Adds the pseudo-header of the enclosing IP layer to a checksum (RFC 768, RFC 8200 §8.1). */
export type PseudoHeaderSum = (ipProtocol: number, bytes: number) => number;

/** Where a header is written: its payload, start + headerBytes … end, is there already. */
export interface Place {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly start: number;
  readonly end: number;
  /** The number by which the next layer is known here; null if the payload is not a known protocol. */
  readonly next: number | null;
  /** Of the enclosing IP layer; null outside of one. */
  readonly pseudoHeader: { readonly version: 4 | 6; readonly sum: PseudoHeaderSum } | null;
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
  /** In which space it names what follows it. */
  readonly nextSpace: NumberSpace | null;
  headerBytes(header: H): number;
  emit(header: H, place: Place): void;
  parse(place: Omit<Place, "next">, number: number | null): Parsed<H>;
  /** Of IP layers: what they add to the checksums inside them. */
  pseudoHeader?(header: H): NonNullable<Place["pseudoHeader"]>;
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

export const hexNumber = (value: number): string => `0x${value.toString(16).padStart(4, "0")}`;
