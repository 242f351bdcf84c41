/** CRC-32C (Castagnoli), as SCTP carries it (RFC 9260 Appendix A): reflected polynomial 0x82f63b78. */
const table = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f6_3b78 : crc >>> 1;
  return crc;
});

/** Adds bytes start … end to a running CRC, which begins as −1 and is complemented at the end. */
function update(running: number, bytes: Uint8Array, start: number, end: number): number {
  let crc = running;
  for (let at = start; at < end; at++) crc = table[(crc ^ bytes[at]) & 0xff] ^ (crc >>> 8);
  return crc;
}

/** The CRC of bytes start … end, unsigned. */
export const crc32c = (bytes: Uint8Array, start: number, end: number): number => ~update(-1, bytes, start, end) >>> 0;

const fourZeros = new Uint8Array(4);

/** The CRC of bytes start … end with the four bytes at `zerosAt` taken as zeros: the place of the CRC itself. */
export const crc32cWithout = (bytes: Uint8Array, start: number, end: number, zerosAt: number): number =>
  ~update(update(update(-1, bytes, start, zerosAt), fourZeros, 0, 4), bytes, zerosAt + 4, end) >>> 0;
