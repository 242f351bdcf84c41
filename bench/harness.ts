/** Alternating runs, medians, ratios: what makes a comparison hold on a machine whose speed drifts. */

export interface Series {
  readonly name: string;
  readonly unit: string;
  readonly values: readonly number[];
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface Contender {
  readonly name: string;
  /** One run; its figure. */
  run(): Promise<number>;
}

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

const seriesOf = (name: string, unit: string, values: readonly number[]): Series => ({
  name,
  unit,
  values,
  median: median(values),
  min: Math.min(...values),
  max: Math.max(...values),
});

/** Runs all contenders in turn, A B C A B C …, `rounds` times. */
export async function alternate(contenders: readonly Contender[], rounds: number, unit: string): Promise<Series[]> {
  const values = contenders.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, contender] of contenders.entries()) values[i].push(await contender.run());
  }
  return contenders.map(({ name }, i) => seriesOf(name, unit, values[i]));
}

/** The median of the ratios round by round: less disturbed by drift than the ratio of medians. */
export const pairedRatio = (a: Series, b: Series): number =>
  median(a.values.map((value, i) => value / b.values[i]).filter(Number.isFinite));
