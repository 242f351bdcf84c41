/** The charts of a result: each is null where the result has nothing for it. */
import type { LossCurve, RunResult, SearchStep, Trial } from "../../result/run-result.js";
import { grouped, percentWord, rateWord, timeWord } from "../../stats/words.js";
import { foundRate } from "../sections.js";
import {
  type Axis,
  axes,
  bar,
  type Chart,
  cross,
  limit,
  line,
  linear,
  logarithmic,
  logTicks,
  mark,
  type Point,
  plotBottom,
  plotLeft,
  plotRight,
  plotTop,
  roundTicks,
} from "./svg.js";

export const sizeName = (frameBytes: number | string): string =>
  typeof frameBytes === "number" ? `${frameBytes} bytes` : frameBytes;

export const fromZero = (most: number, title: string, word: (value: number) => string): Axis => {
  const ticks = roundTicks(most);
  const scale = linear(0, ticks.at(-1) ?? 1, plotBottom, plotTop);
  return { scale, ticks: ticks.map((value) => ({ at: value, label: word(value) })), title };
};

const logUp = (least: number, most: number, title: string, word: (value: number) => string): Axis => {
  const ticks = logTicks(least, most);
  const scale = logarithmic(ticks[0], ticks.at(-1) ?? 1, plotBottom, plotTop);
  return { scale, ticks: ticks.map((value) => ({ at: value, label: word(value) })), title };
};

/** Groups side by side along the lower edge. */
interface Bands {
  readonly axis: Axis;
  readonly start: (group: number) => number;
  readonly width: number;
}

export function bands(names: readonly string[], title: string): Bands {
  const step = (plotRight - plotLeft) / names.length;
  const scale = (group: number): number => plotLeft + step * (group + 0.5);
  const ticks = names.map((label, at) => ({ at, label }));
  return { axis: { scale, ticks, title }, start: (group) => plotLeft + step * (group + 0.15), width: step * 0.7 };
}

const short = (pps: number): string => rateWord(pps).replace("pps", "").trim() || "0";

/** Bars by size and goal, with the line's theoretical maximum as a stroke above. */
export function throughputChart({ results = [] }: RunResult): Chart | null {
  if (results.length === 0) return null;
  const sizes = [...new Set(results.map(({ frameBytes }) => frameBytes))];
  const goals = [...new Set(results.map(({ goal }) => goal))];
  const most = Math.max(1, ...results.flatMap(({ pps, linePps = 0 }) => [pps, linePps]));
  const y = fromZero(most, "frames per second", short);
  const x = bands(sizes.map(String), "frame size, bytes");
  const each = x.width / goals.length;
  const found = results.filter(({ pps }) => pps > 0);
  const body = found.map((row) => {
    const left = x.start(sizes.indexOf(row.frameBytes)) + goals.indexOf(row.goal) * each;
    const top = y.scale(row.pps);
    const title = `${sizeName(row.frameBytes)}, ${row.goal}: ${foundRate(row)}`;
    const line_ =
      row.linePps === undefined ? "" : limit(left, each, y.scale(row.linePps), `the line: ${rateWord(row.linePps)}`);
    return bar(left, each * 0.92, top, goals.indexOf(row.goal), title) + line_;
  });
  return {
    id: "throughput",
    title: results.some(({ linePps }) => linePps !== undefined)
      ? "Rate by frame size; the stroke is the line's theoretical maximum"
      : "Rate by frame size; a port without a line has no theoretical maximum",
    description: results.map((row) => `${sizeName(row.frameBytes)}, ${row.goal}: ${foundRate(row)}`).join("; "),
    body: axes(x.axis, y) + body.join(""),
    legend: goals.length > 1 ? goals : [],
  };
}

