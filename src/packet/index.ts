/**
 * packet: headers as bytes and as values that cannot be illegal; frames built and taken apart. One protocol per file,
 * joined in protocols.ts. Pure, and without `node:*`: it runs in a browser. May import only the leaves.
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
export { buildFrame, fillPattern, headersBytes } from "./build.js";
export { addBytes, complement, fold, updateChecksum } from "./checksum.js";
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
export { type Ipv4Header, ipv4 } from "./ipv4.js";
export { type Ipv6Header, ipv6 } from "./ipv6.js";
export type { ChecksumRule, Fault, PseudoHeader } from "./protocol.js";
export type { Header, ProtocolName } from "./protocols.js";
export { type UdpHeader, udp } from "./udp.js";
export { type VlanHeader, vlan } from "./vlan.js";
