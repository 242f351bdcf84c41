/** The options that methods add to those of `run`: rows for help, and from text to settings. Pure. */
import { ringSizes } from "../dut/embedded/options.js";
import { usageError } from "../errors.js";
import { resetWords } from "../measure/device-reset.js";
import type { RunPlan } from "../measure/plan.js";
import type { NdrSettings, SearchKind } from "../method/ndr.js";
import {
  conforming,
  quick,
  type Rfc2544Settings,
  type Rfc2544Test,
  rfc2544Tests,
  throughputGoal,
} from "../method/rfc2544/index.js";
import type { SearchGoal } from "../method/search/index.js";
import type { AroundTrials } from "../method/session.js";
import { didYouMean } from "../nearest.js";
import { percentWord } from "../stats/words.js";
import { checkSchedulable } from "../stream/departures/schedule.js";
import { isSigned } from "../stream/spec.js";
import {
  type FrameSize,
  frameSizeName,
  meanFrameBytes,
  parseCount,
  parseDuration,
  parseRate,
  parseRatio,
  ratePps,
} from "../units.js";
import type { Rfc2544Options, SearchOptions } from "./search-rows.js";

const searchKinds: readonly SearchKind[] = ["mlr", "bisection", "verified"];

const given = <T>(text: string | undefined, parse: (text: string) => T): T | null =>
  text === undefined ? null : parse(text);

/** A share above 0 and below 1. */
function properShare(text: string, where: string, zero: boolean): number {
  const share = parseRatio(text, where);
  if (share < 1 && (zero || share > 0)) return share;
  throw usageError(`"${text}" is ${share >= 1 ? "all of it" : "nothing"}`, {
    where,
    accepted: "a share below 1, e.g. 0.5%",
  });
}

function kindOf(text: string): SearchKind {
  const kind = searchKinds.find((name) => name === text);
  if (kind !== undefined) return kind;
  const hint = didYouMean(text, searchKinds);
  throw usageError(`"${text}" is no search`, { where: "--search", accepted: searchKinds.join(", "), ...hint });
}

/** What the embedded device holds while it polices, per queue; others: a ring of the usual length. */
function queueFramesOf({ dut, queues }: RunPlan): number {
  if (dut.kind !== "embedded") return 1024;
  const { faults, size } = dut.options;
  return faults?.service == null ? (size ?? ringSizes.atSetRate) : faults.queueFrames * queues;
}

function minLoadPps(text: string): number {
  const rate = parseRate(text, "--min-load");
  if (rate.kind === "pps") return rate.pps;
  throw usageError(`"${text}" is not in frames per second`, { where: "--min-load", accepted: "e.g. 1kpps" });
}

type Common = Omit<NdrSettings, "goals">;

function commonOf(options: SearchOptions, plan: RunPlan): Common {
  return {
    sizes: plan.sizes,
    kind: given(options.search, kindOf) ?? "mlr",
    budget: {
      maxTrials: given(options.maxTrials, (text) => parseCount(text, "--max-trials", 1, 100_000)) ?? 500,
      maxTrialNs: given(options.maxTime, (text) => parseDuration(text, "--max-time")) ?? Number.MAX_SAFE_INTEGER,
    },
    minPps: given(options.minLoad, minLoadPps) ?? 1_000,
    lineRateBps: plan.lineRateBps,
    isOthers: plan.dut.kind === "external" || (plan.dut.kind === "testpmd" && plan.dut.ports !== null),
    queueFrames: given(options.dutQueue, (text) => parseCount(text, "--dut-queue", 0, 1e9)) ?? queueFramesOf(plan),
  };
}

/** Trials must not become shorter towards the end. */
function checkOrder(initialNs: number, trialNs: number, sumNs: number): void {
  if (initialNs > trialNs) {
    const accepted = "at most the final length, --trial";
    throw usageError("the first trials are longer than the final ones", { where: "--initial-trial", accepted });
  }
  if (sumNs < trialNs) {
    throw usageError("the sum is shorter than one trial", { where: "--duration-sum", accepted: "at least --trial" });
  }
}

/** `0.5%,1%`: in order, each above the one before. */
function pdrRatios(text: string): number[] {
  const ratios = text.split(",").map((piece) => properShare(piece.trim(), "--pdr", false));
  const wrong = ratios.findIndex((ratio, i) => i > 0 && ratio <= ratios[i - 1]);
  if (wrong < 0) return ratios;
  const accepted = "growing ratios, e.g. 0.1%,0.5%";
  throw usageError(`${percentWord(ratios[wrong])} comes after ${percentWord(ratios[wrong - 1])}`, {
    where: "--pdr",
    accepted,
  });
}