/** Loss against load, all sizes in one. */
export function lossChart({ lossCurves = [] }: RunResult): Chart | null {
  const curves = lossCurves.filter(({ points }) => points.length > 0);
  if (curves.length === 0) return null;
  const most = Math.max(0.001, ...curves.flatMap(({ points }) => points.map(({ lossRatio }) => lossRatio)));
  const y = fromZero(most * 100, "loss, %", String);
  const scale = linear(0, 100, plotLeft, plotRight);
  const x: Axis = {
    scale,
    ticks: roundTicks(99).map((at) => ({ at, label: String(at) })),
    title: "load, % of the maximum",
  };
  const place = (point: LossCurve["points"][number]): Point => [
    x.scale(point.share * 100),
    y.scale(point.lossRatio * 100),
  ];
  const body = curves.map(({ frameBytes, points }, i) => {
    const marks = points.map((point) =>
      mark(place(point), i, `${sizeName(frameBytes)} at ${rateWord(point.pps)}: ${percentWord(point.lossRatio)} lost`),
    );
    return line(points.map(place), i) + marks.join("");
  });
  return {
    id: "loss-curve",
    title: "Frame loss rate by load",
    description: curves
      .map(
        ({ frameBytes, points }) =>
          `${sizeName(frameBytes)}: from ${percentWord(points[0].lossRatio)} at ${percentWord(points[0].share)} of the load down to ${percentWord(points.at(-1)?.lossRatio ?? 0)}`,
      )
      .join("; "),
    body: axes(x, y) + body.join(""),
    legend: curves.length > 1 ? curves.map(({ frameBytes }) => sizeName(frameBytes)) : [],
  };
}

type Buckets = NonNullable<Trial["latencyBuckets"]>;
interface LatencySeries {
  readonly name: string;
  readonly buckets: Buckets;
  readonly frames: number;
}

export const nsWord = (ns: number): string => timeWord(ns).replace("us", "µs");

type WithLatency = Pick<Trial, "phase" | "latencyBuckets">;

/** Trials of one size with a histogram, by phase; repetitions are added up. */
function latencySeries(trials: readonly WithLatency[]): LatencySeries[] {
  const byPhase = new Map<string, Map<number, number>>();
  for (const { phase, latencyBuckets } of trials) {
    if (latencyBuckets === undefined) continue;
    const sum = byPhase.get(phase) ?? new Map<number, number>();
    byPhase.set(phase, sum);
    for (const [upTo, count] of latencyBuckets) sum.set(upTo, (sum.get(upTo) ?? 0) + count);
  }
  return [...byPhase].map(([name, sum]) => {
    const buckets = [...sum].sort(([a], [b]) => a - b);
    return { name, buckets, frames: buckets.reduce((total, [, count]) => total + count, 0) };
  });
}

function latencyAxis(series: readonly LatencySeries[], title: string, start: number, end: number): Axis {
  const all = series.flatMap(({ buckets }) => buckets.map(([upTo]) => upTo));
  const ticks = logTicks(Math.max(10, Math.min(...all)), Math.max(20, ...all));
  const scale = logarithmic(ticks[0], ticks.at(-1) ?? 1, start, end);
  return { scale, ticks: ticks.map((at) => ({ at, label: nsWord(at) })), title };
}

/** The shares of the percentile axis. Each nine takes the same room. */
const shares = [0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999] as const;
const nines = (share: number): number => -Math.log10(1 - share);

/** Latency against the share of frames, both so that tails are seen. */
export function percentileChart(
  frameBytes: number | string,
  trials: readonly WithLatency[],
  whose: "all" | "probe" = "all",
): Chart | null {
  const series = latencySeries(trials);
  if (series.length === 0) return null;
  const y = latencyAxis(series, "latency", plotBottom, plotTop);
  const scale = linear(0, nines(0.99999), plotLeft, plotRight);
  const ticks = shares.map((share) => ({ at: nines(share), label: `${Number((share * 100).toPrecision(6))} %` }));
  const x: Axis = { scale, ticks, title: "share of frames that were at most so late" };
  const body = series.map(({ buckets, frames }, i) => {
    let seen = 0;
    const points = buckets.map(([upTo, count]): Point => {
      seen += count;
      const share = Math.min(seen / frames, 1 - 1 / (frames + 1), 0.99999);
      return [x.scale(nines(share)), y.scale(upTo)];
    });
    return line([[plotLeft, points[0][1]], ...points], i);
  });
  return {
    id: `${whose === "all" ? "" : "probe-"}percentiles-${frameBytes}`,
    title: `${whose === "all" ? "Latency" : "The probe's latency"} by share of frames, ${sizeName(frameBytes)}`,
    description: series.map(({ name, frames }) => `${name}: ${grouped(frames)} frames`).join("; "),
    body: axes(x, y) + body.join(""),
    legend: series.length > 1 ? series.map(({ name }) => name) : [],
  };
}

