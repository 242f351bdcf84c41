/**
 * Finds all headers of a frame, tunnels included, and allocates nothing. Filters need that: their words mean what they
 * mean in Wireshark, and Wireshark looks at every header that it can reach.
 *
 * The walk follows VLAN and 802.1ad tags, MPLS, PPPoE, LLC/SNAP, IP in IP, GRE, EtherIP, ERSPAN, VXLAN, GENEVE, GTP-U,
 * PIM registers, and the packets that ICMP errors quote. Of a header that was cut, the bytes that are there count. The
 * walk goes on only behind a whole header.
 */

/** Kinds of headers that filters can ask for. */
export const headerKind = {
  ethernet: 0,
  vlan: 1,
  /** An 802.1ad tag alone, and two of them, which Wireshark takes for one header of 8 bytes. */
  providerTag: 2,
  providerTags: 3,
  llc: 4,
  mpls: 5,
  pppoe: 6,
  ppp: 7,
  arp: 8,
  lldp: 9,
  ipv4: 10,
  ipv6: 11,
  tcp: 12,
  udp: 13,
  udpLite: 14,
  sctp: 15,
  icmp: 16,
  icmpv6: 17,
  igmp: 18,
  gre: 19,
  vxlan: 20,
  geneve: 21,
  gtpu: 22,
} as const;

