/** What trials of a simulated generator are checked with. */
import { expect } from "vitest";
import { checkEquations } from "../../../src/stats/index.js";
import type { TrialReport } from "../../../src/stats/trial-report.js";
import type { Device } from "../../support/generator-sim.js";

export const sentOf = ({ transmit }: TrialReport): number =>
  transmit.queues.reduce((sum, { published, outstanding }) => sum + published - outstanding, 0);

/** The equations of every trial, from the report alone. */
export function expectSound(report: TrialReport): void {
  const { transmit, receive } = report;
  const sent = sentOf(report);
  const { intended, late, missed, blocked } = transmit;
  const { received, accepted, duplicate, reordered, corrupt, tooOld, stale, foreign } = receive;
  const lost = sent - accepted - corrupt;
  expect(
    checkEquations({
      ...{ intended, late, missed, blocked, sent, received, accepted, lost },
      ...{ duplicate, reordered, corrupt, tooOld, stale, foreign },
    }),
  ).toEqual([]);
}

/** Applies a change to the frames with these numbers. */
export const changing = (which: (n: number) => boolean, change: (frame: Uint8Array) => Uint8Array): Device => {
  let n = 0;
  return (frames, queue) => frames.map((frame) => ({ queue, frame: which(n++) ? change(frame) : frame }));
};
