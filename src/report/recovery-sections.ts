/** Tables of how long a device takes to recover. */
import type { Recovery, RunResult } from "../result/run-result.js";
import { rateWord, timeWord } from "../stats/words.js";
import { percent } from "./figures.js";
import { left, right, type Section } from "./section.js";

const spreadColumns = ["mean", "least", "most", "std. dev."].map(right);

const spreadCells = (spread: Recovery["spread"]): string[] =>
  spread === null
    ? ["-", "-", "-", "-"]
    : [spread.meanNs, spread.minNs, spread.maxNs, spread.stddevNs].map((ns) => timeWord(ns));

export function resetSection({ resets: rows = [] }: RunResult): Section {
  return {
    id: "reset",
    title: "reset, RFC 2544 §26.6, RFC 6201",
    columns: [
      ...["frame\nbytes", "offered"].map(right),
      ...spreadColumns,
      ...["by loss,\nmean", "the reset\nitself", "trials"].map(right),
      left("verdict"),
    ],
    rows: rows.map(({ frameBytes, pps, spread, trials, verdict }) => [
      String(frameBytes),
      rateWord(pps),
      ...spreadCells(spread),
      meanCell(trials.flatMap(({ byLossNs }) => byLossNs ?? [])),
      meanCell(trials.map(({ tookNs }) => tookNs)),
      String(trials.length),
      verdict.toUpperCase(),
    ]),
    note: `from the last frame before the reset to the first one behind it; by loss: frames lost or refused, at the offered rate; ${rows[0]?.how ?? ""}; a power interruption is not ours to cause`,
  };
}

const meanCell = (times: readonly number[]): string =>
  times.length === 0 ? "-" : timeWord(times.reduce((sum, ns) => sum + ns, 0) / times.length);

/** Nothing was measured, so there is no verdict. */
const verdictCell = ({ trialsNs, verdict }: Pick<Recovery, "trialsNs" | "verdict">): string =>
  trialsNs.length === 0 && verdict === "pass" ? "-" : verdict.toUpperCase();

/** Why something failed or has no result, and notes on what passed. The tables have no room for these sentences. */
export function recoverySentences({ recovery = [], resets = [] }: RunResult): string[] {
  const all = [
    ...recovery.map((row) => ({ ...row, what: "system recovery" })),
    ...resets.map((row) => ({ ...row, what: "reset" })),
  ];
  return all.flatMap(({ frameBytes, what, verdict, reasons, note }) => {
    const said = [
      ...reasons.map((reason) => `${verdict.toUpperCase()}: ${reason}`),
      ...(note === undefined ? [] : [note]),
    ];
    return said.map((sentence) => `${sizeName(frameBytes)}, ${what}: ${sentence}`);
  });
}

const sizeName = (frameBytes: number | string): string =>
  typeof frameBytes === "number" ? `${frameBytes} bytes` : frameBytes;

export function recoverySection({ recovery: rows = [] }: RunResult): Section {
  return {
    id: "recovery",
    title: "system recovery, RFC 2544 §26.5",
    columns: [
      ...["frame\nbytes", "overload", "for", "lost\n%", "then at"].map(right),
      ...spreadColumns,
      right("trials"),
      left("verdict"),
    ],
    rows: rows.map((row) => [
      String(row.frameBytes),
      rateWord(row.overloadPps),
      timeWord(row.overloadNs),
      row.trialsNs.length === 0 ? "-" : percent(row.lossRatio),
      rateWord(row.afterPps),
      ...spreadCells(row.spread),
      String(row.trialsNs.length),
      verdictCell(row),
    ]),
    note: "from the moment at which the load falls to half until the last frame that is lost, to one gap between frames; 0: none was lost after it",
  };
}
