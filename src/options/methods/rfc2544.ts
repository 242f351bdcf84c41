/** `rfc2544`: from options to the tests and what each of them takes. */
import { usageError } from "../../errors.js";
import { resetWords } from "../../measure/device-reset.js";
import type { RunPlan } from "../../measure/plan.js";
import {
  conforming,
  quick,
  type Rfc2544Settings,
  type Rfc2544Test,
  rfc2544Tests,
  runRfc2544,
  throughputGoal,
} from "../../method/rfc2544/index.js";
import type { AroundTrials } from "../../method/session.js";
import { isSigned } from "../../stream/spec.js";
import { frameSizeName } from "../../units.js";
import { rfc2544Method } from "../method-facts.js";
import { rfc2544Options, searchOptions } from "../method-options.js";
import { type OptionsOf, readOptions, type TextsOf } from "../option.js";
import type { RunOptions } from "../run-options.js";
import { loadOfSizes } from "./loads.js";
import type { MethodEntry } from "./method.js";
import { checkOrder, searchSettings } from "./ndr.js";

const options = { ...rfc2544Options, ...searchOptions };

export type Rfc2544Options = TextsOf<typeof options>;

type Given = OptionsOf<typeof options>;

/** A known throughput is not measured. An unknown one must be, before the tests that need it. */
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

/** Only a signature tells when a frame was lost. */
function checkSigned(tests: readonly Rfc2544Test[], { stream, sizes }: RunPlan): void {
  const small = tests.includes("recovery") ? sizes.find((size) => !isSigned(stream, size)) : undefined;
  if (small === undefined) return;
  throw usageError(`frames of ${frameSizeName(small)} bytes are too small to tell when one was lost`, {
    where: "--tests recovery",
    accepted: "larger --sizes: from 64, with a VLAN tag from 68, IPv6 from 84",
  });
}

/** The tests in their usual order. By default all that the device allows. */
function testsOf({ tests, resetCommand }: Given, plan: RunPlan, isKnown: boolean): Rfc2544Test[] {
  const canReset = plan.dut.kind !== "external" || resetCommand !== undefined;
  return rfc2544Tests.filter((test) =>
    tests === undefined ? (test !== "throughput" || !isKnown) && (test !== "reset" || canReset) : tests.includes(test),
  );
}

export function rfc2544Settings(texts: Rfc2544Options, plan: RunPlan): Rfc2544Settings {
  const given = readOptions(options, texts);
  const knownPps = loadOfSizes(given.throughput, "--throughput", plan);
  const tests = testsOf(given, plan, knownPps !== null);
  checkThroughput(tests, knownPps !== null);
  if (given.tests !== undefined) checkSigned(tests, plan);
  const preset = given.quick === true ? quick : conforming;
  const trialNs = given.trial ?? preset.trialNs;
  const initialTrialNs = given.initialTrial ?? Math.min(1e9, trialNs);
  checkOrder(initialTrialNs, trialNs, trialNs);
  const goal = { name: throughputGoal, lossRatio: 0, exceedRatio: 0, durationSumNs: trialNs };
  const width = given.width ?? 0.01;
  return {
    sizes: plan.sizes,
    tests,
    knownPps,
    throughput: { ...searchSettings(given, plan), goals: [{ ...goal, initialTrialNs, trialNs, width }] },
    latency: {
      durationNs: given.latencyDuration ?? preset.latencyNs,
      repeats: given.latencyRepeats ?? preset.latencyRepeats,
    },
    loss: { stepShare: given.lossStep ?? preset.lossStep, durationNs: trialNs },
    backToBack: {
      longestNs: given.burstDuration ?? preset.burstNs,
      repeats: given.burstRepeats ?? preset.burstRepeats,
    },
    isSigned: (size) => isSigned(plan.stream, size),
    recovery: {
      overloadNs: given.recoveryDuration ?? preset.overloadNs,
      afterNs: given.recoveryAfter ?? preset.recoveryNs,
      repeats: given.recoveryRepeats ?? preset.recoveryRepeats,
    },
    reset: resetSettings(given, plan, tests),
    settleNs: plan.settleNs ?? preset.settleNs,
    ...aroundTrials(given, plan),
    lineRateBps: plan.lineRateBps,
  };
}

/** What RFC 2544 §23 has around a trial: the built-in device learns nothing, and is as it was at once. */
function aroundTrials(given: Given, { dut }: RunPlan): AroundTrials {
  const preset = given.quick === true || dut.kind === "embedded" ? quick : conforming;
  return {
    learningFrames: given.learning ?? preset.learningFrames,
    learningWaitNs: preset.learningWaitNs,
    restabiliseNs: given.restabilise ?? preset.restabiliseNs,
  };
}

/** Throws a usage error for a reset that the device cannot do. */
function resetSettings(given: Given, plan: RunPlan, tests: readonly Rfc2544Test[]): Rfc2544Settings["reset"] {
  const { resetCommand } = given;
  const preset = given.quick === true ? quick : conforming;
  const how = resetWords({ ...plan, ...(resetCommand === undefined ? {} : { resetCommand }) }, tests.includes("reset"));
  return {
    beforeNs: preset.beforeResetNs,
    withinNs: given.resetWithin ?? preset.resetWithinNs,
    repeats: given.resetRepeats ?? preset.resetRepeats,
    how,
  };
}

/** Trials of one test of one size, roughly. */
const trialsOfTest = 10;

export const rfc2544Entry: MethodEntry<RunOptions & Rfc2544Options, Rfc2544Settings> = {
  sizes: "rfc2544",
  settings: rfc2544Settings,
  plan: (plan, { learningFrames, settleNs }, { resetCommand }) => ({
    ...plan,
    learns: learningFrames > 0,
    settleNs,
    ...(resetCommand === undefined ? {} : { resetCommand }),
  }),
  facts: (settings, { quick: isQuick = false }, settleNs, findings) =>
    rfc2544Method(settings, settleNs, isQuick, findings),
  expectedTrials: ({ sizes, tests }) => sizes.length * tests.length * trialsOfTest,
  around: (settings) => settings,
  run: runRfc2544,
};
