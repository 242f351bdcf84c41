/** What a trial intends, and what becomes late, missed or blocked of it. */
import { describe, expect, it } from "vitest";
import { generatorCounter } from "../../../src/engine/trial/counters.js";
import { echo, GeneratorSim } from "../../support/generator-sim.js";
import { expectSound, sentOf } from "./sound-trial.js";

describe("the schedule", () => {
  it("intends rate times duration, and sends it all", () => {
    const report = new GeneratorSim().run({ load: { kind: "paced", pps: 12_345 }, count: null, durationNs: 1e8 }, echo);
    expect(report.transmit.intended).toBe(1235);
    expect(sentOf(report)).toBe(1235);
    expect(report.transmit.late).toBe(0);
    expect(report.transmit.missed).toBe(0);
  });

  it("sends single frames per second at their time", () => {
    const sim = new GeneratorSim();
    sim.turnNs = 1e6;
    const report = sim.run({ load: { kind: "paced", pps: 2 }, count: 5 }, echo);
    expect(sentOf(report)).toBe(5);
    expect(report.transmit.lastNs).toBeGreaterThanOrEqual(2e9);
    expect(report.transmit.lastNs).toBeLessThan(2.002e9);
  });

  it("ends when its time is over, however far away the next departure is", () => {
    const sim = new GeneratorSim();
    sim.turnNs = 1e6;
    const report = sim.run({ load: { kind: "paced", pps: 0.001 }, count: null, durationNs: 1e9 }, echo);
    expect(report.transmit).toMatchObject({ intended: 1, missed: 0, cutShort: null, windowNs: 1e12 });
    expect(sentOf(report)).toBe(1);
    expect(report.elapsedNs).toBeGreaterThanOrEqual(1e9);
    expect(report.elapsedNs).toBeLessThan(4e9);
  });

  it("counts what a stall made late, and catches up at 1.1 times the rate and 32 at once, never re-based", () => {
    const sim = new GeneratorSim({ size: 1024 });
    sim.begin({ load: { kind: "paced", pps: 100_000 }, count: null, durationNs: 5e8 });
    let mostAtOnce = 0;
    let sent = 0;
    for (let turn = 0; turn < 2_000_000 && !sim.done; turn++) {
      // A stall of 10 ms in the middle: 1,000 frames become overdue.
      if (turn === 100_000) sim.nowNs += 10e6;
      sim.turn((frames, queue) => {
        mostAtOnce = Math.max(mostAtOnce, frames.length);
        sent += frames.length;
        return frames.map((frame) => ({ queue, frame }));
      });
    }
    const report = sim.report();
    expect(sent).toBe(50_000);
    expect(mostAtOnce).toBeLessThanOrEqual(32);
    // At 1.1 × the rate a backlog of 1,000 frames takes 10,000 frames to work off.
    expect(report.transmit.late).toBeGreaterThan(8_000);
    expect(report.transmit.late).toBeLessThan(11_100);
    expect(report.transmit.missed).toBe(0);
    expect(report.transmit.pacing?.lagMaxNs).toBeGreaterThan(9.9e6);
  });

  it("misses what the time ran out for", () => {
    const sim = new GeneratorSim();
    sim.begin({ load: { kind: "paced", pps: 100_000 }, count: null, durationNs: 1e8 });
    const halfway = sim.after(5e7);
    while (sim.nowNs < halfway) sim.turn(echo);
    sim.nowNs += 1e9;
    for (let turn = 0; turn < 1_000_000 && !sim.done; turn++) sim.turn(echo);
    const report = sim.report();
    expectSound(report);
    expect(report.transmit.intended).toBe(10_000);
    expect(report.transmit.missed).toBeGreaterThanOrEqual(4_999);
    expect(report.transmit.missed).toBeLessThanOrEqual(5_001);
    expect(report.receive.accepted).toBe(sentOf(report));
  });

  it("blocks what finds no free slot, as on a line: it is gone, and the device's fault", () => {
    const sim = new GeneratorSim({ size: 256 });
    sim.begin({ load: { kind: "paced", pps: 100_000 }, count: null, durationNs: 1e8 });
    const startNs = sim.nowNs;
    for (let turn = 0; turn < 1_000_000 && !sim.done; turn++) {
      const frozen = sim.nowNs - startNs >= 20e6 && sim.nowNs - startNs < 40e6;
      if (frozen) {
        sim.job.step();
        sim.nowNs += sim.turnNs;
      } else sim.turn(echo);
    }
    const report = sim.report();
    expectSound(report);
    // 20 ms of 100 kpps less the 256 frames that the ring took.
    expect(report.transmit.blocked).toBeGreaterThan(1_740);
    expect(report.transmit.blocked).toBeLessThan(1_750);
    expect(report.transmit.blockedOwn).toBe(0);
    expect(report.transmit.blockedNs).toBeGreaterThan(17e6);
    expect(report.transmit.blockedNs).toBeLessThan(18e6);
    expect(report.receive.accepted).toBe(sentOf(report));
  });

  it("says blocked of what the peer never took", () => {
    const sim = new GeneratorSim({ size: 256 });
    sim.begin({ load: { kind: "max" }, count: 1000 });
    for (let turn = 0; turn < 10_000_000 && !sim.done; turn++) {
      sim.job.step();
      sim.nowNs += 10_000;
    }
    const report = sim.report();
    expectSound(report);
    expect(sentOf(report)).toBe(0);
    expect(report.transmit.blocked).toBe(1000);
    expect(report.transmit.cutShort).toBe("stuck");
  });

  it("stops at once when told to, with what was sent accounted for", () => {
    const sim = new GeneratorSim();
    sim.begin({ load: { kind: "paced", pps: 100_000 }, count: null, durationNs: Number.POSITIVE_INFINITY });
    const stopNs = sim.after(30e6);
    while (sim.nowNs < stopNs) sim.turn(echo);
    const sentBefore = sim.counters[generatorCounter.published];
    sim.command({ kind: "stop" });
    for (let turn = 0; turn < 1_000_000 && !sim.done; turn++) sim.turn(echo);
    const report = sim.report();
    expectSound(report);
    expect(report.transmit.cutShort).toBe("stopped");
    expect(sentOf(report)).toBeGreaterThanOrEqual(sentBefore);
    expect(report.receive.accepted).toBe(sentOf(report));
    expect(sentOf(report)).toBeGreaterThan(2_990);
    expect(sentOf(report)).toBeLessThan(3_010);
  });

  it("ends the trial when the peer goes", () => {
    const sim = new GeneratorSim();
    sim.begin({ load: { kind: "paced", pps: 100_000 }, count: null, durationNs: 1e9 });
    for (let turn = 0; turn < 10_000; turn++) sim.turn(echo);
    sim.job.attach(0, null);
    for (let turn = 0; turn < 1_000_000 && !sim.done; turn++) {
      sim.job.step();
      sim.nowNs += 10_000;
    }
    const report = sim.report();
    expectSound(report);
    expect(report.transmit.cutShort).toBe("peer gone");
  });
});
