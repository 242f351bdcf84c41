/**
 * UDP (RFC 768; over IPv6: RFC 8200 §8.1):
 *
 *     0  source port   2  destination port   4  length, with header   6  checksum, with pseudo-header   8  payload
 */
import { addBytes, complement } from "./checksum.js";
import { type Fault, fits, hexNumber, type Parsed, type Place, type Protocol, tooShort } from "./protocol.js";

export interface UdpHeader {
  readonly protocol: "udp";
  readonly srcPort: number;
  readonly dstPort: number;
  /** `checksum: 0` is legal over IPv4 and means that there is none. */
  readonly wrong: { readonly length?: number; readonly checksum?: number };
}

const name = "udp";
const ipProtocol = 17;
const headerBytes = 8;

export const udp = (fields: Pick<UdpHeader, "srcPort" | "dstPort"> & Partial<Pick<UdpHeader, "wrong">>): UdpHeader => ({
  protocol: name,
  srcPort: fits(name, "srcPort", fields.srcPort, 16),
  dstPort: fits(name, "dstPort", fields.dstPort, 16),
  wrong: fields.wrong ?? {},
});

function emit(header: UdpHeader, place: Place): void {
  const { view, start, end } = place;
  view.setUint16(start, header.srcPort);
  view.setUint16(start + 2, header.dstPort);
  view.setUint16(start + 4, header.wrong.length ?? end - start);
  view.setUint16(start + 6, 0);
  view.setUint16(start + 6, header.wrong.checksum ?? rightChecksum(place, start, end, 0));
}

/** RFC 768: a checksum of 0 is sent as 0xffff, since 0 says that there is none. */
function rightChecksum(place: Omit<Place, "next">, start: number, end: number, stored: number): number {
  const pseudo = place.pseudoHeader?.sum(ipProtocol, end - start) ?? 0;
  return complement(addBytes(pseudo, place.bytes, start, end) - stored) || 0xffff;
}

function parse(place: Omit<Place, "next">): Parsed<UdpHeader> {
  const { view, start, end } = place;
  if (end - start < headerBytes) return tooShort(name, start, end, headerBytes);
  const length = view.getUint16(start + 4);
  const lengthFits = length >= headerBytes && length <= end - start;
  const udpEnd = lengthFits ? start + length : end;
  const stored = view.getUint16(start + 6);
  const right = rightChecksum(place, start, udpEnd, stored);
  const faults: Fault[] = [];
  if (!lengthFits) {
    const what = `${length}, but ${end - start} bytes are there`;
    faults.push({ protocol: name, field: "length", offset: start + 4, what });
  }
  const none = stored === 0 && place.pseudoHeader?.version !== 6;
  if (stored !== right && !none) {
    const what = `${hexNumber(stored)}, expected ${hexNumber(right)}`;
    faults.push({ protocol: name, field: "checksum", offset: start + 6, what });
  }
  return {
    header: {
      protocol: name,
      srcPort: view.getUint16(start),
      dstPort: view.getUint16(start + 2),
      wrong: { ...(lengthFits ? {} : { length }), ...(stored === right ? {} : { checksum: stored }) },
    },
    headerBytes,
    end: udpEnd,
    next: null,
    faults,
  };
}

export const udpProtocol: Protocol<UdpHeader> = {
  name,
  numbers: { ipProtocol: [ipProtocol] },
  nextSpace: null,
  headerBytes: () => headerBytes,
  emit,
  parse,
};
