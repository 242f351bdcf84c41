/** What the loop does between two reads of its counters, and orders that cannot be told. */
import { describe, expect, it } from "vitest";
import { allocateSession, SessionMemory } from "../../src/engine/session/session-memory.js";
import { Commander } from "../../src/session/commander.js";
import { compileFlow } from "../../src/session/compile-flow.js";
import { FlowTable } from "../../src/session/flow-table.js";
import { RateBook } from "../../src/session/rate-book.js";
import { Sampler } from "../../src/session/sampler.js";
import type { FlowCounters } from "../../src/session/types.js";
import { SessionSim, settleNs, simFlow, simPort, straight } from "../support/session-sim.js";

/** `act` happens after one of the cells was read for the first time. */
function afterRead(cells: Float64Array, act: () => void): Float64Array {
  let isDone = false;
  return new Proxy(cells, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key);
      if (!isDone) {
        isDone = true;
        act();
      }
      return value;
    },
  });
}

/** The counters of the first flow; `act` happens after the sampler has read the first of these cells. */
function countersWhile(sim: SessionSim, part: "sequences" | "ports", act: () => void): FlowCounters {
  const memory = { ...sim.memory, [part]: afterRead(sim.memory[part], act) };
  const ports = sim.wires.map((_, port) => simPort(`p${port}`));
  const sampler = new Sampler(memory, ports, settleNs);
  return sampler.sample(sim.flows.values(), sim.loop.clock.nowNs, new RateBook(sim.memory)).flows[0]!;
}

describe("a sample that is taken while the loop goes on", () => {
  it("never counts numbers as received that are missing since", () => {
    const sim = new SessionSim();
    sim.add(simFlow("a", 1, { duration: { kind: "frames", frames: 100 } }));
    sim.command("start", ["a"]);
    const frames: Uint8Array[] = [];
    sim.run(2e6, (frame) => {
      frames.push(frame);
      return [];
    });
    const arrive = (...some: Uint8Array[]): void => {
      sim.wires[1]!.send(0, some);
      for (let turn = 0; turn < 4; turn++) sim.turn(straight);
    };
    arrive(...frames.slice(0, 10));
    // Number 80 opens a gap of 70.
    const counters = countersWhile(sim, "sequences", () => arrive(frames[80]!));
    expect(counters).toMatchObject({ sent: 100, received: 10 });
    expect(counters.lost + counters.inFlight).toBe(90);
    expect(sim.counters("a")).toMatchObject({ received: 11, lost: 70, inFlight: 19 });
  });

  it("shows a flow that is started meanwhile as it is since", () => {
    const sim = new SessionSim();
    sim.add(simFlow("a", 1, { duration: { kind: "frames", frames: 100 } }));
    sim.command("start", ["a"]);
    sim.run(2e6);
    expect(sim.counters("a")).toMatchObject({ generation: 1, received: 100 });
    const counters = countersWhile(sim, "ports", () => {
      sim.command("start", ["a"]);
      sim.run(300_000);
    });
    expect(counters.generation).toBe(2);
    expect(counters.sent).toBeLessThan(50);
    expect(counters.sent).toBe(counters.received + counters.lost + counters.inFlight);
    expect(counters.received).toBeLessThanOrEqual(counters.sent);
  });
});

describe("a sample between two looks at the rings", () => {
  it.each([true, false])("never shows more frames received than sent, signed: %s", (signed) => {
    const sim = new SessionSim();
    const { frames, ...rest } = simFlow("a", 1);
    sim.add({ ...rest, frames: { ...frames, signed } });
    sim.command("start", ["a"]);
    let most = 0;
    for (let step = 0; step < 60; step++) {
      sim.run(70_000);
      const { sent, received, lost, inFlight, inRing, intended } = sim.counters("a");
      expect(received).toBeLessThanOrEqual(sent);
      expect(received + lost + inFlight).toBe(sent);
      expect(intended).toBe(sent + inRing);
      most = received;
    }
    expect(most).toBeGreaterThan(350);
  });
});

describe("orders for which there is no room", () => {
  /** A table with little memory, and a loop that does everything at once. */
  function crowded() {
    const shape = { capacity: 64, lanes: 128, ports: 2, trial: 0x747001, heapBytes: 6_000 };
    const table = new FlowTable(new SessionMemory(allocateSession(shape)));
    const written: unknown[] = [];
    const commands = { room: 100, write: (all: readonly unknown[]) => written.push(...all), isDone: () => true };
    return { table, written, commander: new Commander([commands], table) };
  }

  it("leave no memory taken", async () => {
    const { table, written, commander } = crowded();
    const before = table.heap.taken;
    const long = { kind: "ask", port: 0, host: "h".repeat(2_500), address: "198.18.0.1" } as const;
    await expect(commander.order([long, long, long])).rejects.toMatchObject({ code: "full" });
    expect([table.heap.taken, written.length]).toEqual([before, 0]);
    await commander.order([long, long]);
    expect([table.heap.taken, written.length]).toEqual([before, 2]);
  });

  it("leave no flow behind", async () => {
    const { table, commander } = crowded();
    const plans = Array.from({ length: 20 }, (_, k) => {
      const { frames, ...rest } = simFlow(`f${k}`, k);
      const compiled = compileFlow({ ...rest, frames: { ...frames, signed: false } });
      return { compiled, pps: 1_000, from: 0, to: [1] };
    });
    const before = table.heap.taken;
    await expect(commander.admit(plans)).rejects.toMatchObject({ code: "full" });
    expect([table.free, table.heap.taken]).toEqual([64, before]);
    expect(await commander.admit(plans.slice(0, 2))).toHaveLength(2);
    expect(table.free).toBe(62);
  });
});
