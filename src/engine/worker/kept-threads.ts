/**
 * Threads that wait for their next job. What a thread has loaded of koffi stays in the process when the thread ends, so a
 * process that opens session after session keeps threads instead (docs/limits.md). A thread gets the same kind of work again:
 * V8 compiled its code for that.
 */
import { availableParallelism } from "node:os";
import { LoopThread } from "./loop-thread.js";

/** Each has some megabytes. */
const mostKept = Math.min(2 * availableParallelism(), 8);

interface Kept {
  readonly work: string;
  readonly thread: LoopThread;
}

/** The one that waits longest is first. */
let kept: readonly Kept[] = [];

/** `work`: what it is for; null: it is not kept afterwards, and starts anew. */
export function takeThread(work: string | null, name: string): LoopThread {
  kept = kept.filter(({ thread }) => thread.isSound);
  // The one that was busy last: its memory is most likely in caches.
  const found = kept.findLast((each) => each.work === work);
  if (found === undefined) return new LoopThread(name);
  kept = kept.filter((each) => each !== found);
  return found.thread;
}

/** A thread whose job was told to leave. It ends where anything was wrong with it. */
export function keepThread(work: string, thread: LoopThread): void {
  if (!thread.isSound) {
    thread.terminate();
    return;
  }
  thread.unref();
  const all = [...kept.filter((each) => each.thread.isSound), { work, thread }];
  kept = all.slice(-mostKept);
  for (const each of all.slice(0, -mostKept)) each.thread.terminate();
}
