/** Flows that send a number of frames, and flows that are set to max: each slot is sent, missed or blocked. */
import { describe, expect, it } from "vitest";
import { SessionSim, simFlow } from "../../support/session-sim.js";

const frames = (count: number) => ({ duration: { kind: "frames", frames: count } as const });

describe("a flow that sends a number of frames", () => {
  const inBursts = { duration: { kind: "bursts", frames: 20, bursts: 5, gapNs: 1e6 } as const };

  it.each([
    ["", frames(100)],
    [" of bursts", inBursts],
  ])("misses no more than the number%s, however long its thread stood still", (_, changes) => {
    const sim = new SessionSim();
    sim.add(simFlow("a", 1, changes));
    sim.command("start", ["a"]);
    sim.run(300_000);
    for (let stall = 0; stall < 3; stall++) {
      sim.nowNs += 400e6;
      sim.turn();
    }
    sim.run(200e6);
    const { state, sent, missed, intended } = sim.counters("a");
    expect({ state, sent }).toEqual({ state: "stopped", sent: 100 });
    expect(missed).toBeGreaterThan(0);
    expect(missed).toBeLessThan(100);
    expect(intended).toBe(100 + missed);
  });

  it("misses what is left of the number when it is stopped", () => {
    const sim = new SessionSim();
    sim.add(simFlow("a", 1, { ...frames(100), delayNs: 0 }));
    sim.command("start", ["a"]);
    sim.run(300_000);
    sim.nowNs += 50e6;
    sim.command("stop", ["a"]);
    sim.quiet();
    const { sent, missed, intended } = sim.counters("a");
    expect(sent).toBeGreaterThan(20);
    expect([sent + missed, intended]).toEqual([100, 100]);
  });

  it.each([{}, { rate: { kind: "max" } as const }])("sends others for those that went with a peer: %o", (changes) => {
    const sim = new SessionSim();
    sim.turnNs = 5_000;
    sim.add(simFlow("a", 1, { ...frames(500), ...changes }));
    sim.still.add(0);
    sim.command("start", ["a"]);
    sim.run(1e6);
    const { inRing } = sim.counters("a");
    expect(inRing).toBeGreaterThan(50);
    sim.still.delete(0);
    sim.replug(0);
    sim.run(20e6);
    expect(sim.counters("a")).toMatchObject({ state: "stopped", sent: 500, received: 500, blocked: inRing, lost: 0 });
  });
});

describe("slots that are overdue when a flow is set to max", () => {
  const stalled = (changes: Parameters<typeof simFlow>[2] = {}): SessionSim => {
    const sim = new SessionSim();
    sim.turnNs = 5_000;
    sim.add(simFlow("a", 1, { delayNs: 0, ...changes }));
    sim.command("start", ["a"]);
    sim.run(1e6);
    sim.nowNs += 50e6;
    return sim;
  };
  const ended = (kinds: readonly ("max" | "rate" | "pause" | "stop")[]): number => {
    const sim = stalled();
    for (const kind of kinds) {
      if (kind === "max") sim.command("rate", ["a"], Number.POSITIVE_INFINITY);
      else sim.command(kind, ["a"], kind === "rate" ? 100_000 : undefined);
    }
    sim.settleCommands();
    sim.run(1e6);
    const { intended, sent, missed, blocked } = sim.counters("a");
    expect(intended).toBe(sent + missed + blocked);
    return intended;
  };

  it("are missed where it is stopped, or set to a rate again, before they left", () => {
    const stopped = ended(["stop"]);
    expect(stopped).toBeGreaterThan(5_000);
    expect(ended(["max", "stop"])).toBe(stopped);
    expect(ended(["max", "max", "stop"])).toBe(stopped);
    expect(ended(["pause", "max", "stop"])).toBe(stopped);
    // The first slot of the rate is due when it is set.
    expect(ended(["max", "pause", "rate", "stop"])).toBe(stopped + 1);
  });

  it("leave first of all", () => {
    const sim = stalled();
    sim.command("rate", ["a"], Number.POSITIVE_INFINITY);
    sim.run(20e6);
    sim.command("stop", ["a"]);
    sim.quiet();
    const { sent, missed, intended } = sim.counters("a");
    expect(sent).toBeGreaterThan(5_200);
    expect([missed, intended]).toEqual([0, sent]);
  });
});
