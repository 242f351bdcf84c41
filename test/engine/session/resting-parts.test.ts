/** Parts of a session whose threads sleep when nothing runs: the first flow begins when all of them are awake. */
import { describe, expect, it } from "vitest";
import { SessionSim, simFlow } from "../../support/session-sim.js";

const longestSleepNs = 1_000_000;

/** Part 1 receives what ports 0 and 2, of parts 0 and 2, send. */
function simOf(partOf: readonly number[], ...flows: readonly Parameters<typeof simFlow>[2][]): SessionSim {
  const sim = new SessionSim(4, 16, 256, 1, partOf);
  sim.add(...flows.map((changes, k) => simFlow(`f${k}`, k, changes)));
  sim.settleCommands();
  rest(sim);
  return sim;
}

function rest(sim: SessionSim): void {
  sim.turnNs = 20_000;
  sim.run(110e6);
  sim.turnNs = 500;
  expect(sim.loops.map(({ mayRest }) => mayRest)).toEqual(sim.loops.map(() => true));
}

/** Its thread has just begun to sleep, and so says nothing of what it does in the meantime. */
function whilePartOneSleeps(sim: SessionSim, act: () => void): void {
  sim.stalled.add(1);
  const wakesNs = sim.nowNs + longestSleepNs;
  act();
  sim.run(wakesNs - sim.nowNs);
  sim.stalled.delete(1);
}

describe.each([
  ["at a rate", { kind: "pps", pps: 1_000_000 }],
  ["at max", { kind: "max" }],
] as const)("flows %s", (_, rate) => {
  it("that start or go on where all parts rest are seen as soon as they come in", () => {
    const sim = simOf([0, 1, 2, 1], { rate });
    whilePartOneSleeps(sim, () => {
      sim.command("start", ["f0"]);
      sim.run(500_000);
      expect(sim.counters("f0").sent).toBe(0);
    });
    expect(sim.loops.map(({ mayRest }) => mayRest)).toEqual([false, false, false]);
    sim.run(3e6);
    const { sent } = sim.counters("f0");
    expect(sent).toBeGreaterThan(100);
    sim.command("pause", ["f0"]);
    rest(sim);
    const before = sim.counters("f0").sent;
    whilePartOneSleeps(sim, () => sim.command("resume", ["f0"]));
    expect(sim.counters("f0").sent).toBe(before);
    sim.run(3e6);
    const { latencyNs, lost, blocked, sent: after } = sim.counters("f0");
    expect(after).toBeGreaterThan(before + 100);
    expect({ lost, blocked, overrun: sim.overrun }).toEqual({ lost: 0, blocked: 0, overrun: 0 });
    expect(latencyNs!.max).toBeLessThan(100_000);
  });
});

it("a flow of another part that starts soon after the first one waits for the same time", () => {
  const sim = simOf([0, 1, 2, 1], {}, { from: "p2", to: ["p3"] }, {});
  whilePartOneSleeps(sim, () => {
    sim.command("start", ["f0"]);
    sim.run(300_000);
    sim.command("start", ["f1", "f2"]);
    sim.run(300_000);
    sim.command("rate", ["f1"], 1_000_000);
  });
  sim.run(3e6);
  const flows = ["f0", "f1", "f2"].map((name) => sim.counters(name));
  expect(new Set(flows.map(({ startedNs }) => startedNs)).size).toBe(1);
  for (const { latencyNs } of flows) expect(latencyNs!.max).toBeLessThan(100_000);
  // All are awake: nothing is to be waited for.
  const nowNs = sim.loop.clock.nowNs;
  sim.command("start", ["f1"]);
  sim.run(1e6);
  expect(sim.counters("f1").startedNs! - nowNs).toBeLessThan(50_000);
});

it("a session of one part begins at once", () => {
  const sim = simOf([0, 0, 0, 0], {});
  const nowNs = sim.loop.clock.nowNs;
  sim.command("start", ["f0"]);
  sim.run(1e6);
  expect(sim.counters("f0").startedNs! - nowNs).toBeLessThan(50_000);
});

it("no part rests while a command of another is not done, or frames lie in a ring of its own", () => {
  const sim = simOf([0, 1, 2, 1], { duration: { kind: "frames", frames: 10 } });
  sim.stalled.add(0);
  sim.command("start", ["f0"]);
  expect(sim.loops.map(({ mayRest }) => mayRest)).toEqual([true, false, false]);
  sim.stalled.delete(0);
  sim.still.add(0);
  sim.run(3e6);
  rest(sim);
  expect(sim.counters("f0").inRing).toBe(10);
  expect(sim.loops.map((loop) => loop.mayRestLong())).toEqual([false, true, true]);
  sim.still.clear();
  sim.run(1e6);
  rest(sim);
  expect(sim.counters("f0")).toMatchObject({ sent: 10, received: 10, inRing: 0 });
  expect(sim.loops.map((loop) => loop.mayRestLong())).toEqual([true, true, true]);
});
