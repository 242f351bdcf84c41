/** One run: its state, its events, and how it is stopped. It goes on without readers, unless it was asked not to. */
import { exitCodes, PktgenError } from "../../errors.js";
import { type OpenBench, openLabBench } from "../../measure/bench.js";
import type { LoadChange } from "../../measure/load-now.js";
import type { RunHooks, TrialSample } from "../../measure/plan.js";
import { hasOwnLoad, RunControl, whyNoMoreTime } from "../../measure/run-control.js";
import { plannedTrials } from "../../method/forwarding.js";
import type { RunResult, Trial } from "../../result/run-result.js";
import { streamHistogramsKept } from "../../stats/trial-report.js";
import { timeWord } from "../../stats/words.js";
import { hostFacts } from "../../sys/host.js";
import { packageVersion } from "../../sys/version.js";
import { formatRate, parseDuration, parseRate } from "../../units.js";
import type { ErrorDetail, LiveFigures, RunChange, RunInfo, RunState } from "../contract.js";
import { EventJournal } from "../events/journal.js";
import { EventReaders } from "../events/readers.js";
import { runFigures, runUnits, sampleValues } from "../events/sample-figures.js";
import { answerOf, detailOf, RequestRefusal } from "../refusal.js";
import { sendable } from "../sendable.js";
import type { PlannedRun } from "./planned.js";
import { endFigures, eventsOfStreams, liveFiguresOf, plannedOf, streamFigureNames, trialRow } from "./run-events.js";
import { tellingBench } from "./telling-bench.js";

/** Time between two samples of a run's events. */
const sampleEveryMs = 250;

export interface RunOrder {
  readonly id: string;
  readonly name: string;
  readonly planned: PlannedRun;
  readonly stopWithClient: boolean;
  /** What it measures on; absent: a lab of this machine. */
  readonly open?: OpenBench;
  /** It measures where no load is changed while it is sent. */
  readonly isFixed?: boolean;
  /** What others change its load by, too; absent: nobody but its clients does. */
  readonly control?: RunControl;
}

export class Run {
  readonly id: string;
  readonly journal = new EventJournal();
  readonly #order: RunOrder;
  readonly #controller = new AbortController();
  readonly #control: RunControl;
  readonly #started = new Date();
  readonly #startedMs = performance.now();
  #state: RunState = "opening";
  #ended: Date | null = null;
  #endedMs: number | null = null;
  #result: RunResult | null = null;
  #error: ErrorDetail | null = null;
  #stopped = false;
  #live: LiveFigures | null = null;
  #before: TrialSample | null = null;
  #sampledMs = Number.NEGATIVE_INFINITY;
  #hasStreams = false;
  readonly #readers: EventReaders;
  readonly trials: Trial[] = [];

  constructor(order: RunOrder) {
    this.id = order.id;
    this.#order = order;
    this.#control = order.control ?? new RunControl();
    this.#control.listen((change) => this.#mark(change));
    this.#writeConfig();
    this.#say("opening");
    this.#readers = new EventReaders(order.stopWithClient ? (why) => this.#isLeft(why) : null);
  }

  get isOver(): boolean {
    return this.#endedMs !== null;
  }

  get result(): RunResult | null {
    return this.#result;
  }

  /** Resolves when it has ended, whatever became of it. `onTrial` is told of each trial. */
  async carryOut(onTrial: (trial: Trial) => void): Promise<void> {
    try {
      const { planned, open = openLabBench } = this.#order;
      this.#result = await planned.run(this.#hooks(onTrial), tellingBench(open, this.#tell));
      this.#finish("done");
    } catch (error) {
      const isInterrupt = error instanceof PktgenError && error.exitCode === exitCodes.interrupted;
      if (!isInterrupt) this.#error = error instanceof PktgenError ? detailOf(error) : answerOf(error).body.error;
      this.#finish(isInterrupt ? "done" : "failed");
    }
  }

