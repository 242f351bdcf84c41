/** Frames that come in at another measurer than their sender: judged together where all know what they miss. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countsOf } from "../../../src/measure/trial-counts.js";
import { checkEquations } from "../../../src/stats/ledger.js";
import { laneUnion } from "../../../src/stats/merge/lane-union.js";
import { mergeTrialReports, type TrialPart } from "../../../src/stats/merge/merge-trial.js";
import { interleavedParts, type PartPlace } from "../../../src/stats/merge/part.js";
import { SequenceTable } from "../../../src/stats/sequence-table.js";
import type { LaneSeen, StrayedFrames, TrialReport } from "../../../src/stats/trial-report.js";
import {
  type Arrival,
  arrivalsOf,
  frameBytes,
  Measurer,
  reportOf,
  type SimulatedTrial,
  trialOf,
  wholePlace,
} from "./simulated-trial.js";

/** What is known of strayed frames: numbers one by one, the first runs of missing ones, or how many there were. */
type Known = "numbers" | "runs" | "counts";

/** What a receiver saw of others' frames. */
class Strays {
  readonly #trial: SimulatedTrial;
  readonly #table: SequenceTable;
  readonly #frames: Float64Array;

  constructor(trial: SimulatedTrial) {
    const { queues, streams } = trial.plan;
    this.#trial = trial;
    this.#table = new SequenceTable(queues * streams);
    this.#frames = new Float64Array(streams);
  }

  take({ stream, k }: Arrival): void {
    const { queues } = this.#trial.plan;
    this.#frames[stream]! += 1;
    this.#table.accept(stream * queues + (k % queues), Math.floor(k / queues));
  }

