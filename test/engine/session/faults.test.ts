/** A ring that breaks in the middle of a burst: the slots of its flows, and the frames of other ports. */
import { expect, it } from "vitest";
import type { OpenPort } from "../../../src/engine/loop/job.js";
import { flowCell, portCell } from "../../../src/engine/session/session-memory.js";
import { RingFault, type TxRing } from "../../../src/ring/ring.js";
import { defaultPlainTraffic, layersOf } from "../../../src/stream/spec.js";
import { SessionSim, simFlow } from "../../support/session-sim.js";

type Call = "place" | "placeMany" | "reclaim" | "notifyWanted";

/** The port's transmit ring breaks once, in this call, when `isNow` says so. */
function breakRing(sim: SessionSim, port: number, call: Call, isNow: () => boolean): void {
  const open = sim.wires[port]!.port();
  let isBroken = false;
  const faulty = (ring: TxRing): TxRing =>
    new Proxy(ring, {
      get(target, name) {
        const method = Reflect.get(target, name, target) as unknown;
        if (typeof method !== "function") return method;
        return (...given: unknown[]): unknown => {
          if (name === call && !isBroken && isNow()) {
            isBroken = true;
            throw new RingFault("descriptor.address", "a test broke it");
          }
          return Reflect.apply(method, target, given);
        };
      },
    });
  const queues = open.queues.map((queue) => ({ ...queue, tx: faulty(queue.tx!) }));
  const broken: OpenPort = { ...open, queues };
  sim.loop.attach(port, broken);
}

/** Turns; the port whose ring breaks is detached, as its worker does it. Returns whether it broke. */
function runUntilBroken(sim: SessionSim, port: number): boolean {
  for (let turn = 0; turn < 500; turn++) {
    try {
      sim.turn();
    } catch (error) {
      if (!(error instanceof RingFault)) throw error;
      sim.loop.attach(port, null);
      return true;
    }
  }
  return false;
}

it("hands over what lies in other ports' rings", () => {
  const sim = new SessionSim(4);
  sim.turnNs = 8_000;
  const rate = { kind: "pps", pps: 1.5e6 } as const;
  const toOther = { from: "p2", to: ["p3"], rate, delayNs: 0, duration: { kind: "frames", frames: 1_000 } } as const;
  sim.add(simFlow("ends", 1, toOther), simFlow("breaks", 2, { rate, delayNs: 100 }));
  const at = sim.flows.get("ends")!.slot * flowCell.doubles;
  breakRing(sim, 0, "notifyWanted", () => sim.memory.flows[at + flowCell.published] === 1_000);
  let kicks = 0;
  breakRing(sim, 2, "notifyWanted", () => {
    kicks++;
    return false;
  });
  sim.command("start", ["ends", "breaks"]);
  expect(runUntilBroken(sim, 0)).toBe(true);
  const before = kicks;
  sim.quiet();
  expect(sim.counters("ends")).toMatchObject({ sent: 1_000, received: 1_000, lost: 0, inRing: 0 });
  expect(kicks).toBeGreaterThan(before);
});

it("deals with each slot once", () => {
  const sim = new SessionSim();
  sim.turnNs = 8_000;
  const layers = layersOf(defaultPlainTraffic, 1);
  const parts = [64, 64, 128].map((frameBytes) => ({ frameBytes, weight: 1 }));
  const frames = { kind: "stream", layers, size: { kind: "mix", name: "two", parts } } as const;
  const duration = { kind: "seconds", seconds: 0.001 } as const;
  sim.add(simFlow("a", 1, { frames, delayNs: 0, rate: { kind: "pps", pps: 2.5e6 }, duration }));
  let calls = 0;
  breakRing(sim, 0, "place", () => ++calls === 310);
  sim.command("start", ["a"]);
  expect(runUntilBroken(sim, 0)).toBe(true);
  sim.quiet();
  const { intended, sent, blocked, missed } = sim.counters("a");
  expect(intended).toBe(2_500);
  expect(sent + blocked + missed).toBe(2_500);
});

it.each<[Call, number]>([
  ["place", 700_000],
  ["placeMany", 3e6],
  ["reclaim", 700_000],
])("publishes what was placed on another port: %s", (call, pps) => {
  const sim = new SessionSim(4);
  sim.turnNs = 8_000;
  const duration = { kind: "frames", frames: 1_000 } as const;
  const rate = { kind: "pps", pps: 1.5e6 } as const;
  sim.add(
    simFlow("other", 1, { from: "p2", to: ["p3"], rate, duration, delayNs: 0 }),
    simFlow("breaks", 2, { rate: { kind: "pps", pps }, duration, delayNs: 100 }),
  );
  const { flows, ports } = sim.memory;
  const at = sim.flows.get("other")!.slot * flowCell.doubles;
  const unpublished = (): number => flows[at + flowCell.published]! - ports[2 * portCell.count + portCell.published]!;
  let found = 0;
  breakRing(sim, 0, call, () => {
    if (flows[at + flowCell.published]! > 300) found = Math.max(found, unpublished());
    return found > 0;
  });
  sim.command("start", ["other", "breaks"]);
  expect(runUntilBroken(sim, 0)).toBe(true);
  expect(found).toBeGreaterThan(0);
  expect(unpublished()).toBe(found);
  sim.turn();
  expect(unpublished()).toBe(0);
  sim.run(3e6);
  sim.replug(0);
  sim.run(60e6);
  expect(sim.counters("other")).toMatchObject({ state: "stopped", sent: 1_000, received: 1_000, lost: 0, blocked: 0 });
  const { state, sent, received, intended, missed, blocked } = sim.counters("breaks");
  expect({ state, received }).toEqual({ state: "stopped", received: sent });
  expect(intended).toBe(sent + missed + blocked);
  // What the broken ring's peer took last, nobody knows, unless it comes in.
  const { ports: ended } = sim.snapshot();
  const taken = (port: number): number => sim.taken.filter((frame) => frame.port === port).length;
  expect(ended[0]!.txFrames).toBeLessThanOrEqual(taken(0));
  expect(ended[2]!.txFrames).toBe(taken(2));
});
