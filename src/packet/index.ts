/**
 * Headers as bytes, and as values that cannot be illegal; building frames and taking them apart. Each protocol has one
 * file, and protocols.ts lists them. The room is pure and runs in a browser: no `node:*`, and only leaves are imported.
 */
export {
  formatIpv4,
  formatIpv6,
  formatMac,
  type Ipv4Address,
  type Ipv6Address,
  type MacAddress,
  parseIpv4,
  parseIpv6,
  parseMac,
} from "./address.js";
export { type ArpHeader, arp, arpOperations } from "./arp.js";
export { isUnsaid, unsaidAddress, unsaidName } from "./benchmark-addresses.js";
export { buildFrame, checkStack, fillPattern, headersBytes, trailersBytes } from "./build.js";
export { addBytes, complement, fold, updateChecksum } from "./checksum.js";
export { crc32c, crc32cWithout } from "./crc32c.js";
export { type DissectedLayer, type Dissection, dissect } from "./dissect.js";
export { type EthernetHeader, ethernet } from "./ethernet.js";
export {
  type Derived,
  type Field,
  type FieldKind,
  type FieldValue,
  formatField,
  readField,
  writeField,
} from "./field.js";
export { type GeneveHeader, geneve, geneveOption } from "./geneve.js";
export { type GreHeader, gre } from "./gre.js";
export { type GtpuExtension, type GtpuHeader, gtpu, pduSession } from "./gtpu.js";
export { headerOf, inputsOf, protocolNameOf } from "./header-of.js";
export { type IcmpHeader, icmp, icmpEcho, icmpTypes } from "./icmp.js";
export {
  type Icmpv6Header,
  icmpv6,
  icmpv6Echo,
  icmpv6Types,
  linkLayerOf,
  linkLayerOption,
  mtuOption,
  type NdOption,
  ndOptionTypes,
  neighbourAdvertisement,
  neighbourSolicitation,
  prefixOption,
  routerAdvertisement,
  routerSolicitation,
} from "./icmpv6.js";
export { type IgmpHeader, type IgmpRecord, igmp, igmpQuery3, igmpReport3, igmpTypes } from "./igmp.js";
export { acceptedOf, type Input, type Inputs, type InputValue, readBytes, readInput } from "./input.js";
export { type Ipv4Header, ipv4 } from "./ipv4.js";
export { type Ipv6Header, ipv6 } from "./ipv6.js";
export { type Ipv6FragmentHeader, ipv6Fragment } from "./ipv6-fragment.js";
export {
  type Ipv6DestinationHeader,
  type Ipv6HopByHopHeader,
  ipv6Destination,
  ipv6HopByHop,
  ipv6Option,
  type OptionsFields,
  type OptionsHeader,
  padIpv6Options,
} from "./ipv6-options.js";
export { type Ipv6RoutingHeader, ipv6Routing, segmentRoute } from "./ipv6-routing.js";
export {
  type ByteRange,
  type ChecksumPlace,
  checksumPlaces,
  type FieldPlace,
  fieldPlace,
  fieldPlaces,
  fieldsOf,
  layerNames,
  tunnelDepths,
} from "./layout.js";
export { type LlcHeader, llc } from "./llc.js";
export { type LldpHeader, type LldpTlv, lldp, lldpOf, lldpText, lldpTypes } from "./lldp.js";
export { fieldsAt, type LocatedField, locatedFields, namesAt } from "./locate.js";
export { type MplsHeader, mpls } from "./mpls.js";
export { type PppHeader, ppp } from "./ppp.js";
export { type PppoeHeader, type PppoeTag, pppoe, pppoeCodes, pppoeDiscovery } from "./pppoe.js";
export type { ChecksumRule, Fault, PseudoHeader } from "./protocol.js";
export { type Header, type ProtocolName, protocolNames } from "./protocols.js";
export { type RawHeader, raw } from "./raw.js";
export { type RssTuple, rssHash, rssInWords, rssQueue, rssTableEntries, toeplitz } from "./rss.js";
export { type SctpChunk, type SctpHeader, sctp, sctpChunk, sctpChunkTypes, sctpInit } from "./sctp.js";
export { type SctpDataHeader, sctpData } from "./sctp-data.js";
export { type SnapHeader, snap } from "./snap.js";
export { type TcpHeader, type TcpOption, tcp, tcpFlags, tcpOptions } from "./tcp.js";
export { tunnelPorts, type UdpHeader, udp } from "./udp.js";
export { announcesTag, leadingTags, type Tpid, type VlanHeader, vlan } from "./vlan.js";
export { type VxlanHeader, vxlan } from "./vxlan.js";
export { numberOfBytes, wideBitsAt } from "./wide-bits.js";
