/** Checksums made right by definition, from the whole frame; where they are and what they cover, packet/layout.ts says. */
import { addBytes, type ChecksumPlace, complement, crc32cWithout } from "../../packet/index.js";

/** Computes each checksum anew, innermost first, since outer ones cover inner ones. */
export function makeChecksumsRight(bytes: Uint8Array, places: readonly ChecksumPlace[]): void {
  for (const place of places) {
    if (place.algorithm === "crc32c") putCrc(bytes, place);
    else putSum(bytes, place);
  }
}

function putSum(bytes: Uint8Array, { at, start, end, zeroIsNone, pseudo }: ChecksumPlace): void {
  bytes.fill(0, at, at + 2);
  let before = pseudo?.rest ?? 0;
  for (const range of pseudo?.ranges ?? []) before = addBytes(before, bytes, range.start, range.end);
  const sum = complement(addBytes(before, bytes, start, end));
  const sent = sum === 0 && zeroIsNone ? 0xffff : sum;
  bytes[at] = sent >> 8;
  bytes[at + 1] = sent & 0xff;
}

/** RFC 9260 Appendix A: the CRC is sent least significant byte first. */
function putCrc(bytes: Uint8Array, { at, start, end }: ChecksumPlace): void {
  const crc = crc32cWithout(bytes, start, end, at);
  for (let i = 0; i < 4; i++) bytes[at + i] = (crc >>> (8 * i)) & 0xff;
}
