/** A session whose thread stood still is soon on its schedule again, and never sends more than it may. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { type FlowSchedule, liveTimeline } from "../../../src/engine/session/schedule.js";
import { flowCell } from "../../../src/engine/session/session-memory.js";
import { SessionSim, simFlow } from "../../support/session-sim.js";

const gatheredNs = 10e6;
const burst = 32;
const rates = fc.constantFrom(20_000, 150_000, 1_000_000, 2_500_000);

/** A flow that runs, and how many frames of it have left and should have left. */
function running(pps: number) {
  const sim = new SessionSim();
  sim.turnNs = 2_000;
  sim.add(simFlow("a", 1, { delayNs: 0, rate: { kind: "pps", pps } }));
  sim.command("start", ["a"]);
  sim.run(1e6);
  const at = sim.flows.get("a")!.slot * flowCell.doubles;
  const cell = (which: number): number => sim.memory.flows[at + which]!;
  const sent = (): number => cell(flowCell.published);
  const due = (): number => Math.floor(((sim.loop.clock.nowNs - cell(flowCell.startedNs)) * pps) / 1e9) + 1;
  return { sim, sent, due };
}

it("comes back at once from milliseconds without a CPU", () => {
  fc.assert(
    fc.property(rates, fc.array(fc.integer({ min: 1, max: 9_000 }), { minLength: 1, maxLength: 4 }), (pps, stalls) => {
      const { sim, sent, due } = running(pps);
      for (const stallUs of stalls) {
        sim.nowNs += stallUs * 1_000;
        // What came due meanwhile, a burst a turn; other frames come due while these leave.
        const turns = 4 + 2 * Math.ceil((stallUs * pps) / 1e6 / burst);
        for (let turn = 0; turn < turns; turn++) sim.turn();
        expect(due() - sent()).toBeLessThanOrEqual(1 + (pps * 3_000) / 1e9);
        sim.run(12e6);
      }
      expect(sim.counters("a")).toMatchObject({ missed: 0, blocked: 0, lost: 0 });
    }),
    { numRuns: 12 },
  );
});

it("however often and long it stood still, no time has more frames than its own at 1.1 times the rate and ten milliseconds'", () => {
  fc.assert(
    fc.property(rates, fc.array(fc.integer({ min: 1, max: 60_000 }), { minLength: 1, maxLength: 5 }), (pps, stalls) => {
      const { sim, sent } = running(pps);
      const most = Math.max(burst, (gatheredNs * pps) / 1e9);
      /** Sent less what the rate allows, as it stood at its lowest: no later time may be further above it. */
      let lowest = Number.POSITIVE_INFINITY;
      const note = (): void => {
        const above = sent() - (1.1 * pps * sim.loop.clock.nowNs) / 1e9;
        lowest = Math.min(lowest, above);
        // One frame for the slots at both ends of a time, and one that leaves while less than a whole one is left.
        expect(above - lowest).toBeLessThanOrEqual(most + 2);
      };
      for (const stallUs of stalls) {
        sim.nowNs += stallUs * 1_000;
        for (let turn = 0; turn < 1_000; turn++) {
          sim.turn();
          note();
        }
      }
    }),
    { numRuns: 12 },
  );
});

it("does not fill the ring of a peer that takes nothing", () => {
  const pps = 20_000;
  const { sim } = running(pps);
  sim.still.add(0);
  sim.nowNs += 9.9e6;
  for (let turn = 0; turn < 40; turn++) sim.turn();
  const inRing = sim.counters("a").inRing;
  expect(inRing).toBeGreaterThan(100);
  expect(inRing).toBeLessThanOrEqual(128 + 2 * burst);
  expect(sim.counters("a").blocked).toBe(0);
});

const bursts = { frames: 50, bursts: null, gapNs: 1e6 } as const;
const poisson = { kind: "poisson", key: 5 } as const;
const shape = (durationNs: number, fromShare: number, toShare: number, thenShare: number) =>
  ({ kind: "shape", pieces: [{ durationNs, fromShare, toShare }], thenShare }) as const;

it.each<[string, Partial<FlowSchedule>]>([
  ["steady", {}],
  ["bursts", { bursts }],
  ["Poisson", { law: poisson }],
  ["a step to come", { law: shape(500e6, 0.2, 0.2, 4) }],
  ["a step that was", { law: shape(5e6, 4, 4, 0.2) }],
  ["a ramp", { law: shape(200e6, 0.2, 3, 3) }],
])("catches up at 1.1 times the rate that its overdue frames were due at: %s", (_, changes) => {
  const schedule: FlowSchedule = { limit: null, durationNs: null, bursts: null, law: { kind: "steady" }, ...changes };
  const pps = 20_000;
  const sim = new SessionSim();
  sim.turnNs = 10_000;
  const duration = schedule.bursts === null ? {} : { duration: { kind: "bursts", ...schedule.bursts } as const };
  sim.add(simFlow("a", 1, { delayNs: 0, rate: { kind: "pps", pps }, law: schedule.law, ...duration }));
  sim.command("start", ["a"]);
  sim.run(10e6);
  const at = sim.flows.get("a")!.slot * flowCell.doubles;
  const timeline = liveTimeline(schedule, pps, sim.memory.flows[at + flowCell.startedNs]!);
  const stallNs = 60e6;
  sim.nowNs += stallNs;
  const sinceNs = sim.nowNs;
  // At the lowest rate a frame is due each quarter of a millisecond, and between bursts there is one without any.
  const nearNs = 2e6;
  for (let turn = 0; turn < 8_000; turn++) {
    sim.turn();
    if (turn < 500) continue;
    const behindNs = sim.loop.clock.nowNs - timeline.dueNs(sim.memory.flows[at + flowCell.published]!);
    const expectedNs = stallNs - gatheredNs - 0.1 * (sim.nowNs - sinceNs);
    expect(Math.abs(behindNs - expectedNs)).toBeLessThan(nearNs);
  }
  expect(sim.counters("a")).toMatchObject({ missed: 0, blocked: 0, lost: 0 });
});
