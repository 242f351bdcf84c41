/**
 * Headers to bytes: layers are stacked inside-out, so that each computes its lengths and checksums over a payload
 * that is already there.
 */
import { usageError } from "../errors.js";
import type { Place } from "./protocol.js";
import { type Header, protocolNamed } from "./protocols.js";

/** What fills a payload: byte i is i mod 256, so that any cut, shift or flip shows. */
export function fillPattern(bytes: Uint8Array, start: number, end: number): void {
  for (let at = start; at < end; at++) bytes[at] = at - start;
}

/** Bytes of all these headers together. */
export const headersBytes = (layers: readonly Header[]): number =>
  layers.reduce((sum, layer) => sum + protocolNamed(layer.protocol).headerBytes(layer), 0);

/**
 * A frame of exactly `bufferBytes` (without FCS), outermost layer first; `payload` (default: fillPattern) is what
 * stands behind the headers. Throws a usage error if the headers do not fit.
 */
export function buildFrame(layers: readonly Header[], bufferBytes: number, payload?: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(bufferBytes);
  const payloadStart = headersBytes(layers);
  if (payloadStart > bufferBytes) {
    throw usageError(`headers of ${payloadStart} bytes do not fit into ${bufferBytes}`, { where: "frame size" });
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
    const next = numberOfNext(layers, i);
    protocol.emit(layers[i], { bytes, view, start, end: bufferBytes, next, pseudoHeader: enclosing(layers, i) });
  }
  return bytes;
}

/** How layer i names layer i + 1; null if there is none. */
function numberOfNext(layers: readonly Header[], i: number): number | null {
  if (i + 1 === layers.length) return null;
  const [outer, inner] = [protocolNamed(layers[i].protocol), protocolNamed(layers[i + 1].protocol)];
  const numbers = outer.nextSpace === null ? undefined : inner.numbers[outer.nextSpace];
  if (numbers === undefined) throw usageError(`${outer.name} cannot carry ${inner.name}`, { where: "layers" });
  return inner.numberOf?.(layers[i + 1]) ?? numbers[0];
}

/** The pseudo-header for layer i: of the layer around it. */
function enclosing(layers: readonly Header[], i: number): Place["pseudoHeader"] {
  if (i === 0) return null;
  return protocolNamed(layers[i - 1].protocol).pseudoHeader?.(layers[i - 1]) ?? null;
}
