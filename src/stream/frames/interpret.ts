/**
 * The reference: makes frame number `index` of a stream in the slow and obvious way, from the specifications alone. The
 * compiled program must give the same bytes (test/stream/compile.test.ts).
 */
import { addBytes, buildFrame, fold } from "../../packet/index.js";
import { type FrameSize, fcsBytes } from "../../units.js";
import type { EachFrame } from "../program/frame.js";
import { programFrame } from "../program/frame.js";
import { type BitPlace, getBits, putBits, valueAt } from "../spec/modifier.js";
import { payloadBytes } from "../spec/payload.js";
import type { TrafficSpec } from "../spec/traffic.js";
import { checkSize } from "../spec.js";
import { makeChecksumsRight } from "./checksums.js";
import { keptChecksums, type ResolvedStream, resolveStream } from "./resolve.js";
import { type Stamp, signatureBytes } from "./signature.js";

/** The bytes of frame `index`, without FCS. The stamp is not used if frames are too small for a signature. */
export function referenceFrame(
  spec: TrafficSpec,
  size: FrameSize,
  index: number,
  stamp: Stamp,
  { stream = 0, eachFrame = null }: { stream?: number; eachFrame?: EachFrame | null } = {},
): Uint8Array {
  checkSize(spec, size);
  return resolvedFrame(resolveStream(spec, stream, size, eachFrame), index, stamp);
}

/** As referenceFrame, for a stream that has been resolved already. */
export function resolvedFrame(resolved: ResolvedStream, index: number, stamp: Stamp): Uint8Array {
  const { stream, order, headerBytes, patches, changes, eachFrame } = resolved;
  const bufferBytes = order.frameBytes[order.pattern[index % order.pattern.length]] - fcsBytes;
  const payload = payloadBytes(stream.payload, bufferBytes - headerBytes);
  if (resolved.signed) payload.set(referenceSignature(stamp), payload.length - signatureBytes);
  const bytes = buildFrame(stream.layers, bufferBytes, payload);
  for (const { bitOffset, bits, value } of patches) putBits(bytes, bitOffset, bits, value);
  for (const change of changes) {
    for (const place of change.places) putPlace(bytes, place, valueAt(change, index));
  }
  if (eachFrame !== null) runProgram(resolved, bytes, eachFrame, index);
  // The builder has computed them already where nothing was written over it.
  const written = patches.length > 0 || changes.length > 0 || eachFrame !== null;
  if (written) makeChecksumsRight(bytes, keptChecksums(resolved, bufferBytes));
  return bytes;
}

/** Its part of a value. */
export function putPlace(bytes: Uint8Array, { bitOffset, bits, shift }: BitPlace, value: number): void {
  putBits(bytes, bitOffset, bits, Math.floor(value / 2 ** shift));
}

function runProgram(resolved: ResolvedStream, bytes: Uint8Array, eachFrame: EachFrame, index: number): void {
  const frame = programFrame(resolved, {
    get: ({ place }) => getBits(bytes, place.bitOffset, place.bits),
    set: ({ place }, value) => putPlace(bytes, place, value),
  });
  eachFrame(frame, index);
}

/** The layout of signature.ts, byte by byte. */
export function referenceSignature(stamp: Stamp): Uint8Array {
  const bytes = new Uint8Array(signatureBytes);
  putLittleEndian(bytes, 0, 2, Math.floor(stamp.trial / 256));
  putLittleEndian(bytes, 2, 1, stamp.trial % 256);
  putLittleEndian(bytes, 3, 3, stamp.stream);
  putLittleEndian(bytes, 6, 4, stamp.sequence);
  putLittleEndian(bytes, 10, 6, stamp.timeNs);
  const sum = fold(addBytes(0, bytes, 0, 16));
  // addBytes reads big-endian words, so the word that balances them is written big-endian, too.
  bytes[16] = (0xffff - sum) >> 8;
  bytes[17] = (0xffff - sum) & 0xff;
  return bytes;
}

/** The low `count` bytes of a whole number. */
function putLittleEndian(bytes: Uint8Array, at: number, count: number, value: number): void {
  for (let i = 0; i < count; i++) bytes[at + i] = Math.floor(value / 256 ** i) % 256;
}
