/** The table of protocols. A new protocol is its file and one line here. */
import { arpProtocol } from "./arp.js";
import { ethernetProtocol } from "./ethernet.js";
import { geneveProtocol } from "./geneve.js";
import { greProtocol } from "./gre.js";
import { gtpuProtocol } from "./gtpu.js";
import { icmpProtocol } from "./icmp.js";
import { icmpv6Protocol } from "./icmpv6.js";
import { igmpProtocol } from "./igmp.js";
import { ipv4Protocol } from "./ipv4.js";
import { ipv6Protocol } from "./ipv6.js";
import { ipv6FragmentProtocol } from "./ipv6-fragment.js";
import { ipv6DestinationProtocol, ipv6HopByHopProtocol } from "./ipv6-options.js";
import { ipv6RoutingProtocol } from "./ipv6-routing.js";
import { llcProtocol } from "./llc.js";
import { lldpProtocol } from "./lldp.js";
import { mplsProtocol } from "./mpls.js";
import { pppProtocol } from "./ppp.js";
import { pppoeProtocol } from "./pppoe.js";
import type { NumberSpace, Protocol } from "./protocol.js";
import { rawProtocol } from "./raw.js";
import { sctpProtocol } from "./sctp.js";
import { sctpDataProtocol } from "./sctp-data.js";
import { snapProtocol } from "./snap.js";
import { tcpProtocol } from "./tcp.js";
import { udpProtocol } from "./udp.js";
import { vlanProtocol } from "./vlan.js";
import { vxlanProtocol } from "./vxlan.js";

const protocols = {
  ethernet: ethernetProtocol,
  vlan: vlanProtocol,
  mpls: mplsProtocol,
  pppoe: pppoeProtocol,
  ppp: pppProtocol,
  llc: llcProtocol,
  snap: snapProtocol,
  arp: arpProtocol,
  lldp: lldpProtocol,
  ipv4: ipv4Protocol,
  ipv6: ipv6Protocol,
  ipv6HopByHop: ipv6HopByHopProtocol,
  ipv6Routing: ipv6RoutingProtocol,
  ipv6Fragment: ipv6FragmentProtocol,
  ipv6Destination: ipv6DestinationProtocol,
  icmp: icmpProtocol,
  icmpv6: icmpv6Protocol,
  igmp: igmpProtocol,
  tcp: tcpProtocol,
  udp: udpProtocol,
  sctp: sctpProtocol,
  sctpData: sctpDataProtocol,
  vxlan: vxlanProtocol,
  geneve: geneveProtocol,
  gtpu: gtpuProtocol,
  gre: greProtocol,
  raw: rawProtocol,
} as const;

/** Any header of the table; its `protocol` says which. */
export type Header = Parameters<(typeof protocols)[keyof typeof protocols]["emit"]>[0];
export type ProtocolName = keyof typeof protocols;

const table: Readonly<Record<ProtocolName, Protocol<{ readonly protocol: string }>>> = protocols as never;

const byNumber = new Map(
  Object.values(table).flatMap((protocol) =>
    Object.entries(protocol.numbers).flatMap(([space, numbers]) =>
      (numbers ?? []).map((number) => [`${space} ${number}`, protocol] as const),
    ),
  ),
);

export const protocolNamed = (name: ProtocolName): Protocol<{ readonly protocol: string }> => table[name];

/** The protocol that outer layers know by this number, or null. */
export const protocolNumbered = (space: NumberSpace, number: number): Protocol<{ readonly protocol: string }> | null =>
  byNumber.get(`${space} ${number}`) ?? null;

export const protocolNames = Object.keys(protocols) as readonly ProtocolName[];
