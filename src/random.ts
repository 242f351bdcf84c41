/** Chance is an argument, too: a Random starts from a seed and gives the same numbers on every machine. */
export interface Random {
  /** The next 32 bits, 0 … 2^32 − 1. */
  uint32(): number;
  /** Uniform in [0, 1), from 32 bits. */
  fraction(): number;
  /** Uniform integer in [0, bound), bound ≤ 2^32. */
  below(bound: number): number;
}

/**
 * A number 0 … bound − 1 by real chance, bound ≤ 2^32. It follows from no seed, so that no two runs have the same one.
 */
export const drawnByChance = (bound: number): number =>
  Math.floor((crypto.getRandomValues(new Uint32Array(1))[0]! / 2 ** 32) * bound);

/**
 * xoshiro128** by Blackman and Vigna (2018). splitmix32 makes its state from the seed, so that near seeds start far
 * apart. Independent uses of one seed take different numbers as `substream`.
 */
export function seededRandom(seed: number, substream = 0): Random {
  let mix = (seed ^ Math.imul(substream, 0x9e3779b9) ^ Math.imul(Math.floor(seed / 2 ** 32), 0x85ebca6b)) | 0;
  const splitmix = (): number => {
    mix = (mix + 0x9e3779b9) | 0;
    let z = mix;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return z ^ (z >>> 15);
  };
  let a = splitmix();
  let b = splitmix();
  let c = splitmix();
  let d = splitmix();
  const uint32 = (): number => {
    const x = Math.imul(b, 5);
    const result = Math.imul((x << 7) | (x >>> 25), 9) >>> 0;
    const t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = (d << 11) | (d >>> 21);
    return result;
  };
  const fraction = (): number => uint32() / 2 ** 32;
  return { uint32, fraction, below: (bound) => Math.floor(fraction() * bound) };
}
