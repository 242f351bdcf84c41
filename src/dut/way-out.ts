/**
 * What has to be undone on every way out of this process: when it is disposed, when the process exits, and when a
 * signal without another handler ends it. After a SIGKILL nothing runs here. The programs that this process started
 * notice the end of their standard input.
 */
const endingSignals = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const;

const actions = new Set<() => void>();

/**
 * What was registered last runs first: a process ends before the folder of its sockets goes. If one fails, the others
 * still run. On the way out its error has no reader.
 */
function runAll(): void {
  for (const action of [...actions].reverse()) {
    try {
      action();
    } catch {
      // A later run removes what is left.
    }
  }
  actions.clear();
}

/** If another handler takes the signal, it decides, and "exit" comes here in the end. */
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

/** `undo` is synchronous and safe to run at any moment. Disposing takes it back without running it. */
export function onWayOut(action: () => void): Disposable {
  if (actions.size === 0) hook();
  actions.add(action);
  return {
    [Symbol.dispose]() {
      if (actions.delete(action) && actions.size === 0) unhook();
    },
  };
}
