/**
 * IPv4 (RFC 791 §3.1):
 *
 *     0  version, header length / 4   1  DSCP, ECN (RFC 2474, RFC 3168)   2  total length   4  identification
 *     6  flags, fragment offset / 8   8  TTL   9  protocol   10  header checksum   12  source   16  destination
 *    20  options, if any
 */
import { type Ipv4Address, ipv4From } from "./address.js";
import { benchmark } from "./benchmark-addresses.js";
import { addBytes, complement } from "./checksum.js";
import { type Field, fieldTable } from "./field.js";
import { input, made } from "./input.js";
import {
  checksumFault,
  type Fault,
  fits,
  lengthFault,
  type Parsed,
  type Place,
  type Protocol,
  tooShort,
  type Unparsed,
} from "./protocol.js";

export interface Ipv4Header {
  readonly protocol: "ipv4";
  readonly dscp: number;
  readonly ecn: number;
  readonly identification: number;
  /** Bit 2 reserved, bit 1 don't fragment, bit 0 more fragments. */
  readonly flags: number;
  /** In units of 8 bytes. */
  readonly fragmentOffset: number;
  readonly ttl: number;
  readonly src: Ipv4Address;
  readonly dst: Ipv4Address;
  /** Raw; a multiple of 4 bytes, at most 40. */
  readonly options: Uint8Array;
  /** Only where it does not follow from the next layer. */
  readonly ipProtocol: number | null;
  /** `headerLength` is in words of 4 bytes. The checksum is computed over the header as it is built. */
  readonly wrong: { readonly headerLength?: number; readonly totalLength?: number; readonly checksum?: number };
}

const name = "ipv4";
const minimumBytes = 20;
const table = fieldTable([
  ["version", 4, "constant"],
  ["headerLength", 4, "length"],
  ["dscp", 6],
  ["ecn", 2],
  ["totalLength", 16, "length"],
  ["identification", 16],
  ["flags", 3],
  ["fragmentOffset", 13],
  ["ttl", 8],
  ["ipProtocol", 8, "next"],
  ["checksum", 16, "checksum"],
  ["src", "ipv4"],
  ["dst", "ipv4"],
]);

export const ipv4 = (
  fields: Pick<Ipv4Header, "src" | "dst"> & Partial<Omit<Ipv4Header, "protocol" | "src" | "dst">>,
): Ipv4Header => {
  const options = fields.options ?? new Uint8Array(0);
  fits(name, "options length / 4", options.length / 4, 4);
  fits(name, "header length / 4", options.length / 4 + 5, 4);
  return {
    protocol: name,
    dscp: fits(name, "dscp", fields.dscp ?? 0, 6),
    ecn: fits(name, "ecn", fields.ecn ?? 0, 2),
    identification: fits(name, "identification", fields.identification ?? 0, 16),
    flags: fits(name, "flags", fields.flags ?? 0, 3),
    fragmentOffset: fits(name, "fragmentOffset", fields.fragmentOffset ?? 0, 13),
    ttl: fits(name, "ttl", fields.ttl ?? 64, 8),
    src: fields.src,
    dst: fields.dst,
    options,
    ipProtocol: fields.ipProtocol == null ? null : fits(name, "ipProtocol", fields.ipProtocol, 8),
    wrong: fields.wrong ?? {},
  };
};

const lengthOf = (header: Ipv4Header): number => minimumBytes + header.options.length;

function emit(header: Ipv4Header, { bytes, view, start, end, next }: Place): void {
  const headerBytes = lengthOf(header);
  view.setUint8(start, 0x40 | (header.wrong.headerLength ?? headerBytes / 4));
  view.setUint8(start + 1, (header.dscp << 2) | header.ecn);
  view.setUint16(start + 2, header.wrong.totalLength ?? end - start);
  view.setUint16(start + 4, header.identification);
  view.setUint16(start + 6, (header.flags << 13) | header.fragmentOffset);
  view.setUint8(start + 8, header.ttl);
  // 253 is for experiments (RFC 3692 §2.1): the payload is no known protocol.
  view.setUint8(start + 9, header.ipProtocol ?? next ?? 253);
  view.setUint16(start + 10, 0);
  bytes.set(header.src, start + 12);
  bytes.set(header.dst, start + 16);
  bytes.set(header.options, start + minimumBytes);
  view.setUint16(start + 10, header.wrong.checksum ?? complement(addBytes(0, bytes, start, start + headerBytes)));
}

