/** Makes shortened numbers of the wire whole again: 32 bits of sequence, 48 bits of time. */

const two32 = 2 ** 32;
const two47 = 2 ** 47;
const two48 = 2 ** 48;

/**
 * The number nearest to `expected` (0 … 2^53) whose low 32 bits are `wire`. Right while it is less than 2^31 away;
 * never below 0.
 */
export function unwrapSequence(wire: number, expected: number): number {
  // `|` reduces the exact difference modulo 2^32 into −2^31 … 2^31 − 1 (ECMAScript ToInt32).
  const sequence = expected + ((wire - expected) | 0);
  return sequence < 0 ? sequence + two32 : sequence;
}

/** `nowNs` less a time of which the wire carried 48 bits (3.2 days): −2^47 … 2^47 − 1 ns. */
export function elapsedNs48(nowNs: number, stampHigh16: number, stampLow32: number): number {
  const difference = nowNs - (stampHigh16 * two32 + stampLow32);
  // A multiplication by 2^−48 is exact, and many times faster than `%` on doubles.
  const wrapped = difference - Math.floor(difference * 2 ** -48) * two48;
  return wrapped < two47 ? wrapped : wrapped - two48;
}
