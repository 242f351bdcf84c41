/**
 * Parts of a frame that do not count when frames are compared, because a device may change them. A masked frame is a
 * copy in which those parts are zero, or gone.
 */
import { usageError } from "../errors.js";
import { didYouMean } from "../nearest.js";
import { Outline, outline } from "./outline.js";
import { sctpChecksumOffset } from "./sctp.js";

/** Names of masks, and what each leaves out. */
export const maskNames: Readonly<Record<string, string>> = {
  "src-mac": "source MAC address",
  "dst-mac": "destination MAC address",
  macs: "both MAC addresses",
  ttl: "IPv4 TTL with the header checksum, IPv6 hop limit",
  vlan: "VLAN tags, also where one side has them and the other has not",
  dscp: "DSCP and ECN with the header checksum, IPv6 traffic class",
  "ip-id": "IPv4 identification with the header checksum",
  addresses: "IP addresses with the checksums that cover them",
  ports: "TCP, UDP and SCTP ports with the checksum",
  checksums: "IPv4 header, TCP, UDP, SCTP and ICMP checksums",
  padding: "what stands behind the IP packet",
};

interface MaskFlags {
  readonly srcMac: boolean;
  readonly dstMac: boolean;
  readonly ttl: boolean;
  readonly vlan: boolean;
  readonly dscp: boolean;
  readonly id: boolean;
  readonly addresses: boolean;
  readonly ports: boolean;
  readonly checksums: boolean;
  readonly padding: boolean;
}

/** Makes masked copies. One object, one frame at a time. */
export class FrameMask {
  /** The masked frame is bytes[0 … length). */
  bytes: Uint8Array = new Uint8Array(2048);
  length = 0;
  readonly outline = new Outline();
  readonly names: readonly string[];
  readonly #flags: MaskFlags;
  readonly #masksHeaders: boolean;
  #view = new DataView(this.bytes.buffer as ArrayBuffer);

  constructor(names: readonly string[]) {
    const has = (...wanted: string[]): boolean => wanted.some((name) => names.includes(name));
    this.names = names;
    this.#flags = {
      srcMac: has("src-mac", "macs"),
      dstMac: has("dst-mac", "macs"),
      ttl: has("ttl"),
      vlan: has("vlan"),
      dscp: has("dscp"),
      id: has("ip-id"),
      addresses: has("addresses"),
      ports: has("ports"),
      checksums: has("checksums"),
      padding: has("padding"),
    };
    this.#masksHeaders = names.some((name) => !["src-mac", "dst-mac", "macs"].includes(name));
  }

  /** Copies frame[start … start + length) and masks the copy. */
  set(frame: Uint8Array, start: number, length: number): void {
    if (length > this.bytes.length) {
      this.bytes = new Uint8Array(2 * length);
      this.#view = new DataView(this.bytes.buffer as ArrayBuffer);
    }
    this.length = length;
    const { bytes } = this;
    if (length > 128) bytes.set(frame.subarray(start, start + length));
    else for (let i = 0; i < length; i++) bytes[i] = frame[start + i];
    const flags = this.#flags;
    if (flags.dstMac) bytes.fill(0, 0, Math.min(6, length));
    if (flags.srcMac) bytes.fill(0, Math.min(6, length), Math.min(12, length));
    if (this.#masksHeaders) this.#headers();
  }

  #headers(): void {
    const { bytes, outline: out } = this;
    const flags = this.#flags;
    outline(this.#view, 0, this.length, out);
    if (flags.padding && out.ipVersion !== 0) this.length = out.end;
    if (flags.vlan && out.tags > 0) {
      const cut = 4 * out.tags;
      bytes.copyWithin(12, 12 + cut, this.length);
      this.length -= cut;
      outline(this.#view, 0, this.length, out);
    }
    if (out.ipVersion === 4) this.#ipv4(out);
    else if (out.ipVersion === 6) this.#ipv6(out);
    if (out.l4 >= 0) this.#transport(out);
  }

  #ipv4({ l3 }: Outline): void {
    const flags = this.#flags;
    if (flags.ttl) this.#zero(l3 + 8, 1);
    if (flags.dscp) this.#zero(l3 + 1, 1);
    if (flags.id) this.#zero(l3 + 4, 2);
    if (flags.addresses) this.#zero(l3 + 12, 8);
    if (flags.ttl || flags.dscp || flags.id || flags.addresses || flags.checksums) this.#zero(l3 + 10, 2);
  }

  #ipv6({ l3 }: Outline): void {
    const flags = this.#flags;
    if (flags.ttl) this.#zero(l3 + 7, 1);
    if (flags.dscp) {
      this.bytes[l3] &= 0xf0;
      this.bytes[l3 + 1] &= 0x0f;
    }
    if (flags.addresses) this.#zero(l3 + 8, 32);
  }

  #transport({ ipProtocol, l4 }: Outline): void {
    const flags = this.#flags;
    const hasPorts = ipProtocol === 6 || ipProtocol === 17 || ipProtocol === 132;
    if (flags.ports && hasPorts) this.#zero(l4, 4);
    // Over all of the packet, and no addresses.
    if (ipProtocol === 132 && (flags.checksums || flags.ports)) this.#zero(l4 + sctpChecksumOffset, 4);
    const at = checksumAt(ipProtocol);
    if (at < 0) return;
    const coversAddresses = ipProtocol !== 1;
    const isTouched = flags.checksums || (flags.addresses && coversAddresses) || (flags.ports && hasPorts);
    if (isTouched) this.#zero(l4 + at, 2);
  }

  #zero(at: number, count: number): void {
    this.bytes.fill(0, Math.min(at, this.length), Math.min(at + count, this.length));
  }
}

/** Place of a transport header's checksum of 16 bits. −1: the header has none, or has another kind (SCTP). */
export function checksumAt(ipProtocol: number): number {
  if (ipProtocol === 17) return 6;
  if (ipProtocol === 6) return 16;
  return ipProtocol === 1 || ipProtocol === 58 ? 2 : -1;
}

/** `macs,ttl` → names. @throws PktgenError (2): a name that there is not. */
export function parseMask(text: string, where: string): readonly string[] {
  const names = text === "" ? [] : text.split(",").map((name) => name.trim());
  const known = Object.keys(maskNames);
  for (const name of names) {
    if (known.includes(name)) continue;
    throw usageError(`unknown mask "${name}"`, {
      where,
      accepted: known.join(", "),
      ...didYouMean(name, known),
    });
  }
  return names;
}

/** 64 bits of a hash as two 32-bit numbers: FNV-like over words, two lanes. Good enough to tell frames apart. */
export class FrameHash {
  low = 0;
  high = 0;

  set(bytes: Uint8Array, start: number, length: number): void {
    let a = 0x811c9dc5 ^ length;
    let b = 0x9e3779b9 ^ Math.imul(length, 0x85ebca6b);
    const end = start + length;
    let at = start;
    for (; at + 4 <= end; at += 4) {
      const word = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
      a = Math.imul(a ^ word, 0x01000193);
      a ^= a >>> 15;
      b = Math.imul(b ^ word ^ (b >>> 13), 0x5bd1e995);
    }
    for (; at < end; at++) {
      a = Math.imul(a ^ bytes[at], 0x01000193);
      b = Math.imul(b ^ bytes[at] ^ (b >>> 13), 0x5bd1e995);
    }
    this.low = (a ^ (a >>> 13)) >>> 0;
    this.high = (b ^ (b >>> 15)) >>> 0;
  }
}
