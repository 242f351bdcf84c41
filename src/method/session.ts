/**
 * Runs a method on an open bench: opens it, warms up, measures real trials, and puts the result document together.
 * What ends a method early leaves what was found until then.
 */
import { PktgenError } from "../errors.js";
import { type Bench, openLabBench } from "../measure/bench.js";
import type { MeasureRequest, Measurer } from "../measure/measurer.js";
import { useOf } from "../measure/outcome.js";
import { type RunHooks, type RunPlan, withRings } from "../measure/plan.js";
import type { Method, RunResult, Trial } from "../result/run-result.js";
import { faultReason, interruptedReason, type Reason, withReasons } from "../stats/cause.js";
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
  /** What the report says of the method. The settle time of the bench is known by then. */
  readonly method: (settleNs: number, findings: Findings) => Method;
  /** What RFC 2544 §23 asks for before and after a trial. Absent: nothing. */
  readonly around?: AroundTrials;
  /** Trials that the document keeps. Of more trials, those that passed are dropped first, from the beginning. */
  readonly keepTrials: number;
  /** A rough guess, for the time that is left. */
  readonly expectedTrials: number;
  readonly run: (measurer: Measurer) => Promise<Findings>;
}

/** Rejects with a PktgenError where nothing could be measured. `open`: what it measures on. */
export async function runMethod(setup: SessionSetup, hooks: RunHooks, open = openLabBench): Promise<RunResult> {
  const started = new Date();
  const plan = planForMethod(setup);
  const about: About = { pps: null, leftNs: null };
  const onProgress: RunHooks["onProgress"] = (progress) => hooks.onProgress?.({ ...progress, ...about });
  await using bench = await open(plan, { ...hooks, onProgress }, 0);
  const measurer = new BenchMeasurer(bench, { ...setup, plan }, hooks, about);
  await measurer.warmUp();
  let findings: Findings = {};
  try {
    findings = await setup.run(measurer);
  } catch (error) {
    // Nothing measured is lost because a later trial could not begin.
    if (measurer.trials.length === 0 || !(error instanceof PktgenError)) throw error;
    measurer.end(faultReason(error.toLine()));
  }
  const method = setup.method(bench.settleNs, findings);
  const ended = measurer.ended();
  const measured = ended === null ? measurer.trials : withReason(measurer.trials, ended);
  const document = await bench.document(measured, started);
  const { trials } = document;
  const result: RunResult = {
    ...document,
    ...findings,
    method,
    ...judgeMethod(findings, trials, ended, {
      lossRatioMax: setup.plan.lossLimit ?? 0,
      tolerances: plan.tolerances ?? usualTolerances,
    }),
  };
  return bench.advised(result);
}

/** Streams share the load that the method decides, in proportion to their rates. */
function planForMethod({ plan, around }: SessionSetup): RunPlan {
  const dut = withRings(plan.dut, "atSetRate");
  const judged = { measuresLoss: true, lossLimit: null, minRatePps: null } as const;
  const settlesWhole = (around?.restabiliseNs ?? 0) > 0;
  return { ...plan, dut, ...judged, ownRates: false, settlesWhole };
}

/** The last trial says why none follows. */
function withReason(trials: readonly Trial[], ended: Reason): Trial[] {
  const last = trials.at(-1);
  if (last === undefined) return [];
  return [...trials.slice(0, -1), withReasons(last, "invalid", [ended])];
}

/** An interrupt ends it. */
const pause = (ns: number, signal: AbortSignal): Promise<void> => sleepNs(ns, signal).catch(() => {});

/** What the progress line says in addition: the load, and the time that is left. */
interface About {
  pps: number | null;
  leftNs: number | null;
}

class BenchMeasurer implements Measurer {
  readonly #bench: Bench;
  readonly #setup: SessionSetup;
  readonly #hooks: RunHooks;
  readonly #about: About;
  readonly #trials: Trial[] = [];
  #index = 0;
  #measured = false;
  #ended: Reason | null = null;
  #startedMs = performance.now();

  constructor(bench: Bench, setup: SessionSetup, hooks: RunHooks, about: About) {
    this.#bench = bench;
    this.#setup = setup;
    this.#hooks = hooks;
    this.#about = about;
  }

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
    await this.#bench.warmUp({
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
    this.#about.pps = request.pps;
    this.#about.leftNs = this.#leftNs(index);
    await this.#learn(request);
    const measured = await this.#bench.trial(request, index);
    const trials = measured.map((trial) => withLoss(trial, request.lossGoals));
    for (const trial of trials) this.#keep(trial);
    if (request.phase === probePhase) this.#bench.beside.probes += trials.reduce((sum, { sent }) => sum + sent, 0);
    const ended = await this.#bench.ended();
    if (ended !== null) this.end(ended);
    return trials;
  }

  /** The time that is left, from the mean time of a trial until now and the usual count of trials. */
  #leftNs(done: number): number | null {
    if (done < 2) return null;
    const eachMs = (performance.now() - this.#startedMs) / done;
    return Math.max(0, this.#setup.expectedTrials - done) * eachMs * 1e6;
  }

  /** What RFC 2544 §23 asks for before a trial. */
  async #learn(request: MeasureRequest): Promise<void> {
    const { around } = this.#setup;
    if (around === undefined) return;
    const { learningFrames, learningWaitNs, restabiliseNs } = around;
    const { signal } = this.#hooks;
    if (this.#measured) await pause(restabiliseNs, signal);
    this.#measured = true;
    if (learningFrames === 0 || signal.aborted) return;
    await this.#bench.learn(request, learningFrames);
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
