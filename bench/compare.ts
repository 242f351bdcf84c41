/**
 * A run of the benchmarks held against an earlier one: what is slower, or otherwise worse, beyond noise. Pure.
 *
 * Each series is judged by its rounds. It is worse when both of these hold:
 *  - the rank test (stats/rank-test) gives at most a chance of 5 % that its rounds are worse by noise alone, raised for
 *    the number of series;
 *  - its median is worse by more than 2 %.
 * The second condition is there because the rounds of one run follow each other within minutes. They do not show how
 * much the machine changes from one hour to the next.
 *
 * Where a benchmark has a reference, a loop with none of our code, every figure is first divided by the reference of its
 * own round. So a machine that is slower now does not count as slower code.
 */
import { usageError } from "../src/errors.js";
import { jointChances, leastChance, median, significance } from "../src/stats/rank-test.js";
import { reference } from "./micro/reference.js";
import type { ComparableResult, ComparableSeries } from "./result-file.js";

/** Changes up to this share are no finding. */
export const leastChange = 0.02;

export type Finding = "worse" | "better" | "same" | "too few rounds" | "only earlier" | "only now";

export interface ComparedSeries {
  readonly bench: string;
  readonly name: string;
  readonly unit: string;
  /** Medians; null: the other run has no such series. */
  readonly earlier: number | null;
  readonly now: number | null;
  /** Of the median, as a share, where a reference is there in relation to it; null: of one run only. */
  readonly change: number | null;
  readonly finding: Finding;
  /** The chance that the difference is noise, raised for the number of series; null: nothing can be said. */
  readonly chance: number | null;
  /** The least chance that the rank test can give with this many rounds. */
  readonly leastChance: number;
}

interface Rounds {
  readonly bench: string;
  readonly series: ComparableSeries;
  /** By round; in relation to the reference where there is one. Rounds that failed are left out. */
  readonly judged: readonly number[];
}

/** The series of all benchmarks by a key that both runs share. Two series of one name are told apart by their order. */
function seriesByKey(result: ComparableResult): Map<string, Rounds> {
  const all = new Map<string, Rounds>();
  for (const [bench, { series: ofBench }] of Object.entries(result.outcomes)) {
    const divisor = ofBench.find(isReference);
    for (const series of ofBench) {
      let key = JSON.stringify([bench, series.name, series.unit]);
      while (all.has(key)) key += "+";
      all.set(key, { bench, series, judged: inRelation(series, divisor).filter(Number.isFinite) });
    }
  }
  return all;
}

const isReference = ({ name }: { readonly name: string }): boolean => name === reference.name;

const inRelation = (series: ComparableSeries, divisor: ComparableSeries | undefined): readonly number[] =>
  divisor === undefined || isReference(series)
    ? series.values
    : series.values.map((value, round) => value / divisor.values[round]);

const middleOf = (values: readonly number[]): number | null =>
  values.some(Number.isFinite) ? median(values.filter(Number.isFinite)) : null;

/** So that lower is worse. */
const signed = ({ series, judged }: Rounds): readonly number[] =>
  series.better === "higher" ? judged : judged.map((value) => -value);

/** Series by series, in the order of the run now; then those that only the earlier run has, of benchmarks that both ran. */
export function comparedSeries(earlier: ComparableResult, now: ComparableResult): ComparedSeries[] {
  const before = seriesByKey(earlier);
  const after = seriesByKey(now);
  const shared = [...after].flatMap(([key, rounds]) => {
    const one = before.get(key);
    return one === undefined ? [] : [{ key, earlier: signed(one), later: signed(rounds) }];
  });
  const worse = jointChances(shared);
  const better = jointChances(shared.map((pair) => ({ earlier: pair.later, later: pair.earlier })));
  const at = new Map(shared.map((pair, i) => [pair.key, { pair, worse: worse[i], better: better[i] }]));
  const rows = [...after].map(([key, rounds]) => {
    const one = before.get(key);
    const told = at.get(key);
    if (one === undefined || told === undefined)
      return { ...ofOneRun(rounds, "only now"), now: middleOf(rounds.series.values) };
    const change = changeOf(one.judged, rounds.judged);
    return {
      ...factsOf(rounds),
      earlier: middleOf(one.series.values),
      now: middleOf(rounds.series.values),
      change,
      finding: findingOf(change, told.worse, told.better),
      chance: told.worse === null || told.better === null ? null : Math.min(told.worse, told.better),
      leastChance: leastChance(told.pair.earlier.length, told.pair.later.length),
    };
  });
  const gone = [...before].filter(([key, { bench }]) => !after.has(key) && bench in now.outcomes);
  return [
    ...rows,
    ...gone.map(([, rounds]) => ({ ...ofOneRun(rounds, "only earlier"), earlier: middleOf(rounds.series.values) })),
  ];
}

