/** The headers of a frame that a walk has found, and where it stands. Used again for every frame; nothing is allocated. */

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

/** What comes next of a walk: nothing that is followed, or an IP header at `at`. */
export const next = { nothing: 0, ipv4: 4, ipv6: 6 } as const;
export type Next = (typeof next)[keyof typeof next];

export class FoundHeaders {
  /** Headers found, outermost first. */
  count = 0;
  readonly kinds = new Uint8Array(mostHeaders);
  /** Offset in the view. */
  readonly starts = new Uint32Array(mostHeaders);
  /** End of the header and of what it carries, as its outer headers say. The capture may have been cut earlier. */
  readonly ends = new Uint32Array(mostHeaders);
  /** 1: in a fragment or a quote, where a transport's length is not known. */
  readonly fragments = new Uint8Array(mostHeaders);
  view: DataView = new DataView(new ArrayBuffer(0));
  /** The next header, and the end of what its outer headers have room for. */
  at = 0;
  end = 0;
  /** 1: what follows is in a fragment or a quote. */
  fragment = 0;
  /** End of the bytes that are there. */
  #limit = 0;

  /** For a frame of `captured` bytes at view[start …]. */
  begin(view: DataView, start: number, captured: number): void {
    this.view = view;
    this.#limit = start + captured;
    this.fragment = 0;
    this.count = 0;
  }

  /** End of the bytes of header `i` that are there. */
  reach(i: number): number {
    return Math.min(this.ends[i], this.#limit);
  }

  has(at: number, end: number, bytes: number): boolean {
    return at + bytes <= end && at + bytes <= this.#limit;
  }

  /** false: there are too many headers. */
  push(kind: number, at: number, end: number): boolean {
    if (this.count === mostHeaders) return false;
    const i = this.count++;
    this.kinds[i] = kind;
    this.starts[i] = at;
    this.ends[i] = end;
    this.fragments[i] = this.fragment;
    return true;
  }

  /** A header whose first four bits say what it is. */
  byVersion(at: number, end: number): Next {
    if (!this.has(at, end, 1)) return next.nothing;
    const version = this.view.getUint8(at) >> 4;
    if (version === 4) return this.goOn(next.ipv4, at, end);
    return version === 6 ? this.goOn(next.ipv6, at, end) : next.nothing;
  }

  goOn(header: Next, at: number, end: number): Next {
    this.at = at;
    this.end = end;
    return header;
  }
}
