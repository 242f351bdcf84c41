/** Times that the loops of trials and of replays share. */

/** Once every frame is back, a trial or a replay still waits this long for duplicates. */
export const quietWhenCompleteNs = 20_000_000;

/** From one publication of the live counters to the next. */
export const countersEveryNs = 1_000_000;
