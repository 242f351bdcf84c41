/** Figures as short as a table's column, the unit being in its head. */
import type { Trial } from "../result/run-result.js";
import { grouped, timeWord } from "../stats/words.js";

/** µs of ns: three digits, `8.21`, `25.1`, `1,024`. */
export function microseconds(ns: number): string {
  const us = ns / 1e3;
  if (us < 9.995) return us.toFixed(2);
  return us < 99.95 ? us.toFixed(1) : grouped(Math.round(us));
}

/** With how wrong it may be; where that is more than a quarter of the median, what it is at most. `boundNs` 0: not at all. */
export function boundedMicroseconds(ns: number, boundNs: number, p50Ns: number): string {
  if (boundNs === 0) return microseconds(ns);
  return boundNs > p50Ns / 4
    ? `at most ${microseconds(ns + boundNs)}`
    : `${microseconds(ns)} ± ${microseconds(boundNs)}`;
}

/** A latency of a trial, or `-`. */
export function latencyFigure(
  { latencyNs, latencyBoundNs = 0 }: Pick<Trial, "latencyNs" | "latencyBoundNs">,
  ns: number | undefined,
): string {
  return latencyNs === null || ns === undefined ? "-" : boundedMicroseconds(ns, latencyBoundNs, latencyNs.p50);
}

/** Of a trial or a stream: its longest outage, `50.0 ms`; 0 where there was none, `-` where it is not known. */
export const outageWord = ({ outageNs }: { readonly outageNs?: number | undefined }): string =>
  outageNs === undefined ? "-" : outageNs === 0 ? "0" : timeWord(outageNs);

const prefixes = [
  ["G", 1e9],
  ["M", 1e6],
  ["k", 1e3],
] as const;

/** The unit in a column's head, as large as the greatest of its rates: `["kpps", 1e3]`. */
export function columnUnit(rates: readonly number[], unit: "pps" | "bps"): readonly [name: string, divisor: number] {
  const greatest = Math.max(0, ...rates);
  const [prefix, divisor] = prefixes.find(([, least]) => greatest >= least) ?? ["", 1];
  return [`${prefix}${unit}`, divisor];
}

/** A rate in its column's unit: three decimals, more where it is small. */
export function scaled(value: number, divisor: number): string {
  const figure = value / divisor;
  if (figure === 0) return "0";
  if (figure < 0.1) return figure.toFixed(figure < 0.001 ? 6 : 5);
  return figure < 100 ? figure.toFixed(3) : figure.toFixed(1);
}

/** Percent of a share. A loss is never rounded to 0, nor to all. */
export function percent(share: number): string {
  if (share === 0 || share === 1) return String(share * 100);
  if (share < 0.00001) return "<0.001";
  return share < 0.1 ? (share * 100).toFixed(3) : Math.min(99.99, share * 100).toFixed(2);
}

/** The subject of a row: the size and, with two directions, the direction. */
export function rowLabel(trial: Parameters<typeof sizeLabel>[0] & { readonly direction?: string | undefined }): string {
  return trial.direction === undefined ? sizeLabel(trial) : `${sizeLabel(trial)} ${trial.direction}`;
}

/** The size as a row's head: `1518`, or a mix with its mean, `imix (361)`. */
export function sizeLabel(trial: { readonly frameBytes: number | string; readonly meanFrameBytes: number }): string {
  const { frameBytes, meanFrameBytes } = trial;
  return typeof frameBytes === "number" ? String(frameBytes) : `${frameBytes} (${Math.round(meanFrameBytes)})`;
}
