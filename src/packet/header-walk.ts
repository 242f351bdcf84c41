/**
 * Finds all headers of a frame, tunnels included, and allocates nothing. Filters need that: their words mean what they
 * mean in Wireshark, and Wireshark looks at every header that it can reach.
 *
 * The walk follows VLAN and 802.1ad tags, MPLS, PPPoE, LLC/SNAP, IP in IP, GRE, EtherIP, ERSPAN, VXLAN, GENEVE, GTP-U,
 * PIM registers, and the packets that ICMP errors quote. Of a header that was cut, the bytes that are there count. The
 * walk goes on only behind a whole header.
 *
 * Behind each header is one other at most. A step returns which IP header comes next; those of links and tunnels are
 * steps of their own files.
 */
import { type FoundHeaders, headerKind, type Next, next } from "./found-headers.js";
import { walkEthernet, walkMpls } from "./walk-links.js";
import { walkGre, walkUdp } from "./walk-tunnels.js";

/** Walks through the frame of `captured` bytes at view[start …]. The frame had `wire` bytes. */
export function walkHeaders(found: FoundHeaders, view: DataView, start: number, captured: number, wire: number): void {
  found.begin(view, start, captured);
  let header = walkEthernet(found, start, start + Math.max(captured, wire));
  while (header !== next.nothing) {
    header = header === next.ipv4 ? ipv4(found, found.at, found.end) : ipv6(found, found.at, found.end);
  }
}

function ipv4(found: FoundHeaders, at: number, outerEnd: number): Next {
  if (!found.has(at, outerEnd, 1)) return next.nothing;
  const { view } = found;
  const first = view.getUint8(at);
  const headerBytes = (first & 0xf) * 4;
  if (first >> 4 !== 4 || headerBytes < 20) return next.nothing;
  const total = found.has(at, outerEnd, 4) ? view.getUint16(at + 2) : 0;
  const end = total < headerBytes ? outerEnd : Math.min(outerEnd, at + total);
  if (!found.push(headerKind.ipv4, at, end) || !found.has(at, end, headerBytes)) return next.nothing;
  if (total !== 0 && total < headerBytes) return next.nothing;
  const fragment = view.getUint16(at + 6);
  if ((fragment & 0x1fff) !== 0) return next.nothing;
  if ((fragment & 0x2000) !== 0) found.fragment = 1;
  return ipProtocol(found, view.getUint8(at + 9), at + headerBytes, end);
}

function ipv6(found: FoundHeaders, start: number, outerEnd: number): Next {
  const { view } = found;
  if (found.has(start, outerEnd, 1) && view.getUint8(start) >> 4 !== 6) return next.nothing;
  const payloadBytes = found.has(start, outerEnd, 6) ? view.getUint16(start + 4) : 0;
  const end = payloadBytes === 0 ? outerEnd : Math.min(outerEnd, start + 40 + payloadBytes);
  if (!found.push(headerKind.ipv6, start, end) || !found.has(start, end, 40)) return next.nothing;
  let header = view.getUint8(start + 6);
  let at = start + 40;
  // Extension headers (RFC 8200 §4): hop-by-hop, routing, fragment, authentication, destination options.
  while (found.has(at, end, 8)) {
    let bytes: number;
    if (header === 0 || header === 43 || header === 60) bytes = 8 + 8 * view.getUint8(at + 1);
    else if (header === 44) {
      const fragment = view.getUint16(at + 2);
      if ((fragment & 0xfff8) !== 0) return next.nothing;
      if ((fragment & 1) !== 0) found.fragment = 1;
      bytes = 8;
    } else break;
    header = view.getUint8(at);
    at += bytes;
  }
  return ipProtocol(found, header, at, end);
}

function ipProtocol(found: FoundHeaders, first: number, start: number, end: number): Next {
  let [protocol, at] = [first, start];
  // Authentication headers: the next header's number, and their length in words, less two (RFC 4302 §2).
  while (protocol === 51 && found.has(at, end, 12)) {
    protocol = found.view.getUint8(at);
    at += 8 + 4 * found.view.getUint8(at + 1);
  }
  switch (protocol) {
    case 1:
      return icmp(found, at, end);
    case 2:
      return last(found, headerKind.igmp, at, end);
    case 4:
      return found.goOn(next.ipv4, at, end);
    case 6:
      return last(found, headerKind.tcp, at, end);
    case 17:
      return walkUdp(found, at, end);
    case 41:
      return at < end ? found.goOn(next.ipv6, at, end) : next.nothing;
    case 47:
      return walkGre(found, at, end);
    case 58:
      return icmpv6(found, at, end);
    case 97:
      return walkEthernet(found, at + 2, end);
    case 103:
      // A PIM register carries a packet for the group (RFC 7761 §4.9.3).
      return found.has(at, end, 9) && found.view.getUint8(at) === 0x21 ? found.byVersion(at + 8, end) : next.nothing;
    case 132:
      return last(found, headerKind.sctp, at, end);
    case 136:
      return last(found, headerKind.udpLite, at, end);
    case 137:
      return walkMpls(found, at, end);
    default:
      return next.nothing;
  }
}

function last(found: FoundHeaders, kind: number, at: number, end: number): Next {
  found.push(kind, at, end);
  return next.nothing;
}

/** Errors quote the packet that caused them (RFC 792). */
function icmp(found: FoundHeaders, at: number, end: number): Next {
  if (!found.push(headerKind.icmp, at, end) || !found.has(at, end, 8)) return next.nothing;
  const type = found.view.getUint8(at);
  if (type !== 3 && type !== 4 && type !== 5 && type !== 11 && type !== 12) return next.nothing;
  found.fragment = 1;
  return found.goOn(next.ipv4, at + 8, end);
}

function icmpv6(found: FoundHeaders, at: number, end: number): Next {
  if (!found.push(headerKind.icmpv6, at, end) || !found.has(at, end, 8)) return next.nothing;
  const type = found.view.getUint8(at);
  if (type < 1 || type > 4) return next.nothing;
  found.fragment = 1;
  return found.goOn(next.ipv6, at + 8, end);
}
