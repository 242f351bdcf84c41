/** Flows that are changed while others go on: schedules to the nanosecond, and no frame that is not accounted for. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { departuresOf, exactSim, gapsOf, stampOf } from "../../support/session-departures.js";
import { SessionSim, type SimDevice, simFlow } from "../../support/session-sim.js";

/** How far a departure may be off its slot here: reads of the clock, and turns. */
const near = 1_500;

describe("flows that change while others go on", () => {
  it("leave the slots of the others as they are", () => {
    const offSlot = (changes: (sim: SessionSim, step: number) => void): number[] => {
      const sim = exactSim();
      const pps = 31_000;
      sim.add(simFlow("steady", 1, { rate: { kind: "pps", pps } }), simFlow("other", 2), simFlow("third", 3));
      sim.command("start", ["steady"]);
      sim.settleCommands();
      for (let step = 0; step < 150; step++) {
        changes(sim, step);
        sim.run(40_000);
      }
      const { startedNs, late, missed, blocked } = sim.counters("steady");
      expect({ late, missed, blocked }).toEqual({ late: 0, missed: 0, blocked: 0 });
      // Slot k is at ⌊k · 10^9 / pps⌋, whatever happened in between: nothing is re-based, nothing left out.
      return departuresOf(sim, 1).map((ns, k) => ns - startedNs! - Math.floor((k * 1e9) / pps));
    };
    const kinds = ["start", "pause", "rate", "resume", "rate", "stop"] as const;
    const disturbed = offSlot((sim, step) => {
      sim.command(kinds[step % kinds.length]!, [step % 5 === 0 ? "third" : "other"], 10_000 + 7 * step);
    });
    expect(disturbed.length).toBeGreaterThan(180);
    expect(Math.min(...disturbed)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...disturbed)).toBeLessThan(near);
  });

  it("go on after a pause where they were: the gap is as long as it was, without the pause", () => {
    const sim = exactSim();
    sim.add(simFlow("a", 1, { rate: { kind: "pps", pps: 10_000 }, duration: { kind: "frames", frames: 40 } }));
    sim.command("start", ["a"]);
    sim.run(1_030_000);
    sim.command("pause", ["a"]);
    sim.run(5_000_000);
    expect(sim.counters("a")).toMatchObject({ state: "paused", settled: false });
    sim.command("resume", ["a"]);
    sim.run(6_000_000);
    const gaps = gapsOf(departuresOf(sim, 1));
    const long = gaps.filter((ns) => ns > 200_000);
    expect(long).toHaveLength(1);
    expect(Math.abs(long[0]! - 5_100_000)).toBeLessThan(2 * near);
    expect(gaps.filter((ns) => Math.abs(ns - 100_000) < near)).toHaveLength(38);
    expect(sim.counters("a")).toMatchObject({ state: "stopped", sent: 40, missed: 0, generation: 1 });
  });

  it("are sent as fast as can be where their rates are more than that", () => {
    const sim = new SessionSim();
    // 32 frames a turn at most, and 6 million a second are asked for.
    sim.turnNs = 20_000;
    const names = Array.from({ length: 60 }, (_, k) => `f${k}`);
    sim.add(...names.map((name, k) => simFlow(name, k)));
    sim.command("start", names);
    sim.run(200e6);
    const before = sim.snapshot().flows.reduce((sum, { sent }) => sum + sent, 0);
    sim.run(100e6);
    const { flows } = sim.snapshot();
    expect(flows.reduce((sum, { sent }) => sum + sent, 0) - before).toBeGreaterThan(50_000);
    expect(
      flows.every(({ sent, inRing, missed, blocked, intended }) => intended === sent + inRing + missed + blocked),
    ).toBe(true);
  });

  it("change their rate from the last slot on", () => {
    const sim = exactSim();
    sim.add(simFlow("a", 1, { rate: { kind: "pps", pps: 100 } }));
    sim.command("start", ["a"]);
    sim.run(1_000_000);
    // The next slot would be 9 ms away.
    sim.command("rate", ["a"], 20_000);
    sim.run(1_000_000);
    sim.command("rate", ["a"], 1_000);
    sim.run(3_100_000);
    const times = departuresOf(sim, 1);
    const gaps = gapsOf(times);
    expect(Math.abs(gaps[0]! - 1_000_000)).toBeLessThan(50_000);
    const [fast, slow] = [gaps.slice(1).filter((ns) => ns < 500_000), gaps.slice(1).filter((ns) => ns >= 500_000)];
    expect(fast.every((ns) => Math.abs(ns - 50_000) < near)).toBe(true);
    expect(slow).toHaveLength(3);
    expect(slow.every((ns) => Math.abs(ns - 1_000_000) < near)).toBe(true);
    expect(sim.counters("a")).toMatchObject({ missed: 0, blocked: 0 });
  });

  it("send for as long as asked, pauses not counted", () => {
    const sim = exactSim();
    sim.add(simFlow("a", 1, { rate: { kind: "pps", pps: 10_000 }, duration: { kind: "seconds", seconds: 0.004 } }));
    sim.command("start", ["a"]);
    sim.run(1_050_000);
    sim.command("pause", ["a"]);
    sim.run(10_000_000);
    sim.command("resume", ["a"]);
    sim.run(10_000_000);
    expect(sim.counters("a")).toMatchObject({ state: "stopped", sent: 40, intended: 40 });
  });

  it("send bursts", () => {
    const sim = exactSim();
    const duration = { kind: "bursts", frames: 5, bursts: 3, gapNs: 500_000 } as const;
    sim.add(simFlow("a", 1, { duration }));
    sim.command("start", ["a"]);
    sim.quiet();
    const gaps = gapsOf(departuresOf(sim, 1));
    expect(gaps.filter((ns) => ns > 300_000)).toHaveLength(2);
    expect(sim.counters("a")).toMatchObject({ state: "stopped", sent: 15 });
  });

  it("are spread over their gaps where they start together", () => {
    const sim = exactSim();
    const names = Array.from({ length: 40 }, (_, k) => `f${k}`);
    sim.add(...names.map((name, k) => simFlow(name, k, { rate: { kind: "pps", pps: 1_000 } })));
    sim.command("start", names);
    sim.run(5_000_000);
    const times = sim.taken.map(({ frame }) => stampOf(frame)).filter((_, k) => k < 120);
    expect(gapsOf(times).every((ns) => ns > 3_000)).toBe(true);
    for (const name of names) expect(sim.counters(name)).toMatchObject({ late: 0, missed: 0 });
  });

  const names = ["a", "b", "c"] as const;
  const change = fc.record({
    kind: fc.constantFrom("start", "start", "stop", "pause", "resume", "rate", "replace", "max", "gone", "duration"),
    flow: fc.constantFrom(...names),
    pps: fc.integer({ min: 1_000, max: 400_000 }),
    forNs: fc.integer({ min: 0, max: 300_000 }),
    loses: fc.integer({ min: 0, max: 3 }),
    isStill: fc.boolean(),
    /** A part without a CPU meanwhile. */
    stalled: fc.option(fc.constantFrom(0, 1)),
  });
  /** By port: in one thread; sending and receiving in two; the receivers in two. */
  const parts = fc.constantFrom<readonly number[]>([0, 0, 0], [0, 1, 1], [0, 1, 0]);

  /** One flow by chance, one that nobody is to receive, one with two receivers of which one gets nothing. */
  const flows = [
    simFlow("a", 0, { law: { kind: "poisson", key: 7 }, to: ["p1", "p2"] }),
    simFlow("b", 1, { to: [] }),
    simFlow("c", 2, {
      law: { kind: "shape", pieces: [{ durationNs: 200_000, fromShare: 0, toShare: 2 }], thenShare: 1 },
    }),
  ];

  it("never lose count of a frame, whatever is asked in whatever order", () => {
    fc.assert(
      fc.property(
        fc.array(change, { minLength: 1, maxLength: 25 }),
        fc.constantFrom(1, 2),
        parts,
        (steps, queues, partOf) => {
          const sim = new SessionSim(3, 8, 64, queues, partOf);
          sim.add(...flows);
          const came: Uint8Array[] = [];
          let [n, loses] = [0, 0];
          const device: SimDevice = (frame) => {
            if (loses > 0 && n++ % 4 < loses) return [];
            came.push(frame);
            return [1];
          };
          for (const { kind, flow, pps, forNs, loses: losesNow, isStill, stalled } of steps) {
            sim.stalled.clear();
            if (stalled !== null && partOf.includes(1) && kind !== "replace") sim.stalled.add(stalled);
            loses = losesNow;
            if (isStill) sim.still.add(0);
            else sim.still.delete(0);
            if (kind === "replace") {
              sim.remove(flow, device);
              sim.add(flows[names.indexOf(flow)]!);
            } else if (kind === "max" && flow !== "c") sim.command("rate", [flow], Number.POSITIVE_INFINITY);
            else if (kind === "max") continue;
            else if (kind === "gone") {
              sim.replug(0, queues, forNs, device);
            } else if (kind === "duration") {
              const { slot } = sim.flows.get(flow)!;
              const schedule = {
                limit: 1 + (pps % 50),
                durationNs: null,
                bursts: null,
                law: { kind: "steady" },
              } as const;
              sim.say([sim.table.orderCommand({ kind: "schedule", flows: [slot], schedule }).command]);
              sim.command("start", [flow]);
            } else sim.command(kind, [flow], kind === "rate" ? pps : undefined);
            sim.run(forNs, device);
            for (const one of sim.snapshot().flows) {
              const { sent, received, lost, inFlight, to, intended, inRing, missed, blocked } = one;
              expect(sent).toBe(to.length === 0 ? sent : received + lost + inFlight);
              expect([received, lost, inFlight].every((count) => count >= 0)).toBe(true);
              expect(intended).toBe(sent + inRing + missed + blocked);
            }
          }
          sim.still.delete(0);
          sim.stalled.clear();
          sim.command("stop", names);
          sim.quiet(device);
          sim.quiet(device);
          const { ports, flows: ended } = sim.snapshot();
          for (const { sent, received, lost, settled, inRing, duplicate, corrupt, to } of ended) {
            expect({ settled, inRing, duplicate, corrupt }).toEqual({
              settled: true,
              inRing: 0,
              duplicate: 0,
              corrupt: 0,
            });
            expect(sent).toBe(to.length === 0 ? sent : received + lost);
          }
          // Every frame that the device took is one that the port says it sent, and every one that it passed on came in.
          const taken = sim.taken.filter(({ port }) => port === 0).length;
          // Of a peer that left nobody knows what it took last, unless it comes in.
          if (steps.some(({ kind }) => kind === "gone")) expect(ports[0]!.txFrames).toBeLessThanOrEqual(taken);
          else expect(ports[0]!.txFrames).toBe(taken);
          expect(ports[1]!.rxFrames).toBe(came.length - sim.overrun);
          expect(ports[1]!.test + ports[1]!.stale).toBe(ports[1]!.rxFrames);
        },
      ),
      { numRuns: 120 },
    );
  });
});
