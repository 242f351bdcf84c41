/**
 * Readiness of descriptors that Node cannot watch: sockets with descriptor passing, eventfds. One timer per thread
 * calls poll(2) with timeout zero, only while there is something to watch. Nothing blocks.
 *
 * The timer looks every millisecond while there are waiters, or if a descriptor was ready a moment ago. Otherwise it
 * looks every ten milliseconds, and every fifty after a quiet second. Each look takes a CPU for a quarter of a
 * millisecond from a thread that polls a ring. Watchers alone do not keep the process alive; waiters do.
 */
import { libc } from "./libc.js";

const POLLIN = 0x1;
const waitingMs = 1;
const idleMs = 10;
const quietMs = 50;
const quietAfterMs = 1_000;
/** A conversation comes in bursts: after a message the next one is looked for eagerly this long. */
const eagerMs = 50;

interface Watch {
  readonly fd: number;
  readonly onReadable: () => void;
  readonly waits: boolean;
}

const watches = new Set<Watch>();
let pollfds = new Int32Array(2 * 32);
let timer: NodeJS.Timeout | null = null;
let timerIsFast = false;
let eagerUntil = 0;
/** When something was last ready, or a watch began. */
let activeAt = 0;

/** Calls back on every look at which `fd` is readable, closed by its peer, or in error, until disposed. */
export function watchReadable(fd: number, onReadable: () => void): Disposable {
  return addWatch({ fd, onReadable, waits: false });
}

/**
 * Resolves with true once `fd` is readable, closed by its peer or in error, with false after `timeoutMs` or when
 * `signal` aborts. Abort before closing `fd`.
 */
export function waitReadable(fd: number, timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const finish = (readable: boolean): void => {
      clearTimeout(timeout);
      watch[Symbol.dispose]();
      signal?.removeEventListener("abort", onAbort);
      resolve(readable);
    };
    const onAbort = (): void => finish(false);
    const watch = addWatch({ fd, onReadable: () => finish(true), waits: true });
    const timeout = setTimeout(() => finish(false), timeoutMs);
    if (signal?.aborted) finish(false);
    else signal?.addEventListener("abort", onAbort);
  });
}

function addWatch(watch: Watch): Disposable {
  watches.add(watch);
  activeAt = performance.now();
  arm();
  return {
    [Symbol.dispose]() {
      watches.delete(watch);
    },
  };
}

/** Starts the timer, or makes it faster; the next look makes it slower or lets it rest. */
function arm(): void {
  const now = performance.now();
  const fast = now < eagerUntil || [...watches].some((watch) => watch.waits);
  if (timer !== null) {
    if (timerIsFast || !fast) return;
    clearTimeout(timer);
  }
  timerIsFast = fast;
  const restMs = now - activeAt > quietAfterMs ? quietMs : idleMs;
  timer = setTimeout(look, fast ? waitingMs : restMs).unref(); // waiters hold the process by their own timeouts
}

function look(): void {
  timer = null;
  const looked = [...watches];
  if (looked.length === 0) return;
  try {
    const ready = readyOf(looked);
    if (ready.length > 0) {
      activeAt = performance.now();
      eagerUntil = activeAt + eagerMs;
    }
    for (const watch of ready) if (watches.has(watch)) watch.onReadable();
  } finally {
    if (watches.size > 0) arm();
  }
}

/** pollfd: int fd | short events | short revents. */
function readyOf(looked: readonly Watch[]): Watch[] {
  if (pollfds.length < 2 * looked.length) pollfds = new Int32Array(4 * looked.length);
  for (const [i, watch] of looked.entries()) {
    pollfds[2 * i] = watch.fd;
    pollfds[2 * i + 1] = POLLIN;
  }
  const bytes = new Uint8Array(pollfds.buffer);
  if (libc.poll(bytes, looked.length, 0) <= 0) return []; // an interrupted look is repeated by the next one
  return looked.filter((_, i) => pollfds[2 * i + 1]! >>> 16 !== 0);
}