  info(): RunInfo {
    const { planned, name, isFixed = false } = this.#order;
    const isOpen = !this.isOver && !this.#stopped;
    const isFree = hasOwnLoad(planned.command) && !isFixed;
    return {
      ...{ id: this.id, name, command: planned.command, options: planned.options, commandLine: planned.commandLine },
      state: this.#state,
      started: this.#started.toISOString(),
      ended: this.#ended?.toISOString() ?? null,
      elapsedMs: Math.round((this.#endedMs ?? performance.now()) - this.#startedMs),
      ports: [...planned.ports],
      verdict: this.#result?.verdict ?? null,
      reasons: this.#reasons(),
      ...{ stopped: this.#stopped, error: this.#error, live: this.#live },
      trials: this.trials.length,
      trialsExpected: planned.trialsExpected,
      can: { stop: isOpen, rate: isOpen && isFree, pause: isOpen && isFree, extend: isOpen && isFree && this.#hasTime },
    };
  }

  /** One of its trials lasts for a time, and no piece of a soak is one: that ends when all of them together have lasted. */
  get #hasTime(): boolean {
    const { plan, command } = this.#order.planned;
    return command === "run" && plannedTrials(plan).some(({ durationNs }) => Number.isFinite(durationNs));
  }

  /** Of the trial that is sending: all of it, or nothing. @throws RequestRefusal (409, 501), PktgenError (2) */
  async change({ rate, paused, extend }: RunChange): Promise<void> {
    this.#refuseChange(extend);
    const addNs = extend === undefined ? null : parseDuration(extend, "extend");
    const read = rate === undefined ? null : sendable(parseRate(rate, "rate"), "rate");
    await this.#load([
      ...(read === null ? [] : [{ kind: "rate", streams: "all", rate: read } as const]),
      ...(addNs === null ? [] : [{ kind: "extend", addNs } as const]),
      ...(paused === undefined ? [] : [{ kind: paused ? "pause" : "resume", streams: "all" } as const]),
    ]);
  }

  #mark(change: LoadChange): void {
    const words = { pause: "paused", resume: "goes on" } as const;
    const { kind } = change;
    const text =
      kind === "rate"
        ? `rate ${formatRate(change.rate)}`
        : kind === "extend"
          ? `${timeWord(change.addNs)} longer`
          : words[kind];
    const addMs = kind === "extend" ? { addMs: change.addNs / 1e6 } : {};
    this.journal.write("marker", { t: this.#t(), what: kind, text, ...addMs });
  }

  #refuseChange(extend: string | undefined): void {
    if (this.isOver)
      throw new RequestRefusal("wrong-state", `run ${this.id} has ended`, { accepted: "a run that goes on" });
    const { planned, isFixed = false } = this.#order;
    const { command } = planned;
    if (isFixed) {
      throw new RequestRefusal("wrong-state", "the load of a run over many generators is fixed", {
        accepted: "POST stop",
      });
    }
    if (!hasOwnLoad(command)) {
      throw new RequestRefusal("wrong-state", `${command} decides the load of its trials itself`, {
        accepted: "run, soak",
      });
    }
    const why = extend === undefined ? "" : whyNoMoreTime(command);
    if (why === "") return;
    throw new RequestRefusal("wrong-state", why, {
      where: "extend",
      accepted: "run",
      hint: 'begin it with "for": "forever", and stop it',
    });
  }

  /** No trial sending is a state that passes. */
  async #load(changes: readonly LoadChange[]): Promise<void> {
    try {
      await this.#control.changeAll(changes);
    } catch (error) {
      if (!(error instanceof PktgenError) || error.exitCode !== exitCodes.invalid) throw error;
      throw new RequestRefusal("wrong-state", error.message, error.details);
    }
  }

  /** `why`: for those who read the events. */
  stop(why: string): void {
    if (this.isOver) {
      throw new RequestRefusal("wrong-state", `run ${this.id} has ended`, { accepted: "a run that goes on" });
    }
    if (this.#stopped) return;
    this.#stopped = true;
    this.journal.write("marker", { t: this.#t(), what: "stop", text: why });
    this.#tell("stopping");
    this.#controller.abort();
  }

  /** Somebody reads its events until the answer is called. */
  addReader(): () => void {
    return this.#readers.add();
  }

  #isLeft(why: string): void {
    if (!this.isOver) this.stop(why);
  }

  #t(): number {
    return Math.round(performance.now() - this.#startedMs);
  }

  #reasons(): string[] {
    const last = this.trials.at(-1);
    return this.#result?.reasons ?? last?.reasons ?? [];
  }

  #writeConfig(): void {
    const { planned, name } = this.#order;
    const { cpu, cores, kernel } = hostFacts();
    this.journal.write("config", {
      ...{ format: "pktgen-ts events 1", kind: "run", id: this.id, name },
      started: this.#started.toISOString(),
      commandLine: planned.commandLine,
      command: planned.command,
      options: planned.options,
      everyMs: sampleEveryMs,
      names: [...runFigures],
      units: runUnits,
      ports: [...planned.ports],
      ...{ portNames: [], flowNames: [...streamFigureNames] },
      version: packageVersion(),
      host: { cpu, cores, kernel },
      plan: plannedOf(planned, true),
      thresholds: [...planned.thresholds],
    });
  }

