/**
 * Ethernet II (IEEE 802.3 §3.2), without preamble and FCS:
 *
 *     0  destination (6)   6  source (6)   12  EtherType, or the payload's length in front of LLC (2)   14  payload
 */
import { usageError } from "../errors.js";
import { type MacAddress, macFrom } from "./address.js";
import { benchmark } from "./benchmark-addresses.js";
import { fieldTable } from "./field.js";
import { input, made } from "./input.js";
import { fits, lengthFault, type Parsed, type Place, type Protocol, tooShort, type Unparsed } from "./protocol.js";

export interface EthernetHeader {
  readonly protocol: "ethernet";
  readonly dst: MacAddress;
  readonly src: MacAddress;
  /** Only where it does not follow from the next layer or, in front of LLC, from the length. */
  readonly etherType: number | null;
  /** Bytes at its end that are no part of the packet in it, and that no length or checksum in it counts. Absent: none. */
  readonly trailerBytes?: number;
}

const headerBytes = 14;
/** Lower numbers are lengths (IEEE 802.3 §3.2.6). */
const firstEtherType = 0x600;
const table = fieldTable([
  ["dst", "mac"],
  ["src", "mac"],
  ["etherType", 16, "next"],
]);

/** Give `etherType` only for a payload that is no layer, or to be wrong on purpose. */
export const ethernet = (fields: {
  dst: MacAddress;
  src: MacAddress;
  etherType?: number;
  trailerBytes?: number;
}): EthernetHeader => ({
  protocol: "ethernet",
  dst: fields.dst,
  src: fields.src,
  etherType: fields.etherType === undefined ? null : fits("ethernet", "etherType", fields.etherType, 16),
  ...(fields.trailerBytes === undefined
    ? {}
    : { trailerBytes: fits("ethernet", "trailerBytes", fields.trailerBytes, 16) }),
});

function emit(header: EthernetHeader, { bytes, view, start, end, next, nextSpace }: Place): void {
  bytes.set(header.dst, start);
  bytes.set(header.src, start + 6);
  const named = nextSpace === "llc" ? lengthOf(end - start - headerBytes) : (next ?? 0);
  view.setUint16(start + 12, header.etherType ?? named);
}

function lengthOf(payloadBytes: number): number {
  if (payloadBytes < firstEtherType) return payloadBytes;
  throw usageError(`a payload of ${payloadBytes} bytes has no 802.3 length`, {
    where: "ethernet.etherType",
    accepted: `up to ${firstEtherType - 1} bytes behind an Ethernet header with llc`,
  });
}

function parse({ bytes, view, start, end }: Unparsed): Parsed<EthernetHeader> {
  if (end - start < headerBytes) return tooShort("ethernet", start, end, headerBytes);
  const etherType = view.getUint16(start + 12);
  const isLength = etherType < firstEtherType;
  const there = end - start - headerBytes;
  const fitsIn = etherType <= there;
  return {
    header: { protocol: "ethernet", dst: macFrom(bytes, start), src: macFrom(bytes, start + 6), etherType },
    headerBytes,
    end: isLength && fitsIn ? start + headerBytes + etherType : end,
    next: isLength ? { space: "llc", number: 0 } : { space: "etherType", number: etherType },
    faults: isLength && !fitsIn ? [lengthFault("ethernet", "etherType", start + 12, etherType, there)] : [],
  };
}

export const ethernetProtocol: Protocol<EthernetHeader> = {
  name: "ethernet",
  // 0x6558: transparent Ethernet bridging (RFC 7637 §3.2 over GRE, RFC 8926 §3.4 over Geneve).
  numbers: { etherType: [0x6558], vxlan: [0] },
  nextSpaces: () => ["etherType", "llc"],
  headerBytes: () => headerBytes,
  trailerBytes: ({ trailerBytes = 0 }) => trailerBytes,
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
