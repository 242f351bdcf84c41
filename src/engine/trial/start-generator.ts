/** The owner's side of the generator: starts its thread on a port or two, and runs one trial at a time in it. */
import type { Port } from "../../port/port.js";
import type { TrialReport, TrialSpec } from "../loop/index.js";
import type { ResponderSetup } from "../neighbour/index.js";
import type { RecordingSetup } from "../pipe/index.js";
import { type LoopWorker, RunToDone, startLoopWorker } from "../worker/index.js";
import type { BetweenOutcome, BetweenTask, FloorAnswer, GeneratorCommand, GeneratorEvent } from "./commands.js";
import { generatorCounter as counter, generatorPhase as phase } from "./counters.js";
import type { GeneratorOptions } from "./generator-job.js";

export interface GeneratorSetup {
  readonly tx: Port;
  /** null: the sending port receives as well. */
  readonly rx: Port | null;
  /** The host that answers neighbours at each port (sending, receiving); null or absent: none. */
  readonly responders?: readonly (ResponderSetup | null)[];
  /** Where frames of the rings are recorded; null or absent: nowhere. */
  readonly recording?: RecordingSetup | null;
  /** URLs of the modules of streams that are programs. */
  readonly programs?: readonly string[];
  readonly cpu: number | null;
  readonly busy: boolean;
}

/** A trial while it runs: frames, and ns since its start. */
export interface TrialProgress {
  readonly phase: "sending" | "settling" | "done";
  readonly published: number;
  readonly received: number;
  readonly accepted: number;
  readonly corrupt: number;
  readonly missing: number;
  readonly elapsedNs: number;
}

export interface Generator extends AsyncDisposable {
  readonly worker: LoopWorker;
  /**
   * Runs one trial to its end. `signal` ends it early: its report has `cutShort`. Rejects only when the thread is
   * gone.
   */
  runTrial(spec: TrialSpec, signal: AbortSignal): Promise<TrialReport>;
  /**
   * As runTrial, with a spec and a report for each direction: forward, then reverse if there is one. `last` is called
   * when the trial is over and its account is still open.
   */
  runDirections(specs: readonly TrialSpec[], signal: AbortSignal, last?: () => Promise<void>): Promise<TrialReport[]>;
  /**
   * Takes what lies in the receive rings; the last trial counts it while its account is open. Resolves with the frames
   * taken and sent. Call it between trials, or from `last`.
   */
  drain(): Promise<number>;
  /**
   * Runs a trial through a direct loop, so that V8 compiles its code. Nothing is sent on a port. `signal` ends it
   * early.
   */
  rehearse(specs: readonly TrialSpec[], signal: AbortSignal): Promise<void>;
  /** Asks at port `port` (0 sends, the last one receives) who has `target`; null: nobody answered within 3 s. */
  resolve(port: number, target: string, from: string): Promise<string | null>;
  /** The generator's own share of every latency: the median of a direct loop with these frames, ns. */
  floorNs(spec: TrialSpec): Promise<number>;
  /** Frames that were sent between trials: our own questions, and answers. */
  besideTrials(): number;
  /** The counters; null before the first trial. */
  progress(): TrialProgress | null;
}

/** Nobody aborts it. */
const never = new AbortController().signal;

export async function startGenerator(setup: GeneratorSetup): Promise<Generator> {
  const runs = new RunToDone();
  const ports = setup.rx === null ? [setup.tx] : [setup.tx, setup.rx];
  const { responders = [], programs = [] } = setup;
  const options: GeneratorOptions = { ports: ports.length === 1 ? 1 : 2, responders, programs };
  const worker = await startLoopWorker({
    name: "generator",
    job: "generator",
    options,
    ports,
    counterSlots: counter.slots,
    cpu: setup.cpu,
    busy: setup.busy,
    recording: setup.recording ?? null,
    onEvent: (event) => {
      if ((event as GeneratorEvent).kind === "done") runs.done();
    },
    onFailure: (error) => runs.fail(error),
  });
  const say = (command: GeneratorCommand): Promise<unknown> => worker.command(command);
  const runUntilDone = (command: GeneratorCommand, signal: AbortSignal): Promise<void> =>
    runs.run(worker, { begin: () => say(command), stop: () => say({ kind: "stop" }), signal });
  const runDirections: Generator["runDirections"] = async (specs, signal, last) => {
    await runUntilDone({ kind: "trial", specs }, signal);
    await last?.();
    return (await say({ kind: "report" })) as TrialReport[];
  };
  let beside = 0;
  const run = async (task: BetweenTask, signal: AbortSignal = never): Promise<BetweenOutcome> => {
    await runUntilDone({ kind: "between", task }, signal);
    const outcome = (await say({ kind: "outcome" })) as BetweenOutcome;
    beside += outcome.beside;
    return outcome;
  };
  return {
    worker,
    runDirections,
    drain: async () => (await run({ kind: "drain" })).moved,
    resolve: async (port, target, from) => (await run({ kind: "resolve", port, target, from })).mac,
    rehearse: async (specs, signal) => void (await run({ kind: "rehearse", specs }, signal)),
    besideTrials: () => beside,
    runTrial: async (spec, signal) => (await runDirections([spec], signal))[0]!,
    floorNs: async (spec) => (await say({ kind: "floor", spec })) as FloorAnswer,
    progress: () => progressOf(worker.counters),
    [Symbol.asyncDispose]: () => worker[Symbol.asyncDispose](),
  };
}

function progressOf(page: Float64Array): TrialProgress | null {
  const now = page[counter.phase];
  if (now === phase.idle) return null;
  return {
    phase: now === phase.sending ? "sending" : now === phase.settling ? "settling" : "done",
    published: page[counter.published],
    received: page[counter.received],
    accepted: page[counter.accepted],
    corrupt: page[counter.corrupt],
    missing: page[counter.missing],
    elapsedNs: page[counter.elapsedNs],
  };
}
