/** A search as it closes in: each trial a dot on the axis of load, later ones below, and the bounds around the answer. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { TrialRow } from "./contract.js";
import { OneOf, PagePart } from "./small-parts.js";
import type { ToldRun } from "./told-run.js";
import { sizeText, valueWord } from "./words.js";

const searching = new Set(["ndr", "rfc2544", "burst"]);

export function SearchSection({ run }: { run: ToldRun }) {
  const [size, setSize] = useState<string | null>(null);
  const trials = run.trials.shown.filter(({ requested }) => requested.pps !== null);
  if (!searching.has(run.config.shown?.command ?? "") || trials.length === 0) return null;
  const sizes = [...new Set(trials.map(({ frameBytes }) => String(frameBytes)))];
  const shown = size !== null && sizes.includes(size) ? size : sizes.at(-1)!;
  const ofSize = trials.filter(({ frameBytes }) => String(frameBytes) === shown);
  return (
    <PagePart
      id="search"
      title="Search"
      note="one dot a trial, the newest at the bottom: filled without loss, crossed with loss, hollow if it cannot be used; the answer lies in the shaded part"
    >
      <div class="choices">
        <OneOf title="frame size" choices={sizes.map((one) => [one, one])} chosen={shown} choose={setSize} />
      </div>
      <SearchDrawing trials={ofSize} size={ofSize[0]!.frameBytes} />
    </PagePart>
  );
}

const [margin, top] = [20, 30];
/** Height of a row: of few trials, and where there are so many that all of them are this high. */
const [widest, ofMany] = [16, 640];
/** Room for a label of the axis. */
const labelWidth = 110;

/** 1, 2 or 5 times a power of ten: as many steps up to `most` as there is room for, at least two. */
export function axisSteps(most: number, room: number): number[] {
  const least = most / Math.max(2, room);
  const power = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= least * (1 - 1e-9))!;
  return Array.from({ length: Math.floor(most / step + 1e-9) + 1 }, (_, i) => i * step);
}

interface SearchDrawingProps {
  readonly trials: readonly TrialRow[];
  readonly size: number | string;
}

function SearchDrawing({ trials, size }: SearchDrawingProps) {
  const box = useRef<SVGSVGElement>(null);
  const [width, setWidth] = useState(900);
  useEffect(() => {
    const sizes = new ResizeObserver(([entry]) => setWidth(Math.max(240, Math.floor(entry!.contentRect.width))));
    sizes.observe(box.current!);
    return () => sizes.disconnect();
  }, []);
  const loads = trials.map(({ requested }) => requested.pps!);
  const most = Math.max(...loads, 1) * 1.02;
  const right = width - margin;
  const place = (pps: number): number => margin + (pps / most) * (right - margin);
  const rowStep = Math.min(widest, ofMany / trials.length);
  const rowOf = (i: number): number => top + (i + 0.5) * rowStep;
  const height = top + trials.length * rowStep + 16;
  return (
    <svg
      ref={box}
      class="search"
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={`search, ${sizeText(size)}: ${trials.length} trials`}
    >
      {axisSteps(most, width / labelWidth).map((pps) => (
        <g key={pps}>
          <line class="grid" x1={place(pps)} x2={place(pps)} y1={top - 8} y2={height - 8} />
          <text
            class="tick"
            x={place(pps)}
            y={14}
            text-anchor={pps === 0 ? "start" : place(pps) > right - labelWidth / 2 ? "end" : "middle"}
          >
            {valueWord(pps, "pps")}
          </text>
        </g>
      ))}
      {trials.map((trial, i) => (
        <Bound
          key={trial.index}
          trials={trials.slice(0, i + 1)}
          place={place}
          right={right}
          y={rowOf(i)}
          height={rowStep}
        />
      ))}
      <path class="path-line" d={loads.map((pps, i) => `${i === 0 ? "M" : "L"}${place(pps)} ${rowOf(i)}`).join("")} />
      {trials.map((trial, i) => (
        <Dot key={trial.index} trial={trial} x={place(trial.requested.pps!)} y={rowOf(i)} />
      ))}
    </svg>
  );
}

/** Where the answer lies: below every load that lost, above the highest one below them that held. */
export function boundsOf(trials: readonly TrialRow[]): readonly [lowerPps: number, upperPps: number | null] {
  const usable = trials.filter(({ verdict }) => verdict !== "invalid");
  const loads = (isLossy: boolean): number[] =>
    usable.filter(({ lost }) => lost > 0 === isLossy).map(({ requested }) => requested.pps!);
  const upper = Math.min(...loads(true));
  const lower = Math.max(0, ...loads(false).filter((pps) => pps < upper));
  return [lower, Number.isFinite(upper) ? upper : null];
}

interface BoundProps {
  /** Until then. */
  readonly trials: readonly TrialRow[];
  readonly place: (pps: number) => number;
  /** The end of the axis. */
  readonly right: number;
  /** Its middle. */
  readonly y: number;
  readonly height: number;
}

function Bound({ trials, place, right, y, height }: BoundProps) {
  const [lowerPps, upperPps] = boundsOf(trials);
  const from = place(lowerPps);
  const to = upperPps === null ? right : place(upperPps);
  return (
    <rect class="bound" x={from} y={y - height / 2} width={Math.max(2, to - from)} height={height}>
      <title>
        held without loss: {valueWord(lowerPps, "pps")}; lost some above it: {valueWord(upperPps, "pps")}
      </title>
    </rect>
  );
}

function Dot({ trial, x, y }: { trial: TrialRow; x: number; y: number }) {
  const { verdict, lost, lossRatio, requested, index, phase } = trial;
  const kind = verdict === "invalid" ? "unused" : lost > 0 ? "lossy" : "clean";
  const words = kind === "unused" ? (trial.reasons[0] ?? "cannot be used") : `${valueWord(lossRatio, "ratio")} lost`;
  return (
    <g class={`dot ${kind}`} transform={`translate(${x} ${y})`}>
      {kind === "lossy" ? <path d="M-5 -5L5 5M5 -5L-5 5" /> : <circle r={5} />}
      <title>
        trial {index + 1}, {phase}, {valueWord(requested.pps, "pps")}: {words}
      </title>
    </g>
  );
}
