/** How exactly a load must be offered for its verdict to count. */
export interface Tolerances {
  /** Achieved against asked rate. */
  readonly rateShare: number;
  /** Frames after their slot; a few are the host's scheduler, more is another traffic pattern. */
  readonly lateShare: number;
}

/** What an honest generator keeps; `--rate-tolerance` and `--late-tolerance` say otherwise. */
export const usualTolerances: Tolerances = { rateShare: 0.001, lateShare: 0.1 };
