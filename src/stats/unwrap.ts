/** A time that is shortened on the wire, made whole again. */

const two32 = 2 ** 32;
const two47 = 2 ** 47;
const two48 = 2 ** 48;

/** `nowNs` less a time of which the wire carried 48 bits (3.2 days): −2^47 … 2^47 − 1 ns. */
export function elapsedNs48(nowNs: number, stampHigh16: number, stampLow32: number): number {
  const difference = nowNs - (stampHigh16 * two32 + stampLow32);
  // A multiplication by 2^−48 is exact, and many times faster than `%` on doubles.
  const wrapped = difference - Math.floor(difference * 2 ** -48) * two48;
  return wrapped < two47 ? wrapped : wrapped - two48;
}
