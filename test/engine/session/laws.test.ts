/** Flows of a session by every law of departures, and flows at max beside them. */
import { describe, expect, it } from "vitest";
import type { FlowLaw } from "../../../src/session/types.js";
import { Poisson, Ramp } from "../../../src/stream/departures/timeline.js";
import { departuresOf, exactSim, gapsOf } from "../../support/session-departures.js";
import { SessionSim, simFlow } from "../../support/session-sim.js";

const near = 1_500;
const pps = 20_000;
const rate = { kind: "pps", pps } as const;
const maxRate = { kind: "max" } as const;

/** How far each departure was behind its slot. */
const lagsOf = (sim: SessionSim, dueNs: (k: number) => number): number[] => {
  const { startedNs } = sim.counters("a");
  return departuresOf(sim, 1).map((ns, k) => ns - startedNs! - dueNs(k));
};

describe("laws of departures in a session", () => {
  const ramp = { kind: "shape", pieces: [{ durationNs: 4e6, fromShare: 0.1, toShare: 2 }], thenShare: 2 } as const;
  const poisson = { kind: "poisson", key: 99 } as const;
  const steady = new Ramp(0, pps * 0.1, pps * 2, 4e6);
  it.each<[string, FlowLaw, () => (k: number) => number]>([
    ["shape", ramp, () => (k) => steady.dueNs(k)],
    [
      "poisson",
      poisson,
      () => {
        const arrivals = new Poisson(pps, 0, 99);
        return (k) => arrivals.dueNs(k);
      },
    ],
  ])("%s: as in a trial, at each start anew", (_, law, slots) => {
    const sim = exactSim();
    sim.add(simFlow("a", 1, { rate, law }));
    for (const _ of [1, 2]) {
      sim.command("start", ["a"]);
      sim.run(8e6);
      const lags = lagsOf(sim, slots());
      expect(lags.length).toBeGreaterThan(100);
      expect(Math.min(...lags)).toBeGreaterThanOrEqual(0);
      // Arrivals that are close together leave turn after turn.
      expect(lags.filter((ns) => ns > near).length).toBeLessThan(lags.length / 10);
      sim.command("stop", ["a"]);
      sim.settleCommands();
      sim.quiet();
      expect(sim.counters("a")).toMatchObject({ lost: 0, missed: 0, blocked: 0, settled: true });
      sim.taken.length = 0;
    }
  });

  it("send as long as asked, and end where the shape does", () => {
    const sim = exactSim();
    const half = { kind: "seconds", seconds: 0.004 } as const;
    const down = { kind: "shape", pieces: [{ durationNs: 10e6, fromShare: 1, toShare: 0 }], thenShare: 0 } as const;
    sim.add(
      simFlow("a", 1, { rate, law: poisson, duration: half, delayNs: 0 }),
      simFlow("b", 2, { rate, law: down }),
      simFlow("c", 3, { rate, law: poisson, duration: { kind: "frames", frames: 33 } }),
    );
    sim.command("start", ["a", "b", "c"]);
    sim.run(20e6);
    expect(sim.counters("a")).toMatchObject({ state: "stopped", missed: 0 });
    expect(sim.counters("a").sent).toBe(new Poisson(pps, 0, 99).dueBefore(4e6, 0));
    expect(sim.counters("b")).toMatchObject({ state: "stopped", sent: 100, intended: 100 });
    expect(sim.counters("c")).toMatchObject({ state: "stopped", sent: 33, intended: 33 });
  });

  it("are paused and changed in rate: the shape goes on where it paused, arrivals come more often", () => {
    const sim = exactSim();
    const steps = {
      kind: "shape",
      pieces: [{ durationNs: 2e6, fromShare: 1, toShare: 1 }],
      thenShare: 4,
    } as const;
    sim.add(simFlow("a", 1, { rate, law: steps }), simFlow("b", 2, { rate, law: poisson }));
    sim.command("start", ["a", "b"]);
    sim.run(1_030_000);
    sim.command("pause", ["a", "b"]);
    sim.run(5e6);
    sim.command("resume", ["a", "b"]);
    sim.run(3e6);
    const gaps = gapsOf(departuresOf(sim, 1));
    expect(gaps.filter((ns) => Math.abs(ns - 50_000) < near)).toHaveLength(39);
    expect(gaps.filter((ns) => ns > 1e6)).toHaveLength(1);
    const before = departuresOf(sim, 1).length;
    sim.command("rate", ["a", "b"], 2 * pps);
    sim.settleCommands();
    sim.run(5e6);
    const fast = gapsOf(departuresOf(sim, 1).slice(before + 1));
    expect(fast.every((ns) => Math.abs(ns - 6_250) < near)).toBe(true);
    for (const name of ["a", "b"]) expect(sim.counters(name)).toMatchObject({ missed: 0, blocked: 0 });
  });
});

