/** One row per trial, RFC 4180: CRLF line ends, quotes if a field needs them. A missing figure is empty. */
import type { RunResult, Trial } from "../result/run-result.js";

export type Cell = string | number | null | undefined;

const columns: readonly (readonly [head: string, cell: (trial: Trial) => Cell])[] = [
  ["frameBytes", (t) => t.frameBytes],
  ["meanFrameBytes", (t) => t.meanFrameBytes],
  ["phase", (t) => t.phase],
  ["direction", (t) => t.direction],
  ["queues", (t) => t.queues],
  ["requestedRate", (t) => t.requested.rate],
  ["requestedPps", (t) => t.requested.pps],
  ["requestedCount", (t) => t.requested.count],
  ["durationNs", (t) => t.durationNs],
  ["intended", (t) => t.intended],
  ["late", (t) => t.late],
  ["missed", (t) => t.missed],
  ["blocked", (t) => t.blocked],
  ["sent", (t) => t.sent],
  ["received", (t) => t.received],
  ["accepted", (t) => t.accepted],
  ["lost", (t) => t.lost],
  ["lossRatio", (t) => t.lossRatio],
  ["duplicate", (t) => t.duplicate],
  ["reordered", (t) => t.reordered],
  ["reorderExtentMax", (t) => t.reorderExtent?.max],
  ["reorderedRuns", (t) => t.reorderedRuns?.count],
  ["reorderedRunMax", (t) => t.reorderedRuns?.max],
  ["reorderingFreeRunMean", (t) => t.reorderingFreeRuns?.mean],
  ["corrupt", (t) => t.corrupt],
  ["tooOld", (t) => t.tooOld],
  ["lossDurationNs", (t) => t.lossDurationNs],
  ["outageNs", (t) => t.outageNs],
  ["stale", (t) => t.stale],
  ["foreign", (t) => t.foreign],
  ["txPps", (t) => t.txPps],
  ["txBpsL1", (t) => t.txBpsL1],
  ["txBpsL2", (t) => t.txBpsL2],
  ["rxPps", (t) => t.rxPps],
  ["rxBpsL1", (t) => t.rxBpsL1],
  ["rxBpsL2", (t) => t.rxBpsL2],
  ["latencyNsMin", (t) => t.latencyNs?.min],
  ["latencyNsMean", (t) => t.latencyNs?.mean],
  ["latencyNsP50", (t) => t.latencyNs?.p50],
  ["latencyNsP99", (t) => t.latencyNs?.p99],
  ["latencyNsP99_9", (t) => t.latencyNs?.p99_9],
  ["latencyNsMax", (t) => t.latencyNs?.max],
  ["latencyKind", (t) => t.latencyNs?.kind],
  ["ipdvNsP99", (t) => t.ipdvNs?.p99],
  ["pdvNsP99", (t) => t.pdvNs?.p99],
  ["dropped", (t) => (t.hops.length === 0 ? null : t.hops.reduce((sum, hop) => sum + hop.dropped, 0))],
  ["unaccounted", (t) => t.unaccounted],
  ["verdict", (t) => t.verdict],
  ["reasons", (t) => t.reasons.join("; ")],
];

export function renderCsv(result: RunResult): string {
  return csvText([
    columns.map(([head]) => head),
    ...result.trials.map((trial) => columns.map(([, cell]) => cell(trial))),
  ]);
}

export const csvText = (rows: readonly (readonly Cell[])[]): string =>
  rows.map((row) => `${row.map(field).join(",")}\r\n`).join("");

function field(cell: Cell): string {
  const text = String(cell ?? "");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
