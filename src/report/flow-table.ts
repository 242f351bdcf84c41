/** Which queue each flow came out of, over all trials of a run: flows are the same in all of them. */
import type { Trial } from "../result/run-result.js";
import { grouped } from "../stats/words.js";
import { type Column, grid } from "./grid.js";
import type { ReportOptions } from "./report.js";

/** A terminal shows this many flows. The others are in the result document. */
const flowsShown = 16;

/** No lines with one queue, or with one flow. */
export function flowLines(trials: readonly Trial[], options: ReportOptions): string[] {
  const counts = new Map<string, number[]>();
  let more = 0;
  for (const { flows } of trials) {
    more = Math.max(more, flows?.more ?? 0);
    for (const { stream, flow, queues } of flows?.list ?? []) {
      const name = [...(stream === undefined ? [] : [stream]), flow ?? "all flows together"].join(": ");
      const before = counts.get(name);
      counts.set(
        name,
        queues.map((count, q) => count + (before?.[q] ?? 0)),
      );
    }
  }
  if (counts.size < 2) return [];
  const queues = Math.max(...[...counts.values()].map(({ length }) => length));
  const columns: Column[] = [
    { head: "flow", align: "left" },
    ...Array.from({ length: queues }, (_, q): Column => ({ head: `queue ${q}`, align: "right" })),
  ];
  const rows = [...counts]
    .slice(0, flowsShown)
    .map(([name, perQueue]) => [name, ...Array.from({ length: queues }, (_, q) => grouped(perQueue[q] ?? 0))]);
  const hidden = counts.size - rows.length + more;
  const note = hidden > 0 ? [`and ${grouped(hidden)} more flows (--json)`] : [];
  return [...grid([{ title: "flows: frames that came out of each queue", columns }], rows, options), ...note];
}
