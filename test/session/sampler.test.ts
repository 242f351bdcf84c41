/** The pass over arrays gives the same rows as plain objects, flow by flow, whatever became of their frames. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { OverdueBook } from "../../src/session/overdue-book.js";
import type { FlowCounters, FlowSpec } from "../../src/session/types.js";
import { defaultPlainTraffic, layersOf } from "../../src/stream/spec.js";
import { plainCounters } from "../support/plain-sampler.js";
import { SessionSim, type SimDevice, settleNs, simFlow } from "../support/session-sim.js";

const ports = 4;

/** A frame's way: lost, once, twice, at a wrong port, held back until the next one. */
function deviceOf(fates: readonly number[]): SimDevice {
  let number = 0;
  return (_, port) => {
    const fate = fates[number++ % fates.length]!;
    if (fate === 0) return [];
    if (fate === 1) return [port ^ 1, port ^ 1];
    if (fate === 2) return [port ^ 2];
    if (fate === 3) return [0, 1, 2, 3].filter((to) => to !== port);
    return [port ^ 1];
  };
}

const arbitraryFlow = fc.record({
  to: fc.uniqueArray(fc.constantFrom("p1", "p2", "p3"), { maxLength: 3 }),
  delivery: fc.constantFrom("any", "each"),
  signed: fc.boolean(),
  pps: fc.integer({ min: 20_000, max: 300_000 }),
  frames: fc.option(fc.integer({ min: 1, max: 60 })),
});

const specOf = (
  { to, delivery, signed, pps, frames }: typeof arbitraryFlow extends fc.Arbitrary<infer T> ? T : never,
  k: number,
): FlowSpec => {
  const { frames: content, ...rest } = simFlow(`f${k}`, k);
  return {
    ...rest,
    ...{ to, delivery, frames: { ...content, signed }, rate: { kind: "pps", pps } },
    ...(frames === null ? {} : { duration: { kind: "frames", frames } }),
  };
};

const step = fc.record({
  deed: fc.constantFrom("start", "stop", "pause", "resume", "run", "still"),
  flow: fc.nat(),
  ns: fc.integer({ min: 1_000, max: 600_000 }),
});

/** What a row says, as plain data, without rates. */
function plainRow(row: FlowCounters): object {
  const { txPps, rxPps, txBpsL1, rxBpsL1, ...rest } = JSON.parse(JSON.stringify(row)) as FlowCounters;
  expect([txPps, rxPps, txBpsL1, rxBpsL1].every(Number.isFinite)).toBe(true);
  return rest;
}

it("a sample's rows are those of plain objects", () => {
  const property = fc.property(
    fc.array(arbitraryFlow, { minLength: 1, maxLength: 6 }),
    fc.array(fc.nat(6), { minLength: 1, maxLength: 12 }),
    fc.array(step, { minLength: 1, maxLength: 12 }),
    (flows, fates, steps) => {
      const sim = new SessionSim(ports, 64, 64);
      sim.add(...flows.map(specOf));
      const names = flows.map((_, k) => `f${k}`);
      const device = deviceOf(fates);
      const book = new OverdueBook(sim.memory.shape.capacity, settleNs);
      sim.command("start", names);
      for (const { deed, flow, ns } of steps) {
        if (deed === "still") sim.still.add(flow % ports);
        else if (deed === "run") sim.still.clear();
        else sim.command(deed, [names[flow % names.length]!]);
        sim.run(ns, device);
        const rows = sim.snapshot().flows;
        const nowNs = sim.loop.clock.nowNs;
        const plain = [...sim.flows.values()].map((each) => plainCounters(sim.memory, each, { nowNs, settleNs, book }));
        expect(rows.map(plainRow)).toEqual(plain);
      }
    },
  );
  fc.assert(property, { numRuns: 60 });
});

/** Frames of the flow with this number that the device took, in the order that they left in: bytes with FCS. */
const tookOf = (sim: SessionSim, number: number): number[] =>
  sim.taken
    .filter(({ frame }) => ((frame[34]! << 8) | frame[35]!) === 1024 + number)
    .map(({ frame }) => frame.length + 4);
const bytesOf = (frames: readonly number[]): number => frames.reduce((total, bytes) => total + bytes, 0);

