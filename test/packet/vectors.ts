/**
 * Golden frames: bytes made by an independent tool (vectors.py with scapy 2.5.0 wrote vectors.json), and the layers of
 * ours that must build them.
 */
import { readFileSync } from "node:fs";
import {
  arp,
  arpOperations,
  ethernet,
  geneve,
  geneveOption,
  gre,
  gtpu,
  type Header,
  icmp,
  icmpEcho,
  icmpTypes,
  icmpv6Echo,
  igmp,
  igmpQuery3,
  igmpReport3,
  igmpTypes,
  ipv4,
  ipv6,
  ipv6Destination,
  ipv6Fragment,
  ipv6HopByHop,
  ipv6Option,
  linkLayerOption,
  llc,
  lldp,
  lldpText,
  lldpTypes,
  mpls,
  mtuOption,
  neighbourAdvertisement,
  neighbourSolicitation,
  padIpv6Options,
  parseIpv4,
  parseIpv6,
  parseMac,
  pduSession,
  ppp,
  pppoe,
  pppoeCodes,
  pppoeDiscovery,
  prefixOption,
  routerAdvertisement,
  routerSolicitation,
  sctp,
  sctpData,
  sctpInit,
  segmentRoute,
  snap,
  tcp,
  tcpFlags,
  tcpOptions,
  udp,
  vlan,
  vxlan,
} from "../../src/packet/index.js";

export interface Vector {
  readonly name: string;
  readonly hex: string;
  readonly layers: readonly Header[];
  /** Bytes 00 01 02 … behind the headers. */
  readonly payloadBytes: number;
  /** Layers as tshark's frame.protocols has them, without eth:ethertype at the front; null: it says nothing of use. */
  readonly tshark: string | null;
}

const v4 = parseIpv4;
const v6 = parseIpv6;
const ours = parseMac("02:00:00:00:00:01");
const theirs = parseMac("00:11:22:33:44:10");
const from = (dst: string): Header => ethernet({ dst: parseMac(dst), src: ours });
const eth = ethernet({ dst: theirs, src: ours });
const inner = ethernet({ dst: parseMac("02:00:00:00:00:04"), src: parseMac("02:00:00:00:00:03") });
const [src, dst] = [v4("198.18.0.1"), v4("198.19.0.1")];
const [src6, dst6] = [v6("2001:2::1"), v6("2001:2:0:8000::1")];
const ip4 = ipv4({ src, dst });
const inner4 = ipv4({ src: v4("198.18.1.1"), dst: v4("198.19.1.1") });
const ip6 = ipv6({ src: src6, dst: dst6, hopLimit: 255 });
const inner6 = ipv6({ src: v6("2001:2:1::1"), dst: v6("2001:2:1:8000::1") });
const local = (to: string): Header => ipv6({ src: v6("fe80::1"), dst: v6(to), hopLimit: 255 });
const u = udp({ srcPort: 1024, dstPort: 9 });
const routerAlert = Uint8Array.of(0x94, 4, 0, 0);
/** With router alert, from TTL 1; version 3 asks for internetwork control, 48, too (RFC 3376 §4). */
const multicast = (group: string, dscp = 0): Header =>
  ipv4({ src, dst: v4(group), ttl: 1, dscp, options: routerAlert });

type Row = readonly [name: string, layers: readonly Header[], payloadBytes: number, tshark: string | null];

const neighbours: readonly Row[] = [
  ["ARP request", [from("ff:ff:ff:ff:ff:ff"), arp({ senderMac: ours, senderIp: src, targetIp: dst })], 0, "arp"],
  [
    "ARP reply",
    [eth, arp({ operation: arpOperations.reply, senderMac: ours, senderIp: src, targetMac: theirs, targetIp: dst })],
    0,
    "arp",
  ],
  ["ICMP echo request", [eth, ip4, icmpEcho({ identifier: 0x1234, sequence: 7 })], 9, "ip:icmp:data"],
  // What it quotes is no datagram.
  ["ICMP fragmentation needed", [eth, ip4, icmp({ type: icmpTypes.unreachable, code: 4, mtu: 1400 })], 8, null],
  ["ICMPv6 echo request", [eth, ip6, icmpv6Echo({ identifier: 0x1234, sequence: 7 })], 9, "ipv6:icmpv6:data"],
  [
    "neighbour solicitation",
    [
      eth,
      ipv6({ src: src6, dst: v6("ff02::1:ff00:1"), hopLimit: 255 }),
      neighbourSolicitation({ target: dst6, options: [linkLayerOption("source", ours)] }),
    ],
    0,
    "ipv6:icmpv6",
  ],
  [
    "neighbour advertisement",
    [
      eth,
      ip6,
      neighbourAdvertisement({
        target: src6,
        solicited: true,
        override: true,
        options: [linkLayerOption("target", ours)],
      }),
    ],
    0,
    "ipv6:icmpv6",
  ],
  [
    "router solicitation",
    [eth, local("ff02::2"), routerSolicitation({ options: [linkLayerOption("source", ours)] })],
    0,
    "ipv6:icmpv6",
  ],
  [
    "router advertisement",
    [
      eth,
      local("ff02::1"),
      routerAdvertisement({
        managed: true,
        reachableTime: 30_000,
        retransmitTimer: 1000,
        options: [
          linkLayerOption("source", ours),
          mtuOption(1500),
          prefixOption({ prefix: v6("2001:2::"), prefixBits: 64 }),
        ],
      }),
    ],
    0,
    "ipv6:icmpv6",
  ],
  [
    "LLDP",
    [
      from("01:80:c2:00:00:0e"),
      lldp({ chassisMac: ours, portName: "eth0", tlvs: [lldpText(lldpTypes.systemName, "dut")] }),
    ],
    0,
    "lldp",
  ],
];

