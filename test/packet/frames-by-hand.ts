/** Frames for filters, each by hand: tags, tunnels, quotes, fragments, lengths. */
import {
  buildFrame,
  ethernet,
  geneve,
  gre,
  gtpu,
  type Header,
  headersBytes,
  icmp,
  icmpv6,
  ipv4,
  ipv6,
  ipv6Destination,
  ipv6Fragment,
  ipv6HopByHop,
  llc,
  mpls,
  parseIpv4,
  parseIpv6,
  parseMac,
  ppp,
  pppoe,
  sctp,
  snap,
  tcp,
  udp,
  vlan,
  vxlan,
} from "../../src/packet/index.js";

const eth = ethernet({ dst: parseMac("02:00:00:00:00:02"), src: parseMac("02:00:00:00:00:01") });
const innerEth = ethernet({ dst: parseMac("02:00:00:00:01:02"), src: parseMac("02:00:00:00:01:01") });
const ip = ipv4({ src: parseIpv4("198.18.0.1"), dst: parseIpv4("198.18.1.2"), ttl: 17, dscp: 46, ecn: 1 });
const innerIp = ipv4({ src: parseIpv4("198.19.0.200"), dst: parseIpv4("198.19.1.2"), ttl: 33, identification: 77 });
const ip6 = ipv6({ src: parseIpv6("2001:2::1"), dst: parseIpv6("2001:2::ff"), hopLimit: 9, flowLabel: 0x12345 });
const ports = udp({ srcPort: 1024, dstPort: 9 });
const syn = tcp({ srcPort: 1025, dstPort: 80, sequence: 1, acknowledgment: 0, flags: 0x02 });
const ack = tcp({ srcPort: 80, dstPort: 1025, sequence: 1, acknowledgment: 2, flags: 0x18 });
const provider = vlan({ id: 100, priority: 5, tpid: 0x88a8 });
const old = vlan({ id: 101, tpid: 0x9100 });
const customer = vlan({ id: 7, priority: 3 });
const snapped = [llc({ dsap: 0xaa, ssap: 0xaa }), snap()];
const toVxlan = udp({ srcPort: 50_000, dstPort: 4789 });
const toGeneve = udp({ srcPort: 50_001, dstPort: 6081 });
const toGtpu = udp({ srcPort: 2152, dstPort: 2152 });

const of = (...stack: readonly Header[]): Uint8Array =>
  buildFrame(stack, headersBytes(stack) + 30, new Uint8Array(30).fill(7));

/** As it is, with some bytes changed. */
function changed(frame: Uint8Array, changes: Readonly<Record<number, number>>): Uint8Array {
  const bytes = frame.slice();
  for (const [at, value] of Object.entries(changes)) bytes[Number(at)] = value;
  return bytes;
}

/** An ICMP error about the packet of a frame, of which so many bytes are quoted. */
const error4 = (type: number, frame: Uint8Array, bytes: number): Uint8Array =>
  buildFrame([eth, ip, icmp({ type, code: 1 })], 42 + bytes, frame.slice(14, 14 + bytes));
const error6 = (type: number, frame: Uint8Array, bytes: number): Uint8Array =>
  buildFrame([eth, ip6, icmpv6({ type, code: 1 })], 62 + bytes, frame.slice(14, 14 + bytes));

const plainPpp = of(eth, pppoe({ sessionId: 1 }), ppp(), ip, syn);
/** Its PPP protocol in one byte (RFC 1661 §6.5): a byte less, also in PPPoE's length. */
const shortPpp = (): Uint8Array => {
  const bytes = new Uint8Array([...plainPpp.subarray(0, 20), ...plainPpp.subarray(21)]);
  new DataView(bytes.buffer).setUint16(18, bytes.length - 20);
  return bytes;
};

/** What this protocol number has behind the IP header. */
const inIpv4 = (ipProtocol: number, ...parts: readonly (string | Uint8Array)[]): Uint8Array => {
  const payload = new Uint8Array(
    Buffer.concat(
      parts.map((part) => (typeof part === "string" ? Buffer.from(part.replaceAll(" ", ""), "hex") : part)),
    ),
  );
  return buildFrame([eth, { ...ip, ipProtocol }], 34 + payload.length, payload);
};
const packet4 = of(innerEth, innerIp, ports).slice(14);
const packet6 = of(innerEth, ip6, ack).slice(14);
const innerFrame = of(innerEth, innerIp, ports);

