/** The owner's side of the receiving half: starts its thread on a port, and receives one trial at a time. */
import type { Port } from "../../port/port.js";
import type { ReceiveOnlyReport, ReceiveSpec } from "../loop/index.js";
import type { RecordingSetup } from "../pipe/index.js";
import { type LoopWorker, RunToDone, startLoopWorker } from "../worker/index.js";
import type { GeneratorEvent, ReceiveCommand } from "./commands.js";
import { generatorCounter as counter } from "./counters.js";

export interface ReceiverSetup {
  readonly port: Port;
  readonly cpu: number | null;
  readonly busy: boolean;
  /** null: nothing is recorded. */
  readonly recording: RecordingSetup | null;
}

export interface TrialReceiver extends AsyncDisposable {
  readonly worker: LoopWorker;
  /** Receives one trial. `signal` ends it early: its report has `stopped`. Rejects only when the thread is gone. */
  receive(spec: ReceiveSpec, signal: AbortSignal): Promise<ReceiveOnlyReport>;
  /** The counters of the trial that runs. */
  progress(): { readonly received: number; readonly missing: number };
}

export async function startReceiver({ port, cpu, busy, recording }: ReceiverSetup): Promise<TrialReceiver> {
  const runs = new RunToDone();
  const worker = await startLoopWorker({
    name: "receiver",
    job: "receiver",
    options: null,
    ports: [port],
    counterSlots: counter.slots,
    cpu,
    busy,
    recording,
    onEvent: (event) => {
      if ((event as GeneratorEvent).kind === "done") runs.done();
    },
    onFailure: (error) => runs.fail(error),
  });
  const say = (command: ReceiveCommand): Promise<unknown> => worker.command(command);
  return {
    worker,
    async receive(spec, signal) {
      await runs.run(worker, {
        begin: () => say({ kind: "receive", spec }),
        stop: () => say({ kind: "stop" }),
        signal,
      });
      return (await say({ kind: "report" })) as ReceiveOnlyReport;
    },
    progress: () => ({ received: worker.counters[counter.received], missing: worker.counters[counter.missing] }),
    [Symbol.asyncDispose]: () => worker[Symbol.asyncDispose](),
  };
}