  report(known: Known): StrayedFrames {
    const { queues, streams } = this.#trial.plan;
    const lanes = Array.from({ length: queues * streams }, (_, lane): LaneSeen => {
      const seen = this.#table.seen(lane);
      const place = { stream: Math.floor(lane / queues), queue: lane % queues, sent: null };
      return { ...knownOf(seen, known), ...place, acceptedBytes: seen.accepted * frameBytes };
    });
    return {
      frames: this.#frames.reduce((sum, frames) => sum + frames, 0),
      byStream: [...this.#frames].map((frames) => ({ frames, bytes: frames * frameBytes })),
      ...(known === "counts" ? {} : { lanes: lanes.filter(({ accepted, duplicate }) => accepted + duplicate > 0) }),
    };
  }
}

const knownOf = <Lane extends { readonly missingBits?: Uint32Array }>(lane: Lane, known: Known): Lane => {
  const { missingBits, ...rest } = lane;
  return known === "numbers" ? lane : (rest as Lane);
};

/** Every frame comes in at the receiver that it names. Damaged ones come home. */
function partsOf(trial: SimulatedTrial, count: number, known: Known): TrialPart[] {
  const places = interleavedParts<null>(trial.plan, Array<null>(count).fill(null));
  const homes = places.map((place) => new Measurer(trial, place));
  const strays = places.map(() => new Strays(trial));
  for (const arrival of trial.arrivals) {
    const home = places.findIndex(({ queues }) => queues.includes(arrival.k % trial.plan.queues));
    const at = arrival.isDamaged ? home : arrival.receiver % count;
    if (at === home) homes[home]!.take(arrival);
    else strays[at]!.take(arrival);
  }
  return places.map((place: PartPlace, part) => {
    const report = homes[part]!.report();
    const lanes = homes[part]!.lanesSeen().map((lane) => knownOf(lane, known));
    const strayed = strays[part]!.report(known);
    return { ...place, report: withStrays(report, strayed, known === "counts" ? {} : { lanes }) };
  });
}

/** A receiver counts what comes in, whoever sent it. */
const withStrays = (
  report: TrialReport,
  strayed: StrayedFrames,
  lanes: { readonly lanes?: readonly LaneSeen[] },
): TrialReport => {
  const received = report.receive.received + strayed.frames;
  const receivedBytes = report.receive.receivedBytes + strayed.frames * frameBytes;
  return { ...report, receive: { ...report.receive, received, receivedBytes, strayed, ...lanes } };
};

/** What a set of all numbers knows, wherever they came in. */
function verdictOf({ receive }: TrialReport) {
  const { received, receivedBytes, accepted, corrupt, acceptedByQueue, lostRanges, lostRangesComplete } = receive;
  return {
    ...{ received, receivedBytes, accepted, corrupt, acceptedByQueue, lostRanges, lostRangesComplete },
    others: receive.duplicate + receive.tooOld,
    longestLost: receive.longestLost,
    streams: receive.streams?.map((stream) => ({
      ...{ accepted: stream.accepted, acceptedBytes: stream.acceptedBytes, corrupt: stream.corrupt },
      ...{ lostRanges: stream.lostRanges, lostRangesMore: stream.lostRangesMore, longestLost: stream.longestLost },
      others: stream.duplicate + stream.tooOld,
    })),
  };
}

const trials = fc
  .record({ parts: fc.constantFrom(2, 3, 5), perPart: fc.constantFrom(1, 2), byStream: fc.boolean() })
  .chain((shape) => trialOf(shape).map((trial) => ({ shape, trial })));

const hasReason = (merged: ReturnType<typeof mergeTrialReports>): boolean =>
  merged.inexact.some(({ field }) => field === "accepted");

describe("frames that come in at any measurer", () => {
  it("are judged as one receiver judges them, where every receiver knows the numbers that it misses", () => {
    fc.assert(
      fc.property(trials, ({ shape, trial }) => {
        const merged = mergeTrialReports(trial.plan, partsOf(trial, shape.parts, "numbers"));
        expect(verdictOf(merged.report)).toEqual(verdictOf(reportOf(trial, wholePlace(trial))));
        expect(hasReason(merged)).toBe(false);
      }),
      { numRuns: 100 },
    );
  });

  it("are judged so or said not to be, where lists of missing numbers are cut; the equations hold either way", () => {
    fc.assert(
      fc.property(trials, fc.constantFrom<Known>("runs", "counts"), ({ shape, trial }, known) => {
        const merged = mergeTrialReports(trial.plan, partsOf(trial, shape.parts, known));
        const whole = reportOf(trial, wholePlace(trial));
        expect(checkEquations(countsOf(merged.report, true))).toEqual([]);
        // The loss is never said to be greater than it is.
        expect(merged.report.receive.accepted).toBeGreaterThanOrEqual(whole.receive.accepted);
        if (hasReason(merged)) return;
        expect(merged.report.receive.accepted).toBe(whole.receive.accepted);
        expect(merged.report.receive.acceptedByQueue).toEqual(whole.receive.acceptedByQueue);
      }),
      { numRuns: 100 },
    );
  });

  const straight = { delayNs: 0, isDamaged: false };

  it("are exact where all of a lane come in at one other measurer", () => {
    const arrivals = arrivalsOf([40], [{ ...straight, copies: 1, receiver: 1 }], 1_000);
    const trial: SimulatedTrial = {
      plan: { queues: 2, startSequence: 0, streams: 1 },
      ...{ sent: [40], outstanding: [0, 0], gapNs: 1_000, byStream: false },
      arrivals: arrivals.filter(({ k }) => k !== 4 && k < 36),
    };
    const { report, inexact } = mergeTrialReports(trial.plan, partsOf(trial, 2, "runs"));
    expect(report.receive).toMatchObject({ accepted: 35, duplicate: 0, acceptedByQueue: [17, 18] });
    expect(report.receive.lostRanges).toEqual([
      [4, 4],
      [36, 38],
      [37, 39],
    ]);
    expect(inexact.filter(({ reason }) => reason !== "strayed")).toEqual([{ field: "pacing", reason: "per measurer" }]);
  });

  it("count twice where a device floods two measurers, and this is no loss", () => {
    const both = arrivalsOf([10], [{ ...straight, copies: 2, receiver: 0 }], 1_000);
    const trial: SimulatedTrial = {
      plan: { queues: 2, startSequence: 0, streams: 1 },
      ...{ sent: [10], outstanding: [0, 0], gapNs: 1_000, byStream: false, arrivals: both },
    };
    for (const known of ["numbers", "counts"] as const) {
      const { report } = mergeTrialReports(trial.plan, partsOf(trial, 2, known));
      expect(report.receive).toMatchObject({ received: 20, accepted: 10, duplicate: 10 });
    }
  });

  it("with numbers that were never sent are no frames of the lane, and this is said", () => {
    const trial: SimulatedTrial = {
      plan: { queues: 2, startSequence: 0, streams: 1 },
      ...{ sent: [10], outstanding: [0, 0], gapNs: 1_000, byStream: false },
      arrivals: arrivalsOf([14], [{ ...straight, copies: 1, receiver: 1 }], 1_000).filter(
        ({ k }) => k < 10 || k === 12,
      ),
    };
    const merged = mergeTrialReports(trial.plan, partsOf(trial, 2, "numbers"));
    expect(merged.report.receive).toMatchObject({ received: 11, accepted: 10, duplicate: 1 });
    expect(merged.inexact).toContainEqual({ field: "accepted", reason: "numbers never sent", stream: 0 });
  });
});

describe("the numbers of a lane, over several receivers", () => {
  const lane = fc.array(fc.boolean(), { maxLength: 300 });

  it("are those that came in anywhere, from runs and from bits alike", () => {
    fc.assert(
      fc.property(fc.array(lane, { minLength: 1, maxLength: 4 }), fc.nat(20), fc.boolean(), (lanes, tail, useBits) => {
        const end = Math.max(...lanes.map(({ length }) => length)) + tail;
        const seen = lanes.map((came) => {
          const table = new SequenceTable(1, { rangesKept: 1_000 });
          for (const [index, here] of came.entries()) if (here) table.accept(0, index);
          const { missing, ...rest } = table.seen(0);
          return useBits
            ? { ...rest, missing: missing.slice(0, 1), missingMore: Math.max(0, missing.length - 1) }
            : { ...rest, missing };
        });
        const isThere = (index: number): boolean => lanes.some((came) => came[index] === true);
        const there = Array.from({ length: end }, (_, index) => isThere(index));
        const union = laneUnion(seen, end, 1_000);
        expect(union?.accepted).toBe(there.filter(Boolean).length);
        expect(
          union?.missing.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, k) => from + k)),
        ).toEqual(there.flatMap((came, index) => (came ? [] : [index])));
        expect(union?.missing.every(([from], k, all) => k === 0 || from > all[k - 1]![1] + 1)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it("are unknown where a receiver's list is cut and it has no bits", () => {
    const seen = {
      next: 10,
      accepted: 5,
      duplicate: 0,
      tooOld: 0,
      missing: [[0, 0]] as [number, number][],
      missingMore: 4,
    };
    expect(laneUnion([seen, { ...seen, missingMore: 0 }], 10, 100)).toBeNull();
  });
});