const links: readonly Row[] = [
  ["802.3 with LLC", [eth, llc({ dsap: 0x42, ssap: 0x42 })], 35, null],
  ["802.3 with SNAP", [eth, llc(), snap(), ip4, u], 18, "llc:ip:udp:data"],
  [
    "QinQ",
    [eth, vlan({ id: 100, priority: 3, tpid: 0x88a8 }), vlan({ id: 4094, priority: 7, dropEligible: true }), ip4, u],
    18,
    "ieee8021ad:ethertype:vlan:ethertype:ip:udp:data",
  ],
  [
    "MPLS stack",
    [eth, mpls({ label: 1000, trafficClass: 5 }), mpls({ label: 16, ttl: 63 }), ip4, u],
    18,
    "mpls:ip:udp:data",
  ],
  ["MPLS with IPv6", [eth, mpls({ label: 0xfffff, ttl: 1 }), ip6, u], 3, "mpls:ipv6:udp:data"],
  [
    "PPPoE discovery",
    [
      from("ff:ff:ff:ff:ff:ff"),
      pppoeDiscovery({
        code: pppoeCodes.padi,
        tags: [
          { type: 0x0101, value: new Uint8Array(0) },
          { type: 0x0103, value: Uint8Array.of(0xca, 0xfe) },
        ],
      }),
    ],
    0,
    "pppoed",
  ],
  ["PPPoE session", [eth, pppoe({ sessionId: 0x0203 }), ppp(), ip4, u], 18, "pppoes:ppp:ip:udp:data"],
  ["PPPoE session with IPv6", [eth, pppoe({ sessionId: 1 }), ppp(), ip6, u], 1, "pppoes:ppp:ipv6:udp:data"],
  [
    "PPPoE session, compressed protocol",
    [eth, pppoe({ sessionId: 3 }), ppp({ compressed: true }), ip4, u],
    18,
    "pppoes:ppp:ip:udp:data",
  ],
  [
    "PPPoE session with IPv6, compressed protocol",
    [eth, pppoe({ sessionId: 4 }), ppp({ compressed: true }), ip6, u],
    1,
    "pppoes:ppp:ipv6:udp:data",
  ],
];

const networks: readonly Row[] = [
  [
    "IPv4 options",
    [eth, ipv4({ src, dst, identification: 7, ttl: 1, dscp: 0x2e, ecn: 1, options: routerAlert }), u],
    5,
    "ip:udp:data",
  ],
  [
    "IPv4 fragment",
    [eth, ipv4({ src, dst, identification: 0x1234, flags: 1, fragmentOffset: 185, ipProtocol: 17 })],
    16,
    "ip:data",
  ],
  [
    "IPv6 hop-by-hop and destination options",
    [
      eth,
      ip6,
      ipv6HopByHop({ options: padIpv6Options([ipv6Option(5, [0, 0])]) }),
      ipv6Destination({ options: padIpv6Options([]) }),
      u,
    ],
    6,
    "ipv6:ipv6.hopopts:ipv6.dstopts:udp:data",
  ],
  [
    "IPv6 fragment",
    [eth, ip6, ipv6Fragment({ moreFragments: true, identification: 0xcafe_babe, nextHeader: 17 })],
    16,
    "ipv6:ipv6.fraghdr:data",
  ],
  [
    "IPv6 segment routing",
    [
      eth,
      ipv6({ src: src6, dst: v6("2001:2:0:1::1") }),
      segmentRoute({ segments: [v6("2001:2:0:1::1"), dst6], tag: 7 }),
      tcp({ srcPort: 1, dstPort: 2, sequence: 1, flags: tcpFlags.syn, window: 1000 }),
    ],
    0,
    "ipv6:ipv6.routing:tcp",
  ],
];