  #say(state: RunState, trial?: number): void {
    this.#state = state;
    this.journal.write("state", { t: this.#t(), state, ...(trial === undefined ? {} : { trial }) });
  }

  /** What was asked to stop says no more than that. */
  readonly #tell = (state: RunState, trial?: number): void => {
    if (this.isOver || (this.#stopped && state !== "stopping")) return;
    if (state !== this.#state || trial !== undefined) this.#say(state, trial);
  };

  #hooks(onTrial: (trial: Trial) => void): RunHooks {
    return {
      signal: this.#controller.signal,
      control: this.#control,
      onSample: (sample) => this.#sample(sample),
      onTrial: (trial) => {
        const index = this.trials.push(trial) - 1;
        this.#live = endFigures(trial, this.#before?.index ?? index);
        this.journal.write("trial", trialRow(trial, index, this.#t()));
        this.#writeLedger(trial);
        this.#writeHistograms(trial);
        this.#writeStreams(trial);
        onTrial(trial);
      },
    };
  }

  #sample(sample: TrialSample): void {
    const isNew = this.#before?.index !== sample.index;
    if (!isNew && performance.now() - this.#sampledMs < sampleEveryMs - 20) return;
    this.#sampledMs = performance.now();
    if (sample.settling) this.#tell("settling");
    this.#live = liveFiguresOf(sample, this.#before);
    this.#before = sample;
    this.journal.write("sample", { t: this.#t(), v: sampleValues(runFigures, this.#live) });
    // What a later frame of its stream overtook is missing, and on its way no more; it may come yet.
    const inFlight = Math.max(0, sample.sent - sample.accepted - sample.missing);
    this.journal.write("ledger", {
      ...{ t: this.#t(), settled: false, sent: sample.sent, received: sample.received, inFlight },
      ...{ hops: [], unaccounted: null },
    });
  }

  #writeLedger({ sent, received, hops, unaccounted }: Trial): void {
    this.journal.write("ledger", {
      ...{ t: this.#t(), settled: true, sent, received, inFlight: 0, unaccounted },
      hops: hops.map(({ name, rx, tx, dropped }) => ({ name, rx, tx, dropped })),
    });
  }

  /** An empty one as well: it takes the place of the one of the trial before. */
  #writeHistograms({ latencyBuckets = [], pacing }: Trial): void {
    const told = { latency: latencyBuckets, gap: pacing?.buckets ?? [] } as const;
    for (const what of ["latency", "gap"] as const) {
      const buckets = told[what].map((bucket) => [...bucket]);
      this.journal.write("histogram", { t: this.#t(), what, flow: null, buckets });
    }
  }

  /** All trials of a run have the same streams: they are named once. */
  #writeStreams({ streams = [] }: Trial): void {
    if (streams.length < 2) return;
    const { list, table } = eventsOfStreams(streams, this.#order.planned.ports, this.#t());
    if (!this.#hasStreams) this.journal.write("flowlist", list);
    this.#hasStreams = true;
    this.journal.write("flows", table);
    if (streams.length > streamHistogramsKept) return;
    for (const [flow, { latencyBuckets = [] }] of streams.entries()) {
      this.journal.write("histogram", { t: this.#t(), what: "latency", flow, buckets: latencyBuckets });
    }
  }

  #finish(state: "done" | "failed"): void {
    this.#readers.end();
    this.#ended = new Date();
    this.#endedMs = performance.now();
    this.#say(state);
    this.journal.write("done", {
      ...{ t: this.#t(), state, verdict: this.#result?.verdict ?? null, reasons: this.#reasons() },
      causes: this.#result?.causes ?? [],
      ...{ stopped: this.#stopped, error: this.#error },
      result: this.#result === null ? null : `runs/${this.id}/result.json`,
    });
  }
}
