/**
 * UDP (RFC 768; over IPv6: RFC 8200 §8.1):
 *
 *     0  source port   2  destination port   4  length, with header   6  checksum, with pseudo-header   8  payload
 */

import { benchmark } from "./benchmark-addresses.js";
import { fieldTable } from "./field.js";
import { input, made } from "./input.js";
import {
  checksumFault,
  type Fault,
  fits,
  lengthFault,
  messageChecksum,
  type Parsed,
  type Place,
  type Protocol,
  tooShort,
  type Unparsed,
} from "./protocol.js";

export interface UdpHeader {
  readonly protocol: "udp";
  readonly srcPort: number;
  /** null: the port of the tunnel that follows, or else discard (9, RFC 863). */
  readonly dstPort: number | null;
  /** `checksum: 0` means that there is none: legal over IPv4, and over IPv6 only in a tunnel (RFC 6935 §5). */
  readonly wrong: { readonly length?: number; readonly checksum?: number };
}

/** Destination ports that announce tunnels. */
export const tunnelPorts = { gtpu: 2152, vxlan: 4789, geneve: 6081 } as const;

const name = "udp";
const ipProtocol = 17;
const headerBytes = 8;
const table = fieldTable([
  ["srcPort", 16],
  ["dstPort", 16],
  ["length", 16, "length"],
  ["checksum", 16, "checksum"],
]);

export const udp = (
  fields: Pick<UdpHeader, "srcPort"> & Partial<Omit<UdpHeader, "protocol" | "srcPort">>,
): UdpHeader => ({
  protocol: name,
  srcPort: fits(name, "srcPort", fields.srcPort, 16),
  dstPort: fields.dstPort == null ? null : fits(name, "dstPort", fields.dstPort, 16),
  wrong: fields.wrong ?? {},
});

function emit(header: UdpHeader, place: Place): void {
  const { view, start, end, next } = place;
  view.setUint16(start, header.srcPort);
  view.setUint16(start + 2, header.dstPort ?? next ?? 9);
  view.setUint16(start + 4, header.wrong.length ?? end - start);
  view.setUint16(start + 6, 0);
  view.setUint16(start + 6, header.wrong.checksum ?? rightChecksum(place, end, 0));
}

/** RFC 768: a checksum of 0 is sent as 0xffff, since 0 means that there is none. */
const rightChecksum = (place: Unparsed, end: number, stored: number): number =>
  messageChecksum(place, end, ipProtocol, stored) || 0xffff;

function parse(place: Unparsed): Parsed<UdpHeader> {
  const { view, start, end } = place;
  if (end - start < headerBytes) return tooShort(name, start, end, headerBytes);
  const dstPort = view.getUint16(start + 2);
  const length = view.getUint16(start + 4);
  const lengthFits = length >= headerBytes && length <= end - start;
  const udpEnd = lengthFits ? start + length : end;
  const stored = view.getUint16(start + 6);
  const right = rightChecksum(place, udpEnd, stored);
  const faults: Fault[] = [];
  if (!lengthFits) faults.push(lengthFault(name, "length", start + 4, length, end - start));
  if (stored !== right && !mayBeNone(place, dstPort, stored))
    faults.push(checksumFault(name, start + 6, stored, right));
  return {
    header: {
      protocol: name,
      srcPort: view.getUint16(start),
      dstPort,
      wrong: { ...(lengthFits ? {} : { length }), ...(stored === right ? {} : { checksum: stored }) },
    },
    headerBytes,
    end: udpEnd,
    next: { space: "udpPort", number: dstPort },
    faults,
  };
}

/** No checksum at all is allowed over IPv6 only in tunnels (RFC 6935, RFC 6936). */
function mayBeNone({ pseudoHeader }: Unparsed, dstPort: number, stored: number): boolean {
  if (stored !== 0) return false;
  return pseudoHeader?.version !== 6 || Object.values<number>(tunnelPorts).includes(dstPort);
}

export const udpProtocol: Protocol<UdpHeader> = {
  name,
  numbers: { ipProtocol: [ipProtocol] },
  nextSpaces: () => ["udpPort"],
  headerBytes: () => headerBytes,
  emit,
  parse,
  fields: () => table,
  checksum: () => ({ algorithm: "internet", covers: "packet", pseudoHeader: true, zeroIsNone: true }),
  inputs: {
    srcPort: input.uint(16),
    dstPort: input.uint(16),
    wrong: input.object({ length: input.uint(16), checksum: input.uint(16) }),
  },
  make: made(udp, { srcPort: benchmark.srcPort }),
};
