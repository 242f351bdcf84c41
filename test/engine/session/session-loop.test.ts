/** The loop of a session on simulated devices: what it sends, and what it counts of all that can come back. */
import { describe, expect, it } from "vitest";
import { readSequence, readTrialStream } from "../../../src/stream/index.js";
import { defaultPlainTraffic, layersOf } from "../../../src/stream/spec.js";
import { fixedSize } from "../../../src/units.js";
import { SessionSim, simFlow, straight } from "../../support/session-sim.js";

const sequenceOf = (frame: Uint8Array): number =>
  readSequence(new DataView(frame.buffer, frame.byteOffset), frame.length);
const headOf = (frame: Uint8Array): number =>
  readTrialStream(new DataView(frame.buffer, frame.byteOffset), frame.length);

describe("the loop of a session", () => {
  it("sends nothing that nobody asked for", () => {
    const sim = new SessionSim();
    sim.add(simFlow("a", 1));
    sim.quiet();
    expect(sim.taken).toHaveLength(0);
    expect(sim.counters("a")).toMatchObject({ state: "stopped", generation: 0, sent: 0, intended: 0, settled: true });
  });

  it("sends a count exactly, counts every frame that comes back, and ends by itself", () => {
    const sim = new SessionSim();
    sim.add(simFlow("a", 1, { duration: { kind: "frames", frames: 250 } }));
    sim.command("start", ["a"]);
    sim.run(4e6);
    const counters = sim.counters("a");
    expect(counters).toMatchObject({ state: "stopped", generation: 1, sent: 250, received: 250, lost: 0, inFlight: 0 });
    expect(counters).toMatchObject({
      sentBytes: 250 * 64,
      receivedBytes: 250 * 64,
      intended: 250,
      settled: true,
      late: 0,
    });
    expect(sim.taken.map(({ frame }) => sequenceOf(frame))).toEqual(Array.from({ length: 250 }, (_, k) => k));
    const [tx, rx] = sim.snapshot().ports;
    expect(tx).toMatchObject({ txFrames: 250, txBytes: 250 * 64, inRing: 0, blocked: 0 });
    expect(rx).toMatchObject({ rxFrames: 250, rxBytes: 250 * 64, test: 250, stale: 0, foreign: 0, corrupt: 0 });
  });

  it("tells what is lost from what is on its way", () => {
    const sim = new SessionSim();
    sim.add(simFlow("a", 1, { duration: { kind: "frames", frames: 100 } }));
    sim.command("start", ["a"]);
    const device = (frame: Uint8Array) => (sequenceOf(frame) % 10 === 3 || sequenceOf(frame) >= 95 ? [] : [1]);
    sim.run(2.5e6, device);
    expect(sim.counters("a")).toMatchObject({ sent: 100, received: 85, lost: 10, inFlight: 5, settled: false });
    sim.quiet();
    expect(sim.counters("a")).toMatchObject({ sent: 100, received: 85, lost: 15, inFlight: 0, settled: true });
  });

  it("gives each start a generation: what comes of an earlier one is stale", () => {
    const sim = new SessionSim();
    sim.add(simFlow("a", 1, { duration: { kind: "frames", frames: 50 } }));
    sim.command("start", ["a"]);
    const held: Uint8Array[] = [];
    sim.run(1e6, (frame) => {
      held.push(frame);
      return [];
    });
    sim.command("start", ["a"]);
    sim.run(1e6);
    for (const frame of held.slice(0, 20)) sim.wires[1]!.send(0, [frame]);
    sim.quiet();
    expect(sim.counters("a")).toMatchObject({ generation: 2, sent: 50, received: 50, lost: 0, stale: 20, corrupt: 0 });
    expect(sim.snapshot().ports[1]).toMatchObject({ test: 50, stale: 20, foreign: 0 });
    expect(new Set(sim.taken.map(({ frame }) => headOf(frame))).size).toBe(2);
  });

  it("tells generations apart whose numbers have come round", () => {
    const sim = new SessionSim(2, 65_536);
    sim.add(simFlow("a", 1, { duration: { kind: "frames", frames: 4 } }));
    let first: Uint8Array[] = [];
    for (let start = 1; start <= 256; start++) {
      sim.command("start", ["a"]);
      sim.run(150_000);
      if (start === 1) first = sim.taken.map(({ frame }) => frame);
    }
    // 256 numbers, of which 0 is none: the 256th start has the first one's again.
    expect(headOf(sim.taken.at(-1)!.frame)).toBe(headOf(first[0]!));
    sim.wires[1]!.send(0, first);
    sim.quiet();
    expect(sim.counters("a")).toMatchObject({ generation: 256, received: 4, duplicate: 0, stale: 4 });
  });

  it("never counts what lies in a ring as sent, nor sends it with the next start", () => {
    const sim = new SessionSim();
    sim.add(simFlow("a", 1), simFlow("b", 2));
    sim.still.add(0);
    sim.command("start", ["a"]);
    sim.run(1e6);
    sim.command("stop", ["a"]);
    sim.quiet();
    const stopped = sim.counters("a");
    expect(stopped.sent).toBe(0);
    expect(stopped.inRing).toBeGreaterThan(50);
    expect(stopped.settled).toBe(false);
    expect(stopped.intended).toBe(stopped.inRing + stopped.missed + stopped.blocked);
    sim.command("start", ["a", "b"]);
    sim.run(100_000);
    sim.still.delete(0);
    sim.run(500_000);
    sim.command("stop", ["a", "b"]);
    sim.quiet();
    const again = sim.counters("a");
    expect(again).toMatchObject({ generation: 2, stale: stopped.inRing, inRing: 0, lost: 0, settled: true });
    expect(again.received).toBe(again.sent);
    const [tx, rx] = sim.snapshot().ports;
    expect(tx!.txFrames).toBe(sim.taken.length);
    expect(tx!.txFrames).toBe(stopped.inRing + again.sent + sim.counters("b").sent);
    expect(rx!.stale).toBe(stopped.inRing);
  });

  it("takes what a peer took along when it went for blocked", () => {
    const sim = new SessionSim();
    sim.add(simFlow("a", 1));
    sim.still.add(0);
    sim.command("start", ["a"]);
    sim.run(500_000);
    const inRing = sim.counters("a").inRing;
    sim.loop.attach(0, null);
    sim.run(200_000);
    sim.command("stop", ["a"]);
    sim.quiet();
    const counters = sim.counters("a");
    expect(inRing).toBeGreaterThan(20);
    expect(counters).toMatchObject({ sent: 0, inRing: 0, sentBytes: 0, received: 0, settled: true });
    expect(counters.blocked).toBeGreaterThanOrEqual(inRing + 15);
    expect(sim.snapshot().ports[0]).toMatchObject({ txFrames: 0, txBytes: 0, inRing: 0 });
  });

  it("counts each of several ports, any of them, and others", () => {
    const sim = new SessionSim(4);
    const duration = { kind: "frames", frames: 100 } as const;
    sim.add(simFlow("each", 1, { to: ["p1", "p2"], delivery: "each", duration }));
    sim.add(simFlow("any", 2, { to: ["p1", "p2"], duration }), simFlow("none", 3, { to: [], duration }));
    sim.command("start", ["each", "any", "none"]);
    const [each] = [sim.memory.heads[sim.flows.get("each")!.slot]];
    const device = (frame: Uint8Array): number[] => {
      if (headOf(frame) === sim.memory.heads[sim.flows.get("each")!.slot]! >>> 0)
        return sequenceOf(frame) < 10 ? [1, 3] : [1, 2];
      return [1 + (sequenceOf(frame) % 2)];
    };
    sim.run(1.5e6, device);
    sim.quiet(device);
    expect(each).toBeDefined();
    expect(sim.counters("each")).toMatchObject({ sent: 100, received: 190, lost: 10, elsewhere: 10, duplicate: 0 });
    expect(sim.counters("each").receivedAt).toEqual([
      { port: "p1", frames: 100 },
      { port: "p2", frames: 90 },
    ]);
    // A look while the loop takes four frames more: it writes the numbers first, and at which port they came after that.
    const { receivedAt, shape } = sim.memory;
    receivedAt[sim.flows.get("each")!.slot * shape.ports + 1]! -= 4;
    expect(sim.counters("each")).toMatchObject({ sent: 100, received: 186, duplicate: 0 });
    expect(sim.counters("any")).toMatchObject({ sent: 100, received: 100, lost: 0, reordered: 0 });
    expect(sim.counters("any").receivedAt.map(({ frames }) => frames)).toEqual([50, 50]);
    expect(sim.counters("none")).toMatchObject({
      sent: 100,
      received: 0,
      lost: 0,
      inFlight: 0,
      elsewhere: 100,
      settled: true,
    });
  });

  it("counts duplicates, reordering, damage and strangers", () => {
    const sim = new SessionSim();
    sim.add(simFlow("a", 1, { duration: { kind: "frames", frames: 100 } }));
    sim.command("start", ["a"]);
    const frames: Uint8Array[] = [];
    sim.run(1.5e6, (frame) => {
      frames.push(frame);
      return [];
    });
    const flipped = frames[5]!.slice();
    flipped[flipped.length - 10]! ^= 1;
    const longer = Uint8Array.of(...frames[6]!, 0, 0, 0, 0);
    const sent = [...frames.slice(7), frames[3]!, frames[3]!, frames[4]!, flipped, longer, new Uint8Array(60)];
    for (const frame of sent) {
      sim.wires[1]!.send(0, [frame]);
      sim.turn();
    }
    sim.quiet();
    expect(sim.counters("a")).toMatchObject({ received: 95, duplicate: 1, reordered: 2, corrupt: 1, lost: 5 });
    // 93 frames came before frame 3, and one more before frame 4.
    expect(sim.counters("a").reorderExtentMax).toBe(94);
    expect(sim.snapshot().ports[1]).toMatchObject({ test: 96, corrupt: 2, foreign: 1, rxFrames: 99 });
  });

  it("recognises frames without signature", () => {
    const sim = new SessionSim();
    const frames = { ...simFlow("", 1).frames, signed: false } as const;
    sim.add(simFlow("a", 1, { frames, duration: { kind: "frames", frames: 100 } }));
    sim.command("start", ["a"]);
    let n = 0;
    sim.run(2.5e6, () => (n++ % 4 === 0 ? [] : [1]));
    expect(sim.counters("a")).toMatchObject({ signed: false, sent: 100, received: 75, lost: 0, inFlight: 25 });
    sim.quiet();
    expect(sim.counters("a")).toMatchObject({
      received: 75,
      receivedBytes: 75 * 64,
      lost: 25,
      latencyNs: null,
      settled: true,
    });
    sim.remove("a");
    sim.wires[1]!.send(0, [sim.taken[0]!.frame]);
    sim.quiet();
    expect(sim.snapshot().ports[1]).toMatchObject({ foreign: 1, test: 75 });
  });

  it("begins changing fields anew with each start", () => {
    const sim = new SessionSim();
    const fields = [
      { target: { field: "udp.srcPort" }, change: { kind: "increment", min: 2000, max: 2999, step: 1 } },
    ] as const;
    const frames = { ...simFlow("", 1).frames, fields };
    sim.add(simFlow("a", 1, { frames, duration: { kind: "frames", frames: 30 } }), simFlow("b", 1, { frames }));
    for (const _ of [1, 2]) {
      sim.command("start", ["a"]);
      sim.run(1e6);
    }
    const ports = sim.taken.map(({ frame }) => (frame[34]! << 8) | frame[35]!);
    const once = Array.from({ length: 30 }, (_, k) => 2000 + k);
    expect(ports).toEqual([...once, ...once]);
  });

  it("gives back slots and memory of flows that are removed", () => {
    const sim = new SessionSim(2, 4);
    const before = sim.table.heap.taken;
    for (let round = 0; round < 50; round++) {
      sim.add(simFlow("a", 1), simFlow("b", 2), simFlow("c", 3), simFlow("d", 4));
      expect(() => sim.add(simFlow("e", 5))).toThrow(/has room for 4 flows/);
      sim.command("start", ["a", "c"]);
      sim.run(50_000);
      for (const name of ["a", "b", "c", "d"]) sim.remove(name);
    }
    sim.settleCommands();
    sim.quiet(straight);
    expect(sim.table.free).toBe(4);
    // JSON orders of this simulation stay.
    expect(sim.table.heap.taken - before).toBeLessThan(50 * 32 * 40);
  });

  it("uses the number of a group of flows with changing fields again", () => {
    const sim = new SessionSim(2, 4);
    const fields = [
      { target: { field: "udp.srcPort" }, change: { kind: "increment", min: 2000, max: 2999, step: 1 } },
    ] as const;
    const frames = { ...simFlow("", 1).frames, fields };
    for (let round = 0; round < 20; round++) {
      const duration = { kind: "frames", frames: 5 } as const;
      sim.add(simFlow("a", 1, { frames, duration }), simFlow("b", 2, { frames, duration }));
      sim.add(simFlow("c", 3, { frames, duration }));
      for (const { slot } of sim.flows.values()) expect(sim.memory.groupOf[slot]).toBeLessThan(2);
      sim.command("start", ["a", "b", "c"]);
      sim.run(200_000);
      for (const name of ["a", "c", "b"]) sim.remove(name);
    }
    const ports = sim.taken.map(({ frame }) => (frame[34]! << 8) | frame[35]!);
    expect(ports).toHaveLength(20 * 15);
    expect(new Set(ports)).toEqual(new Set([2000, 2001, 2002, 2003, 2004]));
  });

  it("knows the lengths of flows that run, after flows of many other lengths", () => {
    const sim = new SessionSim(2, 4);
    const layers = layersOf(defaultPlainTraffic, 1);
    const duration = { kind: "frames", frames: 1 } as const;
    for (let k = 0; k < 80; k++) {
      const frames = { kind: "stream", layers, size: fixedSize(64 + k) } as const;
      sim.add(simFlow("a", 1, { frames, duration }));
      sim.command("start", ["a"]);
      sim.run(40_000, () => []);
      const longer = Uint8Array.of(...sim.taken.at(-1)!.frame, 0, 0, 0, 0);
      sim.wires[1]!.send(0, [longer]);
      sim.turn();
      expect(sim.counters("a")).toMatchObject({ corrupt: 1 });
      sim.remove("a");
    }
    sim.quiet();
    expect(sim.snapshot().ports[1]).toMatchObject({ corrupt: 80, foreign: 0 });
  });
});
