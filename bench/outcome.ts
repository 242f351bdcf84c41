/** What a benchmark gives back: lines for people, and the figures behind them. */
import { pairedRatio, type Series } from "./harness.js";

export interface Outcome {
  readonly lines: readonly string[];
  readonly series: readonly Series[];
  readonly ratios: Readonly<Record<string, number>>;
  readonly figures?: Readonly<Record<string, unknown>>;
}

export const seriesLine = (series: Series): string => {
  const figure = (value: number): string => value.toPrecision(4);
  const spread = `min ${figure(series.min)}, max ${figure(series.max)}, ${series.values.length} runs`;
  return `${series.name.padEnd(58)} ${figure(series.median).padStart(8)} ${series.unit}   (${spread})`;
};

/** Ratios of the first series to each of the others. */
export function compared(series: readonly Series[], figures?: Record<string, unknown>): Outcome {
  const [first, ...others] = series;
  const ratios = Object.fromEntries(
    others.map((other) => [`${first.name} / ${other.name}`, pairedRatio(first, other)]),
  );
  const lines = [
    ...series.map(seriesLine),
    ...Object.entries(ratios).map(([name, ratio]) => `  ratio ${ratio.toFixed(2)}   ${name}`),
  ];
  return { lines, series, ratios, ...(figures === undefined ? {} : { figures }) };
}
