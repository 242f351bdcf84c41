/** The owner's side of the generator: starts its thread on a port or two, and runs one trial at a time in it. */
import type { Port } from "../port/port.js";
import type { GeneratorOptions } from "./generator-job.js";
import type { LoopWorker } from "./loop-worker.js";
import { startLoopWorker } from "./start-worker.js";
import {
  generatorCounter as counter,
  type FloorAnswer,
  type GeneratorCommand,
  type GeneratorEvent,
  generatorPhase as phase,
  type TrialOrder,
  type TrialReport,
} from "./trial-order.js";

export interface GeneratorSetup {
  readonly tx: Port;
  /** null: the sending port receives as well. */
  readonly rx: Port | null;
  readonly cpu: number | null;
  readonly busy: boolean;
}

/** What a trial looks like while it runs; frames, and ns since its start. */
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
  runTrial(order: TrialOrder, signal: AbortSignal): Promise<TrialReport>;
  /** As runTrial with an order, and a report, for each direction: forward, and where there is a second one, reverse. */
  runDirections(orders: readonly TrialOrder[], signal: AbortSignal): Promise<TrialReport[]>;
  /** The generator's own share of every latency: the median of a direct loop with these frames, ns. */
  floorNs(order: TrialOrder): Promise<number>;
  /** The counters now; null before the first trial. */
  progress(): TrialProgress | null;
}

export async function startGenerator(setup: GeneratorSetup): Promise<Generator> {
  let onDone: (() => void) | null = null;
  let onFailure: ((error: Error) => void) | null = null;
  const ports = setup.rx === null ? [setup.tx] : [setup.tx, setup.rx];
  const options: GeneratorOptions = { ports: ports.length === 1 ? 1 : 2 };
  const worker = await startLoopWorker({
    name: "generator",
    job: "generator",
    options,
    ports,
    counterSlots: counter.slots,
    cpu: setup.cpu,
    busy: setup.busy,
    onEvent: (event) => {
      if ((event as GeneratorEvent).kind === "done") onDone?.();
    },
    onFailure: (error) => onFailure?.(error),
  });
  const say = (command: GeneratorCommand): Promise<unknown> => worker.command(command);

  const runDirections: Generator["runDirections"] = async (orders, signal) => {
    await say({ kind: "trial", orders });
    const done = new Promise<void>((resolve, reject) => {
      onDone = resolve;
      onFailure = reject;
    });
    const stop = (): void => void say({ kind: "stop" }).catch(() => {});
    signal.addEventListener("abort", stop, { once: true });
    try {
      worker.run();
      if (signal.aborted) stop();
      await done;
      worker.stand();
      return (await say({ kind: "report" })) as TrialReport[];
    } finally {
      signal.removeEventListener("abort", stop);
      onDone = null;
      onFailure = null;
      worker.stand();
    }
  };
  return {
    worker,
    runDirections,
    runTrial: async (order, signal) => (await runDirections([order], signal))[0]!,
    floorNs: async (order) => (await say({ kind: "floor", order })) as FloorAnswer,
    progress() {
      const page = worker.counters;
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
    },
    [Symbol.asyncDispose]: () => worker[Symbol.asyncDispose](),
  };
}