function parse({ bytes, view, start, end }: Unparsed): Parsed<Ipv4Header> {
  if (end - start < minimumBytes) return tooShort(name, start, end, minimumBytes);
  const versionAndLength = view.getUint8(start);
  const headerBytes = (versionAndLength & 0xf) * 4;
  if (versionAndLength >> 4 !== 4) {
    const what = `${versionAndLength >> 4}, expected 4`;
    return { header: null, fault: { protocol: name, field: "version", offset: start, what } };
  }
  if (headerBytes < minimumBytes) {
    const what = `${headerBytes} bytes, below 20`;
    return { header: null, fault: { protocol: name, field: "headerLength", offset: start, what } };
  }
  if (end - start < headerBytes) return tooShort(name, start, end, headerBytes);
  const totalLength = view.getUint16(start + 2);
  const fits = totalLength >= headerBytes && totalLength <= end - start;
  const stored = view.getUint16(start + 10);
  const right = complement(addBytes(0, bytes, start, start + headerBytes) - stored);
  const ipProtocol = view.getUint8(start + 9);
  const fragment = view.getUint16(start + 6);
  const header: Ipv4Header = {
    protocol: name,
    dscp: view.getUint8(start + 1) >> 2,
    ecn: view.getUint8(start + 1) & 3,
    identification: view.getUint16(start + 4),
    flags: fragment >> 13,
    fragmentOffset: fragment & 0x1fff,
    ttl: view.getUint8(start + 8),
    src: ipv4From(bytes, start + 12),
    dst: ipv4From(bytes, start + 16),
    options: bytes.slice(start + minimumBytes, start + headerBytes),
    ipProtocol,
    wrong: { ...(fits ? {} : { totalLength }), ...(stored === right ? {} : { checksum: stored }) },
  };
  // Only a whole datagram has a header of the next protocol to look at.
  const whole = (fragment & 0x3fff) === 0;
  return {
    header,
    headerBytes,
    end: fits ? start + totalLength : end,
    next: whole ? { space: "ipProtocol", number: ipProtocol } : null,
    faults: faultsOf(header, start, end, right),
  };
}

function faultsOf({ wrong }: Ipv4Header, start: number, end: number, right: number): readonly Fault[] {
  const faults: Fault[] = [];
  if (wrong.totalLength !== undefined) {
    faults.push(lengthFault(name, "totalLength", start + 2, wrong.totalLength, end - start));
  }
  // 0xffff for 0 is the other zero of ones' complement. It verifies, although no sender should use it (RFC 1624 §3).
  if (wrong.checksum !== undefined && !(wrong.checksum === 0xffff && right === 0)) {
    faults.push(checksumFault(name, start + 10, wrong.checksum, right));
  }
  return faults;
}

function fields({ options }: Ipv4Header): readonly Field[] {
  if (options.length === 0) return table;
  return [...table, ...fieldTable([["options", options.length * 8, "bytes"]], minimumBytes * 8)];
}

export const ipv4Protocol: Protocol<Ipv4Header> = {
  name,
  numbers: { etherType: [0x0800], ipProtocol: [4], ipVersion: [4], pppProtocol: [0x0021] },
  nextSpaces: () => ["ipProtocol"],
  headerBytes: lengthOf,
  emit,
  parse,
  /** RFC 768: source, destination, zero, protocol, UDP length. */
  pseudoHeader: ({ src, dst }) => ({ version: 4, src, dst }),
  fields,
  checksum: () => ({ algorithm: "internet", covers: "header", pseudoHeader: false, zeroIsNone: false }),
  inputs: {
    src: input.ipv4,
    dst: input.ipv4,
    dscp: input.uint(6),
    ecn: input.uint(2),
    identification: input.uint(16),
    flags: input.uint(3, { dontFragment: 2, moreFragments: 1 }),
    fragmentOffset: input.uint(13),
    ttl: input.uint(8),
    options: input.bytes,
    ipProtocol: input.uint(8),
    wrong: input.object({ headerLength: input.uint(4), totalLength: input.uint(16), checksum: input.uint(16) }),
  },
  make: made(ipv4, { src: benchmark.srcIpv4, dst: benchmark.dstIpv4 }),
};
