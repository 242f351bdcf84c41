/**
 * The IPv6 fragment header (RFC 8200 §4.5):
 *
 *     0  next header   1  reserved   2  offset / 8 (13 bits), reserved (2), more fragments (1)   4  identification   8
 */
import { fieldTable } from "./field.js";
import { input, made } from "./input.js";
import { fits, type Parsed, type Place, type Protocol, tooShort, type Unparsed } from "./protocol.js";

export interface Ipv6FragmentHeader {
  readonly protocol: "ipv6Fragment";
  /** In units of 8 bytes. */
  readonly fragmentOffset: number;
  readonly moreFragments: boolean;
  readonly identification: number;
  /** The second byte and the two bits next to the flag, all of them reserved. */
  readonly reserved: number;
  readonly reservedBits: number;
  /** Only where it does not follow from the next layer. */
  readonly nextHeader: number | null;
}

const name = "ipv6Fragment";
const headerBytes = 8;
const table = fieldTable([
  ["nextHeader", 8, "next"],
  ["reserved", 8],
  ["fragmentOffset", 13],
  ["reservedBits", 2],
  ["moreFragments", 1],
  ["identification", 32],
]);

export const ipv6Fragment = (fields: Partial<Omit<Ipv6FragmentHeader, "protocol">>): Ipv6FragmentHeader => ({
  protocol: name,
  fragmentOffset: fits(name, "fragmentOffset", fields.fragmentOffset ?? 0, 13),
  moreFragments: fields.moreFragments ?? false,
  identification: fits(name, "identification", fields.identification ?? 0, 32),
  reserved: fits(name, "reserved", fields.reserved ?? 0, 8),
  reservedBits: fits(name, "reservedBits", fields.reservedBits ?? 0, 2),
  nextHeader: fields.nextHeader == null ? null : fits(name, "nextHeader", fields.nextHeader, 8),
});

function emit(header: Ipv6FragmentHeader, { view, start, next }: Place): void {
  view.setUint8(start, header.nextHeader ?? next ?? 59);
  view.setUint8(start + 1, header.reserved);
  const flags = (header.reservedBits << 1) | (header.moreFragments ? 1 : 0);
  view.setUint16(start + 2, (header.fragmentOffset << 3) | flags);
  view.setUint32(start + 4, header.identification);
}

function parse({ view, start, end }: Unparsed): Parsed<Ipv6FragmentHeader> {
  if (end - start < headerBytes) return tooShort(name, start, end, headerBytes);
  const nextHeader = view.getUint8(start);
  const offsetAndFlags = view.getUint16(start + 2);
  // Only a whole packet has a header of the next protocol to look at ("atomic" fragments: RFC 6946).
  const whole = (offsetAndFlags & 0xfff9) === 0;
  return {
    header: {
      protocol: name,
      fragmentOffset: offsetAndFlags >> 3,
      moreFragments: (offsetAndFlags & 1) === 1,
      identification: view.getUint32(start + 4),
      reserved: view.getUint8(start + 1),
      reservedBits: (offsetAndFlags >> 1) & 3,
      nextHeader,
    },
    headerBytes,
    end,
    next: whole ? { space: "ipProtocol", number: nextHeader } : null,
    faults: [],
  };
}

export const ipv6FragmentProtocol: Protocol<Ipv6FragmentHeader> = {
  name,
  numbers: { ipProtocol: [44] },
  nextSpaces: () => ["ipProtocol"],
  headerBytes: () => headerBytes,
  emit,
  parse,
  pseudoHeader: (_, outer) => outer,
  fields: () => table,
  inputs: {
    fragmentOffset: input.uint(13),
    moreFragments: input.flag,
    identification: input.uint(32),
    reserved: input.uint(8),
    reservedBits: input.uint(2),
    nextHeader: input.uint(8),
  },
  make: made(ipv6Fragment),
};