/** NDR and PDRs: by default as FD.io CSIT measures them, a sum of 21 trials of 1 s, half of which may exceed. */
export function ndrSettings(options: SearchOptions, plan: RunPlan): NdrSettings {
  const fast = options.quick === true;
  const trialNs = given(options.trial, (text) => parseDuration(text, "--trial")) ?? 1e9;
  const initialTrialNs =
    given(options.initialTrial, (text) => parseDuration(text, "--initial-trial")) ?? Math.min(1e9, trialNs);
  const durationSumNs =
    given(options.durationSum, (text) => parseDuration(text, "--duration-sum")) ?? (fast ? trialNs : 21 * trialNs);
  checkOrder(initialTrialNs, trialNs, durationSumNs);
  const exceedRatio = given(options.exceed, (text) => properShare(text, "--exceed", true)) ?? (fast ? 0 : 0.5);
  const width = given(options.width, (text) => properShare(text, "--width", false)) ?? (fast ? 0.01 : 0.005);
  const goal = (name: string, lossRatio: number): SearchGoal => ({
    ...{ name, lossRatio, exceedRatio, initialTrialNs, trialNs, durationSumNs, width },
  });
  const pdrs = pdrRatios(options.pdr ?? "0.5%").map((ratio) => goal(`PDR ${percentWord(ratio)}`, ratio));
  return { ...commonOf(options, plan), goals: [goal("NDR", 0), ...pdrs] };
}

function testsOf(text: string): Rfc2544Test[] {
  const words = text.split(",").map((word) => word.trim());
  for (const word of words) {
    if (rfc2544Tests.some((test) => test === word)) continue;
    const hint = didYouMean(word, rfc2544Tests);
    throw usageError(`"${word}" is no test`, { where: "--tests", accepted: rfc2544Tests.join(","), ...hint });
  }
  const tests = rfc2544Tests.filter((test) => words.includes(test));
  return tests;
}

/** A throughput that is known is not looked for; one that is not known must be. */
function checkThroughput(tests: readonly Rfc2544Test[], isKnown: boolean): void {
  if (isKnown && tests.includes("throughput")) {
    const accepted = "tests without throughput, e.g. latency,recovery";
    throw usageError("throughput is measured, and given with --throughput", { where: "--tests", accepted });
  }
  const needs = { latency: "at", recovery: "above", reset: "at" } as const;
  for (const test of ["latency", "recovery", "reset"] as const) {
    if (isKnown || !tests.includes(test) || tests.includes("throughput")) continue;
    throw usageError(`${test} is measured ${needs[test]} the throughput found`, {
      where: "--tests",
      accepted: `throughput,${test}`,
      hint: "or give the throughput with --throughput",
    });
  }
}

/** The throughput of each size, as it was found before; null: not given. */
function knownThroughput({ throughput }: Rfc2544Options, plan: RunPlan): Rfc2544Settings["knownPps"] {
  if (throughput === undefined) return null;
  const of = (size: FrameSize): number => loadPps(throughput, "--throughput", meanFrameBytes(size), plan.lineRateBps);
  for (const size of plan.sizes) of(size);
  return of;
}

/** Without a signature nobody can tell when a frame was lost. */
function checkSigned(tests: readonly Rfc2544Test[], { stream, sizes }: RunPlan): void {
  const small = tests.includes("recovery") ? sizes.find((size) => !isSigned(stream, size)) : undefined;
  if (small === undefined) return;
  throw usageError(`frames of ${frameSizeName(small)} bytes are too small to tell when one was lost`, {
    where: "--tests recovery",
    accepted: "larger --sizes: from 64, with a VLAN tag from 68, IPv6 from 84",
  });
}