describe("flows at max", () => {
  it("take what the port takes, and share it; one with a rate goes on as it would alone", () => {
    const sim = new SessionSim();
    sim.turnNs = 1_000;
    sim.add(simFlow("a", 1, { rate }), simFlow("m", 2, { rate: maxRate }), simFlow("n", 3, { rate: maxRate }));
    sim.command("start", ["a", "m", "n"]);
    sim.run(10e6);
    const [a, m, n] = sim.snapshot().flows;
    expect(a).toMatchObject({ late: 0, missed: 0, blocked: 0 });
    expect(Math.abs(a!.sent - 200)).toBeLessThan(3);
    expect(m!.sent).toBeGreaterThan(10_000);
    expect(Math.abs(m!.sent - n!.sent)).toBeLessThan(0.01 * m!.sent);
    expect(m).toMatchObject({ pps: null, late: 0, missed: 0, blocked: 0 });
    sim.command("stop", ["a", "m", "n"]);
    sim.quiet();
    for (const { sent, received, intended } of sim.snapshot().flows) expect([received, intended]).toEqual([sent, sent]);
  });

  it("leave room for others where the peer takes nothing", () => {
    const sim = new SessionSim();
    sim.add(simFlow("a", 1, { rate }), simFlow("m", 2, { rate: maxRate }));
    sim.still.add(0);
    sim.command("start", ["m"]);
    sim.run(2e6);
    const { inRing } = sim.counters("m");
    expect(inRing).toBe(192);
    sim.command("start", ["a"]);
    sim.run(2e6);
    expect(sim.counters("a")).toMatchObject({ blocked: 0, missed: 0 });
    expect(sim.counters("a").inRing).toBeGreaterThan(30);
    expect(sim.counters("m")).toMatchObject({ blocked: 0, missed: 0, sent: 0, inRing });
  });

  it("end by count and time, pause, and change to a rate and back", () => {
    const sim = new SessionSim();
    const frames = { kind: "frames", frames: 777 } as const;
    const time = { kind: "seconds", seconds: 0.002 } as const;
    sim.add(
      simFlow("count", 1, { rate: maxRate, duration: frames }),
      simFlow("time", 2, { rate: maxRate, duration: time }),
      simFlow("free", 3, { rate: maxRate }),
    );
    sim.command("start", ["count", "time"]);
    sim.run(1e6);
    expect(sim.counters("count")).toMatchObject({ state: "stopped", sent: 777 });
    sim.command("pause", ["time"]);
    sim.run(5e6);
    const paused = sim.counters("time");
    expect(paused.state).toBe("paused");
    sim.command("resume", ["time"]);
    sim.run(5e6);
    const ended = sim.counters("time");
    expect(ended.state).toBe("stopped");
    expect(ended.sent).toBeGreaterThan(1.5 * paused.sent);
    expect(ended.lastSentNs! - ended.startedNs!).toBeLessThan(7.2e6);
    sim.command("start", ["free"]);
    sim.run(500_000);
    sim.command("rate", ["free"], pps);
    sim.settleCommands();
    const before = sim.counters("free").sent;
    sim.run(10e6);
    expect(Math.abs(sim.counters("free").sent - before - 200)).toBeLessThan(3);
    sim.command("rate", ["free"], Number.POSITIVE_INFINITY);
    sim.run(500_000);
    expect(sim.counters("free").sent - before).toBeGreaterThan(1_000);
    sim.command("stop", ["free"]);
    sim.quiet();
    const { sent, received, intended, missed } = sim.counters("free");
    expect([received, intended, missed]).toEqual([sent, sent, 0]);
  });
});
