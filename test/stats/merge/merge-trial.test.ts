/** Several measurers' reports of one trial, merged: the same as one measurer's report, bit for bit. */
import fc from "fast-check";
import { describe, it } from "vitest";
import { mergeTrialReports, type TrialPart } from "../../../src/stats/merge/merge-trial.js";
import { interleavedParts } from "../../../src/stats/merge/part.js";
import type { TrialReport } from "../../../src/stats/trial-report.js";
import { expectEqual } from "../../support/same.js";
import { reportOf, type SimulatedTrial, trialOf, wholePlace } from "./simulated-trial.js";

/** Part i of N, with queues i, i + N … */
function partsOf(trial: SimulatedTrial, count: number): TrialPart[] {
  const { plan } = trial;
  return interleavedParts<null>(plan, Array<null>(count).fill(null)).map((place) => {
    const local = { ...place, startSequence: 17 };
    return { ...local, report: reportOf(trial, local) };
  });
}

/** All but what is said to be each measurer's own; times that are reckoned with fractions to a thousandth of a ns. */
function comparable({ transmit, receive, ...rest }: TrialReport) {
  const { pacing, pacingData, window, windowNs, ...sent } = transmit;
  const { silence, inWindow, ...back } = receive;
  const rounded = (ns = 0): number => Math.round(ns * 1000) / 1000;
  return {
    ...{ sent, back, rest },
    window: [windowNs, window?.fromNs, window?.toNs, window?.gapNs].map(rounded),
  };
}

/** What each part adds to, in the simulation: a whole trial has it once. */
const counted = (report: TrialReport, parts: number) => ({
  ...report,
  ...{ answered: parts, beside: 3 * parts, returned: 2 * parts },
  transmit: {
    ...report.transmit,
    late: 0,
    queues: report.transmit.queues.map((queue) => ({ ...queue, carried: 0 })),
    ...(report.transmit.streams === undefined
      ? {}
      : { streams: report.transmit.streams.map((stream) => ({ ...stream, late: 0 })) }),
  },
});

const shapes = fc.record({
  parts: fc.constantFrom(1, 2, 2, 3, 3, 5, 8),
  perPart: fc.constantFrom(1, 1, 2, 3),
  byStream: fc.boolean(),
  lossy: fc.boolean(),
});

const trials = shapes.chain((shape) => trialOf(shape).map((trial) => ({ shape, trial })));

describe("a trial split over measurers", () => {
  it("merges to what one measurer reports: counts, bytes, buckets, lost ranges, times, by queue and by stream", () => {
    fc.assert(
      fc.property(trials, ({ shape: { parts }, trial }) => {
        const whole = counted(reportOf(trial, wholePlace(trial)), parts);
        const { report } = mergeTrialReports(trial.plan, partsOf(trial, parts));
        expectEqual(comparable(counted(report, parts)), comparable(whole));
      }),
      { numRuns: 150 },
    );
  });

  it("does so over a hundred measurers", () => {
    const hundred = trialOf({ parts: 100, perPart: 1, byStream: true });
    fc.assert(
      fc.property(hundred, (trial) => {
        const whole = counted(reportOf(trial, wholePlace(trial)), 100);
        const { report } = mergeTrialReports(trial.plan, partsOf(trial, 100));
        expectEqual(comparable(counted(report, 100)), comparable(whole));
      }),
      { numRuns: 3 },
    );
  });

  it("merges to the same whatever the order of the reports, and however often one comes", () => {
    fc.assert(
      fc.property(trials, fc.nat(), ({ shape, trial }, turn) => {
        const parts = partsOf(trial, shape.parts);
        const merged = mergeTrialReports(trial.plan, parts);
        const turned = [...parts.slice(turn % parts.length), ...parts.slice(0, turn % parts.length)].reverse();
        expectEqual(mergeTrialReports(trial.plan, turned), merged);
        const again = structuredClone(parts[turn % parts.length]!);
        expectEqual(mergeTrialReports(trial.plan, [...turned, again]), merged);
      }),
      { numRuns: 40 },
    );
  });

  it("merges to the same where some are merged first", () => {
    fc.assert(
      fc.property(trials, fc.nat(), ({ shape, trial }, at) => {
        const parts = partsOf(trial, shape.parts);
        const cut = at % parts.length;
        if (cut === 0) return;
        const first = mergeTrialReports(trial.plan, parts.slice(0, cut));
        const joint: TrialPart = { ...wholePlace(trial), id: "joint", report: first.report };
        const { report } = mergeTrialReports(trial.plan, [joint, ...parts.slice(cut)]);
        expectEqual(comparable(report), comparable(mergeTrialReports(trial.plan, parts).report));
      }),
      { numRuns: 40 },
    );
  });
});