const mix = {
  kind: "mix",
  parts: [
    { frameBytes: 64, weight: 2 },
    { frameBytes: 128, weight: 1 },
    { frameBytes: 1001, weight: 1 },
  ],
} as const;

/** One of one size and two of several, one of which has no signatures. */
function threeFlows(pps: number): FlowSpec[] {
  const plain = simFlow("", 0).frames;
  const frames = (number: number, more: object): FlowSpec["frames"] =>
    ({ ...simFlow("", number).frames, ...more }) as typeof plain;
  const rate = { kind: "pps", pps } as const;
  return [
    simFlow("f1", 1, { rate }),
    simFlow("f2", 2, { rate, frames: frames(2, { size: mix }) }),
    simFlow("f3", 3, { rate, frames: frames(3, { size: mix, signed: false }) }),
  ];
}

/** What counts as sent is what left first; the device has taken that. */
function expectSentBytes(sim: SessionSim): void {
  for (const number of [1, 2, 3]) {
    const { sent, sentBytes } = sim.counters(`f${number}`);
    const took = tookOf(sim, number);
    expect(took.length).toBeGreaterThanOrEqual(sent);
    expect(sentBytes).toBe(bytesOf(took.slice(0, sent)));
  }
}

it.each([50_000, 400_000, 1_000_000])("bytes are those of the frames that count as sent: %i pps", (pps) => {
  const sim = new SessionSim();
  sim.add(...threeFlows(pps));
  sim.command("start", ["f1", "f2", "f3"]);
  for (let turn = 0; turn < 400; turn++) {
    if (turn % 50 === 30) sim.still.add(0);
    if (turn % 50 === 40) sim.still.delete(0);
    sim.turn();
    expectSentBytes(sim);
  }
});

it("frames in the ring of a new peer are not sent, whatever had gone with the peer before", () => {
  const sim = new SessionSim();
  sim.add(...threeFlows(100_000));
  const names = ["f1", "f2", "f3"];
  sim.command("start", names);
  for (const round of [1, 2, 3]) {
    sim.run(1_000_000 * round);
    sim.still.add(0);
    sim.run(200_000);
    sim.command("pause", names);
    sim.run(3_000_000);
    expectSentBytes(sim);
    for (const [k, name] of names.entries()) {
      const { sent, inRing } = sim.counters(name);
      expect(sent).toBe(tookOf(sim, k + 1).length);
      expect(inRing).toBeGreaterThan(10);
    }
    sim.still.delete(0);
    sim.replug(0);
    sim.run(100_000);
    expectSentBytes(sim);
    sim.command("resume", names);
  }
});

it("a flow in the place of another one has its own latency", () => {
  const sim = new SessionSim();
  const ten = { duration: { kind: "frames", frames: 10 } } as const;
  sim.add(simFlow("a", 1, ten));
  sim.command("start", ["a"]);
  sim.quiet();
  const before = sim.counters("a").latencyNs!;
  sim.remove("a");
  sim.turnNs = 40_000;
  sim.add(simFlow("b", 2, ten));
  sim.command("start", ["b"]);
  sim.quiet();
  const { received, latencyNs } = sim.counters("b");
  expect(received).toBe(10);
  expect(latencyNs!.min).toBeGreaterThan(before.max);
});

it("bytes are whole where some frames of several sizes came in after their peer had left", () => {
  const sim = new SessionSim();
  const parts = [64, 65, 70, 99, 128].map((frameBytes) => ({ frameBytes, weight: 1 }));
  const layers = layersOf(defaultPlainTraffic, 1);
  const size = { kind: "mix", name: "five", parts } as const;
  sim.add(simFlow("a", 1, { frames: { kind: "stream", layers, size } }));
  sim.still.add(0);
  sim.command("start", ["a"]);
  sim.run(200_000);
  const sent = sim.wires[0]!.receive(0);
  sim.loop.attach(0, null);
  expect(sent.length).toBeGreaterThan(10);
  for (const frame of sent) {
    sim.wires[1]!.send(0, [frame]);
    sim.run(2_000);
    expect(Number.isInteger(sim.counters("a").sentBytes)).toBe(true);
  }
});
