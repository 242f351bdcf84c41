/**
 * ARP for IPv4 over Ethernet (RFC 826; numbers: RFC 5494):
 *
 *     0  hardware type   2  protocol type   4  hardware bytes (6)   5  protocol bytes (4)   6  operation
 *     8  sender MAC   14  sender IPv4   18  target MAC   24  target IPv4   28
 */
import { type Ipv4Address, ipv4From, type MacAddress, macFrom } from "./address.js";
import { benchmark } from "./benchmark-addresses.js";
import { fieldTable } from "./field.js";
import { input, made } from "./input.js";
import {
  type Fault,
  fits,
  hexNumber,
  type Parsed,
  type Place,
  type Protocol,
  tooShort,
  type Unparsed,
} from "./protocol.js";

export interface ArpHeader {
  readonly protocol: "arp";
  /** 1 request, 2 reply. */
  readonly operation: number;
  readonly senderMac: MacAddress;
  readonly senderIp: Ipv4Address;
  readonly targetMac: MacAddress;
  readonly targetIp: Ipv4Address;
  readonly wrong: { readonly hardwareType?: number; readonly protocolType?: number };
}

export const arpOperations = { request: 1, reply: 2 } as const;

const name = "arp";
const headerBytes = 28;
const table = fieldTable([
  ["hardwareType", 16, "constant"],
  ["protocolType", 16, "constant"],
  ["hardwareBytes", 8, "constant"],
  ["protocolBytes", 8, "constant"],
  ["operation", 16],
  ["senderMac", "mac"],
  ["senderIp", "ipv4"],
  ["targetMac", "mac"],
  ["targetIp", "ipv4"],
]);

/** A request by default. Its target MAC is what it asks for, hence zero. */
export const arp = (
  fields: Pick<ArpHeader, "senderMac" | "senderIp" | "targetIp"> & Partial<Omit<ArpHeader, "protocol">>,
): ArpHeader => ({
  protocol: name,
  operation: fits(name, "operation", fields.operation ?? arpOperations.request, 16),
  senderMac: fields.senderMac,
  senderIp: fields.senderIp,
  targetMac: fields.targetMac ?? (new Uint8Array(6) as MacAddress),
  targetIp: fields.targetIp,
  wrong: fields.wrong ?? {},
});

function emit(header: ArpHeader, { bytes, view, start }: Place): void {
  view.setUint16(start, header.wrong.hardwareType ?? 1);
  view.setUint16(start + 2, header.wrong.protocolType ?? 0x0800);
  view.setUint16(start + 4, 0x0604);
  view.setUint16(start + 6, header.operation);
  bytes.set(header.senderMac, start + 8);
  bytes.set(header.senderIp, start + 14);
  bytes.set(header.targetMac, start + 18);
  bytes.set(header.targetIp, start + 24);
}

function parse({ bytes, view, start, end }: Unparsed): Parsed<ArpHeader> {
  if (end - start < headerBytes) return tooShort(name, start, end, headerBytes);
  const lengths = view.getUint16(start + 4);
  if (lengths !== 0x0604) {
    // With other lengths the addresses lie elsewhere, and their kinds are unknown to us.
    const what = `addresses of ${lengths >> 8} and ${lengths & 0xff} bytes, expected 6 and 4`;
    return { header: null, fault: { protocol: name, field: "hardwareBytes", offset: start + 4, what } };
  }
  const [hardwareType, protocolType] = [view.getUint16(start), view.getUint16(start + 2)];
  const wrong = {
    ...(hardwareType === 1 ? {} : { hardwareType }),
    ...(protocolType === 0x0800 ? {} : { protocolType }),
  };
  return {
    header: {
      protocol: name,
      operation: view.getUint16(start + 6),
      senderMac: macFrom(bytes, start + 8),
      senderIp: ipv4From(bytes, start + 14),
      targetMac: macFrom(bytes, start + 18),
      targetIp: ipv4From(bytes, start + 24),
      wrong,
    },
    headerBytes,
    end: start + headerBytes,
    next: null,
    faults: faultsOf(wrong, start),
  };
}

function faultsOf(wrong: ArpHeader["wrong"], start: number): readonly Fault[] {
  const expected = { hardwareType: [0, 1], protocolType: [2, 0x0800] } as const;
  return Object.entries(wrong).map(([field, value]) => {
    const [offset, right] = expected[field as keyof typeof expected];
    return { protocol: name, field, offset: start + offset, what: `${hexNumber(value)}, expected ${hexNumber(right)}` };
  });
}

export const arpProtocol: Protocol<ArpHeader> = {
  name,
  numbers: { etherType: [0x0806] },
  nextSpaces: () => [],
  closed: () => true,
  headerBytes: () => headerBytes,
  emit,
  parse,
  fields: () => table,
  inputs: {
    operation: input.uint(16, arpOperations),
    senderMac: input.mac,
    senderIp: input.ipv4,
    targetMac: input.mac,
    targetIp: input.ipv4,
    wrong: input.object({ hardwareType: input.uint(16), protocolType: input.uint(16) }),
  },
  make: made(arp, { senderMac: benchmark.srcMac, senderIp: benchmark.srcIpv4, targetIp: benchmark.dstIpv4 }),
};
