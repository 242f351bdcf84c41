/** The charts of a run over time: rates, bits, loss, latency. One cursor goes through all; markers say who changed what. */
import { useSignalEffect } from "@preact/signals";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type uPlot from "uplot";
import { onLooks, type PlotLine, timePlot } from "./plots.js";
import { withNulls } from "./sample-series.js";
import { type Choices, OneOf, PagePart } from "./small-parts.js";
import type { ToldRun } from "./told-run.js";
import { clockWord, type UnitName, valueWord } from "./words.js";

interface ChartSpec {
  readonly id: string;
  readonly title: string;
  readonly unit: UnitName;
  readonly lines: readonly PlotLine[];
}

const dashed = [6, 3];
const rates: ChartSpec = {
  id: "pps",
  title: "frames a second",
  unit: "pps",
  lines: [
    { figure: "offeredPps", title: "offered", color: 7, dash: dashed },
    { figure: "txPps", title: "sent", color: 0 },
    { figure: "rxPps", title: "received", color: 2 },
  ],
};
const bits = (layer: 1 | 2): ChartSpec => ({
  id: "bps",
  title: `bits a second, layer ${layer}${layer === 1 ? " (with preamble and gap)" : ""}`,
  unit: "bps",
  lines: [
    { figure: `txBpsL${layer}`, title: "sent", color: 0 },
    { figure: `rxBpsL${layer}`, title: "received", color: 2 },
  ],
});
const loss: ChartSpec = {
  id: "loss",
  title: "frames lost a second",
  unit: "pps",
  lines: [{ figure: "lostPps", title: "lost", color: 1 }],
};
/** Of a run: of all frames of its trial so far. Of a session each figure is that of the flow where it is the worst. */
const latency = (title: string): ChartSpec => ({
  id: "latency",
  title,
  unit: "ns",
  lines: [
    { figure: "latencyP50Ns", title: "median", color: 0 },
    { figure: "latencyP99Ns", title: "p99", color: 3 },
    { figure: "latencyMaxNs", title: "max", color: 1, dash: dashed },
  ],
});

/** Seconds until now. */
const spans: Choices<number> = [
  ["all", Infinity],
  ["10 min", 600],
  ["1 min", 60],
];
const layers: Choices<1 | 2> = [
  ["L1", 1],
  ["L2", 2],
];

export function ChartStack({ run }: { run: ToldRun }) {
  const [layer, setLayer] = useState<1 | 2>(2);
  const [span, setSpan] = useState<number>(Infinity);
  void run.samples.shown;
  const { names } = run.series;
  const isSession = run.config.shown?.kind === "session";
  const latencies = latency(`latency ${isSession ? "of the worst flow since its start" : "since the trial began"}`);
  const specs = [rates, bits(layer), loss, latencies].filter(({ lines }) =>
    lines.some(({ figure }) => run.series.has(figure)),
  );
  if (specs.length === 0) return null;
  return (
    <PagePart id="charts" title="Over time">
      <div class="row choices">
        <OneOf title="time shown" choices={spans} chosen={span} choose={setSpan} />
        {names.includes("txBpsL1") ? (
          <OneOf title="layer of bits" choices={layers} chosen={layer} choose={setLayer} />
        ) : null}
        <BandKey run={run} />
      </div>
      <div class="charts">
        {specs.map((spec) => (
          <TimeChart key={`${spec.id} ${spec.title}`} run={run} spec={spec} span={span} />
        ))}
      </div>
      <MarkerList run={run} />
    </PagePart>
  );
}

function BandKey({ run }: { run: ToldRun }) {
  void run.samples.shown;
  return run.series.has("stealShare") || run.series.has("lateShare") ? (
    <span class="soft">
      <span class="band-key" aria-hidden="true" /> time that others took of this machine, or frames that left late
    </span>
  ) : null;
}

interface TimeChartProps {
  readonly run: ToldRun;
  readonly spec: ChartSpec;
  readonly span: number;
}

