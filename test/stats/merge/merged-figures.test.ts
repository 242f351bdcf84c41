/** Small trials, merged by hand: each figure, what is said of those that cannot be merged, and what is refused. */
import { describe, expect, it } from "vitest";
import { Histogram, histogramSlots } from "../../../src/stats/histogram.js";
import { mergeTrialReports, type TrialPart } from "../../../src/stats/merge/merge-trial.js";
import { inexactReasons, interleavedParts, type MergePlan } from "../../../src/stats/merge/part.js";
import { GapRecorder } from "../../../src/stats/pacing.js";
import type { ReceiveReport, StreamReceive, TransmitReport, TrialReport } from "../../../src/stats/trial-report.js";

const plan: MergePlan = { queues: 2, startSequence: 100, streams: 1 };

const histogramOf = (...values: readonly number[]): Float64Array => {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram.toData();
};

const sending: TransmitReport = {
  queues: [{ queue: 0, published: 10, outstanding: 1, bytes: 600, sentBytes: 540, carried: 0 }],
  ...{ intended: 12, late: 2, missed: 1, blocked: 2, blockedOwn: 1, blockedNs: 0, lastBlockedNs: -1 },
  ...{ firstNs: 1_000, lastNs: 19_000, windowNs: 20_000, window: { fromNs: 1_000, toNs: 21_000, gapNs: 2_000 } },
  ...{ pacing: null, cutShort: null },
};

const receiving: ReceiveReport = {
  queues: [{ queue: 0, packets: 9, bytes: 540 }],
  ...{ acceptedByQueue: [7], corruptByQueue: [1], received: 9, receivedBytes: 540, accepted: 7 },
  ...{ duplicate: 1, reordered: 2, corrupt: 1, tooOld: 0, stale: 1, staleOfOthers: 1, foreign: 3 },
  corruptKinds: { signature: 1, padded: 0, trimmed: 0, payload: 0 },
  inWindow: { frames: 8, bytes: 480, windowNs: 20_000 },
  ...{ lostRanges: [[103, 104]], lostRangesComplete: true, reorderExtent: { max: 3, mean: 2.5, unknown: 0 } },
  ...{ latency: histogramOf(5, 7), latencyIntended: histogramOf(6, 9), ipdv: null },
  ...{ firstArrivalNs: 1_500, lastArrivalNs: 30_000, lossUntilNs: 9_000, silence: { fromNs: 2_000, toNs: 5_000 } },
  firstCorrupt: [{ reason: "signature sum wrong", bytes: 60, hex: "00" }],
  firstForeign: [{ reason: "foreign", bytes: 60, hex: "ff" }],
};

const trial: TrialReport = {
  ...{ transmit: sending, receive: receiving, slept: false, returned: 0, answered: 1, beside: 1 },
  ...{ stoodStillNs: 40, neverQuiet: false, elapsedNs: 50_000, calibrationNs: [100, 100] },
};

interface Changes {
  readonly transmit?: Partial<TransmitReport>;
  readonly receive?: Partial<ReceiveReport>;
  readonly trial?: Partial<TrialReport>;
}

const changed = ({ transmit, receive, trial: other }: Changes): TrialReport => ({
  ...{ ...trial, ...other },
  transmit: { ...sending, ...transmit },
  receive: { ...receiving, ...receive },
});

const two = (first: Changes, second: Changes): TrialPart[] => interleavedParts(plan, [changed(first), changed(second)]);
const merge = (first: Changes, second: Changes = {}) => mergeTrialReports(plan, two(first, second));
const said = (merged: ReturnType<typeof merge>): string[] =>
  merged.inexact.map(({ field, reason }) => `${field}: ${reason}`);

