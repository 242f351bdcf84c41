/**
 * A stack of headers as places in a frame: every field by its path, every checksum with what it covers. A path means
 * the same in modifiers, programs, comparisons and reports:
 *
 *     ipv4.src           of the outermost IPv4 header
 *     ipv4[1].src        of the second, counted from outside: `ipv4[0]` is `ipv4`
 *     inner.ipv4.src     of the first IPv4 header inside the (first) tunnel; `inner.inner.` is inside the second
 *
 * A tunnel begins where a whole packet stands inside another: at an Ethernet header that is not the first layer, and at
 * an IP header behind an IP header. In Ethernet / IPv4 / UDP / VXLAN / Ethernet / 802.1Q / IPv4, `inner.vlan` is
 * `vlan`, and `inner.ipv4` is `ipv4[1]`.
 */
import { usageError } from "../errors.js";
import { didYouMean } from "../nearest.js";
import { headersBytes, packetEnd } from "./build.js";
import type { Field } from "./field.js";
import { finalAddressAt } from "./ipv6-routing.js";
import type { ChecksumRule } from "./protocol.js";
import { type Header, protocolNamed } from "./protocols.js";

/** A field of a stack. */
export interface FieldPlace extends Field {
  /** Canonical: `ipv4.src`, `ipv4[1].src`. */
  readonly path: string;
  readonly layer: number;
  /** From the frame's first bit; `bitOffset` is from the header's. */
  readonly frameBitOffset: number;
}

/** Bytes `start` … `end` of a frame. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface ChecksumPlace {
  /** `udp.checksum`. */
  readonly path: string;
  readonly layer: number;
  /** Byte of the frame where it is: 2 bytes of it, 4 for CRC-32C. */
  readonly at: number;
  readonly algorithm: ChecksumRule["algorithm"];
  /** First byte that it covers. It covers itself, too, as zeros. */
  readonly start: number;
  readonly end: number;
  /** UDP: 0 says that there is none, and is sent as 0xffff (RFC 768). */
  readonly zeroIsNone: boolean;
  /** What the IP layer around adds: where the addresses lie, and protocol and length as a number. */
  readonly pseudo: { readonly ranges: readonly ByteRange[]; readonly rest: number } | null;
}

/** The fields of one header, in order. */
export const fieldsOf = (header: Header): readonly Field[] => protocolNamed(header.protocol).fields(header);

/** Names of a stack's layers, unique: `ipv4`, `ipv4[1]`. */
export function layerNames(layers: readonly Header[]): readonly string[] {
  const seen = new Map<string, number>();
  return layers.map(({ protocol }) => {
    const before = seen.get(protocol) ?? 0;
    seen.set(protocol, before + 1);
    return before === 0 ? protocol : `${protocol}[${before}]`;
  });
}

/** All fields of a stack, outermost first. */
export function fieldPlaces(layers: readonly Header[]): readonly FieldPlace[] {
  const names = layerNames(layers);
  return layers.flatMap((_, layer) => placesIn(layers, layer, names[layer]));
}

function placesIn(layers: readonly Header[], layer: number, name: string): readonly FieldPlace[] {
  const start = headersBytes(layers.slice(0, layer)) * 8;
  return fieldsOf(layers[layer]).map((field) => ({
    ...field,
    path: `${name}.${field.name}`,
    layer,
    frameBitOffset: start + field.bitOffset,
  }));
}

/** The field of a path. An unknown path is a usage error with the nearest name. */
export function fieldPlace(layers: readonly Header[], path: string, where = path): FieldPlace {
  const { layer, field } = splitPath(layers, path, where);
  const places = placesIn(layers, layer, layerNames(layers)[layer]);
  const found = places.find((place) => place.name === field);
  if (found !== undefined) return found;
  const names = places.map((place) => place.name);
  throw unknown(`${layers[layer].protocol} has no field "${field}"`, field, names, where);
}

