/** The stacks of headers that the micro-benchmarks build and dissect, from the simplest to a tunnel. */
import {
  ethernet,
  type Header,
  ipv4,
  ipv6,
  parseIpv4,
  parseIpv6,
  parseMac,
  tcp,
  udp,
  vlan,
  vxlan,
} from "../../src/packet/index.js";

const link = { src: parseMac("02:00:00:00:00:01", ""), dst: parseMac("02:00:00:00:00:02", "") };
const network4 = { src: parseIpv4("198.18.0.1", ""), dst: parseIpv4("198.19.0.1", "") };
const network6 = { src: parseIpv6("2001:db8::1", ""), dst: parseIpv6("2001:db8::2", "") };
const ports = { srcPort: 4096, dstPort: 9 };

export interface Stack {
  readonly name: string;
  readonly layers: readonly Header[];
  /** Without FCS. */
  readonly bufferBytes: number;
}

export const stacks: readonly Stack[] = [
  { name: "UDP over IPv4, 64 bytes", layers: [ethernet(link), ipv4(network4), udp(ports)], bufferBytes: 60 },
  { name: "UDP over IPv4, 1518 bytes", layers: [ethernet(link), ipv4(network4), udp(ports)], bufferBytes: 1514 },
  {
    name: "tagged TCP over IPv6, 128 bytes",
    layers: [ethernet(link), vlan({ id: 100 }), ipv6(network6), tcp(ports)],
    bufferBytes: 124,
  },
  {
    name: "UDP over IPv4 in VXLAN, 256 bytes",
    layers: [
      ethernet(link),
      ipv4(network4),
      udp({ srcPort: 49_152, dstPort: 4789 }),
      vxlan({ vni: 42 }),
      ethernet(link),
      ipv4(network4),
      udp(ports),
    ],
    bufferBytes: 252,
  },
];