describe("two measurers", () => {
  it("add up, queue by queue", () => {
    const { report, parts } = merge({}, { transmit: { firstNs: 2_000, lastNs: 20_000 } });
    expect(parts).toEqual(["share 0", "share 1"]);
    expect(report.transmit).toMatchObject({ intended: 24, late: 4, missed: 2, blocked: 4, blockedOwn: 2 });
    expect(report.transmit).toMatchObject({ firstNs: 1_000, lastNs: 20_000, cutShort: null });
    expect(report.transmit.queues.map(({ queue, published }) => [queue, published])).toEqual([
      [0, 10],
      [1, 10],
    ]);
    expect(report.receive).toMatchObject({
      received: 18,
      accepted: 14,
      acceptedByQueue: [7, 7],
      corruptByQueue: [1, 1],
    });
    expect(report.receive).toMatchObject({ stale: 2, staleOfOthers: 2, foreign: 6, corruptKinds: { signature: 2 } });
    expect(report).toMatchObject({ answered: 2, beside: 2, returned: 0, elapsedNs: 50_000 });
  });

  it("give their lost numbers the places that these have in the whole trial", () => {
    const { report } = merge({}, { receive: { lostRanges: [[100, 100]] } });
    // The first one's numbers 3 and 4 are every second frame from 6 on; the other's number 0 is frame 1.
    expect(report.receive.lostRanges).toEqual([
      [101, 101],
      [106, 108],
    ]);
    expect(report.receive.lostRangesComplete).toBe(true);
    expect(merge({}, { receive: { lostRangesComplete: false } }).report.receive.lostRangesComplete).toBe(false);
  });

  it("have one mean extent, from whole sums", () => {
    const { report } = merge({}, { receive: { reordered: 7, reorderExtent: { max: 9, mean: 16 / 3, unknown: 4 } } });
    expect(report.receive.reorderExtent).toEqual({ max: 9, mean: 21 / 5, unknown: 4 });
    expect(merge({}, { receive: { reorderExtent: null } }).report.receive.reorderExtent).toEqual({
      ...{ max: 3, mean: 2.5, unknown: 2 },
    });
  });

  it("have runs of frames out of order, unless one of them does not know its own", () => {
    const runs = (count: number, frames: number, max: number) => ({ count, frames, max });
    const [first, second] = [
      { reordered: runs(2, 5, 4), free: runs(3, 20, 9) },
      { reordered: runs(0, 0, 0), free: runs(1, 30, 30) },
    ];
    const { receive } = merge({ receive: { reorderRuns: first } }, { receive: { reorderRuns: second } }).report;
    expect(receive.reorderRuns).toEqual({ reordered: runs(2, 5, 4), free: runs(4, 50, 30) });
    expect(merge({ receive: { reorderRuns: first } }).report.receive.reorderRuns).toBeUndefined();
  });

  it("have every sample in one histogram", () => {
    const { report } = merge({}, { receive: { latency: histogramOf(300), latencyIntended: null } });
    expect(report.receive.latency).toEqual(histogramOf(5, 7, 300));
    expect(report.receive.latencyIntended).toEqual(histogramOf(6, 9));
  });

  it("have one window: from the first slot of all to a gap of the whole schedule after the last", () => {
    const { report } = merge({}, { transmit: { window: { fromNs: 2_000, toNs: 22_000, gapNs: 2_000 } } });
    expect(report.transmit.window).toEqual({ fromNs: 1_000, toNs: 21_000, gapNs: 1_000 });
    expect(report.transmit.windowNs).toBe(20_000);
    expect(report.receive.inWindow).toEqual({ frames: 16, bytes: 960, windowNs: 20_000 });
  });

  it("end as gravely as the gravest, and are as disturbed as the most disturbed", () => {
    const { report } = merge(
      { transmit: { cutShort: "stopped" }, trial: { calibrationNs: [100, 130], slept: true } },
      {
        transmit: { cutShort: "stuck" },
        trial: { calibrationNs: [100, 50], neverQuiet: true, stoodStillNs: 70, begunLateNs: 9 },
      },
    );
    expect(report.transmit.cutShort).toBe("stuck");
    expect(report).toMatchObject({
      calibrationNs: [100, 50],
      slept: true,
      neverQuiet: true,
      stoodStillNs: 70,
      begunLateNs: 9,
    });
  });

  it("know the last loss and the last blocked frame of both", () => {
    const { report } = merge({ transmit: { lastBlockedNs: 77 } }, { receive: { lossUntilNs: 0 } });
    expect([report.transmit.lastBlockedNs, report.receive.lossUntilNs]).toEqual([77, 9_000]);
    const { report: open } = merge({}, { receive: { lossUntilNs: Number.POSITIVE_INFINITY } });
    expect(open.receive.lossUntilNs).toBe(Number.POSITIVE_INFINITY);
    expect(merge({}, { receive: { lossUntilNs: null } }).report.receive.lossUntilNs).toBeNull();
  });
});

