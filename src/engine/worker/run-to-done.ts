/** Lets a worker's loop run until its job says that it is done. The owner's side of every trial and replay. */
import type { LoopWorker } from "./loop-worker.js";

/** What one run consists of, as commands to the job. */
export interface DoneRun {
  /** Tells the job what to do, before its loop runs. */
  readonly begin: () => Promise<unknown>;
  /** Tells the job to end early. */
  readonly stop: () => Promise<unknown>;
  /** Ends the run early when it is aborted. */
  readonly signal: AbortSignal;
}

export class RunToDone {
  #resolve: (() => void) | null = null;
  #reject: ((error: Error) => void) | null = null;

  /** The job has posted that it is done. */
  done(): void {
    this.#resolve?.();
  }

  /** The thread is gone. */
  fail(error: Error): void {
    this.#reject?.(error);
  }

  /** Resolves when the job is done and its loop stands. Rejects when the job refuses to begin, or its thread is gone. */
  async run(worker: LoopWorker, { begin, stop, signal }: DoneRun): Promise<void> {
    // A job may be done before its loop runs: where its port goes while it begins.
    const done = new Promise<void>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    done.catch(() => {});
    const stopNow = (): void => void stop().catch(() => {});
    try {
      await begin();
      signal.addEventListener("abort", stopNow, { once: true });
      worker.run();
      if (signal.aborted) stopNow();
      await done;
    } finally {
      signal.removeEventListener("abort", stopNow);
      this.#resolve = null;
      this.#reject = null;
      worker.stand();
    }
  }
}
