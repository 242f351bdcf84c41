/**
 * Ctrl-C and other signals that stop a run. The first one asks the run to stop: it closes what it has open and gives
 * the results so far. The second one ends the process shortly after with the same exit code, even if threads still work.
 */
import { exitCodes } from "../../errors.js";
import { endNow, watching } from "./ending.js";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Time for closing after a second signal. */
const graceMs = 300;

export interface Interrupt extends Disposable {
  /** Aborted by the first signal, or when the reader of the results is gone. */
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

/** Sockets and timers of who waits keep the process alive. */
export const untilAborted = (signal: AbortSignal): Promise<null> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve(null);
    signal.addEventListener("abort", () => resolve(null), { once: true });
  });
