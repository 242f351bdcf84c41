/** The machine's speed now: the least time that a fixed piece of work takes in a few runs. */
export function calibrate(nowNs: () => number): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 8; round++) {
    const start = nowNs();
    let x = round | 1;
    for (let i = 0; i < 50_000; i++) x = Math.imul(x ^ (x >>> 13), 0x5bd1e995);
    const took = nowNs() - start + (x === 0 ? 1 : 0);
    if (took < best) best = took;
  }
  return best;
}
