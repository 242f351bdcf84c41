/** What an agent measures with: an open lab of its host, which does its share of each trial. */

import { type Lab, openLab } from "../measure/lab.js";
import { learn } from "../measure/learning.js";
import type { MeasureRequest } from "../measure/measurer.js";
import type { RunPlan } from "../measure/plan.js";
import type { TrialInputs } from "../measure/trial-result.js";
import { type AppointedShare, measureTrial, type TrialRun, warmUpFor } from "../measure/trial-run.js";
import type { DutResult } from "../result/run-result.js";

/** A running trial's counters. */
export interface AgentProgress {
  readonly phase: string;
  readonly published: number;
  readonly received: number;
  readonly missing: number;
  readonly elapsedNs: number;
}

export interface AgentBench extends AsyncDisposable {
  readonly plan: RunPlan;
  readonly settleNs: number;
  readonly notes: readonly string[];
  floorNs(): number | null;
  dut(): DutResult;
  /** Ids of trials below this one were given out elsewhere. */
  skipIds(given: number): void;
  warmUp(like: MeasureRequest, signal: AbortSignal): Promise<void>;
  learn(like: MeasureRequest, frames: number, signal: AbortSignal): Promise<void>;
  /** One for each direction. */
  trial(
    request: MeasureRequest,
    index: number,
    part: AppointedShare,
    signal: AbortSignal,
  ): Promise<readonly TrialInputs[]>;
  progress(): AgentProgress | null;
  /** After a trial: null if another one may follow. */
  lost(): Promise<string | null>;
}

export type OpenAgentBench = (plan: RunPlan, signal: AbortSignal) => Promise<AgentBench>;

export const openAgentLab: OpenAgentBench = async (plan, signal) => {
  const lab = await openLab(plan, signal);
  const run = (signal: AbortSignal): TrialRun => ({ plan, lab, hooks: { signal }, total: 0 });
  return {
    plan,
    settleNs: plan.settleNs ?? lab.settleNs,
    notes: lab.notes,
    floorNs: () => lab.floorNs(),
    dut: () => ({ ...(lab.dut?.describe() ?? { kind: plan.dut.kind, version: null }), ports: [...lab.portFacts()] }),
    skipIds: (given) => lab.numbers.skipTo(given),
    warmUp: (like, signal) => warmUpFor(run(signal), like),
    learn: (like, frames, signal) => learn(run(signal), like, frames),
    trial: (request, index, part, signal) => measureTrial(run(signal), request, index, part),
    progress: () => lab.generator.progress(),
    lost: () => whyLost(lab),
    [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose](),
  };
};

async function whyLost(lab: Lab): Promise<string | null> {
  return lab.lost() === null || (await lab.comesBack()) ? null : "its device went away and did not come back";
}
