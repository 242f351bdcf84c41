/** Samples over time in constant memory: what is thinned, and that no peak is lost where a chart has less room. */
import { expect, it } from "vitest";
import { SampleSeries, withNulls } from "../../src/page/sample-series.js";

const unknown = Number.NaN;

it("has what was added, and the last value by name", () => {
  const series = new SampleSeries(["txPps", "lost"], ["pps", "frames"], 8);
  series.add(250, [10, null]);
  series.add(500, [20, 3]);
  const [times, tx, lost] = series.view(["txPps", "lost"], 0, 100);
  expect([times, tx, lost].map((column) => [...column!])).toEqual([
    [0.25, 0.5],
    [10, 20],
    [unknown, 3],
  ]);
  expect([series.last("txPps"), series.last("lost"), series.last("none")]).toEqual([20, 3, null]);
  expect(new SampleSeries(["a"], ["pps"]).last("a")).toBeNull();
});

it("gives charts null for what is unknown: a NaN at the start is one for all of their scale", () => {
  const columns = [Float64Array.of(1, 2), Float64Array.of(Number.NaN, 7)];
  expect(withNulls(columns)).toEqual([
    [1, 2],
    [null, 7],
  ]);
});

it("says which figures anybody knows", () => {
  const series = new SampleSeries(["a", "b"], ["pps", "pps"], 8);
  series.add(0, [1, null]);
  expect([series.has("a"), series.has("b"), series.has("c")]).toEqual([true, false, false]);
});

it("thins the older half by pairs: rates by their mean, counts by the later one, worst values by the greater", () => {
  const series = new SampleSeries(["txPps", "sent", "latencyMaxNs"], ["pps", "frames", "ns"], 8);
  for (let i = 0; i < 9; i++) series.add(i * 1000, [i * 10, i, i === 2 ? 99 : null]);
  const columns = series.view(["txPps", "sent", "latencyMaxNs"], 0, 100).map((column) => [...column]);
  expect(columns).toEqual([
    [1, 3, 4, 5, 6, 7, 8],
    [5, 25, 40, 50, 60, 70, 80],
    [1, 3, 4, 5, 6, 7, 8],
    [unknown, 99, unknown, unknown, unknown, unknown, unknown],
  ]);
});

it("stays as large as it is, for ever", () => {
  const series = new SampleSeries(["sent"], ["frames"], 64);
  for (let i = 0; i < 100_000; i++) series.add(i, [i]);
  const [times, sent] = series.view(["sent"], 0, 100);
  expect(series.count).toBeLessThanOrEqual(64);
  expect(series.last("sent")).toBe(99_999);
  expect([...times!]).toEqual([...times!].sort((a, b) => a - b));
  expect([...sent!].every((count, i) => count / 1000 === times![i])).toBe(true);
});

it("gives each place of a chart its least and greatest value", () => {
  const series = new SampleSeries(["lostPps"], ["pps"], 1024);
  for (let i = 0; i < 1000; i++) series.add(i * 1000, [i === 777 ? 5 : i === 778 ? -5 : 0]);
  const [times, lost] = series.view(["lostPps"], 0, 10);
  expect(times).toHaveLength(20);
  expect([times![0], times![19]]).toEqual([0, 999]);
  expect([...lost!].filter((value) => value !== 0)).toEqual([5, -5]);
});

it("begins where it is asked to", () => {
  const series = new SampleSeries(["a"], ["pps"], 64);
  for (let i = 0; i < 10; i++) series.add(i * 1000, [i]);
  expect([...series.view(["a"], 7, 10)[0]!]).toEqual([7, 8, 9]);
});
