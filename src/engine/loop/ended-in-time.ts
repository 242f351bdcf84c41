/** The end of a thread that may be held by a system call, in which nothing can end it. */
import type { Worker } from "node:worker_threads";

/** What `terminate` may take of a thread that only computes. */
const terminateMs = 3_000;

/**
 * Waits for the thread to end by itself, then ends it. False: it is held, and left alone; it does not keep the process
 * from ending.
 */
export async function endedInTime(thread: Worker, ended: Promise<void>, patienceMs: number): Promise<boolean> {
  let giveUp: NodeJS.Timeout | undefined;
  const held = new Promise<false>((resolve) => {
    giveUp = setTimeout(() => {
      void thread.terminate();
      giveUp = setTimeout(() => resolve(false), terminateMs);
    }, patienceMs);
  });
  const isEnded = await Promise.race([ended.then(() => true as const), held]);
  clearTimeout(giveUp);
  if (!isEnded) thread.unref();
  return isEnded;
}
