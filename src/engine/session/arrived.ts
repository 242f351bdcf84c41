/** What the receiver notes of frames that came in, for the books that count them. */

/** The first one's number, when they came, and their latency. Doubles; trial-clock.ts says why. */
export const arrivedCell = { index: 0, atNs: 1, latencyNs: 2, count: 3 } as const;
