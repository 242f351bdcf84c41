/**
 * Ethernet II (IEEE 802.3 §3.2), without preamble and FCS:
 *
 *     0  destination (6)   6  source (6)   12  EtherType (2)   14  payload
 */
import { type MacAddress, macFrom } from "./address.js";
import { benchmark } from "./benchmark-addresses.js";
import { fieldTable } from "./field.js";
import { input, made } from "./input.js";
import { fits, type Parsed, type Place, type Protocol, tooShort, type Unparsed } from "./protocol.js";

export interface EthernetHeader {
  readonly protocol: "ethernet";
  readonly dst: MacAddress;
  readonly src: MacAddress;
  /** Only where it does not follow from the next layer. */
  readonly etherType: number | null;
}

const headerBytes = 14;
const table = fieldTable([
  ["dst", "mac"],
  ["src", "mac"],
  ["etherType", 16, "next"],
]);

/** `etherType` only for a payload that is no layer of its own, or to be wrong on purpose. */
export const ethernet = (fields: { dst: MacAddress; src: MacAddress; etherType?: number }): EthernetHeader => ({
  protocol: "ethernet",
  dst: fields.dst,
  src: fields.src,
  etherType: fields.etherType === undefined ? null : fits("ethernet", "etherType", fields.etherType, 16),
});

function emit(header: EthernetHeader, { bytes, view, start, next }: Place): void {
  bytes.set(header.dst, start);
  bytes.set(header.src, start + 6);
  view.setUint16(start + 12, header.etherType ?? next ?? 0);
}

function parse({ bytes, view, start, end }: Unparsed): Parsed<EthernetHeader> {
  if (end - start < headerBytes) return tooShort("ethernet", start, end, headerBytes);
  const etherType = view.getUint16(start + 12);
  return {
    header: { protocol: "ethernet", dst: macFrom(bytes, start), src: macFrom(bytes, start + 6), etherType },
    headerBytes,
    end,
    // Below 0x600 it is a length (IEEE 802.3 §3.2.6), and what follows is LLC: no number that we know.
    next: { space: "etherType", number: etherType },
    faults: [],
  };
}

export const ethernetProtocol: Protocol<EthernetHeader> = {
  name: "ethernet",
  // 0x6558: transparent Ethernet bridging (RFC 7637 §3.2 over GRE, RFC 8926 §3.4 over Geneve).
  numbers: { etherType: [0x6558], vxlan: [0] },
  nextSpaces: () => ["etherType"],
  headerBytes: () => headerBytes,
  emit,
  parse,
  fields: () => table,
  inputs: {
    dst: input.mac,
    src: input.mac,
    etherType: input.uint(16),
  },
  make: made(ethernet, { dst: benchmark.dstMac, src: benchmark.srcMac }),
};
