/** Every queue at every hop: what it handed on, which proves that all of them forwarded. */
import type { Trial } from "../result/run-result.js";
import { grouped } from "../stats/words.js";
import { sizeLabel } from "./figures.js";
import { type Column, grid } from "./grid.js";
import type { ReportOptions } from "./report.js";

/** Nothing where all trials have one queue, or no hop has counters. */
export function queueLines(trials: readonly Trial[], options: ReportOptions): string[] {
  const counted = trials.filter(({ hops, queues }) => hops.length > 0 && queues > 1);
  const names = [...new Set(counted.flatMap(({ hops }) => hops.map(({ name }) => name)))];
  if (names.length === 0) return [];
  const columns = ["bytes", "queue", "sent", ...names, "accepted"].map((head): Column => ({ head, align: "right" }));
  const rows = counted.flatMap((trial) => queueRows(trial, names));
  return grid([{ title: "queues: frames that each handed on", columns }], rows, options);
}

function queueRows(trial: Trial, names: readonly string[]): string[][] {
  return trial.queuesSeen.map(({ queue, sent, accepted }, i) => [
    i === 0 ? sizeLabel(trial) : "",
    String(queue),
    grouped(sent),
    ...names.map((name) => {
      const hop = trial.hops.find((one) => one.name === name);
      return grouped(hop?.queues.find((one) => one.queue === queue)?.tx ?? 0);
    }),
    grouped(accepted),
  ]);
}
