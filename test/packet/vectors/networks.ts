/** Golden frames of IP, and of what stands on it. */
import {
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
  padIpv6Options,
  sctp,
  sctpData,
  sctpInit,
  segmentRoute,
  tcp,
  tcpFlags,
  tcpOptions,
} from "../../../src/packet/index.js";
import { dst, dst6, eth, from, ip4, ip6, multicast, type Row, routerAlert, src, src6, u, v4, v6 } from "./layers.js";

export const networks: readonly Row[] = [
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

export const transports: readonly Row[] = [
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
