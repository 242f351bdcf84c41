/**
 * Changes to frames on their way: MAC addresses, VLAN tags, IP prefixes, ports. Checksums are repaired by the
 * difference (RFC 1624), so that a wrong one stays wrong. `fixChecksums` computes them from the bytes.
 */
import { addBytes, complement, fold, updateChecksum } from "./checksum.js";
import { checksumAt } from "./mask.js";
import { type Outline, Outline as OutlineOf, outline } from "./outline.js";
import { sctpChecksum, sctpChecksumOffset } from "./sctp.js";

export interface PrefixMap {
  readonly version: 4 | 6;
  /** Prefixes of one length: the first bytes are compared and replaced, under the mask. */
  readonly from: Uint8Array;
  readonly to: Uint8Array;
  readonly mask: Uint8Array;
}

export interface RewriteRules {
  readonly srcMac: Uint8Array | null;
  readonly dstMac: Uint8Array | null;
  /** The id of the outer tag, or of a new tag where there is none. "none": all tags are removed. */
  readonly vlan: number | "none" | null;
  readonly prefixes: readonly PrefixMap[];
  /** Port → port, as source or destination. */
  readonly ports: ReadonlyMap<number, number>;
  /** Add the loop's number to both IP addresses. */
  readonly uniquePerLoop: boolean;
  /** Compute checksums from the bytes. */
  readonly fixChecksums: boolean;
}

/** Bytes by which a frame can grow. */
export const rewriteGrowth = 4;

const touchesIp = (rules: RewriteRules): boolean =>
  rules.prefixes.length > 0 || rules.ports.size > 0 || rules.uniquePerLoop || rules.fixChecksums;

export class Rewriter {
  readonly #rules: RewriteRules;
  readonly #outline: Outline = new OutlineOf();
  readonly #touchesIp: boolean;
  readonly #changes: boolean;

  constructor(rules: RewriteRules) {
    this.#rules = rules;
    this.#touchesIp = touchesIp(rules);
    this.#changes = this.#touchesIp || rules.srcMac !== null || rules.dstMac !== null || rules.vlan !== null;
  }

  get changes(): boolean {
    return this.#changes;
  }

  /** Changes the frame in bytes[start …] in place, with room for rewriteGrowth more. Returns its new length. */
  apply(bytes: Uint8Array, view: DataView, start: number, length: number, loop: number): number {
    const { srcMac, dstMac, vlan } = this.#rules;
    if (length < 14) return length;
    if (dstMac !== null) bytes.set(dstMac, start);
    if (srcMac !== null) bytes.set(srcMac, start + 6);
    const now = vlan === null ? length : this.#tag(bytes, view, start, length, vlan);
    if (this.#touchesIp) this.#ip(bytes, view, start, now, loop);
    return now;
  }

  #tag(bytes: Uint8Array, view: DataView, start: number, length: number, vlan: number | "none"): number {
    const out = this.#outline;
    outline(view, start, length, out);
    if (vlan === "none") {
      const cut = 4 * out.tags;
      if (cut > 0) bytes.copyWithin(start + 12, start + 12 + cut, start + length);
      return length - cut;
    }
    if (out.tags > 0) {
      view.setUint16(start + 14, (view.getUint16(start + 14) & 0xf000) | vlan);
      return length;
    }
    bytes.copyWithin(start + 16, start + 12, start + length);
    view.setUint16(start + 12, 0x8100);
    view.setUint16(start + 14, vlan);
    return length + 4;
  }

