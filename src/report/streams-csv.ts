/** One row per stream of each trial, as csv.ts writes them. Only the head where no trial has streams. */

import type { RunResult, Trial } from "../result/run-result.js";
import { type Cell, csvText } from "./csv.js";

type Stream = NonNullable<Trial["streams"]>[number];

/** A trial's number is its place in the result, from 1. */
interface Row {
  readonly number: number;
  readonly trial: Trial;
  readonly stream: Stream;
}

const columns: readonly (readonly [head: string, cell: (row: Row) => Cell])[] = [
  ["trial", ({ number }) => number],
  ["frameBytes", ({ trial }) => trial.frameBytes],
  ["phase", ({ trial }) => trial.phase],
  ["direction", ({ trial }) => trial.direction],
  ["requestedPps", ({ trial }) => trial.requested.pps],
  ["stream", ({ stream }) => stream.name],
  ["sent", ({ stream }) => stream.sent],
  ["accepted", ({ stream }) => stream.accepted],
  ["missing", ({ stream }) => stream.missing],
  ["missingRatio", ({ stream }) => stream.missing / Math.max(1, stream.sent)],
  ["late", ({ stream }) => stream.late],
  ["missed", ({ stream }) => stream.missed],
  ["blocked", ({ stream }) => stream.blocked],
  ["duplicate", ({ stream }) => stream.duplicate],
  ["reordered", ({ stream }) => stream.reordered],
  ["reorderExtentMax", ({ stream }) => stream.reorderExtent?.max],
  ["reorderedRuns", ({ stream }) => stream.reorderedRuns?.count],
  ["reorderedRunMax", ({ stream }) => stream.reorderedRuns?.max],
  ["reorderingFreeRunMean", ({ stream }) => stream.reorderingFreeRuns?.mean],
  ["corrupt", ({ stream }) => stream.corrupt],
  ["tooOld", ({ stream }) => stream.tooOld],
  ["lossDurationNs", ({ stream }) => stream.lossDurationNs],
  ["outageNs", ({ stream }) => stream.outageNs],
  ["txPps", ({ stream }) => stream.txPps],
  ["txBpsL1", ({ stream }) => stream.txBpsL1],
  ["txBpsL2", ({ stream }) => stream.txBpsL2],
  ["rxPps", ({ stream }) => stream.rxPps],
  ["rxBpsL1", ({ stream }) => stream.rxBpsL1],
  ["rxBpsL2", ({ stream }) => stream.rxBpsL2],
  ["latencyNsMin", ({ stream }) => stream.latencyNs?.min],
  ["latencyNsMean", ({ stream }) => stream.latencyNs?.mean],
  ["latencyNsP50", ({ stream }) => stream.latencyNs?.p50],
  ["latencyNsP99", ({ stream }) => stream.latencyNs?.p99],
  ["latencyNsMax", ({ stream }) => stream.latencyNs?.max],
  ["ipdvNsP99", ({ stream }) => stream.ipdvNs?.p99],
];

export function renderStreamsCsv({ trials }: RunResult): string {
  const rows = trials.flatMap((trial, i) =>
    (trial.streams ?? []).map((stream): Row => ({ number: i + 1, trial, stream })),
  );
  return csvText([columns.map(([head]) => head), ...rows.map((row) => columns.map(([, cell]) => cell(row)))]);
}
