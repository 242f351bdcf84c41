/** The wait between two bursts ends at its time, and not before it. */
import { describe, expect, it } from "vitest";
import { FineWait } from "../../../src/engine/loop/fine-wait.js";
import { TrialClock } from "../../../src/engine/loop/trial-clock.js";
import { monotonicClock } from "../../../src/sys/clock.js";

describe("FineWait", () => {
  it("never returns before the time asked for, and leaves what the clock said", () => {
    const { nowNs } = monotonicClock();
    const clock = new TrialClock(nowNs);
    clock.begin();
    const wait = new FineWait(clock);
    for (let i = 0; i < 2000; i++) {
      clock.read();
      const until = clock.nowNs + (i % 700);
      wait.until(until);
      expect(clock.nowNs).toBeGreaterThanOrEqual(until);
      expect(clock.nowNs).toBeLessThanOrEqual(nowNs() - clock.epochNs);
    }
  });

  it("comes to an end on a clock that only moves when it is read", () => {
    let time = 0;
    const clock = new TrialClock(() => {
      time += 20;
      return time;
    });
    const wait = new FineWait(clock);
    clock.begin();
    wait.until(300);
    expect(clock.nowNs).toBeGreaterThanOrEqual(300);
    expect(wait.readNs).toBeCloseTo(20, 0);
  });
});
