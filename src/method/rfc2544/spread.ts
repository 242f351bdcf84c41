/** Mean and spread of repetitions. Pure. */
export interface Spread {
  readonly meanNs: number;
  readonly minNs: number;
  readonly maxNs: number;
  /** Of the sample; 0 of one. */
  readonly stddevNs: number;
}

/** null: of none. */
export function spreadOf(samples: readonly number[]): Spread | null {
  if (samples.length === 0) return null;
  const meanNs = samples.reduce((sum, sample) => sum + sample, 0) / samples.length;
  const squares = samples.reduce((sum, sample) => sum + (sample - meanNs) ** 2, 0);
  return {
    meanNs,
    minNs: Math.min(...samples),
    maxNs: Math.max(...samples),
    stddevNs: samples.length < 2 ? 0 : Math.sqrt(squares / (samples.length - 1)),
  };
}
