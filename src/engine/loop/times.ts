/** Times that the loops of trials, of replays and of sessions share. */

/** Once every frame is back, a trial or a replay still waits this long for duplicates. */
export const quietWhenCompleteNs = 20_000_000;

/** From one publication of the live counters to the next. */
export const countersEveryNs = 1_000_000;

/** A thread without work looks again after so long, at most. */
export const longestSleepNs = 1_000_000;
