/** A walk through the headers of tunnels: GRE, and what is in UDP: VXLAN, GENEVE and GTP-U. */
import { type FoundHeaders, headerKind, type Next, next } from "./found-headers.js";
import { etherType, walkEthernet, walkEtherType, walkPpp } from "./walk-links.js";

/** Behind GRE, Wireshark follows no other EtherTypes. */
const greTypes: readonly number[] = [
  etherType.ipv4,
  etherType.ipv6,
  etherType.arp,
  etherType.mpls,
  etherType.mplsUpstream,
  etherType.bridged,
];

/** RFC 2784, RFC 2890; the acknowledgment is PPTP's (RFC 2637 §4.1). Routes (RFC 1701) are not followed. */
export function walkGre(found: FoundHeaders, at: number, end: number): Next {
  if (!found.has(at, end, 4) || !found.push(headerKind.gre, at, end)) return next.nothing;
  const flags = found.view.getUint16(at);
  const hasRouting = (flags & 0x4000) !== 0;
  if (hasRouting) return next.nothing;
  const hasSequence = (flags & 0x1000) !== 0;
  const hasAcknowledgment = (flags & 7) === 1 && (flags & 0x80) !== 0;
  let behind = at + 4;
  // A checksum, a key.
  if ((flags & 0x8000) !== 0) behind += 4;
  if ((flags & 0x2000) !== 0) behind += 4;
  if (hasSequence) behind += 4;
  if (hasAcknowledgment) behind += 4;
  const type = found.view.getUint16(at + 2);
  if (type === etherType.ppp) return walkPpp(found, behind, end);
  if (type === etherType.erspan2) return walkEthernet(found, hasSequence ? behind + 8 : behind, end);
  return greTypes.includes(type) ? walkEtherType(found, type, behind, end) : next.nothing;
}

export function walkUdp(found: FoundHeaders, at: number, outerEnd: number): Next {
  const { view } = found;
  const length = found.has(at, outerEnd, 6) ? view.getUint16(at + 4) : 0;
  const end = length < 8 ? outerEnd : Math.min(outerEnd, at + length);
  if (!found.push(headerKind.udp, at, end) || !found.has(at, end, 8)) return next.nothing;
  const [source, destination] = [view.getUint16(at), view.getUint16(at + 2)];
  if (source === 4789 || destination === 4789) return vxlan(found, at + 8, end);
  if (source === 6081 || destination === 6081) return geneve(found, at + 8, end);
  return source === 2152 || destination === 2152 ? gtpu(found, at + 8, end) : next.nothing;
}

function vxlan(found: FoundHeaders, at: number, end: number): Next {
  if (!found.push(headerKind.vxlan, at, end) || !found.has(at, end, 8)) return next.nothing;
  return walkEthernet(found, at + 8, end);
}

function geneve(found: FoundHeaders, at: number, end: number): Next {
  if (!found.push(headerKind.geneve, at, end) || !found.has(at, end, 8)) return next.nothing;
  const optionBytes = 4 * (found.view.getUint8(at) & 0x3f);
  return walkEtherType(found, found.view.getUint16(at + 2), at + 8 + optionBytes, end);
}

/**
 * Version 1 (TS 29.281 §5): 4 bytes more where a flag is set, then extension headers. Message 255 carries a packet.
 */
function gtpu(found: FoundHeaders, start: number, end: number): Next {
  if (!found.has(start, end, 2)) return next.nothing;
  const { view } = found;
  const flags = view.getUint8(start);
  if (flags >> 4 !== 3 || !found.push(headerKind.gtpu, start, end)) return next.nothing;
  if (!found.has(start, end, 8) || view.getUint8(start + 1) !== 255) return next.nothing;
  let at = start + 8;
  if ((flags & 7) !== 0) {
    if (!found.has(at, end, 4)) return next.nothing;
    let extension = (flags & 4) === 0 ? 0 : view.getUint8(at + 3);
    at += 4;
    while (extension !== 0) {
      if (!found.has(at, end, 4)) return next.nothing;
      const bytes = 4 * view.getUint8(at);
      if (bytes === 0 || !found.has(at, end, bytes)) return next.nothing;
      extension = view.getUint8(at + bytes - 1);
      at += bytes;
    }
  }
  return found.byVersion(at, end);
}
