/** Somebody changes the load of a trial while it runs: what was due before stays, nothing is lost, and counts are exact. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TrialSpec } from "../../../src/engine/loop/trial-spec.js";
import { generatorCounter } from "../../../src/engine/trial/counters.js";
import type { TrialReport } from "../../../src/stats/trial-report.js";
import type { TrafficStream } from "../../../src/stream/index.js";
import { fixedSize } from "../../../src/units.js";
import { type Device, echo, GeneratorSim } from "../../support/generator-sim.js";
import { trafficSpec, trafficStream } from "../../support/traffic-specs.js";

interface Change {
  /** Since the trial's start. */
  readonly atNs: number;
  readonly speed: number;
  readonly totalPps: number;
  readonly stream?: number;
}

/** A trial with these changes, in a device that gives everything back; when each frame was taken from the ring, by stream. */
function changed(spec: Partial<TrialSpec>, changes: readonly Change[], queues = 1) {
  const sim = new GeneratorSim({ queues });
  sim.readNs = 1;
  sim.turnNs = 200;
  const times: number[][] = [[], [], []];
  const device: Device = (frames, queue, nowNs) => {
    for (const frame of frames) times[((frame[34]! << 8) | frame[35]!) % 3]!.push(nowNs - beganNs);
    return echo(frames, queue, nowNs);
  };
  sim.begin(spec);
  const beganNs = sim.after(0);
  const left = [...changes];
  for (let turn = 0; turn < 2_000_000 && !sim.done; turn++) {
    while (left.length > 0 && sim.nowNs - beganNs >= left[0]!.atNs) {
      const { speed, totalPps, stream } = left.shift()!;
      sim.change(speed, totalPps, stream);
    }
    sim.turn(device);
  }
  expect(sim.done).toBe(true);
  return { report: sim.report(), times, sim };
}

const timed = (load: TrialSpec["load"], durationNs: number): Partial<TrialSpec> => ({ load, durationNs, count: null });
const at100k = timed({ kind: "paced", pps: 100_000 }, 40e6);

/** Everything that was due was sent in time and is back. */
function expectWhole({ transmit, receive }: TrialReport): number {
  const published = transmit.queues.reduce((sum, queue) => sum + queue.published, 0);
  const outstanding = transmit.queues.reduce((sum, queue) => sum + queue.outstanding, 0);
  expect({ outstanding, missed: transmit.missed, blocked: transmit.blocked, late: transmit.late }).toEqual({
    outstanding: 0,
    missed: 0,
    blocked: 0,
    late: 0,
  });
  expect(transmit.intended).toBe(published);
  expect(receive).toMatchObject({ accepted: published, duplicate: 0, reordered: 0, corrupt: 0, foreign: 0, stale: 0 });
  return published;
}

const between = (times: readonly number[], fromNs: number, toNs: number): number =>
  times.filter((ns) => ns >= fromNs && ns < toNs).length;

