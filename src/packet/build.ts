/**
 * Headers to bytes. Layers are built from the innermost one outwards, so that each computes its lengths and checksums
 * over a payload that is already there.
 */
import { usageError } from "../errors.js";
import type { NumberSpace, PseudoHeader } from "./protocol.js";
import { type Header, protocolNamed, protocolNames } from "./protocols.js";

/** Fills a payload: byte i is i mod 256, so that any cut, shift or flip shows. */
export function fillPattern(bytes: Uint8Array, start: number, end: number): void {
  for (let at = start; at < end; at++) bytes[at] = at - start;
}

/** Bytes of all these headers together. */
export const headersBytes = (layers: readonly Header[]): number =>
  layers.reduce((sum, layer) => sum + protocolNamed(layer.protocol).headerBytes(layer), 0);

/**
 * A frame of exactly `bufferBytes` (without FCS), outermost layer first. `payload` follows the headers; fillPattern
 * makes it by default. Behind a layer that carries nothing (ARP) it is a trailer, which no length counts. Throws a
 * usage error if the headers do not fit, or if a layer cannot carry the next one.
 */
export function buildFrame(layers: readonly Header[], bufferBytes: number, payload?: Uint8Array): Uint8Array {
  checkStack(layers);
  const bytes = new Uint8Array(bufferBytes);
  const payloadStart = headersBytes(layers);
  const needed = payloadStart + trailersBytes(layers);
  if (needed > bufferBytes) {
    throw usageError(`headers of ${needed} bytes do not fit into ${bufferBytes}`, { where: "frame size" });
  }
  if (payload === undefined) fillPattern(bytes, payloadStart, bufferBytes);
  else if (payload.length === bufferBytes - payloadStart) bytes.set(payload, payloadStart);
  else {
    const what = `the payload has ${payload.length} bytes, the frame room for ${bufferBytes - payloadStart}`;
    throw usageError(what, { where: "payload" });
  }
  const view = new DataView(bytes.buffer);
  let start = payloadStart;
  for (let i = layers.length - 1; i >= 0; i--) {
    const protocol = protocolNamed(layers[i].protocol);
    start -= protocol.headerBytes(layers[i]);
    const next = nameOfNext(layers, i);
    protocol.emit(layers[i], {
      bytes,
      view,
      start,
      end: packetEnd(layers, bufferBytes, i),
      next: next?.number ?? null,
      nextSpace: next?.space ?? null,
      pseudoHeader: enclosing(layers, i),
    });
  }
  return bytes;
}

/** Where layer `layer` of a frame of `bufferBytes` ends. The rest is trailer. */
export function packetEnd(layers: readonly Header[], bufferBytes: number, layer: number): number {
  const innermost = layers.at(-1);
  const closed = innermost !== undefined && protocolNamed(innermost.protocol).closed?.(innermost) === true;
  return closed ? headersBytes(layers) : bufferBytes - trailersBytes(layers.slice(0, layer + 1));
}

/** Bytes at the ends of these layers that are no part of what they carry. */
export const trailersBytes = (layers: readonly Header[]): number =>
  layers.reduce((sum, layer) => sum + (protocolNamed(layer.protocol).trailerBytes?.(layer) ?? 0), 0);

/** Throws a usage error at `<where>[i]` where a layer cannot carry the next one; it names both. */
export function checkStack(layers: readonly Header[], where = "layers"): void {
  for (let i = 0; i + 1 < layers.length; i++) {
    const [outer, inner] = [layers[i], layers[i + 1]].map((layer) => protocolNamed(layer.protocol));
    if (nameOfNext(layers, i) !== null || (inner.anywhere === true && outer.anywhere !== true)) continue;
    throw usageError(`${outer.name} cannot carry ${inner.name}`, {
      where: `${where}[${i + 1}]`,
      accepted: carriedBy(layers[i]).join(", "),
    });
  }
}

/** Names of what may follow this header; raw bytes always may. */
const carriedBy = (outer: Header): readonly string[] => {
  const spaces = protocolNamed(outer.protocol).nextSpaces(outer);
  return protocolNames.filter((name) => {
    const { numbers, anywhere } = protocolNamed(name);
    return anywhere === true || spaces.some((space) => numbers[space] !== undefined);
  });
};

/** How layer i names layer i + 1; null if there is none, or no name. */
function nameOfNext(layers: readonly Header[], i: number): { space: NumberSpace; number: number } | null {
  if (i + 1 === layers.length) return null;
  const [outer, inner] = [protocolNamed(layers[i].protocol), protocolNamed(layers[i + 1].protocol)];
  for (const space of outer.nextSpaces(layers[i])) {
    const numbers = inner.numbers[space];
    if (numbers === undefined) continue;
    const own = inner.numberOf?.(layers[i + 1]);
    return { space, number: own !== undefined && numbers.includes(own) ? own : numbers[0] };
  }
  return null;
}

/** The pseudo-header for layer i, from the IP layer around it, through that layer's extensions. */
export function enclosing(layers: readonly Header[], i: number): PseudoHeader | null {
  if (i === 0) return null;
  const outer = protocolNamed(layers[i - 1].protocol);
  return outer.pseudoHeader?.(layers[i - 1], enclosing(layers, i - 1)) ?? null;
}
