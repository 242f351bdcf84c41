/**
 * PPP's protocol field (RFC 1661 §2), as PPPoE carries it:
 *
 *     0  protocol: 0x0021 IPv4, 0x0057 IPv6, 0xc021 LCP   2  information
 *
 * A compressed field (§6.5) is the second byte alone. The first byte of a whole number is even and its last one is odd,
 * so the first byte tells which it is.
 */
import { usageError } from "../errors.js";
import { fieldTable } from "./field.js";
import { input, made } from "./input.js";
import { fits, type Parsed, type Place, type Protocol, tooShort, type Unparsed } from "./protocol.js";

export interface PppHeader {
  readonly protocol: "ppp";
  /** Only where it does not follow from the next layer. */
  readonly pppProtocol: number | null;
  /** The number takes one byte. */
  readonly compressed: boolean;
}

const name = "ppp";
const table = fieldTable([["pppProtocol", 16, "next"]]);
const compressedTable = fieldTable([["pppProtocol", 8, "next"]]);
/** The field where nothing known follows and it is a single byte: 0 cannot be compressed. */
const paddingProtocol = 0x01;
const isOdd = (number: number): boolean => (number & 1) === 1;
const headerBytes = ({ compressed }: PppHeader): number => (compressed ? 1 : 2);

export function ppp(fields: { pppProtocol?: number; compressed?: boolean } = {}): PppHeader {
  const compressed = fields.compressed ?? false;
  const number = fields.pppProtocol;
  if (number !== undefined && compressed && !(number <= 0xff && isOdd(number))) {
    throw usageError(`${number} cannot be compressed to one byte`, {
      where: `${name}.pppProtocol`,
      accepted: "an odd number up to 255 with compressed",
    });
  }
  const pppProtocol = number === undefined ? null : fits(name, "pppProtocol", number, 16);
  return { protocol: name, pppProtocol, compressed };
}

function emit(header: PppHeader, { view, start, next }: Place): void {
  const number = header.pppProtocol ?? next ?? (header.compressed ? paddingProtocol : 0);
  if (header.compressed) view.setUint8(start, number);
  else view.setUint16(start, number);
}

function parse({ view, start, end }: Unparsed): Parsed<PppHeader> {
  const compressed = end > start && isOdd(view.getUint8(start));
  const bytes = compressed ? 1 : 2;
  if (end - start < bytes) return tooShort(name, start, end, bytes);
  const pppProtocol = compressed ? view.getUint8(start) : view.getUint16(start);
  return {
    header: { protocol: name, pppProtocol, compressed },
    headerBytes: bytes,
    end,
    next: { space: "pppProtocol", number: pppProtocol },
    faults: [],
  };
}

export const pppProtocol: Protocol<PppHeader> = {
  name,
  numbers: { pppoe: [0] },
  nextSpaces: () => ["pppProtocol"],
  headerBytes,
  emit,
  parse,
  fields: ({ compressed }) => (compressed ? compressedTable : table),
  inputs: {
    pppProtocol: input.uint(16),
    compressed: input.flag,
  },
  make: made(ppp),
};
