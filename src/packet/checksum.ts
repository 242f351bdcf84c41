/**
 * The Internet checksum: RFC 1071, and RFC 1624 for changing it without reading the data again. A "sum" is a plain
 * number below 2^53 that may hold carries above bit 15. `fold` reduces it to 16 bits.
 */

/** Adds the bytes' big-endian 16-bit words to `sum`; an odd last byte counts as the high half of a word (RFC 1071 §1). */
export function addBytes(sum: number, bytes: Uint8Array, start: number, end: number): number {
  let total = sum;
  let at = start;
  for (; at + 1 < end; at += 2) total += (bytes[at] << 8) | bytes[at + 1];
  if (at < end) total += bytes[at] << 8;
  return total;
}

/** The ones'-complement sum in 16 bits. */
export function fold(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded % 0x10000) + Math.floor(folded / 0x10000);
  return folded;
}

/** What goes into a checksum field: the complement of the sum. */
export const complement = (sum: number): number => fold(sum) ^ 0xffff;

/** RFC 1624 §3, equation 3: HC' = ~(~HC + ~m + m'), for one 16-bit word changed from `was` to `is`. */
export const updateChecksum = (checksum: number, was: number, is: number): number =>
  complement((checksum ^ 0xffff) + (was ^ 0xffff) + is);
