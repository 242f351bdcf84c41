/** The figures of a result that are compared between runs, by name: `NDR@64`, `latency 50 %.p99@64`, `rate@1518`. */
import type { RunResult, Trial } from "../../result/run-result.js";

export interface Figure {
  readonly name: string;
  readonly unit: "pps" | "ns";
  /** The direction that is worse. */
  readonly worse: "lower" | "higher";
  /** Of repeated measurements in one run; at least one. */
  readonly samples: readonly number[];
}

export function figuresOf(result: RunResult): Figure[] {
  const figures = new Map<string, { figure: Omit<Figure, "samples">; samples: number[] }>();
  const note = (name: string, unit: Figure["unit"], worse: Figure["worse"], sample: number): void => {
    const known = figures.get(name);
    if (known === undefined) figures.set(name, { figure: { name, unit, worse }, samples: [sample] });
    else known.samples.push(sample);
  };
  for (const { goal, frameBytes, pps, limitedBy } of result.results ?? []) {
    // No result is no rate of 0; a device that held no load has one.
    if (pps > 0 || limitedBy === "dut") note(`${goal}@${frameBytes}`, "pps", "lower", pps);
  }
  for (const { frameBytes, meanFrames, pps } of result.backToBack ?? []) {
    note(`back-to-back@${frameBytes}`, "ns", "lower", (meanFrames * 1e9) / pps);
  }
  for (const { frameBytes, trialsNs } of result.recovery ?? []) {
    for (const ns of trialsNs) if (ns !== null) note(`recovery@${frameBytes}`, "ns", "higher", ns);
  }
  for (const { frameBytes, trials } of result.resets ?? []) {
    for (const { resetNs } of trials) if (resetNs !== null) note(`reset@${frameBytes}`, "ns", "higher", resetNs);
  }
  for (const trial of result.trials.filter(isCompared)) {
    const { phase, frameBytes, rxPps, latencyNs, probe, untimely } = trial;
    if (result.method === undefined && phase !== "forwarding") note(`${phase}@${frameBytes}`, "pps", "lower", rxPps);
    if (latencyNs === null || untimely !== undefined || isSearched(trial)) continue;
    for (const key of ["p50", "p99"] as const) note(`${phase}.${key}@${frameBytes}`, "ns", "higher", latencyNs[key]);
    if (probe?.latencyNs == null) continue;
    for (const key of ["p50", "p99"] as const) {
      note(`${phase} probe.${key}@${frameBytes}`, "ns", "higher", probe.latencyNs[key]);
    }
  }
  return [...figures.values()].map(({ figure, samples }) => ({ ...figure, samples }));
}

const isCompared = ({ verdict }: Trial): boolean => verdict === "pass";
/** Loads that a search chose differ from run to run, and so does the latency at them. */
const isSearched = ({ phase }: Trial): boolean =>
  /^(search|throughput|probe|frame loss|back-to-back|recovery|reset|burst)/.test(phase);
