/** Bars of means, with the least and the most of the repetitions as strokes. */

import type { Recovery, RunResult } from "../../result/run-result.js";
import { timeWord } from "../../stats/words.js";
import { bands, fromZero, nsWord, sizeName } from "./charts.js";
import { axes, bar, type Chart, limit } from "./svg.js";

type Row = Pick<Recovery, "frameBytes" | "spread">;

function spreadChart(id: string, title: string, all: readonly Row[]): Chart | null {
  const rows = all.filter(({ spread }) => spread !== null);
  if (rows.length === 0) return null;
  const most = Math.max(1, ...rows.map(({ spread }) => spread?.maxNs ?? 0));
  const y = fromZero(most, "time", nsWord);
  const x = bands(
    rows.map(({ frameBytes }) => String(frameBytes)),
    "frame size, bytes",
  );
  const words = rows.map(({ frameBytes, spread }) => `${sizeName(frameBytes)}: ${timeWord(spread?.meanNs ?? 0)}`);
  const body = rows.map(({ spread }, i) => {
    const { meanNs, minNs, maxNs } = spread ?? { meanNs: 0, minNs: 0, maxNs: 0 };
    const ends = [minNs, maxNs].map((ns, end) =>
      limit(x.start(i), x.width, y.scale(ns), `${end === 0 ? "least" : "most"}: ${timeWord(ns)}`),
    );
    return bar(x.start(i), x.width, y.scale(meanNs), 0, words[i]) + ends.join("");
  });
  return { id, title, description: words.join("; "), body: axes(x.axis, y) + body.join(""), legend: [] };
}

export const recoveryChart = ({ recovery = [] }: RunResult): Chart | null =>
  spreadChart("recovery-times", "System recovery by frame size: mean, least and most", recovery);

export const resetChart = ({ resets = [] }: RunResult): Chart | null =>
  spreadChart("reset-times", "Reset: mean, least and most", resets);
