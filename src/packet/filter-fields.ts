/** The fields that filters know, by Wireshark's names, read from a frame's outline. */
import type { FilterValue, ValueKind } from "./filter-value.js";
import type { Outline } from "./outline.js";

/** A frame as a filter sees it. The object is used again for the next frame. */
export interface FrameFacts {
  readonly view: DataView;
  /** Where the frame begins in `view`. */
  readonly start: number;
  readonly outline: Outline;
  /** From 1, as Wireshark counts. */
  readonly number: number;
  /** Bytes it had on the wire, and bytes that are there. */
  readonly wireBytes: number;
  readonly capturedBytes: number;
  /** Since the first frame of the file. */
  readonly relativeSeconds: number;
  readonly interfaceId: number;
}

type ReadNumber = (frame: FrameFacts) => number;

export interface FilterField {
  readonly name: string;
  readonly kind: ValueKind;
  /** For errors. */
  readonly accepted: string;
  present(frame: FrameFacts): boolean;
  /** Is one of its places equal to the value, or in its range? */
  any(frame: FrameFacts, value: FilterValue): boolean;
  /** Readers of its places; null: it is no number. */
  readonly number: readonly ReadNumber[] | null;
}

const protocolNumbers = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58, sctp: 132 } as const;
/** Bytes of a transport header that must be there for its ports to be read. */
const portBytes = 4;

const always = (): boolean => true;
const hasEthernet = ({ outline }: FrameFacts): boolean => outline.etherType >= 0;
const hasTag = ({ outline }: FrameFacts): boolean => outline.tags > 0;
const isIp = (version: number) => (frame: FrameFacts) => frame.outline.ipVersion === version;
const isType = (etherType: number) => (frame: FrameFacts) => frame.outline.etherType === etherType;
const isTransport =
  (ipProtocol: number, bytes: number) =>
  ({ outline }: FrameFacts) =>
    outline.ipProtocol === ipProtocol && outline.l4 >= 0 && outline.bytes >= outline.l4 + bytes;

const u8 =
  (at: (outline: Outline) => number): ReadNumber =>
  (frame) =>
    frame.view.getUint8(frame.start + at(frame.outline));
const u16 =
  (at: (outline: Outline) => number): ReadNumber =>
  (frame) =>
    frame.view.getUint16(frame.start + at(frame.outline));
const l3 = (offset: number) => (outline: Outline) => outline.l3 + offset;
const l4 = (offset: number) => (outline: Outline) => outline.l4 + offset;
const tci: ReadNumber = (frame) => frame.view.getUint16(frame.start + 14);

const numbers = (
  name: string,
  present: (frame: FrameFacts) => boolean,
  ...read: readonly ReadNumber[]
): FilterField => ({
  name,
  kind: "number",
  accepted: "a number, decimal or 0x…",
  present,
  number: read,
  any: (frame, value) => {
    if (!present(frame)) return false;
    for (const one of read) {
      const found = one(frame);
      if (found >= value.low && found <= value.high) return true;
    }
    return false;
  },
});

const protocol = (name: string, present: (frame: FrameFacts) => boolean): FilterField => ({
  name,
  kind: "protocol",
  accepted: "nothing",
  present,
  any: () => false,
  number: null,
});

const addressKinds = {
  mac: "a MAC address",
  ipv4: "an IPv4 address, with or without /prefix",
  ipv6: "an IPv6 address, with or without /prefix",
} as const;

function addresses(
  name: string,
  kind: keyof typeof addressKinds,
  present: (frame: FrameFacts) => boolean,
  ...places: readonly ((outline: Outline) => number)[]
): FilterField {
  const isAt = (frame: FrameFacts, at: number, { bytes, mask }: FilterValue): boolean => {
    for (let i = 0; i < bytes.length; i++) {
      if ((frame.view.getUint8(frame.start + at + i) & mask[i]) !== bytes[i]) return false;
    }
    return true;
  };
  return {
    name,
    kind,
    accepted: addressKinds[kind],
    present,
    number: null,
    any: (frame, value) => {
      if (!present(frame)) return false;
      for (const place of places) if (isAt(frame, place(frame.outline), value)) return true;
      return false;
    },
  };
}

const transports = (["tcp", "udp", "sctp"] as const).flatMap((name): FilterField[] => {
  const present = isTransport(protocolNumbers[name], portBytes);
  return [
    protocol(name, present),
    numbers(`${name}.srcport`, present, u16(l4(0))),
    numbers(`${name}.dstport`, present, u16(l4(2))),
    numbers(`${name}.port`, present, u16(l4(0)), u16(l4(2))),
  ];
});

const messages = (["icmp", "icmpv6"] as const).flatMap((name): FilterField[] => {
  const present = isTransport(protocolNumbers[name], 2);
  return [
    protocol(name, present),
    numbers(`${name}.type`, present, u8(l4(0))),
    numbers(`${name}.code`, present, u8(l4(1))),
  ];
});

const seconds: FilterField = {
  ...numbers("frame.time_relative", always, (frame) => frame.relativeSeconds),
  kind: "seconds",
  accepted: "seconds, e.g. 0.5",
};

const fields: readonly FilterField[] = [
  numbers("frame.number", always, (frame) => frame.number),
  numbers("frame.len", always, (frame) => frame.wireBytes),
  numbers("frame.cap_len", always, (frame) => frame.capturedBytes),
  numbers("frame.interface_id", always, (frame) => frame.interfaceId),
  seconds,
  protocol("eth", hasEthernet),
  addresses("eth.dst", "mac", hasEthernet, () => 0),
  addresses("eth.src", "mac", hasEthernet, () => 6),
  addresses(
    "eth.addr",
    "mac",
    hasEthernet,
    () => 0,
    () => 6,
  ),
  numbers("eth.type", hasEthernet, (frame) => frame.outline.etherType),
  protocol("vlan", hasTag),
  numbers("vlan.id", hasTag, (frame) => tci(frame) & 0xfff),
  numbers("vlan.priority", hasTag, (frame) => tci(frame) >> 13),
  protocol("arp", isType(0x0806)),
  protocol("lldp", isType(0x88cc)),
  protocol("ip", isIp(4)),
  addresses("ip.src", "ipv4", isIp(4), l3(12)),
  addresses("ip.dst", "ipv4", isIp(4), l3(16)),
  addresses("ip.addr", "ipv4", isIp(4), l3(12), l3(16)),
  numbers("ip.proto", isIp(4), (frame) => frame.outline.ipProtocol),
  numbers("ip.ttl", isIp(4), u8(l3(8))),
  numbers("ip.len", isIp(4), u16(l3(2))),
  numbers("ip.id", isIp(4), u16(l3(4))),
  numbers("ip.dsfield.dscp", isIp(4), (frame) => frame.view.getUint8(frame.start + frame.outline.l3 + 1) >> 2),
  protocol("ipv6", isIp(6)),
  addresses("ipv6.src", "ipv6", isIp(6), l3(8)),
  addresses("ipv6.dst", "ipv6", isIp(6), l3(24)),
  addresses("ipv6.addr", "ipv6", isIp(6), l3(8), l3(24)),
  numbers("ipv6.nxt", isIp(6), u8(l3(6))),
  numbers("ipv6.hlim", isIp(6), u8(l3(7))),
  numbers("ipv6.plen", isIp(6), u16(l3(4))),
  ...transports,
  ...messages,
];

const byName = new Map(fields.map((field) => [field.name, field]));

export const fieldNames: readonly string[] = fields.map(({ name }) => name);
export const fieldNamed = (name: string): FilterField | null => byName.get(name) ?? null;
