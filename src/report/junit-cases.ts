/** What of a result is a test case for a CI server: a run's trials; of a method what it found, and what was wanted. */
import { framesWord, grouped, percentWord, rateWord, timeWord } from "../stats/words.js";
import type { Recovery, Reset, RunResult, Trial, Verdict } from "./result.js";
import { foundRate } from "./sections.js";

export interface JunitCase {
  readonly name: string;
  readonly verdict: Verdict;
  readonly reasons: readonly string[];
  readonly timeNs: number;
  /** Lines of its output. */
  readonly out: readonly string[];
}

export function casesOf(result: RunResult): JunitCase[] {
  const found =
    result.method === undefined ? result.trials.map((_, i) => trialCase(result.trials, i)) : methodCases(result);
  return numbered([...found, ...thresholdCases(result)]);
}

/** A search's row fails where no load held the goal, and is an error where it did not come to its end. */
function methodCases(result: RunResult): JunitCase[] {
  const { results = [], service = [], recovery = [], resets = [], soak, method, verdict, trials } = result;
  const timeNs = trials.reduce((sum, trial) => sum + trial.durationNs, 0);
  const rows = results.map((row): JunitCase => {
    const { frameBytes, goal, pps, limitedBy, endedBy, lossRatio } = row;
    const without = pps === 0 ? ["no load held the goal"] : [];
    const open = limitedBy === "time" ? [endedBy ?? "the search did not come to its end"] : [];
    return {
      name: `${sizeWord(frameBytes)}, ${goal}`,
      verdict: open.length > 0 || (pps === 0 && limitedBy !== "dut") ? "invalid" : pps === 0 ? "fail" : "pass",
      reasons: [...without, ...open],
      timeNs: timeNs / results.length,
      out: [`${foundRate(row)}, limited by ${limitedBy}, ${percentWord(lossRatio)} lost`],
    };
  });
  const steps = service.map(
    ({ frameBytes, step, verdict: own, reasons, rxPps }): JunitCase => ({
      ...{ name: `${sizeWord(frameBytes)}, ${step}`, verdict: own, reasons, timeNs: timeNs / service.length },
      out: [`${rateWord(rxPps)} came back`],
    }),
  );
  const recoveries = recovery.map((row) => judgedCase("system recovery", row, timeNs));
  const found = [...rows, ...steps, ...recoveries, ...resets.map((row) => judgedCase("reset", row, timeNs))];
  if (found.length > 0) return found;
  const last = trials.at(-1)?.reasons ?? [];
  const lost = soak?.intervals.reduce((sum, one) => sum + one.lost, 0) ?? 0;
  const out =
    soak === undefined ? [] : [`${framesWord(lost)} lost in ${soak.events.length + soak.eventsLeftOut} spells`];
  return [{ name: method?.name ?? "method", verdict, reasons: verdict === "invalid" ? last : [], timeNs, out }];
}

const judgedCase = (what: string, row: Recovery | Reset, timeNs: number): JunitCase => ({
  name: `${sizeWord(row.frameBytes)}, ${what}`,
  ...{ verdict: row.verdict, reasons: row.reasons, timeNs: timeNs / 2 },
  out: [
    ...(row.spread === null
      ? []
      : [`${timeWord(row.spread.meanNs)} in the mean, ${timeWord(row.spread.maxNs)} at most`]),
    ...(row.note === undefined ? [] : [row.note]),
  ],
});

const thresholdCases = ({ thresholds = [] }: RunResult): JunitCase[] =>
  thresholds.map(({ what, wanted, found, verdict }) => ({
    ...{ name: `${what}: ${wanted}`, verdict, timeNs: 0 },
    reasons: verdict === "pass" ? [] : [`${found}, wanted: ${wanted}`],
    out: [found],
  }));

function trialCase(trials: readonly Trial[], index: number): JunitCase {
  const trial = trials[index];
  const { verdict, reasons, durationNs, sent, accepted, lost, rxPps, notes } = trial;
  const summary = `${framesWord(sent)} sent, ${grouped(accepted)} accepted, ${grouped(lost)} lost, ${rateWord(rxPps)}`;
  const direction = trial.direction === undefined ? "" : `, ${trial.direction}`;
  const name = `${sizeWord(trial.frameBytes)}, ${trial.phase}${direction}`;
  return { name, verdict, reasons, timeNs: durationNs, out: [summary, ...notes] };
}

/** Repeats get a number, so that no two testcases of a suite share a name. */
function numbered(cases: readonly JunitCase[]): JunitCase[] {
  return cases.map((one, index) => {
    const same = (other: JunitCase): boolean => other.name === one.name;
    if (cases.filter(same).length === 1) return one;
    return { ...one, name: `${one.name}, trial ${cases.slice(0, index + 1).filter(same).length}` };
  });
}

const sizeWord = (frameBytes: number | string): string =>
  typeof frameBytes === "number" ? `${frameBytes} bytes` : frameBytes;
