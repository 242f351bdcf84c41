/** Which checksums a frame has, over which bytes, and how they are made right: by definition, from the whole frame. */
import { addBytes, complement, type Header, headersBytes } from "../packet/index.js";
import { crc32c } from "./crc32c.js";

export interface ChecksumPlace {
  /** Byte of the frame where it is. */
  readonly at: number;
  readonly kind: "internet" | "crc32c";
  /** What it covers, itself included (as zeros). */
  readonly start: number;
  readonly end: number;
  /** UDP: 0 says that there is none, and is sent as 0xffff (RFC 768). */
  readonly neverZero: boolean;
  /** What the enclosing IP layer adds (RFC 768, RFC 8200 §8.1): where its addresses are, and the rest as a number. */
  readonly pseudo: { readonly start: number; readonly end: number; readonly rest: number } | null;
}

interface Rule {
  readonly at: number;
  readonly kind?: "crc32c";
  readonly headerOnly?: true;
  readonly neverZero?: true;
  /** Its IP protocol number, where a pseudo-header is added. */
  readonly pseudo?: number;
}

const rules: Readonly<Record<string, Rule>> = {
  ipv4: { at: 10, headerOnly: true },
  udp: { at: 6, neverZero: true, pseudo: 17 },
  tcp: { at: 16, pseudo: 6 },
  icmp: { at: 2 },
  icmpv6: { at: 2, pseudo: 58 },
  igmp: { at: 2 },
  sctp: { at: 8, kind: "crc32c" },
};

/** The checksums of a frame with these headers, innermost first; those set wrong on purpose are left out. */
export function checksumPlaces(layers: readonly Header[], bufferBytes: number): readonly ChecksumPlace[] {
  const places: ChecksumPlace[] = [];
  for (let i = layers.length - 1; i >= 0; i--) {
    const layer = layers[i] as Header & { readonly wrong?: { readonly checksum?: number } };
    const rule = rules[layer.protocol];
    if (rule === undefined || layer.wrong?.checksum !== undefined) continue;
    const start = headersBytes(layers.slice(0, i));
    const end = rule.headerOnly ? start + headersBytes([layer]) : bufferBytes;
    places.push({
      at: start + rule.at,
      kind: rule.kind ?? "internet",
      start,
      end,
      neverZero: rule.neverZero ?? false,
      pseudo: rule.pseudo === undefined ? null : pseudoOf(layers, i, rule.pseudo, end - start),
    });
  }
  return places;
}

function pseudoOf(layers: readonly Header[], i: number, ipProtocol: number, bytes: number): ChecksumPlace["pseudo"] {
  for (let ip = i - 1; ip >= 0; ip--) {
    const start = headersBytes(layers.slice(0, ip));
    if (layers[ip].protocol === "ipv4") return { start: start + 12, end: start + 20, rest: ipProtocol + bytes };
    if (layers[ip].protocol === "ipv6") return { start: start + 8, end: start + 40, rest: ipProtocol + bytes };
  }
  return null;
}

/** Computes each anew, innermost first, since outer ones cover inner ones. */
export function makeChecksumsRight(bytes: Uint8Array, places: readonly ChecksumPlace[]): void {
  for (const place of places) {
    if (place.kind === "crc32c") putCrc(bytes, place);
    else putSum(bytes, place);
  }
}

function putSum(bytes: Uint8Array, { at, start, end, neverZero, pseudo }: ChecksumPlace): void {
  bytes.fill(0, at, at + 2);
  const before = pseudo === null ? 0 : addBytes(pseudo.rest, bytes, pseudo.start, pseudo.end);
  const sum = complement(addBytes(before, bytes, start, end));
  const sent = sum === 0 && neverZero ? 0xffff : sum;
  bytes[at] = sent >> 8;
  bytes[at + 1] = sent & 0xff;
}

/** RFC 9260 Appendix A: the CRC goes out least significant byte first. */
function putCrc(bytes: Uint8Array, { at, start, end }: ChecksumPlace): void {
  bytes.fill(0, at, at + 4);
  const crc = crc32c(bytes, start, end);
  for (let i = 0; i < 4; i++) bytes[at + i] = (crc >>> (8 * i)) & 0xff;
}
