/**
 * A method on an open lab: opens it, warms up, runs the method on a measurer that measures real trials, and puts the
 * result document together. Whatever ends a method early leaves what was found until then.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { PktgenError } from "../errors.js";
import { type Lab, openLab } from "../measure/lab.js";
import type { MeasureRequest, Measurer } from "../measure/measurer.js";
import { useOf } from "../measure/outcome.js";
import { type RunHooks, type RunPlan, withRings } from "../measure/plan.js";
import { diskWasFull, withRecordings } from "../measure/recorder.js";
import { resultFrame, withAdvice } from "../measure/result-frame.js";
import { sentFrames } from "../measure/sent-frames.js";
import { ordersFor, runTrial, type TrialRun, warmUpFor } from "../measure/trial-run.js";
import { steadyRequest } from "../measure/trial-spec.js";
import type { Method, RunResult, Trial } from "../result/run-result.js";
import { faultReason, interruptedReason, type Reason, withReasons } from "../stats/cause.js";
import { reverseFirstStream, reverseStream } from "../stream/reverse.js";
import { usualTolerances } from "../tolerances.js";
import type { Findings } from "./findings.js";
import { judgeMethod } from "./method-verdict.js";
import { probePhase } from "./search-run.js";

/** RFC 2544 §23. */
export interface AroundTrials {
  /** To the output port before each trial, from the addresses that the test frames go to, so that the device knows them. */
  readonly learningFrames: number;
  /** After those, and after a trial before the next one; a run that waits there also waits for residual frames. */
  readonly learningWaitNs: number;
  readonly restabiliseNs: number;
}

export interface SessionSetup {
  /** Its trials' loss never decides: what a load loses is what a method wants to know. */
  readonly plan: RunPlan;
  /** What the report says of the method; the settle time that the lab really waits is known by then. */
  readonly method: (settleNs: number, findings: Findings) => Method;
  /** What RFC 2544 §23 has before and after a trial; absent: nothing. */
  readonly around?: AroundTrials;
  /** Trials that the document keeps; more are dropped from its beginning, after those that passed. */
  readonly keepTrials: number;
  /** A rough guess, for the time that is left. */
  readonly expectedTrials: number;
  readonly run: (measurer: Measurer) => Promise<Findings>;
}

const learningPps = 1_000;
const learningSettleNs = 5e6;

/** Rejects with a PktgenError where nothing could be measured. */
export async function runMethod(setup: SessionSetup, hooks: RunHooks): Promise<RunResult> {
  const started = new Date();
  // Streams share the load that the method decides, in the proportion of their own rates.
  const dut = withRings(setup.plan.dut, "atSetRate");
  const judged = { measuresLoss: true, lossLimit: null, minRatePps: null } as const;
  const settlesWhole = (setup.around?.restabiliseNs ?? 0) > 0;
  const plan: RunPlan = { ...setup.plan, dut, ...judged, ownRates: false, settlesWhole };
  await using lab = await openLab(plan, hooks.signal);
  const measurer = new LabMeasurer(lab, { ...setup, plan }, hooks);
  await measurer.warmUp();
  let findings: Findings = {};
  try {
    findings = await setup.run(measurer);
  } catch (error) {
    // Nothing measured is lost because a later trial could not begin.
    if (measurer.trials.length === 0 || !(error instanceof PktgenError)) throw error;
    measurer.end(faultReason(error.toLine()));
  }
  const method = setup.method(plan.settleNs ?? lab.settleNs, findings);
  const ended = measurer.ended();
  const measured = ended === null ? measurer.trials : withReason(measurer.trials, ended);
  const trials = await withRecordings(lab.recorder, measured);
  const result: RunResult = {
    ...resultFrame(plan, lab, started),
    trials,
    ...findings,
    method,
    ...judgeMethod(findings, trials, ended, {
      lossRatioMax: setup.plan.lossLimit ?? 0,
      tolerances: plan.tolerances ?? usualTolerances,
    }),
  };
  return withAdvice(result, plan, lab);
}

/** The last trial says why none follows. */
function withReason(trials: readonly Trial[], ended: Reason): Trial[] {
  const last = trials.at(-1);
  if (last === undefined) return [];
  return [...trials.slice(0, -1), withReasons(last, "invalid", [ended])];
}

/** An interrupt ends it. */
const pause = (ns: number, signal: AbortSignal): Promise<void> =>
  ns === 0 ? Promise.resolve() : sleep(ns / 1e6, undefined, { signal }).catch(() => {});