describe("a load that somebody changes while it runs", () => {
  it.each([1, 3])("stands still while it is paused, and goes on where it was, over %i queues", (queues) => {
    const pause = { atNs: 10e6, speed: 0, totalPps: 0 };
    const { report, times } = changed(at100k, [pause, { atNs: 25e6, speed: 1, totalPps: 100_000 }], queues);
    // A change is taken at the next look, within a millisecond.
    const sent = expectWhole(report);
    expect(Math.abs(sent - 2_500)).toBeLessThanOrEqual(100);
    const all = times.flat();
    expect(between(all, 11.1e6, 24.9e6)).toBe(0);
    expect(between(all, 27e6, 37e6)).toBeCloseTo(1_000, -1);
    expect(report.transmit.pacing).toBeNull();
  });

  it("has another rate from then on: no burst, and no gap longer than the new one", () => {
    const slower = { atNs: 10e6, speed: 0.1, totalPps: 10_000 };
    const { report, times } = changed(at100k, [slower, { atNs: 30e6, speed: 2, totalPps: 200_000 }]);
    expectWhole(report);
    const all = times.flat();
    expect(between(all, 0, 10e6)).toBeCloseTo(1_000, -1);
    expect(between(all, 12e6, 30e6)).toBeCloseTo(180, -1);
    expect(between(all, 32e6, 40e6)).toBeCloseTo(1_600, -2);
    const gaps = all.slice(1).map((ns, k) => ns - all[k]!);
    expect(Math.max(...gaps)).toBeLessThan(101_000);
    expect(report.transmit.windowNs).toBeGreaterThan(39.9e6);
  });

  it("sends exactly a count, however often it is paused", () => {
    const spec = { load: { kind: "paced", pps: 100_000 }, count: 1_000 } as const;
    const changes = [2e6, 6e6, 10e6].flatMap((atNs) => [
      { atNs, speed: 0, totalPps: 0 },
      { atNs: atNs + 3e6, speed: 1, totalPps: 100_000 },
    ]);
    const { report } = changed(spec, changes);
    expect(expectWhole(report)).toBe(1_000);
    expect(report.transmit.lastNs).toBeGreaterThan(16e6);
  });

  it("stands still at max, and is not given up for it", () => {
    const spec = timed({ kind: "max" }, 8e9);
    const sim = new GeneratorSim();
    sim.turnNs = 1e6;
    sim.begin(spec);
    for (let turn = 0; turn < 100; turn++) sim.turn(echo);
    sim.change(0, 0);
    for (let turn = 0; turn < 2; turn++) sim.turn(echo);
    const published = (): number => sim.counters[generatorCounter.published]!;
    const before = published();
    for (let turn = 0; turn < 6_000; turn++) sim.turn(echo);
    expect(published()).toBe(before);
    sim.change(1, 1);
    for (let turn = 0; turn < 4_000 && !sim.done; turn++) sim.turn(echo);
    expect(sim.done).toBe(true);
    const report = sim.report();
    expect(report.transmit.cutShort).toBeNull();
    expect(published()).toBeGreaterThan(before);
  });

  it("is told with the counters: how often it was changed, and latencies until now", () => {
    const { sim } = changed(at100k, [{ atNs: 10e6, speed: 0.5, totalPps: 50_000 }]);
    expect(sim.counters[generatorCounter.turns]).toBe(1);
    expect(sim.latency().count).toBe(sim.report().receive.accepted);
  });

  it("does not take what was meant for another trial", () => {
    const sim = new GeneratorSim();
    sim.begin({ ...at100k, trial: 9 });
    sim.change(0, 0);
    for (let turn = 0; turn < 500_000 && !sim.done; turn++) sim.turn(echo);
    expect(expectWhole(sim.report())).toBe(4_000);
    expect(sim.counters[generatorCounter.turns]).toBe(0);
  });
});

