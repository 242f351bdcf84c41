/** The owner's side of a replay: its thread, on one port or more, and one replay in it. */
import type { Port } from "../../port/port.js";
import { type LoopWorker, startLoopWorker } from "../worker/index.js";
import {
  replayCounter as counter,
  type ReplayCommand,
  type ReplayJobOptions,
  type ReplayReport,
  type ReplaySpec,
} from "./spec.js";

export interface Replayer extends AsyncDisposable {
  readonly worker: LoopWorker;
  /** Runs to its end, or until `signal`. Rejects only when the thread is gone. */
  run(spec: ReplaySpec, signal: AbortSignal): Promise<ReplayReport>;
  progress(): { readonly sent: number; readonly received: number; readonly elapsedNs: number };
}

/** `ports`: the senders first, `senders` of them. */
export async function startReplayer(
  ports: readonly Port[],
  senders: 1 | 2,
  cpu: number | null,
  busy: boolean,
): Promise<Replayer> {
  let onDone: (() => void) | null = null;
  let onFailure: ((error: Error) => void) | null = null;
  const worker = await startLoopWorker({
    name: "replay",
    job: "replay",
    options: { ports: ports.length, senders } satisfies ReplayJobOptions,
    ports,
    counterSlots: counter.slots,
    cpu,
    busy,
    onEvent: () => onDone?.(),
    onFailure: (error) => onFailure?.(error),
  });
  const say = (command: ReplayCommand): Promise<unknown> => worker.command(command);
  return {
    worker,
    async run(spec, signal) {
      await say({ kind: "rehearse", spec });
      await say({ kind: "replay", spec });
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
        return (await say({ kind: "report" })) as ReplayReport;
      } finally {
        signal.removeEventListener("abort", stop);
        worker.stand();
      }
    },
    progress: () => {
      const page = worker.counters;
      return { sent: page[counter.published], received: page[counter.received], elapsedNs: page[counter.elapsedNs] };
    },
    [Symbol.asyncDispose]: () => worker[Symbol.asyncDispose](),
  };
}
