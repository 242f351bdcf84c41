/** A walk through the headers of links: Ethernet, tags, LLC/SNAP, MPLS, PPPoE and PPP. */
import { type FoundHeaders, headerKind, type Next, next } from "./found-headers.js";

/** EtherTypes of headers, also as GRE, VXLAN, MPLS and others name them. */
export const etherType = {
  ipv4: 0x0800,
  arp: 0x0806,
  vlan: 0x8100,
  oldQinQ: 0x9100,
  providerTag: 0x88a8,
  bridged: 0x6558,
  ipv6: 0x86dd,
  mpls: 0x8847,
  mplsUpstream: 0x8848,
  pppoe: 0x8864,
  lldp: 0x88cc,
  erspan2: 0x88be,
  ppp: 0x880b,
} as const;
/** Labels with OAM behind them and no packet: the associated channel (RFC 5586 §4), and ITU-T Y.1711 (RFC 3429). */
const oamLabels: readonly number[] = [13, 14];
const mostLength = 1500;
const leastEtherType = 1536;

export function walkEthernet(found: FoundHeaders, at: number, end: number): Next {
  if (!found.has(at, end, 14) || !found.push(headerKind.ethernet, at, end)) return next.nothing;
  return typeOrLength(found, found.view.getUint16(at + 12), at + 14, end);
}

function typeOrLength(found: FoundHeaders, type: number, at: number, end: number): Next {
  if (type >= leastEtherType) return walkEtherType(found, type, at, end);
  return type <= mostLength ? llc(found, at, Math.min(end, at + type)) : next.nothing;
}

export function walkEtherType(found: FoundHeaders, type: number, at: number, end: number): Next {
  switch (type) {
    case etherType.vlan:
    case etherType.oldQinQ:
      if (!found.push(headerKind.vlan, at, end) || !found.has(at, end, 4)) return next.nothing;
      return typeOrLength(found, found.view.getUint16(at + 2), at + 4, end);
    case etherType.providerTag:
      return providerTag(found, at, end);
    case etherType.ipv4:
      return found.goOn(next.ipv4, at, end);
    case etherType.ipv6:
      return found.goOn(next.ipv6, at, end);
    case etherType.arp:
      found.push(headerKind.arp, at, end);
      return next.nothing;
    case etherType.lldp:
      found.push(headerKind.lldp, at, end);
      return next.nothing;
    case etherType.mpls:
    case etherType.mplsUpstream:
      return walkMpls(found, at, end);
    case etherType.pppoe:
      return pppoe(found, at, end);
    case etherType.bridged:
      return walkEthernet(found, at, end);
    default:
      return next.nothing;
  }
}

function providerTag(found: FoundHeaders, at: number, end: number): Next {
  const isPair = found.has(at, end, 4) && found.view.getUint16(at + 2) === etherType.providerTag;
  const bytes = isPair ? 8 : 4;
  if (!found.push(isPair ? headerKind.providerTags : headerKind.providerTag, at, end)) return next.nothing;
  if (!found.has(at, end, bytes)) return next.nothing;
  return typeOrLength(found, found.view.getUint16(at + bytes - 2), at + bytes, end);
}

function llc(found: FoundHeaders, at: number, end: number): Next {
  if (!found.has(at, end, 1)) return next.nothing;
  const saps = found.has(at, end, 2) ? found.view.getUint16(at) : 0;
  // IPX has no LLC header.
  if (saps === 0xffff || !found.push(headerKind.llc, at, end)) return next.nothing;
  if (!found.has(at, end, 3) || found.view.getUint8(at + 2) !== 3) return next.nothing;
  if (saps === 0x0606) return found.goOn(next.ipv4, at + 3, end);
  if (saps !== 0xaaaa || !found.has(at, end, 8)) return next.nothing;
  const organisation = (found.view.getUint16(at + 3) << 8) | found.view.getUint8(at + 5);
  if (organisation !== 0 && organisation !== 0x0000f8) return next.nothing;
  return walkEtherType(found, found.view.getUint16(at + 6), at + 8, end);
}

export function walkMpls(found: FoundHeaders, start: number, end: number): Next {
  let at = start;
  let isLast = false;
  let label = 0;
  while (!isLast) {
    if (!found.has(at, end, 4) || !found.push(headerKind.mpls, at, end)) return next.nothing;
    label = found.view.getUint32(at) >>> 12;
    isLast = (found.view.getUint8(at + 2) & 1) !== 0;
    at += 4;
  }
  return oamLabels.includes(label) ? next.nothing : found.byVersion(at, end);
}

function pppoe(found: FoundHeaders, at: number, end: number): Next {
  if (!found.has(at, end, 6) || !found.push(headerKind.pppoe, at, end)) return next.nothing;
  if (found.view.getUint8(at + 1) !== 0 || !found.has(at, end, 8)) return next.nothing;
  return walkPpp(found, at + 6, Math.min(end, at + 6 + found.view.getUint16(at + 4)));
}

/** A protocol number with an odd first byte is compressed to that byte (RFC 1661 §6.5). */
export function walkPpp(found: FoundHeaders, start: number, end: number): Next {
  if (!found.has(start, end, 1) || !found.push(headerKind.ppp, start, end)) return next.nothing;
  const { view } = found;
  const hasAddress = found.has(start, end, 2) && view.getUint16(start) === 0xff03;
  const at = hasAddress ? start + 2 : start;
  if (!found.has(at, end, 1)) return next.nothing;
  const isShort = (view.getUint8(at) & 1) !== 0;
  if (!isShort && !found.has(at, end, 2)) return next.nothing;
  const protocol = isShort ? view.getUint8(at) : view.getUint16(at);
  const behind = at + (isShort ? 1 : 2);
  if (protocol === 0x21) return found.goOn(next.ipv4, behind, end);
  if (protocol === 0x57) return found.goOn(next.ipv6, behind, end);
  return protocol === 0x281 ? walkMpls(found, behind, end) : next.nothing;
}
