import { describe, expect, it } from "vitest";
import { FineWait } from "../../src/engine/fine-wait.js";
import { monotonicClock } from "../../src/sys/clock.js";

describe("FineWait", () => {
  it("never returns before the time asked for, and returns what the clock said", () => {
    const { nowNs } = monotonicClock();
    const wait = new FineWait(nowNs);
    for (let i = 0; i < 2000; i++) {
      const start = nowNs();
      const until = start + (i % 700);
      const ended = wait.until(until, start);
      expect(ended).toBeGreaterThanOrEqual(until);
      expect(ended).toBeLessThanOrEqual(nowNs());
    }
  });

  it("comes to an end on a clock that only moves when it is read", () => {
    let time = 0;
    const nowNs = (): number => {
      time += 20;
      return time;
    };
    const wait = new FineWait(nowNs);
    const start = nowNs();
    expect(wait.until(start + 300, start)).toBeGreaterThanOrEqual(start + 300);
    expect(wait.readNs).toBeCloseTo(20, 0);
  });
});
