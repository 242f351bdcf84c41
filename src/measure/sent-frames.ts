/** What went out in a trial, by the reports of its directions. */
import type { TrialReport } from "../engine/loop/index.js";

/** Frames that the peer took, those of an earlier trial that lay in the ring among them. */
export const sentFrames = (reports: readonly TrialReport[]): number =>
  reports
    .flatMap(({ transmit }) => transmit.queues)
    .reduce((sum, { published, outstanding, carried }) => sum + published - outstanding + carried, 0);
