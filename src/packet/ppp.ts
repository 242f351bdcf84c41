/**
 * PPP's protocol field (RFC 1661 §2), uncompressed, as PPPoE carries it:
 *
 *     0  protocol: 0x0021 IPv4, 0x0057 IPv6, 0xc021 LCP   2  information
 */
import { fieldTable } from "./field.js";
import { input, made } from "./input.js";
import { fits, type Parsed, type Place, type Protocol, tooShort, type Unparsed } from "./protocol.js";

export interface PppHeader {
  readonly protocol: "ppp";
  /** Only where it does not follow from the next layer. */
  readonly pppProtocol: number | null;
}

const name = "ppp";
const headerBytes = 2;
const table = fieldTable([["pppProtocol", 16, "next"]]);

export const ppp = (fields: { pppProtocol?: number } = {}): PppHeader => ({
  protocol: name,
  pppProtocol: fields.pppProtocol === undefined ? null : fits(name, "pppProtocol", fields.pppProtocol, 16),
});

function emit(header: PppHeader, { view, start, next }: Place): void {
  view.setUint16(start, header.pppProtocol ?? next ?? 0);
}

function parse({ view, start, end }: Unparsed): Parsed<PppHeader> {
  if (end - start < headerBytes) return tooShort(name, start, end, headerBytes);
  const pppProtocol = view.getUint16(start);
  return {
    header: { protocol: name, pppProtocol },
    headerBytes,
    end,
    next: { space: "pppProtocol", number: pppProtocol },
    faults: [],
  };
}

export const pppProtocol: Protocol<PppHeader> = {
  name,
  numbers: { pppoe: [0] },
  nextSpaces: () => ["pppProtocol"],
  headerBytes: () => headerBytes,
  emit,
  parse,
  fields: () => table,
  inputs: {
    pppProtocol: input.uint(16),
  },
  make: made(ppp),
};
