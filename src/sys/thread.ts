/** What a loop thread asks of the scheduler: to stay on a CPU, to yield, to sleep shortly. */
import { libc } from "./libc.js";

const PR_SET_TIMERSLACK = 29;

/** Keeps the calling thread on one CPU. False: not allowed; the run goes on, and reports it. */
export function pinThread(cpu: number): boolean {
  const mask = new Uint8Array(128);
  mask[cpu >> 3] = 1 << (cpu & 7);
  return libc.schedSetaffinity(0, mask.length, mask) === 0;
}

/** CPUs that the calling thread may run on. */
export function allowedCpus(): number[] {
  const mask = new Uint8Array(128);
  if (libc.schedGetaffinity(0, mask.length, mask) < 0) return [0];
  const cpus: number[] = [];
  for (let cpu = 0; cpu < mask.length * 8; cpu++) if ((mask[cpu >> 3]! >> (cpu & 7)) & 1) cpus.push(cpu);
  return cpus;
}

/** The kernel's id of the calling thread, as in /proc/self/task. */
export const threadId = (): number => libc.gettid();

/** Yields the CPU to other threads that want it; returns at once if there are none (0.2–0.6 µs). */
export const yieldThread = (): void => {
  libc.schedYield();
};

/** The kernel rounds a thread's sleeps up by its timer slack, 50 µs by default; 1 µs makes short sleeps short. */
export const setTimerSlack = (slackNs: number): void => {
  libc.prctl(PR_SET_TIMERSLACK, slackNs, 0, 0, 0);
};

/**
 * A sleeper with a separate buffer. It sleeps at most 100 ms at a time, since a thread in a system call cannot be
 * ended.
 */
export function threadSleeper(): (ns: number) => void {
  const request = new Uint32Array(4);
  return (ns) => {
    request[2] = Math.min(ns, 100_000_000);
    libc.nanosleep(request, null);
  };
}
