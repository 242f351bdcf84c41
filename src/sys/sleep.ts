/** Sleeps of any length. One of Node's timers that is longer than 2^31 − 1 ms, which is 24.8 days, ends at once. */
import { setTimeout as sleep } from "node:timers/promises";

const longestMs = 2 ** 31 - 1;

/** Infinity: until the signal. Rejects with an AbortError where that comes first. */
export async function sleepNs(ns: number, signal?: AbortSignal): Promise<void> {
  const options = signal === undefined ? {} : { signal };
  for (let leftMs = ns / 1e6; leftMs > 0; leftMs -= longestMs) {
    await sleep(Math.min(leftMs, longestMs), undefined, options);
  }
}
