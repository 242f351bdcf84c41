/**
 * Are these samples lower than those, beyond noise? This is the exact one-sided Mann–Whitney test, which assumes
 * nothing about the distribution of samples. Of all ways to deal the ranks, it gives the share that looks at least this
 * low.
 */

/** p that `later` is lower than `earlier` by chance alone; 1 where either is empty. Ties count half. */
export function chanceOfLower(earlier: readonly number[], later: readonly number[]): number {
  const n = earlier.length;
  const m = later.length;
  if (n === 0 || m === 0) return 1;
  const ranks = doubledRanks([...later, ...earlier]);
  const observed = ranks.slice(0, m).reduce((sum, rank) => sum + rank, 0);
  // ways[k].get(s): the number of choices of k samples whose doubled rank sum is s.
  const ways: Map<number, number>[] = Array.from({ length: m + 1 }, () => new Map());
  ways[0].set(0, 1);
  for (const rank of ranks) {
    for (let k = m; k >= 1; k--) {
      for (const [sum, count] of ways[k - 1]) ways[k].set(sum + rank, (ways[k].get(sum + rank) ?? 0) + count);
    }
  }
  let all = 0;
  let low = 0;
  for (const [sum, count] of ways[m]) {
    all += count;
    if (sum <= observed) low += count;
  }
  return low / all;
}

/**
 * The chances of several tests at once, each raised (Benjamini and Hochberg 1995), in the order given. Of the tests
 * whose raised chance is at most `level`, at most that share are false alarms. If nothing changed at all, every alarm
 * is false, and then the chance of one alarm or more is at most the level.
 *
 * Benjamini-Hochberg and not Holm, for two reasons. Figures of one run get worse together (one machine, one device),
 * and the method holds for tests that depend on each other like that (Benjamini and Yekutieli 2001). And ranks of few
 * samples have a least chance: 50 earlier samples and one now cannot go below 1/51. Holm asks for 0.05/14 of the first
 * of 14 figures, so it would never see that all 14 got worse. Benjamini-Hochberg asks for 0.05 of the last one.
 */
export function adjustedChances(chances: readonly number[]): number[] {
  const order = chances.map((_, index) => index).sort((a, b) => chances[b] - chances[a]);
  const adjusted = new Array<number>(chances.length).fill(1);
  let least = 1;
  for (const [k, index] of order.entries()) {
    least = Math.min(least, chances[index] * (chances.length / (chances.length - k)));
    adjusted[index] = least;
  }
  return adjusted;
}

/** The least p that these numbers of samples can give. */
export const leastChance = (earlier: number, later: number): number => {
  let ways = 1;
  for (let i = 1; i <= later; i++) ways = (ways * (earlier + i)) / i;
  return 1 / ways;
};

/** The share of unchanged runs that may still be called worse, however many figures a run has. */
export const significance = 0.05;

/** Two sets of samples of one figure, signed so that lower is worse. */
export interface SamplePair {
  readonly earlier: readonly number[];
  readonly later: readonly number[];
}

/**
 * For each pair, the chance that its later samples are lower by noise alone, raised for the number of pairs. null: the
 * pair has too few samples to raise an alarm. Such pairs do not count.
 */
export function jointChances(pairs: readonly SamplePair[]): (number | null)[] {
  const tellable = pairs.filter(isTellable);
  const adjusted = adjustedChances(tellable.map(({ earlier, later }) => chanceOfLower(earlier, later)));
  return pairs.map((pair) => adjusted[tellable.indexOf(pair)] ?? null);
}

const isTellable = ({ earlier, later }: SamplePair): boolean =>
  leastChance(earlier.length, later.length) <= significance;

/** Twice each sample's rank, so that shared ranks are whole numbers. */
function doubledRanks(samples: readonly number[]): number[] {
  const sorted = samples.map((value, index) => ({ value, index })).sort((a, b) => a.value - b.value);
  const ranks = new Array<number>(samples.length).fill(0);
  for (let from = 0; from < sorted.length; ) {
    let to = from;
    while (to + 1 < sorted.length && sorted[to + 1].value === sorted[from].value) to++;
    for (let i = from; i <= to; i++) ranks[sorted[i].index] = from + to + 2;
    from = to + 1;
  }
  return ranks;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const last = sorted.length - 1;
  return (sorted[Math.floor(last / 2)] + sorted[Math.ceil(last / 2)]) / 2;
}
