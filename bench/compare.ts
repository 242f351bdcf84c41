/**
 * A run of the benchmarks held against an earlier one: what is slower, or otherwise worse, beyond noise. Pure.
 *
 * Each series is judged by its rounds. It is worse when both of these hold:
 *  - the rank test (stats/rank-test) gives at most a chance of 5 % that its rounds are worse by noise alone, raised for
 *    the number of series;
 *  - its median is worse by more than 2 %.
 * The second condition is there because the rounds of one run follow each other within minutes. They do not show how
 * much the machine changes from one hour to the next.
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
  readonly finding: Finding;
  /** The chance that the difference is noise, raised for the number of series; null: nothing can be said. */
  readonly chance: number | null;
  /** The least chance that the rank test can give with this many rounds. */
  readonly leastChance: number;
}

interface Rounds extends ComparableSeries {
  readonly bench: string;
}

/** The series of all benchmarks by a key that both runs share. Two series of one name are told apart by their order. */
function seriesByKey(result: ComparableResult): Map<string, Rounds> {
  const all = new Map<string, Rounds>();
  for (const [bench, { series }] of Object.entries(result.outcomes)) {
    for (const { name, unit, better, values } of series) {
      let key = JSON.stringify([bench, name, unit]);
      while (all.has(key)) key += "+";
      all.set(key, { bench, name, unit, better, values: values.filter(Number.isFinite) });
    }
  }
  return all;
}

const middleOf = (values: readonly number[]): number | null => (values.length === 0 ? null : median(values));

/** So that lower is worse. */
const signed = ({ better, values }: Rounds): readonly number[] =>
  better === "higher" ? values : values.map((value) => -value);

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
    const facts = { bench: rounds.bench, name: rounds.name, unit: rounds.unit, now: middleOf(rounds.values) };
    const one = before.get(key);
    const told = at.get(key);
    if (one === undefined || told === undefined)
      return { ...facts, ...alone, earlier: null, finding: "only now" as const };
    const medians = { ...facts, earlier: middleOf(one.values) };
    return {
      ...medians,
      finding: findingOf(medians, told.worse, told.better),
      chance: told.worse === null || told.better === null ? null : Math.min(told.worse, told.better),
      leastChance: leastChance(told.pair.earlier.length, told.pair.later.length),
    };
  });
  const gone = [...before].filter(([key, { bench }]) => !after.has(key) && bench in now.outcomes);
  return [
    ...rows,
    ...gone.map(([, { bench, name, unit, values }]) => {
      return { bench, name, unit, ...alone, earlier: middleOf(values), now: null, finding: "only earlier" as const };
    }),
  ];
}

/** Of a series that only one run has. */
const alone = { chance: null, leastChance: 1 } as const;

function findingOf(medians: Medians, worse: number | null, better: number | null): Finding {
  if (worse === null || better === null) return "too few rounds";
  if (!isLarge(medians)) return "same";
  if (worse <= significance) return "worse";
  return better <= significance ? "better" : "same";
}

interface Medians {
  readonly earlier: number | null;
  readonly now: number | null;
}

const isLarge = ({ earlier, now }: Medians): boolean =>
  earlier !== null && now !== null && Math.abs(now - earlier) > leastChange * Math.abs(earlier);

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

/** The table, and under it what follows from it. */
export function comparisonLines(rows: readonly ComparedSeries[]): string[] {
  const worse = rows.filter(({ finding }) => finding === "worse");
  const told = rows.filter(({ chance }) => chance !== null);
  const lines = rows.map(rowLine);
  const tooFew = rows.filter((row) => isShared(row) && row.leastChance * rows.length > significance);
  if (tooFew.length > 0) {
    lines.push(
      `${tooFew.length} of ${rows.length} series have too few rounds to show that one alone is worse: ` +
        `set BENCH_ROUNDS=${roundsNeeded(rows.length)} in both runs`,
    );
  }
  if (worse.some(({ name }) => name === reference.name)) {
    lines.push("the reference runs none of our code and is worse, too: the machine is slower, so measure again");
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

function rowLine({ bench, name, unit, earlier, now, finding, chance }: ComparedSeries): string {
  const change = earlier === null || now === null || earlier === 0 ? "" : signedPercent.format(now / earlier - 1);
  const p = chance === null ? "" : `, p ${Number(chance.toPrecision(2))}`;
  return `${`${bench}: ${name}`.padEnd(66)} ${figureWord(earlier)} ${figureWord(now)} ${unit.padEnd(12)} ${change.padStart(8)}   ${finding}${p}`;
}
