/** Trials with traffic both ways: each direction has its own account. */
import { describe, expect, it } from "vitest";
import { generatorCounter } from "../../../src/engine/trial/counters.js";
import { baseOrder } from "../../support/generator-sim.js";
import { across, type Between, bothWays, DirectionsSim } from "./directions-sim.js";

describe("both directions at once", () => {
  for (const load of [{ kind: "paced", pps: 100_000 }, { kind: "paced", pps: 5e6 }, { kind: "max" }] as const) {
    it(`each has the whole count, and all of it arrives: ${JSON.stringify(load)}`, () => {
      const sim = new DirectionsSim();
      const reports = sim.run(bothWays({ load, count: 1500 }), across);
      expect(reports).toHaveLength(2);
      for (const { transmit, receive } of reports) {
        expect(transmit.queues[0]).toMatchObject({ published: 1500, outstanding: 0 });
        expect(receive).toMatchObject({
          accepted: 1500,
          received: 1500,
          reordered: 0,
          foreign: 0,
          stale: 0,
        });
        expect(receive.lostRanges).toEqual([]);
      }
      expect(sim.counters[generatorCounter.published]).toBe(3000);
      expect(sim.counters[generatorCounter.accepted]).toBe(3000);
    });
  }

  it("swaps addresses for the way back", () => {
    const seen: string[][] = [[], []];
    new DirectionsSim().run(bothWays({ count: 3 }), (frames, port, nowNs) => {
      seen[port].push(...frames.map((frame) => Buffer.from(frame).toString("hex")));
      return across(frames, port, nowNs);
    });
    expect(seen[0][0]?.slice(0, 24)).toBe("001122334410020000000001");
    expect(seen[1][0]?.slice(0, 24)).toBe("020000000001001122334410");
    expect(seen[0][0]?.slice(52, 68)).toBe("c6120001c6130001");
    expect(seen[1][0]?.slice(52, 68)).toBe("c6130001c6120001");
  });

  it("the way back alone goes out of the last port: learning frames, from the addresses that test frames go to", () => {
    const seen: string[][] = [[], []];
    const [, back] = bothWays({ count: 4 });
    const reports = new DirectionsSim().run([back!], (frames, port, nowNs) => {
      seen[port].push(...frames.map((frame) => Buffer.from(frame).toString("hex")));
      return across(frames, port, nowNs);
    });
    expect(seen[0]).toEqual([]);
    expect(seen[1].map((hex) => hex.slice(0, 24))).toEqual(Array.from({ length: 4 }, () => "020000000001001122334410"));
    expect(reports.map(({ receive }) => receive.accepted)).toEqual([4]);
  });

  it("losses are each direction's own", () => {
    let n = 0;
    const lossy: Between = (frames, port, nowNs) =>
      across(port === 0 ? frames.filter(() => n++ % 10 !== 3) : frames, port, nowNs);
    const [forward, reverse] = new DirectionsSim().run(bothWays({ count: 1000 }), lossy);
    expect(forward.receive.accepted).toBe(900);
    expect(forward.receive.lostRanges[0]).toEqual([3, 3]);
    expect(reverse.receive.accepted).toBe(1000);
    expect(reverse.receive.lostRanges).toEqual([]);
  });

  it("a device that sends frames back where they came from is seen", () => {
    const mirror: Between = (frames, port) => frames.map((frame) => ({ port, frame }));
    const [forward, reverse] = new DirectionsSim().run(bothWays({ count: 200, settleNs: 1e6 }), mirror);
    for (const { receive, returned } of [forward, reverse]) {
      expect(returned).toBe(200);
      expect(receive).toMatchObject({ accepted: 0, received: 0, foreign: 0, duplicate: 0 });
      expect(receive.lostRanges).toEqual([[0, 199]]);
    }
  });

  it("directions that end apart: the trial goes on until both are over", () => {
    const [forward, reverse] = bothWays({ count: 100 });
    const reports = new DirectionsSim().run([forward, { ...reverse, load: { kind: "paced", pps: 10_000 } }], across);
    expect(reports.map(({ receive }) => receive.accepted)).toEqual([100, 100]);
    expect(reports[1].transmit.lastNs).toBeGreaterThan(5 * reports[0].transmit.lastNs);
  });

  it("one direction through two ports is as it was", () => {
    const [only, ...more] = new DirectionsSim().run([{ ...baseOrder, count: 500 }], across);
    expect(more).toEqual([]);
    expect(only.receive).toMatchObject({ accepted: 500 });
  });
});
