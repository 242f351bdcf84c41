/** What replays on a clock that the test moves are checked with. */
import type { ReplaySim } from "../../support/replay-sim.js";

export const ids = (sim: ReplaySim): number[] => sim.taken.map(({ id }) => id);

export const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
