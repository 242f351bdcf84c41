/** `rfc2544` from its options. */
import type { RunPlan } from "../../measure/plan.js";
import type { Findings } from "../../method/findings.js";
import { rfc2544 } from "../../method/rfc2544/index.js";
import { runMethod } from "../../method/session.js";
import { rfc2544Method } from "../method-facts.js";
import { rfc2544Settings } from "../method-options.js";
import type { RunOptions } from "../run-options.js";
import type { Rfc2544Options as TestOptions } from "../search-rows.js";
import { keptTrials, type PreparedMethod } from "./prepared.js";

export type Rfc2544RunOptions = RunOptions & TestOptions;

/** Trials of a test of a size, roughly. */
const usualTrials = 10;

/** @throws PktgenError (2) for the first option that cannot be. */
export function prepareRfc2544(options: Rfc2544RunOptions, asked: RunPlan): PreparedMethod {
  const settings = rfc2544Settings(options, asked);
  const { resetCommand } = options;
  const plan: RunPlan = {
    ...asked,
    learns: settings.learningFrames > 0,
    settleNs: settings.settleNs,
    ...(resetCommand === undefined ? {} : { resetCommand }),
  };
  const method = (settleNs: number, findings?: Findings) =>
    rfc2544Method(settings, settleNs, options.quick === true, findings);
  const setup = {
    plan,
    method,
    around: settings,
    keepTrials: keptTrials,
    expectedTrials: settings.sizes.length * settings.tests.length * usualTrials,
    run: (bench: Parameters<typeof rfc2544>[0]) => rfc2544(bench, settings),
  };
  return { plan, method, run: (hooks) => runMethod(setup, hooks) };
}
