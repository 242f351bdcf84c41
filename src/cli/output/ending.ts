/**
 * The end of the process. process.exit waits until every thread has ended. A thread inside a system call does not end.
 * Here what has to be undone is undone, and then the kernel ends the process.
 */
import { exitCodes } from "../../errors.js";
import { kernelExit } from "../../sys/kernel-exit.js";

/** Time for undoing: containers, interfaces, folders of sockets. */
const undoingSeconds = 30;

/** Runs every listener of "exit", even after one has failed, and ends the process. */
export function endNow(code: number): void {
  process.exitCode = code;
  process.removeAllListeners("SIGALRM");
  kernelExit()?.afterSeconds(undoingSeconds);
  for (const listener of process.rawListeners("exit")) {
    try {
      listener.call(process, code);
    } catch {
      // The other listeners still run.
    }
  }
  process.removeAllListeners("exit");
  kernelExit()?.now(code);
  process.exit(code);
}

/** Signals that ask to leave without results, with the exit code that a shell shows for each. */
const leaveAtOnce = { SIGQUIT: 131, SIGALRM: 142, SIGXCPU: 152 } as const;

/** Number of commands that watch for an interrupt and end by themselves. */
let watchers = 0;

export function watching(): Disposable {
  watchers++;
  return {
    [Symbol.dispose]() {
      watchers--;
    },
  };
}

/**
 * Handles signals from the start on. Where no command watches for it, a signal ends the process, and nothing is left behind.
 * `finished`: the exit code of a command that has done all it had to do; null before.
 */
export function endOnSignals(finished: () => number | null): void {
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      if (watchers === 0) endNow(finished() ?? exitCodes.interrupted);
    });
  }
  for (const [name, code] of Object.entries(leaveAtOnce)) process.on(name, () => endNow(code));
}
