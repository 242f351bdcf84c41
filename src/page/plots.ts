/** uPlot as this page uses it: colours of the page's style, one cursor, bands and markers drawn behind the lines. */
import uPlot from "uplot";
import type { MarkerEvent } from "./events.js";
import { type UnitName, valueWord } from "./words.js";

export interface PlotLine {
  readonly figure: string;
  readonly title: string;
  /** A number of the style's eight colours. */
  readonly color: number;
  readonly dash?: readonly number[];
}

const rootStyle = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** The style's colour, looked up whenever something is drawn: it follows light, dark and paper. */
export const colorOf = (color: number) => (): string => rootStyle(`--c${color}`);
const inkOf = (name: "soft" | "rule" | "ink" | "band") => (): string => rootStyle(`--${name}`);

/** All charts of one run share a cursor: one line through all of them, at the same time. */
const cursorGroup = uPlot.sync("run");

const axisFont = "12px system-ui, sans-serif";

/** `12:07`, `1:02:03`: labels of the time axis, from seconds. */
function secondsLabel(seconds: number): string {
  if (seconds < 60) return `${Number(seconds.toFixed(2))} s`;
  const two = (part: number): string => String(Math.floor(part)).padStart(2, "0");
  const minutes = seconds / 60;
  const rest = two(seconds % 60);
  return minutes < 60 ? `${Math.floor(minutes)}:${rest}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${rest}`;
}

const axis = (label: (value: number) => string, size: number): uPlot.Axis => ({
  stroke: inkOf("soft"),
  font: axisFont,
  size,
  grid: { stroke: inkOf("rule"), width: 1 },
  ticks: { stroke: inkOf("rule"), width: 1 },
  values: (_plot, splits) => splits.map((value) => (value === null ? "" : label(value))),
});

/** Fewer samples make no line that could be seen. */
const fewestForLine = 3;

const line = ({ title, color, dash }: PlotLine): uPlot.Series => ({
  label: title,
  stroke: colorOf(color),
  width: 1.75,
  points: { show: (plot) => plot.data[0].length < fewestForLine, size: 6, fill: colorOf(color) },
  spanGaps: false,
  ...(dash === undefined ? {} : { dash: [...dash] }),
});

export interface TimePlot {
  readonly width: number;
  readonly height: number;
  readonly unit: UnitName;
  readonly lines: readonly PlotLine[];
  /** Times at which somebody changed something. */
  readonly markers: () => readonly MarkerEvent[];
  /** Shares of 0 to 1 by time that explain dips: seconds, then the share. */
  readonly band: () => readonly [ArrayLike<number>, ArrayLike<number>] | null;
  /** The place in the data that the cursor is at; null: it is not in the chart. */
  readonly onCursor: (at: number | null) => void;
}

export function timePlot(target: HTMLElement, asked: TimePlot): uPlot {
  const options: uPlot.Options = {
    width: asked.width,
    height: asked.height,
    legend: { show: false },
    cursor: { sync: { key: cursorGroup.key, setSeries: false }, drag: { x: true, y: false }, points: { size: 6 } },
    scales: { x: { time: false }, y: { range: (_plot, _least, most) => [0, most > 0 ? most * 1.08 : 1] } },
    axes: [axis(secondsLabel, 36), axis((value) => valueWord(value, asked.unit).replace(/ ?(pps|bps)$/, ""), 64)],
    series: [{}, ...asked.lines.map(line)],
    hooks: {
      drawClear: [(plot) => drawBand(plot, asked.band())],
      draw: [(plot) => drawMarkers(plot, asked.markers())],
      setCursor: [(plot) => asked.onCursor(plot.cursor.idx ?? null)],
    },
  };
  return new uPlot(options, [[], ...asked.lines.map(() => [])], target);
}

/** The least and the most that a band hides of what is behind it: lines are always seen. */
const [palest, darkest] = [0.1, 0.35];

