/**
 * Golden frames: bytes made by an independent tool (scapy 2.5.0, unless another source is named) and the layers that
 * must build them. Kept as hex, so that nothing of ours is in them.
 */
import {
  arp,
  arpOperations,
  ethernet,
  type Header,
  icmp,
  icmpEcho,
  icmpTypes,
  icmpv6Echo,
  ipv4,
  ipv6,
  linkLayerOption,
  mtuOption,
  neighbourAdvertisement,
  neighbourSolicitation,
  parseIpv4,
  parseIpv6,
  parseMac,
  prefixOption,
  routerAdvertisement,
  routerSolicitation,
} from "../../src/packet/index.js";

export interface Vector {
  readonly name: string;
  readonly hex: string;
  readonly layers: readonly Header[];
  /** What stands behind the headers: 00 01 02 … of this many bytes, or these. */
  readonly payload: number | Uint8Array;
  /** Layers as tshark's frame.protocols has them, without eth:ethertype. */
  readonly tshark: string;
}

export const ourMac = parseMac("02:00:00:00:00:01");
export const theirMac = parseMac("00:11:22:33:44:10");
const eth = ethernet({ dst: theirMac, src: ourMac });
const src = parseIpv4("198.18.0.1");
const dst = parseIpv4("198.19.0.1");
const src6 = parseIpv6("2001:2::1");
const dst6 = parseIpv6("2001:2:0:8000::1");
const ip4 = ipv4({ src, dst });
const ip6 = ipv6({ src: src6, dst: dst6, hopLimit: 255 });
const local = (to: string): Header => ipv6({ src: parseIpv6("fe80::1"), dst: parseIpv6(to), hopLimit: 255 });

const hexOfEthernet = "001122334410020000000001";

export const vectors: readonly Vector[] = [
  {
    name: "ARP request",
    hex: "ffffffffffff02000000000108060001080006040001020000000001c6120001000000000000c6130001",
    layers: [
      ethernet({ dst: parseMac("ff:ff:ff:ff:ff:ff"), src: ourMac }),
      arp({ senderMac: ourMac, senderIp: src, targetIp: dst }),
    ],
    payload: 0,
    tshark: "arp",
  },
  {
    name: "ARP reply",
    hex: `${hexOfEthernet}08060001080006040002020000000001c6120001001122334410c6130001`,
    layers: [
      eth,
      arp({ operation: arpOperations.reply, senderMac: ourMac, senderIp: src, targetMac: theirMac, targetIp: dst }),
    ],
    payload: 0,
    tshark: "arp",
  },
  {
    name: "ICMP echo request",
    hex: `${hexOfEthernet}080045000025000000004001eeb0c6120001c61300010800d1b412340007000102030405060708`,
    layers: [eth, ip4, icmpEcho({ identifier: 0x1234, sequence: 7 })],
    payload: 9,
    tshark: "ip:icmp:data",
  },
  {
    name: "ICMP fragmentation needed",
    hex: `${hexOfEthernet}080045000024000000004001eeb1c6120001c61300010304eb73000005780001020304050607`,
    layers: [eth, ip4, icmp({ type: icmpTypes.unreachable, code: 4, mtu: 1400 })],
    payload: 8,
    // What it quotes is no datagram, so tshark's view of it says nothing.
    tshark: "",
  },
  {
    name: "ICMPv6 echo request",
    hex:
      `${hexOfEthernet}86dd6000000000113aff20010002000000000000000000000001200100020000800000000000000000018000` +
      "996012340007000102030405060708",
    layers: [eth, ip6, icmpv6Echo({ identifier: 0x1234, sequence: 7 })],
    payload: 9,
    tshark: "ipv6:icmpv6:data",
  },
  {
    name: "neighbour solicitation",
    hex:
      `${hexOfEthernet}86dd6000000000203aff20010002000000000000000000000001ff0200000000000000000001ff0000018700` +
      "b79400000000200100020000800000000000000000010101020000000001",
    layers: [
      eth,
      ipv6({ src: src6, dst: parseIpv6("ff02::1:ff00:1"), hopLimit: 255 }),
      neighbourSolicitation({ target: dst6, options: [linkLayerOption("source", ourMac)] }),
    ],
    payload: 0,
    tshark: "ipv6:icmpv6",
  },
  {
    name: "neighbour advertisement",
    hex:
      `${hexOfEthernet}86dd6000000000203aff20010002000000000000000000000001200100020000800000000000000000018800` +
      "339660000000200100020000000000000000000000010201020000000001",
    layers: [
      eth,
      ip6,
      neighbourAdvertisement({
        target: src6,
        solicited: true,
        override: true,
        options: [linkLayerOption("target", ourMac)],
      }),
    ],
    payload: 0,
    tshark: "ipv6:icmpv6",
  },
  {
    name: "router solicitation",
    hex:
      `${hexOfEthernet}86dd6000000000103afffe800000000000000000000000000001ff02000000000000000000000000000285007a` +
      "2c000000000101020000000001",
    layers: [eth, local("ff02::2"), routerSolicitation({ options: [linkLayerOption("source", ourMac)] })],
    payload: 0,
    tshark: "ipv6:icmpv6",
  },
  {
    name: "router advertisement",
    hex:
      `${hexOfEthernet}86dd6000000000403afffe800000000000000000000000000001ff0200000000000000000000000000018600820` +
      "74080070800007530000003e8010102000000000105010000000005dc030440c000278d0000093a8000000000200100020000000000" +
      "00000000000000",
    layers: [
      eth,
      local("ff02::1"),
      routerAdvertisement({
        managed: true,
        reachableTime: 30_000,
        retransmitTimer: 1000,
        options: [
          linkLayerOption("source", ourMac),
          mtuOption(1500),
          prefixOption({ prefix: parseIpv6("2001:2::"), prefixBits: 64 }),
        ],
      }),
    ],
    payload: 0,
    tshark: "ipv6:icmpv6",
  },
];