const chartHeight = 190;
const bandFigures = ["stealShare", "lateShare"];

function TimeChart({ run, spec, span }: TimeChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const lines = useMemo(
    () => spec.lines.filter(({ figure }) => run.series.names.includes(figure)),
    [spec.id, spec.title],
  );
  const [at, setAt] = useState<number | null>(null);
  const update = (): void => {
    const width = box.current?.clientWidth ?? 0;
    if (plot.current === null || width === 0) return;
    const from = span === Infinity ? 0 : run.series.lastSecond - span;
    const figures = lines.map(({ figure }) => figure);
    const columns = run.series.view(figures, from, Math.min(width, 1_000));
    plot.current.setData(withNulls(columns) as unknown as uPlot.AlignedData);
  };
  useEffect(() => {
    const made = timePlot(box.current!, {
      width: Math.max(200, box.current!.clientWidth),
      height: chartHeight,
      unit: spec.unit,
      lines,
      markers: () => run.markers.value,
      band: () => bandOf(run, span),
      onCursor: setAt,
    });
    plot.current = made;
    update();
    const sizes = new ResizeObserver(([entry]) => {
      made.setSize({ width: Math.max(200, Math.floor(entry!.contentRect.width)), height: chartHeight });
    });
    sizes.observe(box.current!);
    const endLooks = onLooks(() => made.redraw(false, true));
    return () => {
      endLooks();
      sizes.disconnect();
      made.destroy();
    };
  }, [lines, span]);
  useSignalEffect(() => {
    void run.samples.shown;
    void run.markers.shown;
    update();
  });
  return (
    <figure class="time-chart" aria-label={spec.title}>
      <figcaption>
        {spec.title} <Legend lines={lines} unit={spec.unit} run={run} plot={plot.current} at={at} />
      </figcaption>
      <div ref={box} />
    </figure>
  );
}

function bandOf(run: ToldRun, span: number): readonly [Float64Array, Float64Array] | null {
  if (!bandFigures.some((figure) => run.series.names.includes(figure))) return null;
  const from = span === Infinity ? 0 : run.series.lastSecond - span;
  const [times, steal, late] = run.series.view(bandFigures, from, 500);
  return [times!, steal!.map((share, i) => Math.max(Number.isNaN(share) ? 0 : share, late![i]! > 0 ? late![i]! : 0))];
}

/** Names of the lines with their values: at the cursor, else the last ones. */
function Legend({ lines, unit, run, plot, at }: LegendProps) {
  void run.samples.shown;
  const time = at === null ? undefined : plot?.data[0][at];
  const value = (i: number, figure: string): number | null =>
    at === null || plot === null
      ? run.series.last(figure)
      : ((plot.data[i + 1]?.[at] as number | null | undefined) ?? null);
  return (
    <span class="legend">
      {lines.map(({ figure, title, color }, i) => (
        <span key={figure}>
          <i class={`key k${color}`} aria-hidden="true" /> {title} <b>{valueWord(value(i, figure), unit)}</b>
        </span>
      ))}
      {time === undefined ? null : <span class="soft">at {clockWord(time * 1000)}</span>}
    </span>
  );
}
interface LegendProps {
  readonly lines: readonly PlotLine[];
  readonly unit: UnitName;
  readonly run: ToldRun;
  readonly plot: uPlot | null;
  readonly at: number | null;
}

function MarkerList({ run }: { run: ToldRun }) {
  const markers = run.markers.shown;
  if (markers.length === 0) return null;
  return (
    <details class="markers">
      <summary>
        {markers.length === 1 ? "1 change" : `${markers.length} changes`}, the last: {clockWord(markers.at(-1)!.t)}{" "}
        {markers.at(-1)!.text}
      </summary>
      <ol>
        {markers.map(({ t, what, text }, i) => (
          <li key={`${i} ${t}`}>
            {clockWord(t)} <b>{what}</b> {text}
          </li>
        ))}
      </ol>
    </details>
  );
}
