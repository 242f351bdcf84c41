/** Frames of which nothing comes any more are lost while their flow still runs, not on their way for ever. */
import { describe, expect, it } from "vitest";
import type { TableFlow } from "../../src/session/flow-table.js";
import { OverdueBook } from "../../src/session/overdue-book.js";
import type { FlowCounters } from "../../src/session/types.js";
import { SessionSim, type SimDevice, settleNs, simFlow, straight } from "../support/session-sim.js";

const nothing: SimDevice = () => [];

/** As a reader does it: looks again and again. */
function watch(sim: SessionSim, ns: number, device: SimDevice): FlowCounters {
  for (const endNs = sim.nowNs + ns; sim.nowNs < endNs; ) {
    sim.run(settleNs / 8, device);
    const { sent, received, lost, inFlight } = sim.counters("a");
    expect(received + lost + inFlight).toBe(sent);
  }
  return sim.counters("a");
}

describe.each([true, false])("a flow that runs, signed: %s", (signed) => {
  const begun = (pps = 100_000): SessionSim => {
    const sim = new SessionSim();
    const { frames, ...rest } = simFlow("a", 1, { rate: { kind: "pps", pps } });
    sim.add({ ...rest, frames: { ...frames, signed } });
    sim.command("start", ["a"]);
    return sim;
  };

  it("has lost all that left a settling time ago, where none of its frames come", () => {
    const sim = begun();
    const young = watch(sim, settleNs / 2, nothing);
    expect([young.lost, young.inFlight]).toEqual([0, young.sent]);
    const { state, settled, sent, lost, inFlight, outageNs } = watch(sim, 10 * settleNs, nothing);
    expect([state, settled]).toEqual(["running", false]);
    // 400 frames leave in a settling time.
    expect(inFlight).toBeGreaterThanOrEqual(380);
    expect(inFlight).toBeLessThanOrEqual(520);
    expect(lost).toBe(sent - inFlight);
    expect(outageNs).toBe(signed ? lost * 10_000 : null);
  });

  it("counts an outage once, and none of what comes after it", () => {
    const sim = begun();
    expect(watch(sim, settleNs, straight).lost).toBe(0);
    const before = sim.taken.length;
    watch(sim, 3 * settleNs, nothing);
    const dropped = sim.taken.length - before;
    const after = watch(sim, 4 * settleNs, straight);
    // What has no number is lost for certain only where less came than had left.
    if (signed) expect(after.lost).toBe(dropped);
    else expect(after.lost).toBeLessThanOrEqual(dropped);
    sim.command("stop", ["a"]);
    sim.quiet();
    expect(sim.counters("a")).toMatchObject({ lost: dropped, inFlight: 0, settled: true });
  });

  it("loses nothing where its frames come late, but within that time", () => {
    const sim = begun();
    const held: Uint8Array[] = [];
    const late: SimDevice = (frame) => [held.push(frame)].slice(1);
    for (let step = 0; step < 40; step++) {
      sim.run(settleNs / 8, late);
      // Half a settling time later.
      sim.wires[1]!.send(0, held.splice(0, Math.max(0, held.length - 200)));
      sim.run(2_000, late);
      expect(sim.counters("a").lost).toBe(0);
    }
    expect(sim.counters("a").received).toBeGreaterThan(1_000);
  });

  it("has nothing on its way when it has been paused for that time", () => {
    const sim = begun();
    watch(sim, settleNs / 2, nothing);
    sim.command("pause", ["a"]);
    const { state, sent, lost, inFlight } = watch(sim, 2 * settleNs, nothing);
    expect({ state, lost, inFlight }).toEqual({ state: "paused", lost: sent, inFlight: 0 });
  });
});

it("each of several ports is owed its own", () => {
  const sim = new SessionSim(4);
  sim.add(simFlow("a", 1, { to: ["p1", "p2"], delivery: "each" }));
  sim.command("start", ["a"]);
  const { sent, received, lost, inFlight } = watchAll(sim);
  expect(lost + inFlight).toBe(2 * sent - received);
  expect(lost).toBeGreaterThan(0.8 * sent);
  expect(inFlight).toBeLessThan(0.2 * sent);
});

/** Port 1 gets all, port 2 nothing. */
function watchAll(sim: SessionSim): FlowCounters {
  for (let step = 0; step < 80; step++) {
    sim.run(settleNs / 8, () => [1]);
    sim.snapshot();
  }
  return sim.counters("a");
}

describe("what had left a settling time ago", () => {
  const flow = { slot: 0 } as TableFlow;

  it("is of the same start of the same flow", () => {
    const book = new OverdueBook(1, 1_000);
    expect(book.leftBefore(flow, 1, 10, 0)).toBe(0);
    expect(book.leftBefore(flow, 1, 20, 1_000)).toBe(10);
    expect(book.leftBefore(flow, 2, 5, 2_000)).toBe(0);
    expect(book.leftBefore({ slot: 0 } as TableFlow, 2, 7, 9_000)).toBe(0);
  });

  it("is known to readers who look seldom, and to those who look all the time", () => {
    for (const everyNs of [1, 7, 99, 100, 250, 999, 1_000, 5_000]) {
      const book = new OverdueBook(1, 1_000);
      for (let nowNs = 0; nowNs < 20_000; nowNs += everyNs) {
        const left = book.leftBefore(flow, 1, nowNs, nowNs);
        expect(left).toBeLessThanOrEqual(Math.max(0, nowNs - 950));
        if (nowNs > 1_000 + everyNs) expect(left).toBeGreaterThanOrEqual(nowNs - 1_100 - 2 * everyNs);
      }
    }
  });
});