describe("what two measurers do not know together", () => {
  it("is the longest silence, and what came in in one window", () => {
    const merged = merge({});
    expect(merged.report.receive.silence).toBeNull();
    expect(said(merged)).toEqual(["inWindow: own windows", "silence: each alone"]);
    const heardAlone = merge({}, { receive: { lastArrivalNs: 0, firstArrivalNs: -1, silence: null } });
    expect(heardAlone.report.receive).toMatchObject({ silence: { fromNs: 2_000, toNs: 5_000 }, firstArrivalNs: 1_500 });
  });

  it("is how long a device held up the load, where it held up one of them longer", () => {
    const merged = merge(
      { transmit: { blockedNs: 900, intended: 30 } },
      { transmit: { blockedNs: 300, intended: 10 } },
    );
    expect(merged.report.transmit.blockedNs).toBe(750);
    expect(said(merged)).toContain("blockedNs: shares of the load");
    expect(merge({ transmit: { blockedNs: 8 } }, { transmit: { blockedNs: 8 } }).report.transmit.blockedNs).toBe(8);
  });

  it("is a window that one does not tell, and a returned frame that one does not count", () => {
    const { window, ...without } = sending;
    const parts = interleavedParts(plan, [
      trial,
      { ...trial, transmit: { ...without, windowNs: 30_000 }, returned: null },
    ]);
    const merged = mergeTrialReports(plan, parts);
    expect(merged.report.transmit.windowNs).toBe(30_000);
    expect(merged.report.returned).toBeNull();
    expect(said(merged)).toEqual(
      expect.arrayContaining(["windowNs: not in every report", "returned: not in every report"]),
    );
  });

  const paced = (targetNs: number): Partial<TransmitReport> => {
    const gaps = new GapRecorder(targetNs);
    for (let k = 0; k < 5; k++) gaps.departed(k * targetNs, k * targetNs);
    return { pacing: gaps.summary("self"), pacingData: gaps.toData() };
  };

  it("is pacing beyond each one's own", () => {
    const merged = merge({ transmit: paced(2_000) }, { transmit: paced(2_000) });
    const { buckets, ...own } = paced(2_000).pacing!;
    expect(merged.report.transmit.pacing).toStrictEqual(own);
    expect(buckets).toEqual([[2_000, 4]]);
    expect(said(merged)).toContain("pacing: per measurer");
    const apart = merge({ transmit: paced(2_000) }, { transmit: paced(3_000) });
    expect(apart.report.transmit.pacing).toBeNull();
    expect(said(apart)).toContain("pacing: targets differ");
    expect(merge({ transmit: paced(2_000) }).report.transmit).toMatchObject(paced(2_000));
  });

  const stream: StreamReceive = {
    ...{ accepted: 7, acceptedBytes: 420, duplicate: 0, reordered: 0, tooOld: 0, corrupt: 0, queues: [7] },
    ...{ lostRanges: [], lostRangesMore: 0, reorderExtent: null, ipdvNs: null },
    latencyNs: { min: 1, mean: 2, p50: 2, p90: 3, p99: 3, max: 3 },
  };

  it("are percentiles of a stream that came in at both, without their samples", () => {
    const merged = merge({ receive: { streams: [stream] } }, { receive: { streams: [stream] } });
    expect(merged.report.receive.streams?.[0]).toMatchObject({ accepted: 14, latencyNs: null, queues: [7, 7] });
    expect(merged.inexact).toContainEqual({ field: "streams.latencyNs", reason: "several receivers", stream: 0 });
    const alone = merge({ receive: { streams: [stream] } }, { receive: { streams: [{ ...stream, latencyNs: null }] } });
    expect(alone.report.receive.streams?.[0]?.latencyNs).toEqual(stream.latencyNs);
    expect(said(alone)).not.toContain("streams.latencyNs: several receivers");
  });

  it("are flows beyond a list, where the lists differ", () => {
    const flows = (flow: string, more: number) => ({ flows: { list: [{ stream: 0, flow, queues: [3] }], more } });
    const same = merge({ receive: flows("a", 2) }, { receive: flows("a", 2) });
    expect(same.report.receive.flows).toEqual({ list: [{ stream: 0, flow: "a", queues: [3, 3] }], more: 2 });
    expect(said(same)).not.toContain("flows: list cut");
    const apart = merge({ receive: flows("a", 2) }, { receive: flows("b", 0) });
    expect(apart.report.receive.flows).toMatchObject({ list: [{ queues: [3, 0] }, { queues: [0, 3] }], more: 2 });
    expect(said(apart)).toContain("flows: list cut");
    const half = merge({ receive: flows("a", 0) });
    expect(half.report.receive.flows).toBeUndefined();
    expect(said(half)).toContain("flows: not in every report");
  });

  it("has a sentence for each reason", () => {
    for (const sentence of Object.values(inexactReasons)) expect(sentence).toMatch(/^[a-z].*[a-z]$/);
  });
});

