/** Latency and its variation of many streams, by the clocks of two hosts that are not quite right. */
import { expect, it } from "vitest";
import { StreamTimes } from "../../../src/engine/receive/stream-times.js";
import { Histogram } from "../../../src/stats/histogram.js";
import { LaneRows } from "../../../src/stats/lane-rows.js";
import { SignedHistogram } from "../../../src/stats/signed-histogram.js";

it("frames that came before they left count as 0, and vary as they do", () => {
  const times = new StreamTimes({ streams: 1, rows: new LaneRows(1), lags: null, hasProbe: false, forMerging: false });
  for (const [k, latencyNs] of [-500, -300, -420, 10].entries()) times.note(0, 0, k + 1, latencyNs, true, true);
  times.record();
  const { latency, ipdv } = times.report();
  expect(Histogram.fromData(latency!).summary()).toMatchObject({ count: 4, min: 0, max: 10 });
  // −500 → −300 → −420 → 10
  expect(SignedHistogram.fromData(ipdv!).summary()).toMatchObject({ count: 3, min: -120, max: 430 });
  const { latencyNs, ipdvNs } = times.ofStream(0, [0]);
  expect(latencyNs).toMatchObject({ min: 0, max: 10 });
  expect(ipdvNs).toMatchObject({ min: 120, max: 430 });
});

it.each([
  [
    64,
    [
      [1_023, 2],
      [2_000, 1],
    ],
  ],
  [65, undefined],
])("of %d streams each has its histogram: %j", (streams, buckets) => {
  const rows = new LaneRows(streams);
  const times = new StreamTimes({ streams, rows, lags: null, hasProbe: false, forMerging: false });
  for (const [k, latencyNs] of [1_000, 1_010, 2_000].entries()) times.note(3, 3, k + 1, latencyNs, true, true);
  times.record();
  expect(times.ofStream(3, [3]).latencyBuckets).toEqual(buckets);
  expect(times.ofStream(4, [4]).latencyBuckets).toBeUndefined();
});