export function rfc2544Settings(options: Rfc2544Options, plan: RunPlan): Rfc2544Settings {
  const knownPps = knownThroughput(options, plan);
  const canReset = plan.dut.kind !== "external" || options.resetCommand !== undefined;
  const usual = rfc2544Tests.filter(
    (test) => (test !== "throughput" || knownPps === null) && (test !== "reset" || canReset),
  );
  const tests = testsOf(options.tests ?? usual.join(","));
  checkThroughput(tests, knownPps !== null);
  if (options.tests !== undefined) checkSigned(tests, plan);
  const preset = options.quick === true ? quick : conforming;
  const trialNs = given(options.trial, (text) => parseDuration(text, "--trial")) ?? preset.trialNs;
  const initialTrialNs =
    given(options.initialTrial, (text) => parseDuration(text, "--initial-trial")) ?? Math.min(1e9, trialNs);
  checkOrder(initialTrialNs, trialNs, trialNs);
  const width = given(options.width, (text) => properShare(text, "--width", false)) ?? 0.01;
  const goal = { name: throughputGoal, lossRatio: 0, exceedRatio: 0, durationSumNs: trialNs };
  const duration = (text: string | undefined, where: string, otherwise: number): number =>
    given(text, (value) => parseDuration(value, where)) ?? otherwise;
  const count = (text: string | undefined, where: string, otherwise: number): number =>
    given(text, (value) => parseCount(value, where, 1, 10_000)) ?? otherwise;
  return {
    sizes: plan.sizes,
    tests,
    knownPps,
    throughput: { ...commonOf(options, plan), goals: [{ ...goal, initialTrialNs, trialNs, width }] },
    latency: {
      durationNs: duration(options.latencyDuration, "--latency-duration", preset.latencyNs),
      repeats: count(options.latencyRepeats, "--latency-repeats", preset.latencyRepeats),
    },
    loss: {
      stepShare: given(options.lossStep, (text) => properShare(text, "--loss-step", false)) ?? preset.lossStep,
      durationNs: trialNs,
    },
    backToBack: {
      longestNs: duration(options.burstDuration, "--burst-duration", preset.burstNs),
      repeats: count(options.burstRepeats, "--burst-repeats", preset.burstRepeats),
    },
    isSigned: (size) => isSigned(plan.stream, size),
    recovery: {
      overloadNs: duration(options.recoveryDuration, "--recovery-duration", preset.overloadNs),
      afterNs: duration(options.recoveryAfter, "--recovery-after", preset.recoveryNs),
      repeats: count(options.recoveryRepeats, "--recovery-repeats", preset.recoveryRepeats),
    },
    reset: resetSettings(options, plan, tests),
    settleNs: plan.settleNs ?? preset.settleNs,
    ...aroundTrials(options, plan),
    lineRateBps: plan.lineRateBps,
  };
}

/** What RFC 2544 §23 has around a trial: the built-in device learns nothing, and is as it was at once. */
function aroundTrials(options: Rfc2544Options, { dut }: RunPlan): AroundTrials {
  const preset = options.quick === true || dut.kind === "embedded" ? quick : conforming;
  const { learning, restabilise } = options;
  const learningFrames = given(learning, (text) => parseCount(text, "--learning", 0, 10_000)) ?? preset.learningFrames;
  return {
    learningFrames,
    learningWaitNs: preset.learningWaitNs,
    restabiliseNs: given(restabilise, (text) => parseDuration(text, "--restabilise", 0)) ?? preset.restabiliseNs,
  };
}

/** Throws a usage error where a reset is asked for that nobody can do. */
function resetSettings(
  options: Rfc2544Options,
  plan: RunPlan,
  tests: readonly Rfc2544Test[],
): Rfc2544Settings["reset"] {
  const { quick: fast, resetCommand, resetWithin, resetRepeats } = options;
  if (resetCommand?.trim() === "") {
    throw usageError("the command is empty", { where: "--reset-command", accepted: "a command that a shell can run" });
  }
  const preset = fast === true ? quick : conforming;
  const how = resetWords({ ...plan, ...(resetCommand === undefined ? {} : { resetCommand }) }, tests.includes("reset"));
  return {
    beforeNs: preset.beforeResetNs,
    withinNs: given(resetWithin, (text) => parseDuration(text, "--reset-within")) ?? preset.resetWithinNs,
    repeats: given(resetRepeats, (text) => parseCount(text, "--reset-repeats", 1, 10_000)) ?? preset.resetRepeats,
    how,
  };
}

/** A rate for one size, which max is not. */
export function loadPps(text: string, where: string, meanBytes: number, lineRateBps: number | null): number {
  const pps = ratePps(parseRate(text, where), meanBytes, lineRateBps, where);
  if (Number.isFinite(pps)) {
    checkSchedulable(pps, where);
    return pps;
  }
  throw usageError("max is no load that could be held", { where, accepted: "a rate, e.g. 100kpps" });
}