describe("streams of which some are changed", () => {
  const pps = [40_000, 10_000, 5_000];
  const stream = (number: number, changes: Partial<TrafficStream> = {}): TrafficStream =>
    trafficStream({ name: `s${number}`, rate: { kind: "pps", pps: pps[number]! }, ...changes });
  const numbered = (number: number): Partial<TrafficStream> => ({
    fields: [
      {
        target: { field: "udp.srcPort" },
        change: { kind: "increment", min: 3_000 + number, max: 3_000 + number, step: 1 },
      },
    ],
  });
  const three = (changes: readonly Partial<TrafficStream>[] = [{}, {}, {}]): Partial<TrialSpec> => ({
    ...timed({ kind: "own", lineRateBps: null }, 40e6),
    size: fixedSize(128),
    stream: trafficSpec([0, 1, 2].map((k) => stream(k, { ...numbered(k), ...changes[k] }))),
  });

  it("leave the others as they are", () => {
    const undisturbed = changed(three(), []);
    const pause = { atNs: 10e6, speed: 0, totalPps: 15_000, stream: 0 };
    const faster = { atNs: 15e6, speed: 3, totalPps: 25_000, stream: 2 };
    const disturbed = changed(three(), [pause, faster, { atNs: 30e6, speed: 1, totalPps: 65_000, stream: 0 }]);
    expectWhole(disturbed.report);
    const [paused, other, fast] = disturbed.times as [number[], number[], number[]];
    expect(other.length).toBe(undisturbed.times[1]!.length);
    expect(Math.max(...other.map((ns, k) => Math.abs(ns - undisturbed.times[1]![k]!)))).toBeLessThan(2_000);
    expect(between(paused, 11.1e6, 30e6)).toBe(0);
    expect(between(paused, 32e6, 40e6)).toBeCloseTo(320, -1);
    expect(between(fast, 17e6, 40e6)).toBeCloseTo(345, -1);
    expect(disturbed.report.transmit.streams!.map(({ missed, late }) => [missed, late])).toEqual([
      [0, 0],
      [0, 0],
      [0, 0],
    ]);
  });

  it("may all be paused, one by one, and the trial lasts as long as it was asked for", () => {
    const pauses = [0, 1, 2].map((k) => ({ atNs: 10e6 + k, speed: 0, totalPps: 0, stream: k }));
    const { report } = changed(three(), pauses);
    expectWhole(report);
    expect(report.transmit.windowNs).toBeGreaterThan(39e6);
    const at30 = { atNs: 30e6, speed: 1, totalPps: 40_000, stream: 0 };
    expect(expectWhole(changed(three(), [...pauses, at30]).report)).toBeGreaterThan(900);
  });

  it("share the load at max again once they go on, and do not make up for the pause", () => {
    // A change takes effect within 1 ms.
    const { report, times } = changed({ ...three(), ...timed({ kind: "max" }, 5e6) }, [
      { atNs: 0.5e6, speed: 0, totalPps: 0, stream: 1 },
      { atNs: 2.5e6, speed: 1, totalPps: 0, stream: 1 },
    ]);
    expectWhole(report);
    const [first, paused, third] = times as [number[], number[], number[]];
    expect(between(paused, 1.6e6, 2.5e6)).toBe(0);
    const againNs = paused.find((ns) => ns > 2.5e6)!;
    // 40 : 10 : 5, before the pause and right after it.
    for (const [fromNs, toNs] of [
      [0.1e6, 0.5e6],
      [againNs, againNs + 0.2e6],
      [4.3e6, 5e6],
    ] as const) {
      const share = between(paused, fromNs, toNs);
      expect(share).toBeGreaterThan(100);
      expect(between(first, fromNs, toNs) / share).toBeCloseTo(4, 1);
      expect(between(third, fromNs, toNs) / share).toBeCloseTo(0.5, 1);
    }
  });

  it("go on at max though all of them were paused one by one", () => {
    const turnsOf = (atNs: number, speed: number): Change[] =>
      [0, 1, 2].map((stream) => ({ atNs: atNs + stream, speed, totalPps: 0, stream }));
    const spec = { ...three(), ...timed({ kind: "max" }, 4e6) };
    const { report, times } = changed(spec, [...turnsOf(0.5e6, 0), ...turnsOf(2e6, 1)]);
    expectWhole(report);
    const [first, second] = times as [number[], number[]];
    expect(between(first, 1.6e6, 2e6)).toBe(0);
    expect(between(first, 3.1e6, 4e6) / between(second, 3.1e6, 4e6)).toBeCloseTo(4, 1);
  });

  it("have bursts, ramps and random gaps at another rate, too", () => {
    const schedules = three([
      { schedule: { kind: "bursts", startNs: 0, frames: 10, bursts: null, gapNs: 1e6 } },
      { schedule: { kind: "poisson", startNs: 0, seed: 4 } },
      { schedule: { kind: "ramp", startNs: 0, fromShare: 0, toShare: 1, rampNs: 20e6 } },
    ]);
    const turns = [0, 1, 2].flatMap((k) => [
      { atNs: 5e6, speed: 0.5, totalPps: 27_500, stream: k },
      { atNs: 20e6, speed: 0, totalPps: 27_500, stream: k },
      { atNs: 25e6, speed: 2, totalPps: 110_000, stream: k },
    ]);
    const all = [
      { atNs: 12e6, speed: 0.5, totalPps: 55_000 },
      { atNs: 16e6, speed: 1, totalPps: 55_000 },
    ];
    const sorted = [...turns, ...all].sort((a, b) => a.atNs - b.atNs);
    const plain = expectWhole(changed(schedules, []).report);
    const sent = expectWhole(changed(schedules, sorted).report);
    // 5 ms as planned, 7 at a half, 4 at a quarter, 4 at a half, none for 5, then 15 at twice the speed: 41.5 of 40 ms.
    expect(Math.abs(sent - plain)).toBeLessThan(plain * 0.25);
  });

  it("add up whatever is done", () => {
    const change = fc.record({
      atNs: fc.integer({ min: 0, max: 20e6 }),
      speed: fc.constantFrom(0, 0.25, 0.5, 1, 2),
      totalPps: fc.constantFrom(0, 20_000, 55_000, 110_000),
      stream: fc.integer({ min: -1, max: 2 }),
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 8 }), (changes) => {
        const ordered = [...changes].sort((a, b) => a.atNs - b.atNs);
        const { report } = changed({ ...three(), durationNs: 20e6 }, ordered);
        const { transmit, receive } = report;
        const sent = transmit.streams!.reduce((sum, each) => sum + each.sent, 0);
        expect(transmit.intended).toBe(sent + transmit.blocked + transmit.missed);
        expect(receive.accepted).toBe(sent);
        expect(receive.streams!.map(({ accepted }) => accepted)).toEqual(transmit.streams!.map((each) => each.sent));
      }),
      { numRuns: 12 },
    );
  });
});