/** Tunnels that are followed and that nobody builds from headers. */
const byHex: readonly Uint8Array[] = [
  // GRE with PPP: plain, with address and control, with a compressed protocol, and as PPTP has it (RFC 2637 §4.1).
  inIpv4(47, "0000 880b 0021", packet4),
  inIpv4(47, "0000 880b ff03 0057", packet6),
  inIpv4(47, "0000 880b 21", packet4),
  inIpv4(47, "2081 880b 00300005 00000001 00000002 ff03 0021", packet4),
  inIpv4(47, "3001 880b 0000 0005 00000001"),
  // ERSPAN, types II and I.
  inIpv4(47, "1000 88be 00000001 10000001 00000000", innerFrame),
  inIpv4(47, "0000 88be", innerFrame),
  inIpv4(47, "0000 8847 00064140", packet4),
  // Wireshark follows no tag behind GRE.
  inIpv4(47, "0000 8100 0007 0800", packet4),
  // An authentication header, EtherIP, PIM registers, MPLS in IP.
  inIpv4(51, "1104 0000 00000001 00000001 000000000000000000000000", packet4.slice(20)),
  inIpv4(97, "3000", innerFrame),
  inIpv4(103, "2100 0000 00000000", packet4),
  inIpv4(103, "2100 0000 00000000", packet6),
  inIpv4(137, "00064040 00007140", packet6),
];

const plain: readonly Uint8Array[] = [
  of(eth, ip, ports),
  of(eth, ip, syn),
  of(eth, ip, ack),
  of(eth, ip6, ports),
  of(eth, ip6, ack),
  of(eth, ip, sctp({ srcPort: 9, dstPort: 80, verificationTag: 1, chunks: [] })),
  of(eth, ip, icmp({ type: 8, code: 0 })),
  of(eth, ip6, icmpv6({ type: 128, code: 0 })),
  of(eth, customer, ip, ports),
  of(eth, provider, ip, ports),
  of(eth, provider, customer, ip, ports),
  of(eth, old, customer, ip, ack),
  of(eth, customer, vlan({ id: 8 }), ip, ports),
  of(eth, provider, vlan({ id: 9, tpid: 0x88a8 }), ip, ports),
  of(eth, customer, provider, ip, ports),
  of(eth, provider, customer, vlan({ id: 8 }), ip6, ports),
  of(eth, mpls({ label: 100, ttl: 9 }), ip, ack),
  of(eth, mpls({ label: 100, ttl: 9 }), mpls({ label: 7, trafficClass: 5 }), ip6, ports),
  // Labels with OAM behind them.
  of(eth, mpls({ label: 13 }), ip, ports),
  of(eth, mpls({ label: 100 }), mpls({ label: 14 }), ip6, ports),
  of(eth, ...snapped, ip, syn),
  of(eth, llc({ dsap: 0x42, ssap: 0x42, control: 3 })),
  plainPpp,
  of(eth, pppoe({ sessionId: 1 }), ppp(), ip6, ports),
  shortPpp(),
  of(eth, ip, innerIp, ack),
  of(eth, ip, ip6, syn),
  of(eth, ip6, innerIp, ports),
  of(eth, ip, gre({}), innerIp, ports),
  of(eth, ip, gre({ key: 5, sequence: 6, checksummed: true }), innerEth, customer, innerIp, syn),
  of(eth, ip, toVxlan, vxlan({ vni: 77 }), innerEth, innerIp, ports),
  of(eth, customer, ip6, toVxlan, vxlan({ vni: 78 }), innerEth, customer, ip6, ack),
  of(eth, ip, toGeneve, geneve({ vni: 79, options: new Uint8Array(8) }), innerEth, innerIp, ports),
  of(eth, ip, toGeneve, geneve({ vni: 80 }), innerIp, syn),
  of(eth, ip, toGtpu, gtpu({ teid: 81 }), innerIp, ports),
  of(eth, ip, toGtpu, gtpu({ teid: 82, sequence: 5 }), ip6, ack),
  of(eth, ip6, ipv6HopByHop({}), ipv6Destination({}), ports),
  of(eth, ip6, ipv6Fragment({ identification: 1 }), ports),
  ...[error4(3, of(eth, innerIp, ports), 28), error4(11, of(eth, innerIp, ack), 40), error4(5, of(eth, ip, ack), 28)],
  ...[error4(8, of(eth, innerIp, ports), 28), error6(1, of(eth, ip6, ports), 56), error6(3, of(eth, ip6, ack), 60)],
  // The first fragment, and one behind it.
  changed(of(eth, ip, ack), { 20: 0x20 }),
  changed(of(eth, ip, ack), { 20: 0x20, 21: 5 }),
  changed(of(eth, ip, ports), { 20: 0x40 }),
  // Padded behind the packet, and an EtherType that nobody knows.
  new Uint8Array([...of(eth, ip, syn), ...new Uint8Array(20)]),
  changed(of(eth, ip, ports), { 12: 0x12, 13: 0x34 }),
];

export const byHand: readonly Uint8Array[] = [...plain, ...byHex];
