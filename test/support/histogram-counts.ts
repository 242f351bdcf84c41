/** How much the histograms of a flow have counted, out of a session's events. */
import { dataOf, type SeenEvent } from "./serve-rig.js";

/** What the histograms of a session's flow have counted, as they were told last: latencies, gaps. Empty: none was told. */
export function countsOf(events: readonly SeenEvent[], flow: string): number[] {
  const { index } = dataOf(events, "flowlist")
    .flatMap(({ flows }) => flows)
    .find(({ name }) => name === flow)!;
  return (["latency", "gap"] as const).flatMap((what) => {
    const last = dataOf(events, "histogram").findLast((one) => one.flow === index && one.what === what);
    return last === undefined ? [] : [last.buckets.reduce((sum, [, count]) => sum + count!, 0)];
  });
}
