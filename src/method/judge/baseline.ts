/**
 * A baseline: figures of earlier runs on one setup, several of each, so that the next run can be told from noise. A
 * figure is worse when ranks say so (stats/rank-test), never because of a fixed percentage. Pure.
 */
import type { RunResult, Threshold } from "../../result/run-result.js";
import { jointChances, median, significance } from "../../stats/rank-test.js";
import { percentWord, rateWord, timeWord } from "../../stats/words.js";
import { type Figure, figuresOf } from "./figures.js";

export interface Baseline {
  readonly format: "pktgen-ts baseline 1";
  readonly setup: Readonly<Record<string, string>>;
  /** Samples by figure, oldest first. */
  readonly figures: Readonly<Record<string, readonly number[]>>;
}

/** Samples that are kept of a figure. */
const mostSamples = 50;

/** What must be the same for figures to be comparable. The command's report paths are not part of it. */
export function setupOf(result: RunResult): Record<string, string> {
  const { host, dut, method, trials } = result;
  const options = Array.isArray(dut["options"]) ? dut["options"].join(",") : "";
  return {
    cpu: `${host.cpu}, ${host.cores} cores`,
    "device under test": `${dut.kind}${dut.version === null ? "" : ` ${dut.version}`}${options === "" ? "" : `, ${options}`}`,
    traffic: result.traffic ?? "not said",
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

const ofBaseline = ["in the baseline", "now"] as const;

/** A sentence for each thing that differs; empty: the baseline is of this setup. `names`: where each of both values is. */
export function setupDifferences(
  baseline: Baseline,
  result: RunResult,
  names: readonly [before: string, now: string] = ofBaseline,
): string[] {
  const now = setupOf(result);
  return [...new Set([...Object.keys(baseline.setup), ...Object.keys(now)])]
    .filter((key) => baseline.setup[key] !== now[key])
    .map((key) => `${key}: ${baseline.setup[key] ?? "not said"} ${names[0]}, ${now[key] ?? "not said"} ${names[1]}`);
}

/** A judgement for each figure that both have; all of them together raise a false alarm as seldom as one would. */
export function compareWithBaseline(baseline: Baseline, result: RunResult): Threshold[] {
  const pairs = figuresOf(result).flatMap((figure) => {
    const earlier = baseline.figures[figure.name] ?? [];
    return earlier.length === 0 ? [] : [{ figure, earlier }];
  });
  const chances = jointChances(
    pairs.map(({ figure, earlier }) => ({
      earlier: ascending(figure, earlier),
      later: ascending(figure, figure.samples),
    })),
  );
  return pairs.map(({ figure, earlier }, i) => compared(figure, earlier, chances[i]));
}

/** So that lower is worse. */
const ascending = ({ worse }: Figure, values: readonly number[]): number[] =>
  values.map((value) => (worse === "lower" ? value : -value));

function compared({ name, samples, unit }: Figure, earlier: readonly number[], chance: number | null): Threshold {
  const before = median(earlier);
  const now = median(samples);
  const isWorse = chance !== null && chance <= significance;
  const change = before === 0 ? "" : `, ${percentWord(now / before - 1)}`;
  const count = `${earlier.length} earlier, ${samples.length} now`;
  const verdict = isWorse ? "worse" : chance === null ? "too few to tell" : "not worse";
  const p = chance === null ? "" : `, p ${Number(chance.toPrecision(2))}`;
  return {
    what: name,
    wanted: `not worse than ${figureWord(unit, before)}`,
    found: `${figureWord(unit, now)}${change}: ${verdict} (${count}${p})`,
    verdict: isWorse ? "fail" : "pass",
  };
}

const figureOrDash = (unit: Figure["unit"], value: number | null): string =>
  value === null ? "-" : figureWord(unit, value);

/** Name, both figures, change, judgement, chance: the cells of a row. */
export function differenceCells({ name, unit, a, b, is, chance }: Difference): string[] {
  const change = a === null || b === null || a === 0 ? "-" : `${b >= a ? "+" : ""}${percentWord(b / a - 1)}`;
  const odds = chance === null ? "-" : String(Number(chance.toPrecision(2)));
  return [name, figureOrDash(unit, a), figureOrDash(unit, b), change, is, odds];
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
  /** That it is noise, raised for the number of figures; null: nothing can be told. */
  readonly chance: number | null;
}

/** Figure by figure, medians of each. */
export function differences(a: RunResult, b: RunResult): Difference[] {
  const left = new Map(figuresOf(a).map((figure) => [figure.name, figure]));
  const right = new Map(figuresOf(b).map((figure) => [figure.name, figure]));
  const pairs = [...left.values()].flatMap((one) => {
    const other = right.get(one.name);
    if (other === undefined) return [];
    return [{ name: one.name, earlier: ascending(one, one.samples), later: ascending(one, other.samples) }];
  });
  const worse = jointChances(pairs);
  const better = jointChances(pairs.map(({ earlier, later }) => ({ earlier: later, later: earlier })));
  const at = new Map(pairs.map(({ name }, i) => [name, { worse: worse[i], better: better[i] }]));
  const middle = (figure: Figure | undefined): number | null => (figure === undefined ? null : median(figure.samples));
  return [...new Set([...left.keys(), ...right.keys()])].map((name) => {
    const [one, other] = [left.get(name), right.get(name)];
    const figures = { name, unit: (one ?? other)?.unit ?? ("pps" as const), a: middle(one), b: middle(other) };
    const chances = at.get(name);
    if (chances === undefined) return { ...figures, is: "only in one", chance: null };
    if (chances.worse === null || chances.better === null) return { ...figures, is: "too few to tell", chance: null };
    const is = chances.worse <= significance ? "worse" : chances.better <= significance ? "better" : "same";
    return { ...figures, is, chance: Math.min(chances.worse, chances.better) };
  });
}
