/**
 * The reference: frame number `index` of a stream, made the slow and obvious way, all at once and from the
 * specifications alone. The compiled program must give the same bytes (test/stream/compile.test.ts).
 */
import { addBytes, buildFrame, fillPattern, fold, headersBytes } from "../packet/index.js";
import { type FrameSize, fcsBytes } from "../units.js";
import { sizePattern } from "./mix.js";
import { type Stamp, signatureBytes, signatureMagic } from "./signature.js";
import { frameSizesOf, isSigned, layersOf, type StreamSpec } from "./spec.js";

/** The bytes of frame `index`, without FCS. The stamp is not used where the frames are too small to be signed. */
export function referenceFrame(spec: StreamSpec, size: FrameSize, index: number, stamp: Stamp): Uint8Array {
  const pattern = sizePattern(size, spec.seed);
  const frameBytes = frameSizesOf(size)[pattern[index % pattern.length]];
  const layers = layersOf(spec, index % spec.flows);
  const payload = new Uint8Array(frameBytes - fcsBytes - headersBytes(layers));
  fillPattern(payload, 0, payload.length);
  if (isSigned(spec, size)) payload.set(referenceSignature(stamp), payload.length - signatureBytes);
  return buildFrame(layers, frameBytes - fcsBytes, payload);
}

/** The layout of signature.ts, byte by byte. */
export function referenceSignature(stamp: Stamp): Uint8Array {
  const bytes = new Uint8Array(signatureBytes);
  putLittleEndian(bytes, 0, 2, signatureMagic);
  putLittleEndian(bytes, 2, 1, stamp.trial);
  putLittleEndian(bytes, 3, 3, stamp.stream);
  putLittleEndian(bytes, 6, 4, stamp.sequence);
  putLittleEndian(bytes, 10, 6, stamp.timeNs);
  const sum = fold(addBytes(0, bytes, 0, 16));
  // addBytes reads big-endian words, so the word that balances them goes in big-endian too.
  bytes[16] = (0xffff - sum) >> 8;
  bytes[17] = (0xffff - sum) & 0xff;
  return bytes;
}

/** The low `count` bytes of a whole number. */
function putLittleEndian(bytes: Uint8Array, at: number, count: number, value: number): void {
  for (let i = 0; i < count; i++) bytes[at + i] = Math.floor(value / 256 ** i) % 256;
}
