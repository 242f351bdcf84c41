/** Fields of frames that are wider than a number can be. */

/** `at`: the first bit, in the order of the wire. All of them lie in the frame. */
export function wideBitsAt(frame: Uint8Array, at: number, bits: number): bigint {
  let value = 0n;
  for (let bit = at; bit < at + bits; bit++) value = (value << 1n) | BigInt((frame[bit >> 3]! >> (7 - (bit & 7))) & 1);
  return value;
}
