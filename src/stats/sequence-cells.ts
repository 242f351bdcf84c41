/** Where a sequence table keeps what it counts of a lane: doubles next to each other, which others may read. */

/** What most losses change comes first, in one cache line. */
export const sequenceCell = {
  missing: 0,
  /** Missing numbers in the window. */
  holes: 1,
  gaps: 2,
  /** How many runs of lost numbers there were, and where the last one ended. */
  runs: 3,
  runEnd: 4,
  duplicate: 5,
  reordered: 6,
  tooOld: 7,
  extentMax: 8,
  extentSum: 9,
  extentCount: 10,
  /** Numbers of the last run of lost ones so far, and of the longest of all. */
  runLength: 11,
  longestRun: 12,
  /** Of a session: the longest outage, the first number of its run, and how many it has (engine/session/outages.ts). */
  outageNs: 13,
  outageFrom: 14,
  outageFrames: 15,
  count: 16,
} as const;
