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

/** A line that takes longer there and back says that the cores are far from each other. */
const farNs = 200;

/** By phase: the median, and of how many runs. A phase may end within a round, so runs of one phase are what compares. */
function phaseLine(name: string, values: readonly number[], phases: readonly number[]): string {
  const inPhase = (from: number, to: number): string => {
    const those = values.filter((_, i) => phases[i] >= from && phases[i] < to);
    return those.length === 0 ? "none" : `${median(those).toPrecision(4)} of ${those.length}`;
  };
  return `  ${name}: near cores ${inPhase(0, farNs)}, far cores ${inPhase(farNs, busyNs)}, busy CPUs ${inPhase(busyNs, Number.POSITIVE_INFINITY)}`;
}

/**
 * Runs all contenders in turn, A B C A B C …, `rounds` times. Prints in which phase of the machine each run lay. In every
 * second round the order is the other way round.
 */
export async function alternate(
  contenders: readonly Contender[],
  rounds: number,
  unit: string,
  better: Better = "higher",
): Promise<Series[]> {
  const values = contenders.map((): number[] => []);
  const phases = contenders.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    const order = [...contenders.keys()];
    for (const i of round % 2 === 0 ? order : order.reverse()) {
      phases[i].push(await lineRoundTripNs());
      values[i].push(await contenders[i].run());
    }
  }
  const trips = phases[0].map((ns) => (ns < busyNs ? `${ns.toFixed(0)} ns` : "busy CPUs")).join(", ");
  console.log(`between two cores and back a cache line took, before the first of each round: ${trips}`);
  for (const [i, { name }] of contenders.entries()) console.log(phaseLine(name, values[i], phases[i]));
  return contenders.map((one, i) => seriesOf(one.name, unit, values[i], one.better ?? better));
}

/** The median of the ratios round by round: less disturbed by drift than the ratio of medians. */
export const pairedRatio = (a: Series, b: Series): number =>
  median(a.values.map((value, i) => value / b.values[i]).filter(Number.isFinite));
