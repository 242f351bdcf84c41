/** The test cases of a result for a CI server: the trials of a run; for a method what it found and what was wanted. */
import type { Recovery, Reset, RunResult, Soak, Trial, Verdict } from "../result/run-result.js";
import type { Cause } from "../stats/cause.js";
import { absorptionVerdict, searchVerdict } from "../stats/run-verdict.js";
import { framesWord, grouped, percentWord, rateWord, timeWord } from "../stats/words.js";
import { foundRate } from "./sections.js";
import { outageNote } from "./sentences.js";

export interface JunitCase {
  readonly name: string;
  readonly verdict: Verdict;
  readonly reasons: readonly string[];
  /** One for each reason. Absent: not known. */
  readonly causes?: readonly Cause[] | undefined;
  readonly timeNs: number;
  /** Lines of its output. */
  readonly out: readonly string[];
  /** The user ended the run in this case, so it is skipped. The case of the whole run is never skipped. */
  readonly isCutOff: boolean;
}

type FoundCase = Omit<JunitCase, "isCutOff">;

export function casesOf(result: RunResult): JunitCase[] {
  const found =
    result.method === undefined ? result.trials.map((_, i) => trialCase(result.trials, i)) : methodCases(result);
  const parts = [...found, ...thresholdCases(result)].map((one) => ({ ...one, isCutOff: isCutOff(one) }));
  return numbered([...parts, { ...verdictCase(result), isCutOff: false }]);
}

const isCutOff = ({ causes = [] }: FoundCase): boolean => causes.includes("interrupted");

/** The case of the whole run. The file has a failure or an error exactly if the run did not pass. */
function verdictCase({ verdict, reasons, advice = [], trials }: RunResult): FoundCase {
  // A document of an earlier version has no reasons.
  const why = reasons ?? trials.filter((trial) => trial.verdict === verdict).flatMap((trial) => trial.reasons);
  const said = verdict === "pass" ? [] : [...new Set(why)];
  return {
    name: "verdict",
    verdict,
    reasons: said,
    timeNs: 0,
    out: [verdict.toUpperCase(), ...advice],
  };
}

/** What was asked for, a case each, by the rule that makes the run's verdict. */
function methodCases(result: RunResult): FoundCase[] {
  const { results = [], service = [], recovery = [], resets = [], checks = [], absorption = [], soak, trials } = result;
  const timeNs = trials.reduce((sum, trial) => sum + trial.durationNs, 0);
  const rows = results.map(
    (row): FoundCase => ({
      name: `${sizeWord(row.frameBytes)}, ${row.goal}`,
      ...searchVerdict(row),
      timeNs: timeNs / results.length,
      out: [`${foundRate(row)}, limited by ${row.limitedBy}, ${percentWord(row.lossRatio)} lost`],
    }),
  );
  const steps = service.map(
    ({ frameBytes, step, verdict: own, reasons, causes, rxPps }): FoundCase => ({
      ...{ name: `${sizeWord(frameBytes)}, ${step}`, verdict: own, reasons, causes, timeNs: timeNs / service.length },
      out: [`${rateWord(rxPps)} came back`],
    }),
  );
  const recoveries = recovery.map((row) => judgedCase("system recovery", row, timeNs));
  const others = checks.map(
    ({ what, verdict, reasons, causes }): FoundCase => ({
      name: what,
      verdict,
      reasons,
      causes,
      timeNs: timeNs / checks.length,
      out: [],
    }),
  );
  const bursts = absorption.map(
    (row): FoundCase => ({
      name: `${sizeWord(row.frameBytes)}, ${row.kind} of ${row.frames} frames`,
      ...absorptionVerdict(row),
      timeNs: timeNs / absorption.length,
      out: [`${framesWord(row.absorbed)} came back`],
    }),
  );
  const found = [
    ...[...rows, ...others, ...bursts, ...steps, ...recoveries],
    ...resets.map((row) => judgedCase("reset", row, timeNs)),
  ];
  return found.length > 0 || soak === undefined ? found : [soakCase(result, soak, timeNs)];
}

function soakCase({ verdict, reasons = [], ...run }: RunResult, soak: Soak, timeNs: number): FoundCase {
  // A piece of it may have been cut off long ago, before it was taken up again.
  const causes = run.causes?.filter((_, i) => run.about?.[i] === "run");
  const lost = soak.intervals.reduce((sum, one) => sum + one.lost, 0);
  const out = [`${framesWord(lost)} lost in ${soak.events.length + soak.eventsLeftOut} spells`];
  return { name: "soak", verdict, reasons: verdict === "pass" ? [] : reasons, causes, timeNs, out };
}

const judgedCase = (what: string, row: Recovery | Reset, timeNs: number): FoundCase => ({
  name: `${sizeWord(row.frameBytes)}, ${what}`,
  ...{ verdict: row.verdict, reasons: row.reasons, causes: row.causes, timeNs: timeNs / 2 },
  out: [
    ...(row.spread === null
      ? []
      : [`${timeWord(row.spread.meanNs)} in the mean, ${timeWord(row.spread.maxNs)} at most`]),
    ...(row.note === undefined ? [] : [row.note]),
  ],
});

const thresholdCases = ({ thresholds = [] }: RunResult): FoundCase[] =>
  thresholds.map(({ what, wanted, found, verdict }) => ({
    ...{ name: `${what}: ${wanted}`, verdict, timeNs: 0 },
    reasons: verdict === "pass" ? [] : [`${found}, wanted: ${wanted}`],
    out: [found],
  }));

function trialCase(trials: readonly Trial[], index: number): FoundCase {
  const trial = trials[index];
  const { verdict, reasons, causes, durationNs, sent, accepted, lost, rxPps, notes } = trial;
  const summary = `${framesWord(sent)} sent, ${grouped(accepted)} accepted, ${grouped(lost)} lost, ${rateWord(rxPps)}`;
  const direction = trial.direction === undefined ? "" : `, ${trial.direction}`;
  const name = `${sizeWord(trial.frameBytes)}, ${trial.phase}${direction}`;
  return { name, verdict, reasons, causes, timeNs: durationNs, out: [summary, ...outageNote(trial), ...notes] };
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
