/** The fields that filters know, by Wireshark's names and with Wireshark's meaning, read from all headers of a frame. */
import type { ValueKind } from "./filter-value.js";
import { type FoundHeaders, headerKind } from "./found-headers.js";

/** A frame as a filter sees it. The object is used again for the next frame. */
export interface FrameFacts {
  readonly view: DataView;
  /** All headers of the frame, in `view`. */
  readonly headers: FoundHeaders;
  /** Number of the frame, from 1 as Wireshark counts. */
  readonly number: number;
  /** Bytes that the frame had on the wire, and bytes that the file has of it. */
  readonly wireBytes: number;
  readonly capturedBytes: number;
  /** Time since the first frame of the file, even if that frame was not chosen. */
  readonly relativeNs: number;
  /** −1: this kind of file does not say interfaces. */
  readonly interfaceId: number;
}

/** Tests a value that was found: a number, or the place of an address in the frame's view. */
export type ValueTest = (found: number, view: DataView) => boolean;

export interface FilterField {
  readonly name: string;
  readonly kind: ValueKind;
  /** For error messages. */
  readonly accepted: string;
  /** The largest number that the field can have. */
  readonly most: number;
  /**
   * True if one of its values passes. A frame has several values where a header occurs several times, or where the
   * field stands in several places.
   */
  some(frame: FrameFacts, test: ValueTest): boolean;
}

/**
 * Reads from the header at `at`. `reach` is the end of the bytes that are there, `end` the end of the header. −1: the
 * value is not there.
 */
type Read = (view: DataView, at: number, reach: number, end: number, isFragment: boolean) => number;

/** `needed`: bytes of the header that must be there. Of some, Wireshark shows a field only with others behind it. */
const u8 =
  (offset: number, needed = offset + 1): Read =>
  (view, at, reach) =>
    at + needed > reach ? -1 : view.getUint8(at + offset);
const u16 =
  (offset: number, needed = offset + 2): Read =>
  (view, at, reach) =>
    at + needed > reach ? -1 : view.getUint16(at + offset);
const u32 =
  (offset: number, needed = offset + 4): Read =>
  (view, at, reach) =>
    at + needed > reach ? -1 : view.getUint32(at + offset);
const u24 =
  (offset: number): Read =>
  (view, at, reach) =>
    at + offset + 3 > reach ? -1 : view.getUint32(at + offset - 1) & 0xff_ffff;
/** `count` bits of what `read` reads, from bit `low` on. */
const bits =
  (read: Read, low: number, count: number): Read =>
  (view, at, reach, end, isFragment) => {
    const found = read(view, at, reach, end, isFragment);
    return found < 0 ? -1 : (found >>> low) & (2 ** count - 1);
  };
/** The place itself, for a value of `bytes` bytes. */
const place =
  (offset: number, bytes: number): Read =>
  (_, at, reach) =>
    at + offset + bytes > reach ? -1 : at + offset;

type Kinds = readonly number[];

/** Visits all headers of these kinds, and all places of each. */
const someOf =
  (kinds: Kinds, reads: readonly Read[]) =>
  ({ headers, view }: FrameFacts, test: ValueTest): boolean => {
    for (let i = 0; i < headers.count; i++) {
      if (!kinds.includes(headers.kinds[i])) continue;
      for (const read of reads) {
        const found = read(view, headers.starts[i], headers.reach(i), headers.ends[i], headers.fragments[i] !== 0);
        if (found >= 0 && test(found, view)) return true;
      }
    }
    return false;
  };

const inNumber = "a number, decimal or 0x…";
const numbers = (name: string, most: number, kinds: Kinds, ...reads: readonly Read[]): FilterField => ({
  name,
  kind: "number",
  accepted: `${inNumber}, up to ${most}`,
  most,
  some: someOf(kinds, reads),
});
const flag = (name: string, kinds: Kinds, read: Read): FilterField => ({
  name,
  kind: "flag",
  accepted: "1 or 0",
  most: 1,
  some: someOf(kinds, [read]),
});
/** `bytes`: bytes of the header that must be there. */
const protocol = (name: string, kinds: Kinds, bytes = 1): FilterField => ({
  name,
  kind: "protocol",
  accepted: "nothing",
  most: 0,
  some: someOf(kinds, [place(0, bytes)]),
});
const addressKinds = {
  mac: ["a MAC address", 6],
  ipv4: ["an IPv4 address, with or without /prefix", 4],
  ipv6: ["an IPv6 address, with or without /prefix", 16],
} as const;
const addresses = (
  name: string,
  kind: keyof typeof addressKinds,
  kinds: Kinds,
  ...offsets: readonly number[]
): FilterField => ({
  name,
  kind,
  accepted: addressKinds[kind][0],
  most: 0,
  some: someOf(
    kinds,
    offsets.map((offset) => place(offset, addressKinds[kind][1])),
  ),
});
const ofFrame = (name: string, most: number, read: (frame: FrameFacts) => number): FilterField => ({
  name,
  kind: "number",
  accepted: inNumber,
  most,
  some: (frame, test) => {
    const found = read(frame);
    return found >= 0 && test(found, frame.view);
  },
});

