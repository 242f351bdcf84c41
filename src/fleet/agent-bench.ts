/** What an agent measures with: an open lab of its host, which does its share of each trial. */
import type { FlowRole } from "../engine/loop/index.js";
import type { FlowCommand } from "../engine/trial/index.js";
import { externalOf, externalPorts } from "../measure/external.js";
import { readSentByPort, type SentByPort } from "../measure/external-counters.js";
import { type Lab, openLab } from "../measure/lab.js";
import { learn } from "../measure/learning.js";
import type { MeasureRequest } from "../measure/measurer.js";
import type { RunPlan } from "../measure/plan.js";
import type { TrialInputs } from "../measure/trial-result.js";
import { type AppointedShare, measureTrial, specsFor, type TrialRun, warmUpFor } from "../measure/trial-run.js";
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
  /** Both resolve with the frames that were sent to the device. `flow`: trials go from host to host. */
  warmUp(like: MeasureRequest, signal: AbortSignal, flow?: FlowRole): Promise<number>;
  learn(like: MeasureRequest, frames: number, signal: AbortSignal): Promise<number>;
  /** Frames like these that its generator makes and takes back in a second, in memory: nothing is sent on a port. */
  capacity(like: MeasureRequest): Promise<number>;
  /** One for each direction. */
  trial(
    request: MeasureRequest,
    index: number,
    part: AppointedShare,
    signal: AbortSignal,
  ): Promise<readonly TrialInputs[]>;
  /** What the trial that is prepared has to know of other hosts that send in it. */
  tellFlow(command: FlowCommand): Promise<void>;
  /** Between trials, for whoever counts the frames that pass between agents. */
  counters(): Promise<{ readonly moved: number; readonly sent: SentByPort }>;
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
    warmUp: async (like, signal, flow) => {
      const before = lab.beside.warmUp;
      await warmUpFor(run(signal), like, flow);
      return lab.beside.warmUp - before;
    },
    learn: async (like, frames, signal) => {
      const before = lab.beside.learning;
      await learn(run(signal), like, frames);
      return lab.beside.learning - before;
    },
    capacity: (like) => lab.generator.speedPps(specsFor(plan, lab, like)[0]!),
    trial: (request, index, part, signal) => measureTrial(run(signal), request, index, part),
    tellFlow: (command) => lab.generator.tellFlow(command),
    counters: async () => {
      const device = externalOf(plan);
      const moved = await lab.generator.drain();
      return { moved, sent: device === null ? [] : readSentByPort(externalPorts(device)) };
    },
    progress: () => lab.generator.progress(),
    lost: () => whyLost(lab),
    [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose](),
  };
};

async function whyLost(lab: Lab): Promise<string | null> {
  return lab.lost() === null || (await lab.comesBack()) ? null : "its device went away and did not come back";
}
