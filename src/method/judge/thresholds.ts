/** What a run must reach (profile/threshold.ts), and what it reached. Pure. */
import { methodsWith, type ThresholdSpec } from "../../profile/threshold.js";
import type { RunResult, Threshold, Trial } from "../../result/run-result.js";
import { judgedBy, reasonsOf } from "../../stats/cause.js";
import { lossShareOf } from "../../stats/loss.js";
import { median } from "../../stats/rank-test.js";
import { type AskedFigure, judgeFigures, type ResultPart } from "../../stats/run-verdict.js";
import { framesWord, percentWord, rateWord, timeWord } from "../../stats/words.js";
import { figuresOf } from "./figures.js";

/** A row for each size that a threshold concerns; one that nothing was measured for is invalid, unless another
 * method is meant. */
export function judgeThresholds(specs: readonly ThresholdSpec[], result: RunResult): Threshold[] {
  return specs.flatMap((spec) => {
    const rows = rowsOf(spec, result);
    const missing = {
      what: spec.text,
      wanted: spec.text,
      found: "nothing was measured for it",
      verdict: "invalid",
      cause: "not measured",
    } as const;
    const isAsked = spec.fromProfile !== true || methodsWith(spec.what).includes(result.method?.name ?? "run");
    return rows.length === 0 && isAsked ? [missing] : rows;
  });
}

function rowsOf(spec: ThresholdSpec, result: RunResult): Threshold[] {
  if (spec.what === "loss") return lossRows(spec, result);
  return spec.what === "outage" ? outageRows(spec, result) : figureRows(spec, result);
}

/** The longest outage of any stream (measure/outages.ts). Where nothing was lost, an unknown one has no row. */
function outageRows(spec: ThresholdSpec, { trials, soak }: RunResult): Threshold[] {
  if (soak !== undefined) {
    return soak.totals.flatMap((total) =>
      outageRow(spec, total.direction === undefined ? "outage" : `outage, ${total.direction}`, total),
    );
  }
  return trials
    .filter((trial) => isMeant(spec, trial))
    .flatMap((trial) => outageRow(spec, `outage, ${trial.phase}@${trial.frameBytes}`, trial));
}

const isMeant = ({ size }: ThresholdSpec, { frameBytes, verdict }: Trial): boolean =>
  verdict !== "invalid" && (size ?? String(frameBytes)) === String(frameBytes);

function outageRow(
  spec: ThresholdSpec,
  what: string,
  { lost, corrupt, outageNs }: Pick<Trial, "lost" | "corrupt" | "outageNs">,
): Threshold[] {
  if (outageNs !== undefined) return [row(spec, what, outageNs, timeWord, false)];
  if (lost + corrupt === 0) return [];
  const found = `not known, and ${framesWord(lost + corrupt)} did not come back whole`;
  return [{ what, wanted: `at most ${timeWord(spec.value)}`, found, verdict: "invalid", cause: "not measured" }];
}

/** One loss ratio for all: frames that were lost, damaged, or refused although they were due (stats/loss.ts). */
function lossRows(spec: ThresholdSpec, { trials, soak }: RunResult): Threshold[] {
  if (soak !== undefined) {
    return soak.totals.map((total) => {
      const offered = total.sent + total.refused;
      const found = offered === 0 ? 0 : (total.lost + total.corrupt + total.refused) / offered;
      return row(spec, total.direction === undefined ? "loss" : `loss, ${total.direction}`, found, percentWord, false);
    });
  }
  return trials
    .filter((trial) => isMeant(spec, trial))
    .map((trial) => row(spec, `loss, ${trial.phase}@${trial.frameBytes}`, lossShareOf([trial]), percentWord, false));
}

function figureRows(spec: ThresholdSpec, result: RunResult): Threshold[] {
  return figuresOf(result)
    .filter(({ name }) => {
      const at = name.lastIndexOf("@");
      return name.slice(0, at) === spec.what && (spec.size === null || name.slice(at + 1) === spec.size);
    })
    .map(({ name, unit, samples }) => {
      const open = spec.at === "least" && openEnded(result, name);
      return row(spec, name, median(samples), unit === "pps" ? rateWord : timeWord, open);
    });
}

/** The generator was the limit: the device does this much or more. */
const openEnded = ({ results = [] }: RunResult, name: string): boolean =>
  results.some(
    ({ goal, frameBytes, limitedBy }) =>
      `${goal}@${frameBytes}` === name && limitedBy !== "dut" && limitedBy !== "line",
  );

function row(
  spec: ThresholdSpec,
  what: string,
  found: number,
  word: (value: number) => string,
  open: boolean,
): Threshold {
  const holds = spec.at === "least" ? found >= spec.value : found <= spec.value;
  const sign = spec.at === "least" ? "at least" : "at most";
  return {
    what,
    wanted: `${sign} ${word(spec.value)}`,
    found: `${open ? "≥ " : ""}${word(found)}`,
    // What was not offered cannot be failed.
    ...(holds
      ? { verdict: "pass" }
      : open
        ? { verdict: "invalid", cause: "load" }
        : { verdict: "fail", cause: "check" }),
  };
}

/** The result with a verdict that takes these rows in, too. */
export function withThresholds(result: RunResult, rows: readonly Threshold[]): RunResult {
  if (rows.length === 0) return result;
  const { verdict, about = [] } = result;
  // Each reason there was goes on with what it is about. A pass, too, has its say.
  const before = reasonsOf({ reasons: result.reasons ?? [], causes: result.causes }).map(
    (reason, i): AskedFigure => ({ what: "", about: about[i] ?? "run", ...judgedBy(verdict, [reason]) }),
  );
  const whole: AskedFigure = { what: "", ...judgedBy(verdict, []) };
  return {
    ...result,
    thresholds: [...(result.thresholds ?? []), ...rows],
    ...judgeFigures([whole, ...before, ...rows.map((one) => thresholdFigure(one, "thresholds"))], [], null),
  };
}

/** The same as a figure that was asked for. */
export const thresholdFigure = (
  { what, wanted, found, verdict, cause = "check" }: Threshold,
  about: ResultPart,
): AskedFigure => ({
  ...{ what, about },
  ...judgedBy(verdict, verdict === "pass" ? [] : [{ cause, text: `${found}, wanted: ${wanted}` }]),
});
