/**
 * The two ways out: standard output carries results, standard error everything else. Both may go away (a pipe that
 * its reader closed) or fill up (a disk) at any time.
 */
import { environmentError, type PktgenError } from "../../errors.js";

export interface Output {
  /** Writes a result. Resolves when it is out, or when its reader is gone. Rejects with a PktgenError on a write error. */
  result(text: string): Promise<void>;
  /** Writes a message. Never fails: where messages cannot go, they are lost. */
  message(text: string): void;
  /** Aborted when the reader of standard output went away (EPIPE). */
  readonly readerGone: AbortSignal;
  /** Columns of the terminal behind standard error, null where it is none, or none that could write over a line. */
  readonly messageColumns: number | null;
}

/** A terminal that knows no sequences: an editor's, for one. */
export const isDumb = (environment: NodeJS.ProcessEnv): boolean => environment["TERM"] === "dumb";

/** Does nobody object to colours (`NO_COLOR`), and does the terminal know them? */
export const allowsColors = (environment: NodeJS.ProcessEnv): boolean =>
  (environment["NO_COLOR"] ?? "") === "" && !isDumb(environment);

/** Are results on standard output in colours? */
export const hasColors = (): boolean => process.stdout.isTTY === true && allowsColors(process.env);

const isBrokenPipe = (error: NodeJS.ErrnoException): boolean =>
  error.code === "EPIPE" || error.code === "ERR_STREAM_DESTROYED";

const writeError = (error: NodeJS.ErrnoException): PktgenError =>
  environmentError(`writing to standard output failed: ${error.code ?? error.message}`, {
    hint: error.code === "ENOSPC" ? "free space on that disk, or write elsewhere" : "write elsewhere",
    cause: error,
  });

/** The process's own. Takes over the streams' `error` events, which would end the process. */
export function processOutput(): Output {
  const { stdout, stderr } = process;
  const gone = new AbortController();
  stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (isBrokenPipe(error)) gone.abort();
  });
  stderr.on("error", () => {
    // The terminal hung up: a message reaches no one.
  });
  return {
    readerGone: gone.signal,
    get messageColumns() {
      return stderr.isTTY === true && !isDumb(process.env) ? stderr.columns || 80 : null;
    },
    message: (text) => {
      stderr.write(text);
    },
    result: (text) =>
      new Promise((resolve, reject) => {
        if (gone.signal.aborted) {
          resolve();
          return;
        }
        stdout.write(text, (error) => {
          const failure = error as NodeJS.ErrnoException | null | undefined;
          if (failure === null || failure === undefined || isBrokenPipe(failure)) resolve();
          else reject(writeError(failure));
        });
      }),
  };
}
