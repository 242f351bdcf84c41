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
export { buildFrame, fillPattern, headersBytes } from "./build.js";
export { addBytes, complement, fold, updateChecksum } from "./checksum.js";
export { type Dissection, dissect } from "./dissect.js";
export { type EthernetHeader, ethernet } from "./ethernet.js";
export { type Ipv4Header, ipv4 } from "./ipv4.js";
export { type Ipv6Header, ipv6 } from "./ipv6.js";
export type { Fault } from "./protocol.js";
export type { Header, ProtocolName } from "./protocols.js";
export { type UdpHeader, udp } from "./udp.js";
export { type VlanHeader, vlan } from "./vlan.js";
