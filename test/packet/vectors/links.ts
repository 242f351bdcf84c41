/** Golden frames of links, and of what hosts ask each other on them. */
import {
  arp,
  arpOperations,
  icmp,
  icmpEcho,
  icmpTypes,
  icmpv6Echo,
  ipv6,
  linkLayerOption,
  llc,
  lldp,
  lldpText,
  lldpTypes,
  mpls,
  mtuOption,
  neighbourAdvertisement,
  neighbourSolicitation,
  ppp,
  pppoe,
  pppoeCodes,
  pppoeDiscovery,
  prefixOption,
  routerAdvertisement,
  routerSolicitation,
  snap,
  vlan,
} from "../../../src/packet/index.js";
import { dst, dst6, eth, from, ip4, ip6, local, ours, type Row, src, src6, theirs, u, v6 } from "./layers.js";

export const neighbours: readonly Row[] = [
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

export const links: readonly Row[] = [
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
