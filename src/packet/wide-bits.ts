/** Numbers that are wider than a double can be, as bytes and as bits of a frame. */

/** The first byte is the highest. */
export const numberOfBytes = (bytes: Uint8Array): bigint => bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);

/** `at`: the first bit, in the order of the wire. What lies beyond the frame is 0. */
export function wideBitsAt(frame: Uint8Array, at: number, bits: number): bigint {
  const last = (at + bits - 1) >> 3;
  let value = 0n;
  for (let byte = at >> 3; byte <= last; byte++) value = (value << 8n) | BigInt(frame[byte] ?? 0);
  return BigInt.asUintN(bits, value >> BigInt(8 * (last + 1) - at - bits));
}
