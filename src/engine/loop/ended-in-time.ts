/** Ends a thread that may be held by a system call. Nothing can end a thread in such a call. */

/** The time that `terminate` may take to end a thread that only computes. */
const terminateMs = 3_000;

interface Endable {
  terminate(): unknown;
  unref(): void;
}

/**
 * Waits for the thread to end by itself, then ends it. False: the thread is held and left alone. It does not keep the
 * process from ending.
 */
export async function endedInTime(thread: Endable, ended: Promise<void>, patienceMs: number): Promise<boolean> {
  let giveUp: NodeJS.Timeout | undefined;
  const held = new Promise<false>((resolve) => {
    giveUp = setTimeout(() => {
      thread.terminate();
      giveUp = setTimeout(() => resolve(false), terminateMs);
    }, patienceMs);
  });
  const isEnded = await Promise.race([ended.then(() => true as const), held]);
  clearTimeout(giveUp);
  if (!isEnded) thread.unref();
  return isEnded;
}