/** The darker the band, the greater the share of time that others took, or of frames that left late. */
function drawBand(plot: uPlot, band: readonly [ArrayLike<number>, ArrayLike<number>] | null): void {
  if (band === null) return;
  const [times, shares] = band;
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.fillStyle = inkOf("band")();
  for (let i = 1; i < times.length; i++) {
    const share = shares[i]!;
    if (!(share > 0.001)) continue;
    // Whole pixels: neighbours would show a seam.
    const from = Math.max(bbox.left, Math.round(plot.valToPos(times[i - 1]!, "x", true)));
    const to = Math.min(bbox.left + bbox.width, Math.round(plot.valToPos(times[i]!, "x", true)));
    if (to <= from) continue;
    ctx.globalAlpha = palest + (darkest - palest) * Math.min(1, share);
    ctx.fillRect(from, bbox.top, to - from, bbox.height);
  }
  ctx.restore();
}

function drawMarkers(plot: uPlot, markers: readonly MarkerEvent[]): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = inkOf("ink")();
  ctx.fillStyle = inkOf("ink")();
  ctx.setLineDash([4, 4]);
  ctx.lineWidth = devicePixelRatio;
  for (const { t } of markers) {
    const x = Math.round(plot.valToPos(t / 1000, "x", true));
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.beginPath();
    ctx.moveTo(x - 5, bbox.top);
    ctx.lineTo(x + 5, bbox.top);
    ctx.lineTo(x, bbox.top + 8);
    ctx.fill();
  }
  ctx.restore();
}

/** Buckets as steps on two logarithmic axes: how many frames had which latency or gap. */
export function bucketPlot(
  target: HTMLElement,
  width: number,
  height: number,
  color: number,
  onCursor: (at: number | null) => void,
): uPlot {
  const options: uPlot.Options = {
    width,
    height,
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { size: 6 } },
    scales: {
      x: { time: false, distr: 3, log: 10, range: (_plot, least, most) => decades(least, most) },
      y: {
        distr: 3,
        log: 10,
        range: (_plot, _least, most) => [0.5, 10 ** Math.ceil(Math.log10(Math.max(2, most) * 1.2))],
      },
    },
    axes: [powers(axis((ns) => valueWord(ns, "ns"), 36)), powers(axis((count) => valueWord(count, "frames"), 84))],
    series: [
      {},
      {
        stroke: colorOf(color),
        fill: () => `${colorOf(color)()}33`,
        width: 1.5,
        points: { show: false },
        ...(uPlot.paths.stepped === undefined ? {} : { paths: uPlot.paths.stepped({ align: -1 }) }),
        fillTo: 0.5,
      },
    ],
    hooks: { setCursor: [(plot) => onCursor(plot.cursor.idx ?? null)] },
  };
  return new uPlot(options, [[], []], target);
}

/** Lines and labels at powers of ten alone. */
const powers = (one: uPlot.Axis): uPlot.Axis => ({
  ...one,
  splits: (_plot, _axis, least, most) => {
    const [low, high] = [Math.ceil(Math.log10(least) - 1e-9), Math.floor(Math.log10(most) + 1e-9)];
    return Array.from({ length: Math.max(0, high - low + 1) }, (_, i) => 10 ** (low + i));
  },
});

const decades = (least: number | null, most: number | null): [number, number] => [
  10 ** Math.floor(Math.log10(Math.max(1, least ?? 1))),
  10 ** Math.ceil(Math.log10(Math.max(10, most ?? 10))),
];

/** Calls `redraw` when the page turns light or dark, and before it is printed. Returns what ends it. */
export function onLooks(redraw: () => void): () => void {
  const queries = ["(prefers-color-scheme: dark)", "print"].map((query) => matchMedia(query));
  for (const query of queries) query.addEventListener("change", redraw);
  return () => {
    for (const query of queries) query.removeEventListener("change", redraw);
  };
}
