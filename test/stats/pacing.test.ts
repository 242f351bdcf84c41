/** How evenly frames left. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { GapRecorder } from "../../src/stats/pacing.js";

/** Departures with these gaps, all on schedule. */
function recorded(targetNs: number, gaps: readonly number[]): GapRecorder {
  const recorder = new GapRecorder(targetNs);
  let now = 5_000_000;
  recorder.departed(now, now);
  for (const gap of gaps) {
    now += gap;
    recorder.departed(now, now);
  }
  return recorder;
}

it("gives shares of gaps around the target, limits included", () => {
  const gaps = [1000, 1064, 936, 1065, 872, 1256, 745, 488, 1513, 3000];
  expect(recorded(1000, gaps).summary("self")).toMatchObject({
    targetNs: 1000,
    within64ns: 0.3,
    within128ns: 0.5,
    within256ns: 0.7,
    within512ns: 0.8,
    maxNs: 3000,
    observer: "self",
  });
});

it("counts runs of gaps below a tenth of the target as one burst each", () => {
  const summary = recorded(1000, [1000, 99, 0, 20, 1000, 100, 1000, 5, 1000]).summary("self");
  expect(summary?.bursts).toBe(2);
});

it("keeps the largest lag behind the schedule", () => {
  const recorder = new GapRecorder(100);
  recorder.departed(1000, 1000);
  recorder.departed(1350, 1100);
  recorder.departed(1351, 1200);
  recorder.departed(1352, 1400);
  expect(recorder.summary("self")?.lagMaxNs).toBe(250);
});

it("gives percentiles of gaps", () => {
  const summary = recorded(
    200,
    Array.from({ length: 10_000 }, (_, i) => (i < 9999 ? 200 : 90_000)),
  ).summary("self");
  expect(summary).toMatchObject({ p50Ns: 200, p99Ns: 200, p99_99Ns: 200, maxNs: 90_000 });
});

it("gives the gaps in at most some hundred buckets, none of them empty, and every gap in one of them", () => {
  const gap = fc.oneof(fc.nat(300), fc.nat(2 ** 31 - 1), fc.integer({ min: 0, max: 2 ** 43 }));
  fc.assert(
    fc.property(fc.array(gap, { minLength: 1, maxLength: 400 }), (gaps) => {
      const { buckets = [], maxNs } = recorded(1000, gaps).summary("self")!;
      let from = -1;
      for (const [upToNs, frames] of buckets) {
        expect(frames).toBe(gaps.filter((ns) => ns > from && ns <= upToNs).length);
        expect(frames).toBeGreaterThan(0);
        from = upToNs;
      }
      expect([from, buckets.length <= 330]).toEqual([maxNs, true]);
      expect(buckets.reduce((sum, [, frames]) => sum + frames, 0)).toBe(gaps.length);
    }),
  );
});

it("has nothing to say before there is a gap, nor after a reset", () => {
  const recorder = new GapRecorder(100);
  expect(recorder.summary("self")).toBeNull();
  recorder.departed(1, 1);
  expect(recorder.summary("self")).toBeNull();
  recorder.departed(101, 101);
  recorder.reset(300);
  recorder.departed(900, 900);
  expect(recorder.summary("self")).toBeNull();
});

it("counts a frame that is reckoned to leave before the one in front as leaving at once, in a burst", () => {
  const recorder = new GapRecorder(100);
  for (const lagNs of [5_000, 4_700, 4_400, 0]) recorder.departedLate(lagNs);
  expect(recorder.summary("self")).toMatchObject({ maxNs: 0, bursts: 1, lagMaxNs: 5_000 });
});

it("of frames a target gap apart, how late each left says all that their times do", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000 }), fc.array(fc.nat(50_000), { maxLength: 50 }), (targetNs, lags) => {
      const [byTimes, byLags] = [new GapRecorder(targetNs), new GapRecorder(targetNs)];
      for (const [k, lagNs] of lags.entries()) {
        byTimes.departed(k * targetNs + lagNs, k * targetNs);
        byLags.departedLate(lagNs);
      }
      expect(byLags.summary("self")).toEqual(byTimes.summary("self"));
    }),
  );
});
