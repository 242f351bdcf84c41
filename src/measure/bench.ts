/**
 * What runs and methods measure on: a lab of this machine, or one that is spread over many. It is opened from a plan,
 * warmed up, and then runs one trial after the other.
 */
import type { RunResult, Trial } from "../result/run-result.js";
import { faultReason, type Reason } from "../stats/cause.js";
import { type BesideTrialsTally, type Lab, openLab } from "./lab.js";
import { learn } from "./learning.js";
import type { MeasureRequest } from "./measurer.js";
import type { RunHooks, RunPlan } from "./plan.js";
import { diskWasFull, withRecordings } from "./recorder.js";
import { resultFrame, withAdvice } from "./result-frame.js";
import { runTrial, type TrialRun, warmUpFor } from "./trial-run.js";

export interface Bench extends AsyncDisposable {
  readonly settleNs: number;
  /** Frames that were sent outside of the trials in the result. */
  readonly beside: BesideTrialsTally;
  /** Before the first trial, which will be like this one. */
  warmUp(like: MeasureRequest): Promise<void>;
  /** Learning frames to the output port, as RFC 2544 §23 asks for before a trial. */
  learn(like: MeasureRequest, frames: number): Promise<void>;
  /**
   * The run's trial number `index` (from 0); one result for each direction. Rejects with a PktgenError where it could
   * not begin.
   */
  trial(request: MeasureRequest, index: number): Promise<readonly Trial[]>;
  /** After a trial: null if another one may follow. What went away may have to come back first. */
  ended(): Promise<Reason | null>;
  /** After the last trial: what stands around the trials in the document, and what is said of the whole run. */
  document(trials: readonly Trial[], started: Date): Promise<Omit<RunResult, "verdict">>;
  /** The judged document, with advice where the generator or a machine was in the way. */
  advised(result: RunResult): RunResult;
}

/** `total`: how many trials there will be, for the progress line. 0: nobody knows. */
export type OpenBench = (plan: RunPlan, hooks: RunHooks, total: number) => Promise<Bench>;

/** The generator, the ports and the device of this machine. */
export const openLabBench: OpenBench = async (plan, hooks, total) =>
  new LabBench({ plan, lab: await openLab(plan, hooks.signal), hooks, total });

class LabBench implements Bench {
  readonly #run: TrialRun;
  readonly #lab: Lab;

  constructor(run: TrialRun) {
    this.#run = run;
    this.#lab = run.lab;
  }

  get settleNs(): number {
    return this.#run.plan.settleNs ?? this.#lab.settleNs;
  }

  get beside(): BesideTrialsTally {
    return this.#lab.beside;
  }

  warmUp(like: MeasureRequest): Promise<void> {
    return warmUpFor(this.#run, like);
  }

  learn(like: MeasureRequest, frames: number): Promise<void> {
    return learn(this.#run, like, frames);
  }

  trial(request: MeasureRequest, index: number): Promise<readonly Trial[]> {
    return runTrial(this.#run, request, index);
  }

  async ended(): Promise<Reason | null> {
    if (this.#lab.recorder?.full.aborted === true) return diskWasFull;
    const isInterrupted = this.#run.hooks.signal.aborted;
    if (this.#lab.lost() === null || isInterrupted || (await this.#lab.comesBack())) return null;
    return faultReason("the device under test went away and did not come back");
  }

  async document(trials: readonly Trial[], started: Date): Promise<Omit<RunResult, "verdict">> {
    const noted = await withRecordings(this.#lab.recorder, trials);
    return { ...resultFrame(this.#run.plan, this.#lab, started), trials: noted };
  }

  advised(result: RunResult): RunResult {
    return withAdvice(result, this.#run.plan, this.#lab);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lab[Symbol.asyncDispose]();
  }
}