class LabMeasurer implements Measurer {
  readonly #lab: Lab;
  readonly #setup: SessionSetup;
  readonly #hooks: RunHooks;
  readonly #run: TrialRun;
  readonly #trials: Trial[] = [];
  #index = 0;
  #measured = false;
  #ended: Reason | null = null;
  #startedMs = performance.now();

  constructor(lab: Lab, setup: SessionSetup, hooks: RunHooks) {
    this.#lab = lab;
    this.#setup = setup;
    this.#hooks = hooks;
    const onProgress: RunHooks["onProgress"] = (progress) => hooks.onProgress?.({ ...progress, ...this.#about });
    this.#run = { plan: setup.plan, lab, hooks: { ...hooks, onProgress }, total: 0 };
  }

  #about: { pps: number | null; leftNs: number | null } = { pps: null, leftNs: null };

  get trials(): readonly Trial[] {
    return this.#trials;
  }

  ended(): Reason | null {
    return this.#hooks.signal.aborted ? interruptedReason : this.#ended;
  }

  end(why: Reason): void {
    this.#ended ??= why;
  }

  async warmUp(): Promise<void> {
    const { plan } = this.#setup;
    const [size] = plan.sizes;
    if (size === undefined || plan.warmupNs === 0) return;
    await warmUpFor(this.#run, {
      size,
      phase: "warm-up",
      rateText: "max",
      pps: null,
      durationNs: plan.warmupNs,
      count: null,
    });
    this.#startedMs = performance.now();
  }

  async measure(request: MeasureRequest): Promise<readonly Trial[]> {
    const index = this.#index++;
    this.#about = { pps: request.pps, leftNs: this.#leftNs(index) };
    await this.#learn(request);
    const trials = (await runTrial(this.#run, request, index)).map((trial) => withLoss(trial, request.lossGoals));
    for (const trial of trials) this.#keep(trial);
    if (request.phase === probePhase) this.#lab.beside.probes += trials.reduce((sum, { sent }) => sum + sent, 0);
    if (this.#lab.recorder?.full.aborted === true) this.end(diskWasFull);
    if (this.#lab.lost() !== null && !this.#hooks.signal.aborted && !(await this.#lab.comesBack())) {
      this.end(faultReason("the device under test went away and did not come back"));
    }
    return trials;
  }

  /** From the mean time of a trial so far, and the trials that are usual for such a search. */
  #leftNs(done: number): number | null {
    if (done < 2) return null;
    const eachMs = (performance.now() - this.#startedMs) / done;
    return Math.max(0, this.#setup.expectedTrials - done) * eachMs * 1e6;
  }

  /** Where one way is tested, its receivers speak; where both are, each side's frames are what the other's receivers send. */
  async #learn(request: MeasureRequest): Promise<void> {
    const { around, plan } = this.#setup;
    if (around === undefined) return;
    const { learningFrames, learningWaitNs, restabiliseNs } = around;
    const { signal } = this.#hooks;
    if (this.#measured) await pause(restabiliseNs, signal);
    this.#measured = true;
    if (learningFrames === 0 || signal.aborted) return;
    await this.#lab.ready();
    const few = {
      ...steadyRequest(request),
      pps: learningPps,
      count: learningFrames,
      durationNs: Number.POSITIVE_INFINITY,
    };
    const orders = ordersFor({ ...plan, settleNs: learningSettleNs, settlesWhole: false }, this.#lab, few);
    const back = { ...orders[0]!, stream: reverseStream(this.#lab.streams[0]), firstStream: reverseFirstStream };
    const reports = await this.#lab.generator.runDirections(plan.bidirectional ? orders : [back], signal);
    this.#lab.beside.learning += sentFrames(reports);
    await pause(learningWaitNs, signal);
  }

  #keep(trial: Trial): void {
    this.#hooks.onTrial?.(trial);
    this.#trials.push(trial);
    if (this.#trials.length <= this.#setup.keepTrials) return;
    const dull = this.#trials.findIndex(({ verdict }) => verdict === "pass");
    this.#trials.splice(dull < 0 ? 0 : dull, 1);
  }
}

/** In a method loss is a figure, and stands as one; and a trial that was used is none that could not be. */
function withLoss(trial: Trial, lossGoals: readonly number[] | undefined): Trial {
  const use = useOf([trial], lossGoals);
  if (use.kind !== "measured" || trial.verdict === "pass") return trial;
  return { ...trial, verdict: "pass", reasons: [], causes: [], notes: [...trial.reasons, ...trial.notes] };
}