/** How many tunnels each layer is in. */
export function tunnelDepths(layers: readonly Header[]): readonly number[] {
  let depth = 0;
  let ipSeen = false;
  return layers.map(({ protocol }, i) => {
    const ip = protocol === "ipv4" || protocol === "ipv6";
    if ((protocol === "ethernet" && i > 0) || (ip && ipSeen)) {
      depth++;
      ipSeen = false;
    }
    ipSeen ||= ip;
    return depth;
  });
}

function splitPath(layers: readonly Header[], path: string, where: string): { layer: number; field: string } {
  const shape = /^((?:inner\.)*)([A-Za-z0-9]+)(?:\[(\d{1,4})\])?\.(.+)$/.exec(path);
  if (shape === null) {
    throw usageError(`"${path}" names no field`, { where, accepted: "protocol.field, e.g. ipv4.src, ipv4[1].src" });
  }
  const [, inner, protocol, nth, field] = shape;
  const least = inner.length / "inner.".length;
  const depths = tunnelDepths(layers);
  const candidates = layers.flatMap((header, i) => (depths[i] >= least && header.protocol === protocol ? [i] : []));
  const layer = candidates[nth === undefined ? 0 : Number(nth)];
  if (layer !== undefined) return { layer, field };
  const what = `this frame has no ${path.slice(0, path.length - field.length - 1)}`;
  throw unknown(what, protocol, layerNames(layers), where);
}

function unknown(what: string, word: string, names: readonly string[], where: string): Error {
  return usageError(what, {
    where,
    accepted: names.join(", "),
    ...(names.includes(word) ? {} : didYouMean(word, names)),
  });
}

/** The checksums of a frame of `bufferBytes` with these headers, innermost first; those set wrong are left out. */
export function checksumPlaces(layers: readonly Header[], bufferBytes: number): readonly ChecksumPlace[] {
  const names = layerNames(layers);
  const places: ChecksumPlace[] = [];
  for (let layer = layers.length - 1; layer >= 0; layer--) {
    const header = layers[layer] as Header & { readonly wrong?: { readonly checksum?: number } };
    const rule = protocolNamed(header.protocol).checksum?.(header) ?? null;
    if (rule === null || header.wrong?.checksum !== undefined) continue;
    const field = fieldsOf(header).find(({ name }) => name === "checksum")!;
    const start = headersBytes(layers.slice(0, layer));
    const end = rule.covers === "header" ? start + headersBytes([header]) : packetEnd(layers, bufferBytes, layer);
    places.push({
      path: `${names[layer]}.checksum`,
      layer,
      at: start + field.bitOffset / 8,
      algorithm: rule.algorithm,
      start,
      end,
      zeroIsNone: rule.zeroIsNone,
      pseudo: rule.pseudoHeader ? pseudoOf(layers, layer, end - start) : null,
    });
  }
  return places;
}

/** The addresses of the IP layer around layer `layer`, and what is added to them. */
function pseudoOf(layers: readonly Header[], layer: number, bytes: number): ChecksumPlace["pseudo"] {
  const [ipProtocol] = protocolNamed(layers[layer].protocol).numbers.ipProtocol ?? [0];
  for (let ip = layer - 1; ip >= 0; ip--) {
    const { protocol } = layers[ip];
    if (protocol !== "ipv4" && protocol !== "ipv6") continue;
    const start = headersBytes(layers.slice(0, ip));
    const addresses =
      protocol === "ipv4" ? { start: start + 12, end: start + 20 } : { start: start + 8, end: start + 40 };
    return { ranges: finalAddresses(layers, ip, layer, addresses), rest: ipProtocol + bytes };
  }
  return null;
}

/** A routing header moves the destination that counts into itself while segments are left (RFC 8200 §8.1). */
function finalAddresses(layers: readonly Header[], ip: number, layer: number, own: ByteRange): readonly ByteRange[] {
  let start = headersBytes(layers.slice(0, ip + 1));
  let final: number | null = null;
  for (const header of layers.slice(ip + 1, layer)) {
    const within = header.protocol === "ipv6Routing" ? finalAddressAt(header) : null;
    if (within !== null) final = start + within;
    start += headersBytes([header]);
  }
  if (final === null) return [own];
  return [
    { start: own.start, end: own.start + 16 },
    { start: final, end: final + 16 },
  ];
}