type KindName = keyof typeof headerKind;
const of = (...names: readonly KindName[]): Kinds => names.map((name) => headerKind[name]);

const most = { u4: 15, u8: 0xff, u16: 0xffff, u20: 0xf_ffff, u24: 0xff_ffff, u32: 0xffff_ffff } as const;
const leastEtherType = 1536;
const mostLength = 1500;

/** Ethernet's type field is a type or a length. Numbers between these ranges are neither. */
const typeOf = (offset: number): Read => {
  const read = u16(offset);
  return (view, at, reach, end, isFragment) => {
    const found = read(view, at, reach, end, isFragment);
    return found >= leastEtherType ? found : -1;
  };
};
const typeOrLength = u16(12);
const lengthOf: Read = (view, at, reach, end, isFragment) => {
  const found = typeOrLength(view, at, reach, end, isFragment);
  return found <= mostLength ? found : -1;
};
const tcpFlags = bits(u16(12, 16), 0, 12);
/** A header's length in words, from four bits of what `read` reads. */
const headerBytesOf = (read: Read, low: number): Read => {
  const words = bits(read, low, 4);
  return (view, at, reach, end, isFragment) => {
    const found = words(view, at, reach, end, isFragment);
    return found < 0 ? -1 : found * 4;
  };
};
const tcpHeaderBytes = headerBytesOf(u8(12, 16), 4);
/** What the IP packet has room for behind the header. It is unknown in a fragment. */
const tcpPayloadBytes: Read = (view, at, reach, end, isFragment) => {
  const headerBytes = tcpHeaderBytes(view, at, reach, end, isFragment);
  return isFragment || headerBytes < 20 || at + headerBytes > end ? -1 : end - at - headerBytes;
};
const greKey: Read = (view, at, reach) => {
  const flags = view.getUint16(at);
  const key = at + ((flags & 0x8000) === 0 ? 4 : 8);
  return (flags & 0x2000) === 0 || (flags & 7) !== 0 || key + 4 > reach ? -1 : view.getUint32(key);
};

const ofTags = (name: string, kinds: Kinds): FilterField[] => [
  numbers(`${name}.id`, 0xfff, kinds, bits(u16(0), 0, 12)),
  numbers(`${name}.priority`, 7, kinds, bits(u16(0), 13, 3)),
];

const ofPorts = (name: string, kinds: Kinds, needed = 4): FilterField[] => [
  numbers(`${name}.srcport`, most.u16, kinds, u16(0, needed)),
  numbers(`${name}.dstport`, most.u16, kinds, u16(2, needed)),
  numbers(`${name}.port`, most.u16, kinds, u16(0, needed), u16(2, needed)),
];

const frameFields: readonly FilterField[] = [
  ofFrame("frame.number", most.u32, (frame) => frame.number),
  ofFrame("frame.len", most.u32, (frame) => frame.wireBytes),
  ofFrame("frame.cap_len", most.u32, (frame) => frame.capturedBytes),
  ofFrame("frame.interface_id", most.u32, (frame) => frame.interfaceId),
  {
    name: "frame.time_relative",
    kind: "seconds",
    accepted: "seconds, e.g. 0.5",
    most: Number.POSITIVE_INFINITY,
    // Times in a file may lie before its first frame.
    some: (frame, test) => test(frame.relativeNs, frame.view),
  },
];

const linkFields: readonly FilterField[] = [
  protocol("eth", of("ethernet"), 14),
  addresses("eth.dst", "mac", of("ethernet"), 0),
  addresses("eth.src", "mac", of("ethernet"), 6),
  addresses("eth.addr", "mac", of("ethernet"), 0, 6),
  numbers("eth.type", most.u16, of("ethernet"), typeOf(12)),
  numbers("eth.len", most.u16, of("ethernet"), lengthOf),
  protocol("vlan", of("vlan"), 2),
  ...ofTags("vlan", of("vlan")),
  numbers("vlan.etype", most.u16, of("vlan"), typeOf(2)),
  protocol("ieee8021ad", of("providerTag", "providerTags"), 2),
  numbers("ieee8021ad.id", 0xfff, of("providerTag"), bits(u16(0, 4), 0, 12)),
  numbers("ieee8021ad.svid", 0xfff, of("providerTags"), bits(u16(0, 6), 0, 12)),
  numbers("ieee8021ad.cvid", 0xfff, of("providerTags"), bits(u16(4), 0, 12)),
  protocol("llc", of("llc")),
  protocol("mpls", of("mpls"), 4),
  numbers("mpls.label", most.u20, of("mpls"), bits(u32(0), 12, 20)),
  numbers("mpls.exp", 7, of("mpls"), bits(u8(2), 1, 3)),
  numbers("mpls.ttl", most.u8, of("mpls"), u8(3)),
  protocol("pppoes", of("pppoe"), 6),
  protocol("ppp", of("ppp")),
  protocol("arp", of("arp"), 2),
  numbers("arp.opcode", most.u16, of("arp"), u16(6)),
  protocol("lldp", of("lldp"), 0),
];