  #ip(bytes: Uint8Array, view: DataView, start: number, length: number, loop: number): void {
    const out = this.#outline;
    outline(view, start, length, out);
    if (out.ipVersion === 0) return;
    const at = start + out.l3;
    const [src, dst, size] = out.ipVersion === 4 ? [at + 12, at + 16, 4] : [at + 8, at + 24, 16];
    const { ports, prefixes, uniquePerLoop, fixChecksums } = this.#rules;
    const before = fold(addBytes(0, bytes, src, src + 2 * size));
    for (const place of [src, dst]) {
      for (const map of prefixes) if (map.version === out.ipVersion && replacePrefix(bytes, place, map)) break;
      if (uniquePerLoop && loop > 0) {
        const low = place + size - 4;
        view.setUint32(low, (view.getUint32(low) + loop) >>> 0);
      }
    }
    const after = fold(addBytes(0, bytes, src, src + 2 * size));
    if (before !== after) this.#repairAddresses(view, start, out, before, after);
    if (ports.size > 0) this.#ports(bytes, view, start, out);
    if (fixChecksums) this.#fix(bytes, view, start, out, src, size);
  }

  /** The addresses are part of the IPv4 header's checksum, and of all transports' checksums except ICMP's. */
  #repairAddresses(view: DataView, start: number, out: Outline, was: number, is: number): void {
    if (out.ipVersion === 4) {
      const at = start + out.l3 + 10;
      view.setUint16(at, updateChecksum(view.getUint16(at), was, is));
    }
    if (out.ipProtocol !== 1) this.#repairTransport(view, start, out, was, is);
  }

  #repairTransport(view: DataView, start: number, out: Outline, was: number, is: number): void {
    const at = this.#checksumPlace(out);
    if (at < 0) return;
    const checksum = view.getUint16(start + at);
    const isUdp = out.ipProtocol === 17;
    // Over IPv4, 0 means that there is no checksum (RFC 768).
    if (isUdp && checksum === 0) return;
    const repaired = updateChecksum(checksum, was, is);
    view.setUint16(start + at, isUdp && repaired === 0 ? 0xffff : repaired);
  }

  /** −1: there is none, or its bytes are not there. */
  #checksumPlace({ ipProtocol, l4, bytes }: Outline): number {
    const offset = checksumAt(ipProtocol);
    return offset < 0 || l4 < 0 || bytes < l4 + offset + 2 ? -1 : l4 + offset;
  }

  #ports(bytes: Uint8Array, view: DataView, start: number, out: Outline): void {
    const { ipProtocol, l4 } = out;
    const isTransport = ipProtocol === 6 || ipProtocol === 17 || ipProtocol === 132;
    if (!isTransport || l4 < 0 || out.bytes < l4 + 4) return;
    const hasCrc = hasWholeSctp(out);
    const before = hasCrc ? sctpChecksum(bytes, start + l4, start + out.end) : 0;
    let isChanged = false;
    for (const place of [start + l4, start + l4 + 2]) {
      const was = view.getUint16(place);
      const is = this.#rules.ports.get(was);
      if (is === undefined) continue;
      view.setUint16(place, is);
      isChanged = true;
      this.#repairTransport(view, start, out, was, is);
    }
    if (!hasCrc || !isChanged) return;
    // A CRC is linear: the effect of a change does not depend on the rest. So a wrong CRC stays wrong.
    const change = before ^ sctpChecksum(bytes, start + l4, start + out.end);
    const place = start + l4 + sctpChecksumOffset;
    view.setUint32(place, view.getUint32(place) ^ change);
  }

  #fix(bytes: Uint8Array, view: DataView, start: number, out: Outline, src: number, size: number): void {
    if (out.ipVersion === 4) {
      const header = start + out.l3;
      const end = header + (bytes[header] & 0xf) * 4;
      view.setUint16(header + 10, 0);
      view.setUint16(header + 10, complement(addBytes(0, bytes, header, end)));
    }
    if (hasWholeSctp(out)) {
      const packet = start + out.l4;
      view.setUint32(packet + sctpChecksumOffset, sctpChecksum(bytes, packet, start + out.end));
    }
    const at = this.#checksumPlace(out);
    if (at < 0 || out.fragment) return;
    if (out.ipProtocol === 17 && out.ipVersion === 4 && view.getUint16(start + at) === 0) return;
    const pseudo = out.ipProtocol === 1 ? 0 : addBytes(out.ipProtocol + (out.end - out.l4), bytes, src, src + 2 * size);
    view.setUint16(start + at, 0);
    const checksum = complement(addBytes(pseudo, bytes, start + out.l4, start + out.end));
    view.setUint16(start + at, out.ipProtocol === 17 && checksum === 0 ? 0xffff : checksum);
  }
}

/** The checksum of a fragmented packet covers bytes of other fragments, so it cannot be repaired in one of them. */
const hasWholeSctp = ({ ipProtocol, l4, end, fragment }: Outline): boolean =>
  ipProtocol === 132 && l4 >= 0 && !fragment && end >= l4 + 12;

function replacePrefix(bytes: Uint8Array, place: number, { from, to, mask }: PrefixMap): boolean {
  for (let i = 0; i < mask.length; i++) if ((bytes[place + i] & mask[i]) !== from[i]) return false;
  for (let i = 0; i < mask.length; i++) bytes[place + i] = (bytes[place + i] & ~mask[i]) | to[i];
  return true;
}
