/**
 * IPv6 (RFC 8200 §3). Extension headers are layers (ipv6-options.ts, ipv6-routing.ts, ipv6-fragment.ts):
 *
 *     0  version, traffic class, flow label   4  payload length   6  next header   7  hop limit
 *     8  source (16)   24  destination (16)   40  payload
 */
import { type Ipv6Address, ipv6From } from "./address.js";
import { benchmark } from "./benchmark-addresses.js";
import { fieldTable } from "./field.js";
import { input, made } from "./input.js";
import { fits, lengthFault, type Parsed, type Place, type Protocol, tooShort, type Unparsed } from "./protocol.js";

export interface Ipv6Header {
  readonly protocol: "ipv6";
  readonly trafficClass: number;
  readonly flowLabel: number;
  readonly hopLimit: number;
  readonly src: Ipv6Address;
  readonly dst: Ipv6Address;
  /** Only where it does not follow from the next layer. */
  readonly nextHeader: number | null;
  readonly wrong: { readonly payloadLength?: number };
}

const name = "ipv6";
const headerBytes = 40;
const table = fieldTable([
  ["version", 4, "constant"],
  ["trafficClass", 8],
  ["flowLabel", 20],
  ["payloadLength", 16, "length"],
  ["nextHeader", 8, "next"],
  ["hopLimit", 8],
  ["src", "ipv6"],
  ["dst", "ipv6"],
]);

export const ipv6 = (
  fields: Pick<Ipv6Header, "src" | "dst"> & Partial<Omit<Ipv6Header, "protocol" | "src" | "dst">>,
): Ipv6Header => ({
  protocol: name,
  trafficClass: fits(name, "trafficClass", fields.trafficClass ?? 0, 8),
  flowLabel: fits(name, "flowLabel", fields.flowLabel ?? 0, 20),
  hopLimit: fits(name, "hopLimit", fields.hopLimit ?? 64, 8),
  src: fields.src,
  dst: fields.dst,
  nextHeader: fields.nextHeader == null ? null : fits(name, "nextHeader", fields.nextHeader, 8),
  wrong: fields.wrong ?? {},
});

function emit(header: Ipv6Header, { bytes, view, start, end, next }: Place): void {
  view.setUint32(start, ((6 << 28) | (header.trafficClass << 20) | header.flowLabel) >>> 0);
  view.setUint16(start + 4, header.wrong.payloadLength ?? end - start - headerBytes);
  // 59: no next header that we know of (RFC 8200 §4.7).
  view.setUint8(start + 6, header.nextHeader ?? next ?? 59);
  view.setUint8(start + 7, header.hopLimit);
  bytes.set(header.src, start + 8);
  bytes.set(header.dst, start + 24);
}

function parse({ bytes, view, start, end }: Unparsed): Parsed<Ipv6Header> {
  if (end - start < headerBytes) return tooShort(name, start, end, headerBytes);
  const first = view.getUint32(start);
  if (first >>> 28 !== 6) {
    return {
      header: null,
      fault: { protocol: name, field: "version", offset: start, what: `${first >>> 28}, expected 6` },
    };
  }
  const payloadLength = view.getUint16(start + 4);
  const there = end - start - headerBytes;
  const wrong = payloadLength > there;
  const nextHeader = view.getUint8(start + 6);
  return {
    header: {
      protocol: name,
      trafficClass: (first >>> 20) & 0xff,
      flowLabel: first & 0xfffff,
      hopLimit: view.getUint8(start + 7),
      src: ipv6From(bytes, start + 8),
      dst: ipv6From(bytes, start + 24),
      nextHeader,
      wrong: wrong ? { payloadLength } : {},
    },
    headerBytes,
    end: wrong ? end : start + headerBytes + payloadLength,
    next: { space: "ipProtocol", number: nextHeader },
    faults: wrong ? [lengthFault(name, "payloadLength", start + 4, payloadLength, there)] : [],
  };
}

export const ipv6Protocol: Protocol<Ipv6Header> = {
  name,
  numbers: { etherType: [0x86dd], ipProtocol: [41], ipVersion: [6], pppProtocol: [0x0057] },
  nextSpaces: () => ["ipProtocol"],
  headerBytes: () => headerBytes,
  emit,
  parse,
  /** RFC 8200 §8.1: source, destination, upper-layer length (32 bits), next header. */
  pseudoHeader: ({ src, dst }) => ({ version: 6, src, dst }),
  fields: () => table,
  inputs: {
    src: input.ipv6,
    dst: input.ipv6,
    trafficClass: input.uint(8),
    flowLabel: input.uint(20),
    hopLimit: input.uint(8),
    nextHeader: input.uint(8),
    wrong: input.object({ payloadLength: input.uint(16) }),
  },
  make: made(ipv6, { src: benchmark.srcIpv6, dst: benchmark.dstIpv6 }),
};