const networkFields: readonly FilterField[] = [
  protocol("ip", of("ipv4")),
  addresses("ip.src", "ipv4", of("ipv4"), 12),
  addresses("ip.dst", "ipv4", of("ipv4"), 16),
  addresses("ip.addr", "ipv4", of("ipv4"), 12, 16),
  numbers("ip.version", most.u4, of("ipv4", "ipv6"), bits(u8(0), 4, 4)),
  numbers("ip.hdr_len", most.u8, of("ipv4"), headerBytesOf(u8(0), 0)),
  numbers("ip.proto", most.u8, of("ipv4"), u8(9)),
  numbers("ip.ttl", most.u8, of("ipv4"), u8(8)),
  numbers("ip.len", most.u16, of("ipv4"), u16(2)),
  numbers("ip.id", most.u16, of("ipv4"), u16(4)),
  numbers("ip.dsfield.dscp", 0x3f, of("ipv4"), bits(u8(1), 2, 6)),
  numbers("ip.dsfield.ecn", 3, of("ipv4"), bits(u8(1), 0, 2)),
  flag("ip.flags.df", of("ipv4"), bits(u16(6), 14, 1)),
  flag("ip.flags.mf", of("ipv4"), bits(u16(6), 13, 1)),
  numbers("ip.frag_offset", 0x1fff, of("ipv4"), bits(u16(6), 0, 13)),
  protocol("ipv6", of("ipv6"), 0),
  addresses("ipv6.src", "ipv6", of("ipv6"), 8),
  addresses("ipv6.dst", "ipv6", of("ipv6"), 24),
  addresses("ipv6.addr", "ipv6", of("ipv6"), 8, 24),
  numbers("ipv6.nxt", most.u8, of("ipv6"), u8(6)),
  numbers("ipv6.hlim", most.u8, of("ipv6"), u8(7)),
  numbers("ipv6.plen", most.u16, of("ipv6"), u16(4, 7)),
  numbers("ipv6.flow", most.u20, of("ipv6"), bits(u32(0), 0, 20)),
  protocol("icmp", of("icmp"), 6),
  numbers("icmp.type", most.u8, of("icmp"), u8(0, 6)),
  numbers("icmp.code", most.u8, of("icmp"), u8(1, 6)),
  protocol("icmpv6", of("icmpv6"), 0),
  numbers("icmpv6.type", most.u8, of("icmpv6"), u8(0)),
  numbers("icmpv6.code", most.u8, of("icmpv6"), u8(1)),
  protocol("igmp", of("igmp")),
  numbers("igmp.type", most.u8, of("igmp"), u8(0)),
];

const transportFields: readonly FilterField[] = [
  protocol("tcp", of("tcp"), 4),
  ...ofPorts("tcp", of("tcp")),
  numbers("tcp.flags", 0xfff, of("tcp"), tcpFlags),
  ...["fin", "syn", "reset", "push", "ack", "urg"].map((name, bit) =>
    flag(`tcp.flags.${name}`, of("tcp"), bits(tcpFlags, bit, 1)),
  ),
  numbers("tcp.hdr_len", most.u8, of("tcp"), tcpHeaderBytes),
  numbers("tcp.len", most.u32, of("tcp"), tcpPayloadBytes),
  protocol("udp", of("udp"), 4),
  ...ofPorts("udp", of("udp", "udpLite")),
  // UDP-Lite has none. Wireshark shows what its packet has room for.
  numbers("udp.length", most.u16, of("udp"), u16(4)),
  protocol("sctp", of("sctp"), 12),
  ...ofPorts("sctp", of("sctp"), 12),
];

const tunnelFields: readonly FilterField[] = [
  protocol("gre", of("gre"), 4),
  numbers("gre.proto", most.u16, of("gre"), u16(2)),
  numbers("gre.key", most.u32, of("gre"), greKey),
  protocol("vxlan", of("vxlan")),
  numbers("vxlan.vni", most.u24, of("vxlan"), u24(4)),
  protocol("geneve", of("geneve")),
  numbers("geneve.vni", most.u24, of("geneve"), u24(4)),
  protocol("gtp", of("gtpu"), 2),
  numbers("gtp.teid", most.u32, of("gtpu"), u32(4)),
];

const fields: readonly FilterField[] = [
  ...frameFields,
  ...linkFields,
  ...networkFields,
  ...transportFields,
  ...tunnelFields,
];

const byName = new Map(fields.map((field) => [field.name, field]));

export const fieldNames: readonly string[] = fields.map(({ name }) => name);
export const fieldNamed = (name: string): FilterField | null => byName.get(name) ?? null;
