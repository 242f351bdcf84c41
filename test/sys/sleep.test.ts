/** Sleeps longer than a timer of Node. */
import { expect, it } from "vitest";
import { sleepNs } from "../../src/sys/sleep.js";

const hourNs = 3600e9;

it.each([600 * hourNs, 1e9 * hourNs, Number.POSITIVE_INFINITY])(
  "a sleep of %s ns goes on until it is ended",
  async (ns) => {
    const end = new AbortController();
    const sleeping = sleepNs(ns, end.signal).then(
      () => "over",
      () => "ended",
    );
    const aMoment = new Promise((resolve) => setTimeout(() => resolve("asleep"), 50));
    expect(await Promise.race([sleeping, aMoment])).toBe("asleep");
    end.abort();
    expect(await sleeping).toBe("ended");
  },
);

it("a sleep of no time is over", async () => {
  await expect(sleepNs(0)).resolves.toBeUndefined();
});
