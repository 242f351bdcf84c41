/**
 * A baseline: figures of earlier runs on one setup, several of each, so that the next run can be told from noise. A
 * figure is worse when ranks say so (stats/rank-test), never because of a fixed percentage. Pure.
 */
import type { RunResult, Threshold } from "../report/result.js";
import { chanceOfLower, leastChance, median } from "../stats/rank-test.js";
import { percentWord, rateWord, timeWord } from "../stats/words.js";
import { type Figure, figuresOf } from "./figures.js";

export interface Baseline {
  readonly format: "pktgen-ts baseline 1";
  readonly setup: Readonly<Record<string, string>>;
  /** Samples by figure, oldest first. */
  readonly figures: Readonly<Record<string, readonly number[]>>;
}

/** Chance below this is no chance. */
export const significance = 0.05;
/** Samples that are kept of a figure. */
const mostSamples = 50;

/** What must be the same for figures to be comparable. The command's report paths are not part of it. */
export function setupOf(result: RunResult): Record<string, string> {
  const { host, dut, method, trials } = result;
  const options = Array.isArray(dut["options"]) ? dut["options"].join(",") : "";
  return {
    cpu: `${host.cpu}, ${host.cores} cores`,
    "device under test": `${dut.kind}${dut.version === null ? "" : ` ${dut.version}`}${options === "" ? "" : `, ${options}`}`,
    method: method === undefined ? "run" : `${method.name}, ${method.preset}`,
    settings: JSON.stringify(method?.settings ?? requestedOf(result)),
    queues: String(trials[0]?.queues ?? 1),
  };
}

const requestedOf = ({ trials }: RunResult): string[] => [
  ...new Set(
    trials.map(({ phase, requested }) => `${phase} ${requested.rate} ${requested.count ?? requested.durationNs}`),
  ),
];

/** A sentence for each thing that differs; empty: the baseline is of this setup. */
export function setupDifferences(baseline: Baseline, result: RunResult): string[] {
  const now = setupOf(result);
  return [...new Set([...Object.keys(baseline.setup), ...Object.keys(now)])]
    .filter((key) => baseline.setup[key] !== now[key])
    .map((key) => `${key}: ${baseline.setup[key] ?? "not said"} there, ${now[key] ?? "not said"} here`);
}

/** A judgement for each figure that both have. */
export function compareWithBaseline(baseline: Baseline, result: RunResult): Threshold[] {
  return figuresOf(result).flatMap((figure) => {
    const earlier = baseline.figures[figure.name];
    return earlier === undefined || earlier.length === 0 ? [] : [compared(figure, earlier)];
  });
}

function compared(figure: Figure, earlier: readonly number[]): Threshold {
  const { name, samples, worse } = figure;
  const before = median(earlier);
  const now = median(samples);
  const signed = (values: readonly number[]): number[] => values.map((value) => (worse === "lower" ? value : -value));
  const chance = chanceOfLower(signed(earlier), signed(samples));
  const isWorse = chance <= significance;
  const change = before === 0 ? "" : `, ${percentWord(now / before - 1)}`;
  const tellable = leastChance(earlier.length, samples.length) <= significance;
  const count = `${earlier.length} earlier, ${samples.length} now`;
  const verdict = isWorse ? "worse" : tellable ? "not worse" : "too few to tell";
  return {
    what: name,
    wanted: `not worse than ${figureWord(figure.unit, before)}`,
    found: `${figureWord(figure.unit, now)}${change}: ${verdict} (${count}, p ${Number(chance.toPrecision(2))})`,
    verdict: isWorse ? "fail" : "pass",
  };
}

const figureWord = (unit: Figure["unit"], value: number): string =>
  unit === "pps" ? rateWord(value) : timeWord(value);

/** The baseline with this run's samples; `before` null: a new one. */
export function updatedBaseline(before: Baseline | null, result: RunResult): Baseline {
  const figures: Record<string, readonly number[]> = { ...before?.figures };
  for (const { name, samples } of figuresOf(result)) {
    figures[name] = [...(figures[name] ?? []), ...samples].slice(-mostSamples);
  }
  return { format: "pktgen-ts baseline 1", setup: before?.setup ?? setupOf(result), figures };
}

export interface Difference {
  readonly name: string;
  readonly a: number | null;
  readonly b: number | null;
  readonly unit: Figure["unit"];
  /** b is worse beyond noise; better; neither; or there are too few samples for either. */
  readonly is: "worse" | "better" | "same" | "too few to tell" | "only in one";
  readonly chance: number | null;
}

/** Figure by figure, medians of each. */
export function differences(a: RunResult, b: RunResult): Difference[] {
  const left = new Map(figuresOf(a).map((figure) => [figure.name, figure]));
  const right = new Map(figuresOf(b).map((figure) => [figure.name, figure]));
  return [...new Set([...left.keys(), ...right.keys()])].map((name) => {
    const one = left.get(name);
    const other = right.get(name);
    const unit = (one ?? other)?.unit ?? "pps";
    const of = (figure: Figure | undefined): number | null => (figure === undefined ? null : median(figure.samples));
    if (one === undefined || other === undefined) {
      return { name, unit, a: of(one), b: of(other), is: "only in one", chance: null };
    }
    const sign = one.worse === "lower" ? 1 : -1;
    const [first, second] = [one, other].map(({ samples }) => samples.map((value) => sign * value));
    const worse = chanceOfLower(first, second);
    const better = chanceOfLower(second, first);
    const tellable = leastChance(first.length, second.length) <= significance;
    const is =
      worse <= significance ? "worse" : better <= significance ? "better" : tellable ? "same" : "too few to tell";
    return { name, unit, a: of(one), b: of(other), is, chance: Math.min(worse, better) };
  });
}
