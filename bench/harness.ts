/** Alternating runs, medians, ratios: what makes a comparison hold on a machine whose speed drifts. */
import { median } from "../src/stats/rank-test.js";
import { lineRoundTripNs } from "./phase.js";

/** Which figures of a series are the good ones: a comparison with an earlier run has to know. */
export type Better = "higher" | "lower";

export interface Series {
  readonly name: string;
  readonly unit: string;
  readonly better: Better;
  readonly values: readonly number[];
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface Contender {
  readonly name: string;
  /** Where it is another than its neighbours'. */
  readonly better?: Better;
  /** One run; its figure. */
  run(): Promise<number>;
}

export const seriesOf = (name: string, unit: string, values: readonly number[], better: Better = "higher"): Series => ({
  name,
  unit,
  better,
  values,
  median: median(values),
  min: Math.min(...values),
  max: Math.max(...values),
});

/** More than any line takes: the two threads had no CPUs at the same time. */
const busyNs = 10_000;

/** Runs all contenders in turn, A B C A B C …, `rounds` times. Prints in which phase each round lay. */
export async function alternate(
  contenders: readonly Contender[],
  rounds: number,
  unit: string,
  better: Better = "higher",
): Promise<Series[]> {
  const values = contenders.map((): number[] => []);
  const phases: number[] = [];
  for (let round = 0; round < rounds; round++) {
    phases.push(await lineRoundTripNs());
    for (const [i, contender] of contenders.entries()) values[i].push(await contender.run());
  }
  const trips = phases.map((ns) => (ns < busyNs ? `${ns.toFixed(0)} ns` : "busy CPUs")).join(", ");
  console.log(`between two cores and back a cache line took, before each round: ${trips}`);
  return contenders.map((one, i) => seriesOf(one.name, unit, values[i], one.better ?? better));
}

/** The median of the ratios round by round: less disturbed by drift than the ratio of medians. */
export const pairedRatio = (a: Series, b: Series): number =>
  median(a.values.map((value, i) => value / b.values[i]).filter(Number.isFinite));
