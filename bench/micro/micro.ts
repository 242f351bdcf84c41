/**
 * Micro-benchmarks: operations in a second of CPU time of the code that makes, reads and counts frames, each with its error. A round is
 * a process of its own; the figure of a case is the median of the rounds.
 */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { median } from "../../src/stats/rank-test.js";
import { type Series, seriesOf } from "../harness.js";
import type { Outcome } from "../outcome.js";
import type { Measured } from "./round.js";

const roundFile = fileURLToPath(new URL("./round.ts", import.meta.url));

function oneRound(): Promise<readonly Measured[]> {
  return new Promise((resolve, reject) => {
    const child = fork(roundFile);
    child.once("message", (measured) => resolve(measured as readonly Measured[]));
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`a round of the micro-benchmarks ended with code ${code}`)));
  });
}

/** Twice the rounds of other benchmarks: a round takes ten seconds, and a comparison of 22 series needs so many. */
export async function microBench(rounds: number): Promise<Outcome> {
  const measured: (readonly Measured[])[] = [];
  for (let round = 0; round < 2 * rounds; round++) measured.push(await oneRound());
  const names = measured[0]?.map(({ name }) => name) ?? [];
  const ofCase = names.map((name, i) => ({
    series: seriesOf(
      name,
      "ops/s",
      measured.map((round) => round[i].opsPerSecond),
    ),
    errorPercent: median(measured.map((round) => round[i].relativeErrorPercent)),
    cpuShare: median(measured.map((round) => round[i].cpuShare)),
  }));
  return {
    lines: ofCase.map(({ series, errorPercent }) => lineOf(series, errorPercent)),
    series: ofCase.map(({ series }) => series),
    ratios: {},
    figures: {
      relativeErrorPercent: Object.fromEntries(ofCase.map((one) => [one.series.name, one.errorPercent])),
      cpuShare: Object.fromEntries(ofCase.map((one) => [one.series.name, one.cpuShare])),
    },
  };
}

const whole = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 4 });

const lineOf = ({ name, median: middle, min, max, values }: Series, errorPercent: number): string =>
  `${name.padEnd(58)} ${whole.format(middle).padStart(13)} ops/s ± ${errorPercent.toFixed(1)} %   ` +
  `(min ${whole.format(min)}, max ${whole.format(max)}, ${values.length} rounds)`;