describe("measurers with clocks of their own", () => {
  it("have one time, give or take the bound, which every time says", () => {
    const [first, second] = two({}, {});
    const apart: TrialPart = { ...second!, clock: { aheadNs: -500, boundNs: 30 } };
    const { report, inexact } = mergeTrialReports(plan, [first!, apart]);
    expect(report.transmit).toMatchObject({ firstNs: 500, lastNs: 19_000, lastBlockedNs: -1 });
    expect(report.receive).toMatchObject({ firstArrivalNs: 1_000, lastArrivalNs: 30_000, lossUntilNs: 9_000 });
    expect(inexact.filter(({ reason }) => reason === "clocks").map(({ field, boundNs }) => [field, boundNs])).toEqual(
      ["firstNs", "lastNs", "windowNs", "lastBlockedNs", "firstArrivalNs", "lastArrivalNs", "lossUntilNs"].map(
        (field) => [field, 30],
      ),
    );
  });

  it("have no time where nothing happened", () => {
    const idle = { queues: [], ...{ intended: 0, firstNs: 0, lastNs: 0 } };
    const [first, second] = two(
      {},
      { transmit: idle, receive: { firstArrivalNs: -1, lastArrivalNs: 0, lossUntilNs: 0 } },
    );
    const { report } = mergeTrialReports(plan, [first!, { ...second!, clock: { aheadNs: 9e12, boundNs: 0 } }]);
    expect(report.transmit).toMatchObject({ firstNs: 1_000, lastNs: 19_000 });
    expect(report.receive).toMatchObject({ firstArrivalNs: 1_500, lastArrivalNs: 30_000, lossUntilNs: 9_000 });
  });
});

describe("refused", () => {
  const [first, second] = two({}, {});

  it("is the same measurer with another report, and no report", () => {
    const other = { ...first!, report: changed({ receive: { latency: histogramOf(5, 8) } }) };
    expect(() => mergeTrialReports(plan, [first!, second!, other])).toThrow("it reported twice, and differently");
    expect(() => mergeTrialReports(plan, [])).toThrow("there is no report to merge");
  });

  it.each([
    [[1, 0], "its queues are 1, 0"],
    [[2], "its queues are 2"],
    [[0.5], "its queues are 0.5"],
  ])("are places that the trial has not: %j", (queues, message) => {
    expect(() => mergeTrialReports(plan, [{ ...first!, queues }])).toThrow(message);
  });

  it("are a queue that it has not, and one that another measurer sent on", () => {
    const wide = { ...sending.queues[0]!, queue: 1 };
    const strange = { ...first!, report: changed({ transmit: { queues: [wide] } }) };
    expect(() => mergeTrialReports(plan, [strange])).toThrow("it reports queue 1, and has 1");
    expect(() => mergeTrialReports(plan, [first!, { ...second!, queues: [0] }])).toThrow(
      "queue 0 of the trial is share 0's as well",
    );
  });

  it("is a histogram of another layout", () => {
    const strange = { ...first!, report: changed({ receive: { latency: new Float64Array(histogramSlots - 1) } }) };
    expect(() => mergeTrialReports(plan, [strange, second!])).toThrow(`a histogram has ${histogramSlots - 1} slots`);
  });
});