const factsOf = ({ bench, series: { name, unit } }: Rounds) => ({ bench, name, unit });

const ofOneRun = (rounds: Rounds, finding: Finding): ComparedSeries => {
  return { ...factsOf(rounds), finding, earlier: null, now: null, change: null, chance: null, leastChance: 1 };
};

function changeOf(earlier: readonly number[], now: readonly number[]): number | null {
  const [before, after] = [middleOf(earlier), middleOf(now)];
  return before === null || after === null || before === 0 ? null : after / before - 1;
}

function findingOf(change: number | null, worse: number | null, better: number | null): Finding {
  if (worse === null || better === null) return "too few rounds";
  if (change !== null && Math.abs(change) <= leastChange) return "same";
  if (worse <= significance) return "worse";
  return better <= significance ? "better" : "same";
}

type Machine = Pick<ComparableResult, "host">;

/** Throws a usage error where the two runs are of two machines: their difference says nothing about the code. */
export function refuseOtherMachine(earlier: Machine, now: Machine, path: string): void {
  const facts = ({ host }: Machine): Readonly<Record<string, string>> => ({
    CPU: host.cpu,
    cores: String(host.cores),
    architecture: host.arch,
  });
  const [there, here] = [facts(earlier), facts(now)];
  const differing = Object.keys(here).filter((key) => there[key] !== here[key]);
  if (differing.length === 0) return;
  const list = differing.map((key) => `${key} ${there[key]} there, ${here[key]} here`).join("; ");
  throw usageError(`this was measured on another machine (${list})`, {
    where: path,
    hint: "measure the earlier state of the code on this machine, and compare with that",
  });
}

/** A sentence for each difference that may be why something is slower, other than the code. */
export function otherReasons(earlier: ComparableResult, now: ComparableResult): string[] {
  const facts = ({ node, host }: ComparableResult): Readonly<Record<string, string>> => ({
    Node: node,
    kernel: host.kernel,
  });
  const [there, here] = [facts(earlier), facts(now)];
  return Object.keys(here)
    .filter((key) => there[key] !== here[key])
    .map((key) => `another ${key}: ${there[key]} earlier, ${here[key]} now; it may be why figures differ`);
}

/** The fewest rounds, in each of two runs, that can show that one series among these many is worse. */
export function roundsNeeded(series: number): number {
  let rounds = 2;
  while (leastChance(rounds, rounds) * series > significance) rounds++;
  return rounds;
}

/** Something of ours got worse. The reference is not ours. */
export const isWorse = (row: ComparedSeries): boolean => row.finding === "worse" && !isReference(row);

/** The table, and under it what follows from it. */
export function comparisonLines(rows: readonly ComparedSeries[]): string[] {
  const worse = rows.filter(isWorse);
  const told = rows.filter((row) => row.chance !== null && !isReference(row));
  const lines = [
    "series, median earlier, median now, change (in relation to the reference, where there is one)",
    ...rows.map(rowLine),
  ];
  const tooFew = rows.filter((row) => isShared(row) && row.leastChance * rows.length > significance);
  if (tooFew.length > 0) {
    lines.push(
      `${tooFew.length} of ${rows.length} series have too few rounds to show that one alone is worse: ` +
        `set BENCH_ROUNDS=${roundsNeeded(rows.length)} in both runs`,
    );
  }
  if (rows.some((row) => isReference(row) && row.finding === "worse")) {
    lines.push(
      "the reference runs none of our code and is slower: the machine is slower now, so measure again if in doubt",
    );
  }
  lines.push(
    worse.length === 0
      ? `nothing is slower beyond noise (${told.length} series compared)`
      : `slower, or otherwise worse, beyond noise: ${worse.length} of ${told.length} series`,
  );
  return lines;
}

const isShared = ({ finding }: ComparedSeries): boolean => finding !== "only now" && finding !== "only earlier";

const figure = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 4 });
const signedPercent = new Intl.NumberFormat("en-US", {
  style: "percent",
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
  signDisplay: "exceptZero",
});
const figureWord = (value: number | null): string => (value === null ? "-" : figure.format(value)).padStart(13);

function rowLine({ bench, name, unit, earlier, now, change, finding, chance }: ComparedSeries): string {
  const by = change === null ? "" : signedPercent.format(change);
  const p = chance === null ? "" : `, p ${Number(chance.toPrecision(2))}`;
  return `${`${bench}: ${name}`.padEnd(66)} ${figureWord(earlier)} ${figureWord(now)} ${unit.padEnd(12)} ${by.padStart(8)}   ${finding}${p}`;
}
