/** `ndr` from its options. */
import type { RunPlan } from "../../measure/plan.js";
import { ndr } from "../../method/ndr.js";
import { runMethod } from "../../method/session.js";
import { ndrMethod } from "../method-facts.js";
import { ndrSettings } from "../method-options.js";
import type { RunOptions } from "../run-options.js";
import type { SearchOptions } from "../search-rows.js";
import { keptTrials, type PreparedMethod } from "./prepared.js";

export type NdrOptions = RunOptions & SearchOptions;

/** Trials of a search, roughly. */
const usualTrials = { quick: 12, whole: 90 };

/** @throws PktgenError (2) for the first option that cannot be. */
export function prepareNdr(options: NdrOptions, plan: RunPlan): PreparedMethod {
  const settings = ndrSettings(options, plan);
  const isQuick = options.quick === true;
  const method = (settleNs: number) => ndrMethod(settings, settleNs, isQuick);
  const sizes = plan.sizes.flatMap((size) => Array.from({ length: plan.repeat }, () => size));
  const setup = {
    plan,
    method,
    keepTrials: keptTrials,
    expectedTrials: sizes.length * (isQuick ? usualTrials.quick : usualTrials.whole),
    run: (bench: Parameters<typeof ndr>[0]) => ndr(bench, { ...settings, sizes }),
  };
  return { plan, method, run: (hooks) => runMethod(setup, hooks) };
}
