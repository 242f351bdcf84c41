/**
 * What a run must reach, as text: `NDR>=1Mpps`, `PDR 0.5 %@64>=500kpps`, `latency 50 %.p99<=50us`, `loss<=0.1%`, `recovery<=1ms`.
 * Without a size it holds for every size that has the figure. Pure.
 */
import { usageError } from "../errors.js";
import type { RunResult, Threshold } from "../report/result.js";
import { median } from "../stats/rank-test.js";
import { percentWord, rateWord, timeWord } from "../stats/words.js";
import { parseDuration, parseRate, parseRatio } from "../units.js";
import { figuresOf } from "./figures.js";

export interface ThresholdSpec {
  /** A figure's name without its size, or `loss`. */
  readonly what: string;
  /** null: every size. */
  readonly size: string | null;
  readonly at: "least" | "most";
  readonly value: number;
  /** As it was given. */
  readonly text: string;
}

const accepted = "e.g. 'NDR>=1Mpps', 'throughput@64>=500kpps', 'latency.p99<=50us', 'loss<=0.1%'";

export function parseThreshold(text: string, where: string): ThresholdSpec {
  const match = /^\s*([^<>=@]+?)\s*(?:@\s*([\w.-]+)\s*)?(>=|<=)\s*(\S+)\s*$/.exec(text);
  if (match === null) throw usageError(`"${text}" is no threshold`, { where, accepted });
  const [, what, size, sign, limit] = match;
  return { what, size: size ?? null, at: sign === ">=" ? "least" : "most", value: limitOf(what, limit, where), text };
}

function limitOf(what: string, limit: string, where: string): number {
  if (what === "loss") return parseRatio(limit, where);
  if (/\.p\d|^(back-to-back|recovery|reset)/.test(what)) return parseDuration(limit, where, 0);
  const rate = parseRate(limit, where);
  if (rate.kind === "pps") return rate.pps;
  throw usageError(`"${limit}" is not in frames per second`, { where, accepted });
}

/** A row for each size that a threshold concerns; one that nothing was measured for is invalid. */
export function judgeThresholds(specs: readonly ThresholdSpec[], result: RunResult): Threshold[] {
  return specs.flatMap((spec) => {
    const rows = spec.what === "loss" ? lossRows(spec, result) : figureRows(spec, result);
    const missing = {
      what: spec.text,
      wanted: spec.text,
      found: "nothing was measured for it",
      verdict: "invalid",
    } as const;
    return rows.length === 0 ? [missing] : rows;
  });
}

function lossRows(spec: ThresholdSpec, { trials, soak }: RunResult): Threshold[] {
  if (soak !== undefined) {
    const sum = (key: "sent" | "lost"): number => soak.intervals.reduce((total, one) => total + one[key], 0);
    return [row(spec, "loss", sum("sent") === 0 ? 0 : sum("lost") / sum("sent"), percentWord, false)];
  }
  return trials
    .filter(
      ({ frameBytes, verdict }) => verdict !== "invalid" && (spec.size ?? String(frameBytes)) === String(frameBytes),
    )
    .map(({ frameBytes, phase, lossRatio }) =>
      row(spec, `loss, ${phase}@${frameBytes}`, lossRatio, percentWord, false),
    );
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

/** The generator was the limit: the device does so much or more. */
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
    verdict: holds ? "pass" : open ? "invalid" : "fail",
  };
}