/** How many frames had which latency, both logarithmic. */
export function histogramChart(frameBytes: number | string, trials: readonly Trial[]): Chart | null {
  const series = latencySeries(trials);
  if (series.length === 0) return null;
  const x = latencyAxis(series, "latency", plotLeft, plotRight);
  const most = Math.max(...series.flatMap(({ buckets }) => buckets.map(([, count]) => count)));
  const y = logUp(1, Math.max(10, most), "frames", grouped);
  const body = series.map(({ buckets }, i) => {
    // The first bucket begins an eighth below its end at most: nothing was faster.
    let from: number = Math.max(plotLeft, x.scale((buckets[0]?.[0] ?? 1) * (8 / 9)));
    const points = buckets.flatMap(([upTo, count]): Point[] => {
      const to = x.scale(upTo);
      const height = y.scale(count);
      const step: Point[] = [
        [from, height],
        [to, height],
      ];
      from = to;
      return step;
    });
    return line(points, i);
  });
  return {
    id: `histogram-${frameBytes}`,
    title: `Latency histogram, ${sizeName(frameBytes)}`,
    description: series.map(({ name, frames }) => `${name}: ${grouped(frames)} frames`).join("; "),
    body: axes(x, y) + body.join(""),
    legend: series.length > 1 ? series.map(({ name }) => name) : [],
  };
}

/** Load by trial: what held, what did not, what could not be used. */
export function searchChart(frameBytes: number | string, steps: readonly SearchStep[]): Chart | null {
  if (steps.length === 0) return null;
  const loads = steps.map(({ pps }) => pps);
  const least = Math.min(...loads);
  const most = Math.max(...loads);
  const wide = most / least > 3;
  const around = roundTicks(most * 1.02, 5, least * 0.98);
  const y = wide
    ? logUp(least, most, "frames per second", short)
    : {
        scale: linear(around[0], around.at(-1) ?? 1, plotBottom, plotTop),
        ticks: around.map((at) => ({ at, label: short(at) })),
        title: "frames per second",
      };
  const each = roundTicks(steps.length, 8).filter((at) => Number.isInteger(at) && at >= 1 && at <= steps.length);
  const scale = linear(0, steps.length + 1, plotLeft, plotRight);
  const x: Axis = { scale, ticks: each.map((at) => ({ at, label: String(at) })), title: "trial" };
  const goals = [...new Set(steps.map(({ goal }) => goal))];
  const place = (step: SearchStep, i: number): Point => [x.scale(i + 1), y.scale(step.pps)];
  const marks = steps.map((step, i) => {
    const series = goals.indexOf(step.goal);
    const title = `trial ${i + 1} for ${step.goal}, ${rateWord(step.pps)}, ${timeWord(step.durationNs)}: ${step.lossRatio === null ? "not used" : `${percentWord(step.lossRatio)} lost`}`;
    if (step.lossRatio === null) return mark(place(step, i), series, title, true);
    return step.lossRatio > 0 ? cross(place(step, i), series, title) : mark(place(step, i), series, title);
  });
  return {
    id: `search-${frameBytes}`,
    title: `Search path, ${sizeName(frameBytes)}: filled without loss, crossed with loss, hollow not used`,
    description: `${steps.length} trials between ${rateWord(least)} and ${rateWord(most)}`,
    body: axes(x, y) + line(steps.map(place), 7) + marks.join(""),
    legend: goals.length > 1 ? goals : [],
  };
}

/** Received rate over the soak's time, and where frames were lost. */
export function soakChart({ soak }: RunResult): Chart | null {
  if (soak === undefined || soak.intervals.length === 0) return null;
  const { intervals, events, elapsedNs, pps } = soak;
  const y = fromZero(Math.max(pps, ...intervals.map(({ rxPps }) => rxPps)), "frames per second", short);
  const scale = linear(0, elapsedNs, plotLeft, plotRight);
  const x: Axis = {
    scale,
    ticks: roundTicks(elapsedNs / 1e9)
      .filter((second) => second * 1e9 <= elapsedNs)
      .map((second) => ({ at: second * 1e9, label: nsWord(second * 1e9) })),
    title: "time of sending",
  };
  const points = intervals.flatMap(({ startNs, durationNs, rxPps }): Point[] => [
    [x.scale(startNs), y.scale(rxPps)],
    [x.scale(startNs + durationNs), y.scale(rxPps)],
  ]);
  const lost = events.map(({ startNs, lost: frames, at }) =>
    cross([x.scale(startNs), plotBottom - 6], 1, `${grouped(frames)} lost at ${at}`),
  );
  return {
    id: "soak-chart",
    title: "Received rate over time; crosses where frames were lost",
    description: `${intervals.length} intervals, ${events.length} spells of loss`,
    body: axes(x, y) + line(points, 0) + lost.join(""),
    legend: [],
  };
}
