/**
 * Ctrl-C and its like. The first one asks the run to stop: it closes what it has open and gives the results so far.
 * The second one does not wait for that: the process ends shortly after, with the same exit code, whatever its threads
 * are doing.
 */
import { exitCodes } from "../../errors.js";
import { endNow, watching } from "./ending.js";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** What closing may still take after a second signal. */
const graceMs = 300;

export interface Interrupt extends Disposable {
  /** Aborted by the first signal, or when nobody reads the results any more. */
  readonly signal: AbortSignal;
}

/** Watches until it is disposed of. `readerGone` counts as a first signal. */
export function watchInterrupts(readerGone: AbortSignal, onFirst: () => void): Interrupt {
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  const onSignal = (): void => {
    if (controller.signal.aborted) {
      setTimeout(() => endNow(exitCodes.interrupted), graceMs).unref();
      return;
    }
    onFirst();
    stop();
  };
  const watch = watching();
  for (const name of signals) process.on(name, onSignal);
  if (readerGone.aborted) stop();
  readerGone.addEventListener("abort", stop);
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      watch[Symbol.dispose]();
      for (const name of signals) process.off(name, onSignal);
      readerGone.removeEventListener("abort", stop);
    },
  };
}
