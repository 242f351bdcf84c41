/** Work that Ctrl-C stops: it shows one line of progress, and ends with the results so far. */
import { exitCodes, PktgenError } from "../../errors.js";
import { watchInterrupts } from "./interrupt.js";
import type { Output } from "./output.js";
import { type ProgressLine, progressLine } from "./progress-line.js";

export interface Stoppable extends Disposable {
  /** Aborted by the first signal, or when the reader of the results is gone. */
  readonly signal: AbortSignal;
  /** The signal is aborted. */
  readonly stopped: boolean;
  readonly line: ProgressLine;
  /** Waits for the work and clears its progress. Stopped work that fails has the exit code of an interrupt. */
  wait<Value>(work: Promise<Value>): Promise<Value>;
}

/** Watches until it is disposed of, so that a signal does not cut a report that is being written. */
export function stoppable(output: Output, verbose = false): Stoppable {
  const line = progressLine(output, verbose, () => performance.now());
  const interrupt = watchInterrupts(output.readerGone, () => {
    line.clear();
    output.message("pktgen-ts: stopping; once more to leave at once\n");
  });
  const { signal } = interrupt;
  return {
    signal,
    line,
    get stopped() {
      return signal.aborted;
    },
    async wait(work) {
      try {
        return await work;
      } catch (error) {
        throw signal.aborted && error instanceof PktgenError
          ? new PktgenError(exitCodes.interrupted, error.message, { cause: error })
          : error;
      } finally {
        line.clear();
      }
    },
    [Symbol.dispose]: () => interrupt[Symbol.dispose](),
  };
}
