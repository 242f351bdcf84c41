/** The layout of the counters page that a generator and a receiver keep. */

/** Slots of the generator's counters page. */
export const generatorCounter = {
  phase: 0,
  published: 1,
  received: 2,
  accepted: 3,
  corrupt: 4,
  elapsedNs: 5,
  missing: 6,
  late: 7,
  /** Changes of the load that were made in this trial. */
  turns: 8,
  /** The trial's time 0 by the clock that all threads share. */
  beganAtNs: 9,
  slots: 16,
} as const;

export const generatorPhase = { idle: 0, sending: 1, settling: 2, done: 3 } as const;