const transports: readonly Row[] = [
  [
    "TCP SYN with options",
    [
      eth,
      ip4,
      tcp({
        srcPort: 1024,
        dstPort: 80,
        sequence: 0x01020304,
        flags: tcpFlags.syn,
        window: 64_240,
        options: tcpOptions([
          { kind: "mss", mss: 1460 },
          { kind: "sackPermitted" },
          { kind: "timestamps", value: 0x11223344, echo: 0 },
          { kind: "nop" },
          { kind: "windowScale", shift: 7 },
        ]),
      }),
    ],
    0,
    "ip:tcp",
  ],
  [
    "TCP data over IPv6",
    [eth, ip6, tcp({ srcPort: 1024, dstPort: 80, sequence: 5, acknowledgment: 6, flags: tcpFlags.psh | tcpFlags.ack })],
    7,
    "ipv6:tcp",
  ],
  [
    "IGMPv2 report",
    [from("01:00:5e:01:02:03"), multicast("239.1.2.3"), igmp({ type: igmpTypes.report2, group: v4("239.1.2.3") })],
    0,
    "ip:igmp:igmp",
  ],
  ["IGMPv3 query", [from("01:00:5e:00:00:01"), multicast("224.0.0.1", 48), igmpQuery3({})], 0, "ip:igmp:igmp"],
  [
    "IGMPv3 report",
    [
      from("01:00:5e:00:00:16"),
      multicast("224.0.0.22", 48),
      igmpReport3([
        { type: 4, group: v4("239.1.2.3") },
        { type: 1, group: v4("239.1.2.4"), sources: [v4("198.18.0.9"), v4("198.18.0.10")] },
      ]),
    ],
    0,
    "ip:igmp:igmp",
  ],
  [
    "SCTP INIT",
    [eth, ip4, sctp({ srcPort: 1024, dstPort: 2905, chunks: [sctpInit({ initiateTag: 0x11223344 })] })],
    0,
    "ip:sctp",
  ],
  [
    "SCTP data",
    [
      eth,
      ip4,
      sctp({ srcPort: 1024, dstPort: 5000, verificationTag: 0xdead_beef }),
      sctpData({ tsn: 1, stream: 2, streamSequence: 3 }),
    ],
    12,
    "ip:sctp:data",
  ],
];

const tunnels: readonly Row[] = [
  [
    "VXLAN",
    [eth, ip4, udp({ srcPort: 50_000 }), vxlan({ vni: 0x123456 }), inner, inner4, u],
    18,
    "ip:udp:vxlan:eth:ethertype:ip:udp:data",
  ],
  [
    "VXLAN over IPv6 without outer checksum",
    [
      eth,
      ip6,
      udp({ srcPort: 50_000, wrong: { checksum: 0 } }),
      vxlan({ vni: 5000 }),
      inner,
      vlan({ id: 7 }),
      inner6,
      u,
    ],
    4,
    "ipv6:udp:vxlan:eth:ethertype:vlan:ethertype:ipv6:udp:data",
  ],
  [
    "Geneve with an option",
    [
      eth,
      ip4,
      udp({ srcPort: 50_000 }),
      geneve({ vni: 0xabcdef, options: geneveOption(0x0102, 0x42, Uint8Array.of(1, 2, 3, 4)) }),
      inner,
      inner4,
      u,
    ],
    18,
    "ip:udp:geneve:eth:ethertype:ip:udp:data",
  ],
  ["GRE", [eth, ip4, gre(), inner4, u], 18, "ip:gre:ip:udp:data"],
  [
    "GRE with checksum, key and sequence",
    [eth, ip4, gre({ checksummed: true, key: 0xdead_beef, sequence: 7 }), inner6, u],
    3,
    "ip:gre:ipv6:udp:data",
  ],
  ["GRE with Ethernet", [eth, ip6, gre({ key: 9 }), inner, inner4, u], 18, "ipv6:gre:eth:ethertype:ip:udp:data"],
  ["GTP-U", [eth, ip4, udp({ srcPort: 2152 }), gtpu({ teid: 0x11223344 }), inner4, u], 18, "ip:udp:gtp:ip:udp:data"],
  [
    "GTP-U with sequence and PDU session",
    [
      eth,
      ip4,
      udp({ srcPort: 2152 }),
      gtpu({ teid: 1, sequence: 0x1234, extensions: [pduSession("uplink", 9)] }),
      inner6,
      u,
    ],
    2,
    "ip:udp:gtp:ipv6:udp:data",
  ],
  ["4in4", [eth, ip4, inner4, u], 18, "ip:ip:udp:data"],
  ["6in4", [eth, ip4, inner6, u], 18, "ip:ipv6:udp:data"],
  ["4in6", [eth, ip6, inner4, u], 18, "ipv6:ip:udp:data"],
];

const hexes = JSON.parse(readFileSync(new URL("./vectors.json", import.meta.url), "utf8")) as Record<string, string>;

export const vectors: readonly Vector[] = [...neighbours, ...links, ...networks, ...transports, ...tunnels].map(
  ([name, layers, payloadBytes, tshark]) => ({ name, hex: hexes[name], layers, payloadBytes, tshark }),
);
