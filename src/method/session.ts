/**
 * Runs a method on an open lab: opens the lab, warms up, measures real trials, and puts the result document together.
 * What ends a method early leaves what was found until then.
 */
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
import { sleepNs } from "../sys/sleep.js";
import { usualTolerances } from "../tolerances.js";
import type { Findings } from "./findings.js";
import { judgeMethod } from "./method-verdict.js";
import { probePhase } from "./search-run.js";

/** RFC 2544 §23. */
export interface AroundTrials {
  /**
   * Frames to the output port before each trial, from the addresses that the test frames go to. The device learns these
   * addresses from them.
   */
  readonly learningFrames: number;
  /**
   * `learningWaitNs` after the learning frames, `restabiliseNs` after a trial before the next one. A run that waits
   * there also waits for residual frames.
   */
  readonly learningWaitNs: number;
  readonly restabiliseNs: number;
}

export interface SessionSetup {
  /** Loss never decides in its trials: what a load loses is what a method wants to know. */
  readonly plan: RunPlan;
  /** What the report says of the method. The settle time of the lab is known by then. */
  readonly method: (settleNs: number, findings: Findings) => Method;
  /** What RFC 2544 §23 asks for before and after a trial. Absent: nothing. */
  readonly around?: AroundTrials;
  /** Trials that the document keeps. Of more trials, those that passed are dropped first, from the beginning. */
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
  // Streams share the load that the method decides, in proportion to their rates.
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
const pause = (ns: number, signal: AbortSignal): Promise<void> => sleepNs(ns, signal).catch(() => {});

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

  /** The time that is left, from the mean time of a trial until now and the usual count of trials. */
  #leftNs(done: number): number | null {
    if (done < 2) return null;
    const eachMs = (performance.now() - this.#startedMs) / done;
    return Math.max(0, this.#setup.expectedTrials - done) * eachMs * 1e6;
  }

  /**
   * In one direction, the receiving port sends learning frames. In both directions, the frames of each port are
   * learning frames for the other.
   */
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

/** In a method loss is a figure, and the trial passes. A trial that was used is not one that could not be used. */
function withLoss(trial: Trial, lossGoals: readonly number[] | undefined): Trial {
  const use = useOf([trial], lossGoals);
  if (use.kind !== "measured" || trial.verdict === "pass") return trial;
  return { ...trial, verdict: "pass", reasons: [], causes: [], notes: [...trial.reasons, ...trial.notes] };
}
