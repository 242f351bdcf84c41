/** How exactly a load must be offered for its verdict to count. */
export interface Tolerances {
  /** Largest difference between achieved and asked rate, as a share of the rate asked. */
  readonly rateShare: number;
  /**
   * Largest share of frames after their slot. The host's scheduler makes a few late; more would be another traffic
   * pattern.
   */
  readonly lateShare: number;
}

/** What an honest generator keeps. `--rate-tolerance` and `--late-tolerance` replace them. */
export const usualTolerances: Tolerances = { rateShare: 0.001, lateShare: 0.1 };
