/**
 * What has to be undone on every way out of this process: when it is disposed, when the process exits, and when a
 * signal ends it that nobody else handles. (A SIGKILL leaves nothing to run: those that we started notice it by the
 * end of their standard input.)
 */
const endingSignals = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const;

const actions = new Set<() => void>();

/**
 * Last registered, first run: a process ends before the folder of its sockets goes. One that fails (a folder that may
 * not be removed) keeps none of the others from running; on the way out there is nobody to tell.
 */
function runAll(): void {
  for (const action of [...actions].reverse()) {
    try {
      action();
    } catch {
      // What is left of it, a later run removes.
    }
  }
  actions.clear();
}

/** Where somebody else handles the signal, that one decides, and "exit" comes here in the end. */
const onSignal = (signal: NodeJS.Signals): void => {
  if (process.listenerCount(signal) > 1) return;
  runAll();
  unhook();
  process.kill(process.pid, signal);
};

function hook(): void {
  process.on("exit", runAll);
  for (const signal of endingSignals) process.on(signal, onSignal);
}

function unhook(): void {
  process.off("exit", runAll);
  for (const signal of endingSignals) process.off(signal, onSignal);
}

/** Synchronous and safe to run at any moment. Disposing takes it back without running it. */
export function onWayOut(action: () => void): Disposable {
  if (actions.size === 0) hook();
  actions.add(action);
  return {
    [Symbol.dispose]() {
      if (actions.delete(action) && actions.size === 0) unhook();
    },
  };
}