/** Headers of a frame that are followed. A frame with more of them contains a loop. */
const mostHeaders = 64;
/** EtherTypes of headers, also as GRE, VXLAN, MPLS and others name them. */
const etherType = {
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
const greTypes: readonly number[] = [
  etherType.ipv4,
  etherType.ipv6,
  etherType.arp,
  etherType.mpls,
  etherType.mplsUpstream,
  etherType.bridged,
];
/** Labels with OAM behind them and no packet: the associated channel (RFC 5586 §4), and ITU-T Y.1711 (RFC 3429). */
const oamLabels: readonly number[] = [13, 14];
const mostLength = 1500;
const leastEtherType = 1536;

export class HeaderWalk {
  /** Headers found, outermost first. */
  count = 0;
  readonly kinds = new Uint8Array(mostHeaders);
  /** Offset in the view. */
  readonly starts = new Uint32Array(mostHeaders);
  /** End of the header and of what it carries, as its outer headers say. The capture may have been cut earlier. */
  readonly ends = new Uint32Array(mostHeaders);
  /** 1: in a fragment or a quote, where a transport's length is not known. */
  readonly fragments = new Uint8Array(mostHeaders);
  #view: DataView = new DataView(new ArrayBuffer(0));
  /** End of the bytes that are there. */
  #limit = 0;
  #fragment = 0;

  /** Walks through the frame of `captured` bytes at view[start …]. The frame had `wire` bytes. */
  walk(view: DataView, start: number, captured: number, wire: number): void {
    this.#view = view;
    this.#limit = start + captured;
    this.#fragment = 0;
    this.count = 0;
    this.#ethernet(start, start + Math.max(captured, wire));
  }

  /** End of the bytes of header `i` that are there. */
  reach(i: number): number {
    return Math.min(this.ends[i], this.#limit);
  }

  #has(at: number, end: number, bytes: number): boolean {
    return at + bytes <= end && at + bytes <= this.#limit;
  }

  /** false: there are too many headers. */
  #push(kind: number, at: number, end: number): boolean {
    if (this.count === mostHeaders) return false;
    const i = this.count++;
    this.kinds[i] = kind;
    this.starts[i] = at;
    this.ends[i] = end;
    this.fragments[i] = this.#fragment;
    return true;
  }

  #ethernet(at: number, end: number): void {
    if (!this.#has(at, end, 14) || !this.#push(headerKind.ethernet, at, end)) return;
    this.#typeOrLength(this.#view.getUint16(at + 12), at + 14, end);
  }

  #typeOrLength(type: number, at: number, end: number): void {
    if (type >= leastEtherType) this.#etherType(type, at, end);
    else if (type <= mostLength) this.#llc(at, Math.min(end, at + type));
  }

  #etherType(type: number, at: number, end: number): void {
    switch (type) {
      case etherType.vlan:
      case etherType.oldQinQ:
        if (!this.#push(headerKind.vlan, at, end) || !this.#has(at, end, 4)) return;
        this.#typeOrLength(this.#view.getUint16(at + 2), at + 4, end);
        break;
      case etherType.providerTag:
        this.#providerTag(at, end);
        break;
      case etherType.ipv4:
        this.#ipv4(at, end);
        break;
      case etherType.ipv6:
        this.#ipv6(at, end);
        break;
      case etherType.arp:
        this.#push(headerKind.arp, at, end);
        break;
      case etherType.lldp:
        this.#push(headerKind.lldp, at, end);
        break;
      case etherType.mpls:
      case etherType.mplsUpstream:
        this.#mpls(at, end);
        break;
      case etherType.pppoe:
        this.#pppoe(at, end);
        break;
      case etherType.bridged:
        this.#ethernet(at, end);
        break;
      default:
    }
  }

  #providerTag(at: number, end: number): void {
    const isPair = this.#has(at, end, 4) && this.#view.getUint16(at + 2) === etherType.providerTag;
    const bytes = isPair ? 8 : 4;
    if (!this.#push(isPair ? headerKind.providerTags : headerKind.providerTag, at, end)) return;
    if (this.#has(at, end, bytes)) this.#typeOrLength(this.#view.getUint16(at + bytes - 2), at + bytes, end);
  }

  #llc(at: number, end: number): void {
    if (!this.#has(at, end, 1)) return;
    const saps = this.#has(at, end, 2) ? this.#view.getUint16(at) : 0;
    // IPX has no LLC header.
    if (saps === 0xffff || !this.#push(headerKind.llc, at, end)) return;
    if (!this.#has(at, end, 3) || this.#view.getUint8(at + 2) !== 3) return;
    if (saps === 0x0606) this.#ipv4(at + 3, end);
    if (saps !== 0xaaaa || !this.#has(at, end, 8)) return;
    const organisation = (this.#view.getUint16(at + 3) << 8) | this.#view.getUint8(at + 5);
    if (organisation === 0 || organisation === 0x0000f8) {
      this.#etherType(this.#view.getUint16(at + 6), at + 8, end);
    }
  }

  #mpls(start: number, end: number): void {
    let at = start;
    let isLast = false;
    let label = 0;
    while (!isLast) {
      if (!this.#has(at, end, 4) || !this.#push(headerKind.mpls, at, end)) return;
      label = this.#view.getUint32(at) >>> 12;
      isLast = (this.#view.getUint8(at + 2) & 1) !== 0;
      at += 4;
    }
    if (!oamLabels.includes(label)) this.#byVersion(at, end);
  }

  /** Headers whose first four bits say what they are. */
  #byVersion(at: number, end: number): void {
    if (!this.#has(at, end, 1)) return;
    const version = this.#view.getUint8(at) >> 4;
    if (version === 4) this.#ipv4(at, end);
    else if (version === 6) this.#ipv6(at, end);
  }

  #pppoe(at: number, end: number): void {
    if (!this.#has(at, end, 6) || !this.#push(headerKind.pppoe, at, end)) return;
    if (this.#view.getUint8(at + 1) !== 0 || !this.#has(at, end, 8)) return;
    this.#ppp(at + 6, Math.min(end, at + 6 + this.#view.getUint16(at + 4)));
  }

  /** A protocol number with an odd first byte is compressed to that byte (RFC 1661 §6.5). */
  #ppp(start: number, end: number): void {
    if (!this.#has(start, end, 1) || !this.#push(headerKind.ppp, start, end)) return;
    const hasAddress = this.#has(start, end, 2) && this.#view.getUint16(start) === 0xff03;
    const at = hasAddress ? start + 2 : start;
    if (!this.#has(at, end, 1)) return;
    const isShort = (this.#view.getUint8(at) & 1) !== 0;
    if (!isShort && !this.#has(at, end, 2)) return;
    const protocol = isShort ? this.#view.getUint8(at) : this.#view.getUint16(at);
    const next = at + (isShort ? 1 : 2);
    if (protocol === 0x21) this.#ipv4(next, end);
    else if (protocol === 0x57) this.#ipv6(next, end);
    else if (protocol === 0x281) this.#mpls(next, end);
  }

  #ipv4(at: number, outerEnd: number): void {
    if (!this.#has(at, outerEnd, 1)) return;
    const view = this.#view;
    const first = view.getUint8(at);
    const headerBytes = (first & 0xf) * 4;
    if (first >> 4 !== 4 || headerBytes < 20) return;
    const total = this.#has(at, outerEnd, 4) ? view.getUint16(at + 2) : 0;
    const end = total < headerBytes ? outerEnd : Math.min(outerEnd, at + total);
    if (!this.#push(headerKind.ipv4, at, end) || !this.#has(at, end, headerBytes)) return;
    if (total !== 0 && total < headerBytes) return;
    const fragment = view.getUint16(at + 6);
    if ((fragment & 0x1fff) !== 0) return;
    this.#inside((fragment & 0x2000) !== 0, view.getUint8(at + 9), at + headerBytes, end);
  }

  #inside(isFragment: boolean, protocol: number, at: number, end: number): void {
    const before = this.#fragment;
    if (isFragment) this.#fragment = 1;
    this.#ipProtocol(protocol, at, end);
    this.#fragment = before;
  }

  #ipv6(start: number, outerEnd: number): void {
    if (this.#has(start, outerEnd, 1) && this.#view.getUint8(start) >> 4 !== 6) return;
    const payloadBytes = this.#has(start, outerEnd, 6) ? this.#view.getUint16(start + 4) : 0;
    const end = payloadBytes === 0 ? outerEnd : Math.min(outerEnd, start + 40 + payloadBytes);
    if (!this.#push(headerKind.ipv6, start, end) || !this.#has(start, end, 40)) return;
    const view = this.#view;
    let next = view.getUint8(start + 6);
    let at = start + 40;
    let isFragment = false;
    // Extension headers (RFC 8200 §4): hop-by-hop, routing, fragment, authentication, destination options.
    while (this.#has(at, end, 8)) {
      let bytes: number;
      if (next === 0 || next === 43 || next === 60) bytes = 8 + 8 * view.getUint8(at + 1);
      else if (next === 44) {
        const fragment = view.getUint16(at + 2);
        if ((fragment & 0xfff8) !== 0) return;
        if ((fragment & 1) !== 0) isFragment = true;
        bytes = 8;
      } else break;
      next = view.getUint8(at);
      at += bytes;
    }
    this.#inside(isFragment, next, at, end);
  }

  #ipProtocol(first: number, start: number, end: number): void {
    let [protocol, at] = [first, start];
    // Authentication headers: the next header's number, and their length in words, less two (RFC 4302 §2).
    while (protocol === 51 && this.#has(at, end, 12)) {
      protocol = this.#view.getUint8(at);
      at += 8 + 4 * this.#view.getUint8(at + 1);
    }
    switch (protocol) {
      case 1:
        this.#icmp(at, end);
        break;
      case 2:
        this.#push(headerKind.igmp, at, end);
        break;
      case 4:
        this.#ipv4(at, end);
        break;
      case 6:
        this.#push(headerKind.tcp, at, end);
        break;
      case 17:
        this.#udp(at, end);
        break;
      case 41:
        if (at < end) this.#ipv6(at, end);
        break;
      case 47:
        this.#gre(at, end);
        break;
      case 58:
        this.#icmpv6(at, end);
        break;
      case 97:
        this.#ethernet(at + 2, end);
        break;
      case 103:
        // A PIM register carries a packet for the group (RFC 7761 §4.9.3).
        if (this.#has(at, end, 9) && this.#view.getUint8(at) === 0x21) this.#byVersion(at + 8, end);
        break;
      case 132:
        this.#push(headerKind.sctp, at, end);
        break;
      case 136:
        this.#push(headerKind.udpLite, at, end);
        break;
      case 137:
        this.#mpls(at, end);
        break;
      default:
    }
  }

  /** Errors quote the packet that caused them (RFC 792). */
  #icmp(at: number, end: number): void {
    if (!this.#push(headerKind.icmp, at, end) || !this.#has(at, end, 8)) return;
    const type = this.#view.getUint8(at);
    if (type !== 3 && type !== 4 && type !== 5 && type !== 11 && type !== 12) return;
    this.#fragment = 1;
    this.#ipv4(at + 8, end);
  }

  #icmpv6(at: number, end: number): void {
    if (!this.#push(headerKind.icmpv6, at, end) || !this.#has(at, end, 8)) return;
    const type = this.#view.getUint8(at);
    if (type < 1 || type > 4) return;
    this.#fragment = 1;
    this.#ipv6(at + 8, end);
  }

  #gre(at: number, end: number): void {
    if (!this.#has(at, end, 4) || !this.#push(headerKind.gre, at, end)) return;
    const flags = this.#view.getUint16(at);
    const hasChecksum = flags & 0x8000;
    const hasRouting = flags & 0x4000;
    const hasKey = flags & 0x2000;
    const hasSequence = flags & 0x1000;
    if (hasRouting !== 0) return;
    const hasAcknowledgment = (flags & 7) === 1 && (flags & 0x80) !== 0;
    let next = at + 4;
    for (const has of [hasChecksum, hasKey, hasSequence]) if (has !== 0) next += 4;
    if (hasAcknowledgment) next += 4;
    const type = this.#view.getUint16(at + 2);
    if (type === etherType.ppp) this.#ppp(next, end);
    else if (type === etherType.erspan2) this.#ethernet(hasSequence === 0 ? next : next + 8, end);
    // Behind GRE, Wireshark follows no other EtherTypes.
    else if (greTypes.includes(type)) this.#etherType(type, next, end);
  }

  #udp(at: number, outerEnd: number): void {
    const length = this.#has(at, outerEnd, 6) ? this.#view.getUint16(at + 4) : 0;
    const end = length < 8 ? outerEnd : Math.min(outerEnd, at + length);
    if (!this.#push(headerKind.udp, at, end) || !this.#has(at, end, 8)) return;
    const [source, destination] = [this.#view.getUint16(at), this.#view.getUint16(at + 2)];
    const is = (port: number): boolean => source === port || destination === port;
    if (is(4789)) this.#vxlan(at + 8, end);
    else if (is(6081)) this.#geneve(at + 8, end);
    else if (is(2152)) this.#gtpu(at + 8, end);
  }

  #vxlan(at: number, end: number): void {
    if (this.#push(headerKind.vxlan, at, end) && this.#has(at, end, 8)) this.#ethernet(at + 8, end);
  }

  #geneve(at: number, end: number): void {
    if (!this.#push(headerKind.geneve, at, end) || !this.#has(at, end, 8)) return;
    const optionBytes = 4 * (this.#view.getUint8(at) & 0x3f);
    this.#etherType(this.#view.getUint16(at + 2), at + 8 + optionBytes, end);
  }

  /** Version 1 (TS 29.281 §5): 4 bytes more where a flag is set, then extensions. Message 255 carries a packet. */
  #gtpu(start: number, end: number): void {
    if (!this.#has(start, end, 2)) return;
    const view = this.#view;
    const flags = view.getUint8(start);
    if (flags >> 4 !== 3 || !this.#push(headerKind.gtpu, start, end)) return;
    if (!this.#has(start, end, 8) || view.getUint8(start + 1) !== 255) return;
    let at = start + 8;
    if ((flags & 7) !== 0) {
      if (!this.#has(at, end, 4)) return;
      let next = (flags & 4) === 0 ? 0 : view.getUint8(at + 3);
      at += 4;
      while (next !== 0) {
        if (!this.#has(at, end, 4)) return;
        const bytes = 4 * view.getUint8(at);
        if (bytes === 0 || !this.#has(at, end, bytes)) return;
        next = view.getUint8(at + bytes - 1);
        at += bytes;
      }
    }
    this.#byVersion(at, end);
  }
}
