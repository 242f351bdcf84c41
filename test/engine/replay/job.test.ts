/** When frames of a replay leave, and where: a replay on a clock that the test moves. */
import { describe, expect, it } from "vitest";
import { type Device, echo, everyNs, ReplaySim, silent, sink } from "../../support/replay-sim.js";
import { ids, upTo } from "./replay-checks.js";

/** The first frame leaves in the turn after the one that starts the clock. All others are exact to a few reads of 20 ns. */
const exactNs = 500;

function expectTimes(sim: ReplaySim, times: readonly number[]): void {
  const departures = sim.departures();
  expect(departures.length).toBe(times.length);
  for (const [i, atNs] of departures.entries()) expect(Math.abs(atNs - times[i]!)).toBeLessThan(exactNs);
}

describe("frames leave when they are due", () => {
  it.each([
    ["with the file's gaps", { kind: "original", speed: 1 } as const, 10_000],
    ["at twice the file's speed", { kind: "original", speed: 2 } as const, 5_000],
    ["at a rate", { kind: "pps", pps: 50_000 } as const, 20_000],
    ["at a rate of bits", { kind: "bps", bps: 64e6, overheadBytes: 4 } as const, 8_000],
  ])("%s", (_, pace, gapNs) => {
    const sim = new ReplaySim();
    const report = sim.run(everyNs(10_000, 100), { pace });
    expect(ids(sim)).toEqual(upTo(100));
    expectTimes(
      sim,
      upTo(100).map((i) => i * gapNs),
    );
    expect(report).toMatchObject({ late: 0, tooLong: 0, loops: 1, blockedNs: 0, unanswered: 0, cutShort: null });
    expect(report.lagMaxNs).toBeLessThan(exactNs);
    expect(report.gapOff).toMatchObject({ gaps: 99, within1us: 1, within10us: 1, within100us: 1 });
    expect(Math.abs(report.windowNs - 99 * gapNs)).toBeLessThan(exactNs);
    expect(report.ports).toEqual([
      {
        published: 100,
        publishedByQueue: [100],
        outstanding: 0,
        bytes: 6000,
        received: 0,
        receivedBytes: 0,
      },
    ]);
  });

  it("in every loop, with the delay between loops", () => {
    const sim = new ReplaySim();
    const report = sim.run(everyNs(10_000, 3), { loops: 3, loopDelayNs: 5_000 });
    expect(ids(sim)).toEqual([0, 1, 2, 0, 1, 2, 0, 1, 2]);
    expectTimes(sim, [0, 10_000, 20_000, 25_000, 35_000, 45_000, 50_000, 60_000, 70_000]);
    expect(report.loops).toBe(3);
  });

  it("the first one, too, and one that comes 10 s later", () => {
    const sim = new ReplaySim();
    sim.feed([{ timeNs: 0 }, { timeNs: 10e9 }]);
    sim.endFeed();
    sim.begin();
    sim.until(() => sim.taken.length === 1, sink);
    // Turns of 1 ms up to shortly before the second frame: its time is far beyond 2^31 ns.
    sim.turnNs = 1_000_000;
    sim.until(() => sim.timeNs > 9.99e9, sink);
    sim.turnNs = 400;
    sim.until(() => sim.done, sink);
    expect(sim.report()).toMatchObject({ late: 0 });
    expect(sim.report().lagMaxNs).toBeLessThan(exactNs);
    expectTimes(sim, [0, 10e9]);
  });

  it("a loop that was away sends what is overdue at once, and says how late it was", () => {
    const sim = new ReplaySim();
    sim.feed(everyNs(10_000, 50));
    sim.endFeed();
    sim.begin();
    sim.until(() => sim.taken.length === 10, sink);
    sim.nowNs += 205_000;
    sim.until(() => sim.done, sink);
    const report = sim.report();
    expect(ids(sim)).toEqual(upTo(50));
    // 21 frames were due meanwhile. The last of them was due 4.5 µs before: that is not late.
    expect(report.late).toBe(19);
    expect(report.lagMaxNs).toBeGreaterThan(190_000);
    expect(report.gapOff!.maxNs).toBeGreaterThan(190_000);
    expect(report.blockedNs).toBe(0);
  });
});

describe("without times", () => {
  it("at top speed every frame of every loop leaves in order, and gaps have no figures", () => {
    const sim = new ReplaySim({ size: 64 });
    const report = sim.run(everyNs(1e9, 100), { pace: { kind: "max" }, loops: 7 });
    expect(ids(sim)).toEqual(Array.from({ length: 7 }, () => upTo(100)).flat());
    expect(report).toMatchObject({ late: 0, lagMaxNs: 0, gapOff: null, loops: 7, cutShort: null });
    expect(report.windowNs).toBeLessThan(1e6);
  });

  it("at top speed the delay between loops is kept", () => {
    const sim = new ReplaySim();
    sim.run(everyNs(1e9, 3), { pace: { kind: "max" }, loops: 3, loopDelayNs: 100_000 });
    const times = sim.departures();
    expect(times.length).toBe(9);
    for (const at of [3, 6]) expect(Math.abs(times[at]! - times[at - 1]! - 100_000)).toBeLessThan(exactNs);
  });

  it("one by one, each frame waits for one that comes back", () => {
    const sim = new ReplaySim();
    let inFlight = 0;
    const oneByOne: Device = () => {
      inFlight = Math.max(inFlight, sim.wires[0]!.peer(0).rx.pending());
      echo(sim);
    };
    const pace = { kind: "one", timeoutNs: 1e6 } as const;
    const report = sim.run(everyNs(0, 20), { pace, awaited: "each" }, oneByOne);
    expect(report).toMatchObject({ unanswered: 0, gapOff: null });
    expect(report.ports[0]).toMatchObject({ published: 20, received: 20, receivedBytes: 1200 });
    expect(inFlight).toBe(1);
  });

  it("one by one, a frame that nothing answers is waited for so long, and counted", () => {
    const sim = new ReplaySim();
    const report = sim.run(everyNs(0, 5), { pace: { kind: "one", timeoutNs: 50_000 } });
    expect(ids(sim)).toEqual(upTo(5));
    for (const [i, atNs] of sim.departures().entries()) {
      expect(atNs).toBeGreaterThanOrEqual(i * 50_000);
      expect(atNs).toBeLessThan(i * 50_000 + i * 2 * sim.turnNs + exactNs);
    }
    expect(report.unanswered).toBe(5);
  });
});

describe("where frames leave", () => {
  it("by two ports as the pipe says, each in order", () => {
    const sim = new ReplaySim({ ports: 2, senders: 2 });
    const frames = everyNs(1_000, 40).map((frame, i) => ({ ...frame, port: i % 3 === 0 ? 1 : 0 }));
    const report = sim.run(frames);
    const of = (port: number): number[] => sim.taken.filter((frame) => frame.port === port).map(({ id }) => id);
    expect(of(1)).toEqual(upTo(40).filter((id) => id % 3 === 0));
    expect(of(0)).toEqual(upTo(40).filter((id) => id % 3 !== 0));
    expect(report.ports.map(({ published, bytes }) => [published, bytes])).toEqual([
      [26, 26 * 60],
      [14, 14 * 60],
    ]);
  });

  it("all by the first port where the second one only receives", () => {
    const sim = new ReplaySim({ ports: 2, senders: 1 });
    const relay: Device = () => {
      for (const { frame } of sim.take()) sim.wires[1]!.send(0, [frame]);
    };
    const frames = everyNs(1_000, 10).map((frame, i) => ({ ...frame, port: i % 2 }));
    const report = sim.run(frames, { awaited: "each" }, relay);
    expect(report.ports.map(({ published, received }) => [published, received])).toEqual([
      [10, 0],
      [0, 10],
    ]);
  });

  it.each([{ kind: "original", speed: 1 } as const, { kind: "max" } as const])(
    "by the queue that a frame's spread says, at pace $kind",
    (pace) => {
      const sim = new ReplaySim({ queues: 4 });
      const report = sim.run(
        everyNs(1_000, 40).map((frame, i) => ({ ...frame, spread: i + 2 })),
        { pace },
      );
      expect(report.ports[0]!.publishedByQueue).toEqual([10, 10, 10, 10]);
      for (const { id, queue } of sim.taken) expect(queue).toBe((id + 2) % 4);
    },
  );
});

describe("a replay is a count: what finds no room waits", () => {
  it.each([{ kind: "original", speed: 1 } as const, { kind: "max" } as const])(
    "until the peer goes on, at pace $kind; the time is counted",
    (pace) => {
      const sim = new ReplaySim({ size: 16 });
      sim.feed(everyNs(1_000, 100));
      sim.endFeed();
      sim.begin({ pace });
      sim.until(() => sim.timeNs > 300_000, silent);
      const report = sim.report();
      expect(report.ports[0]).toMatchObject({ published: 16, outstanding: 16 });
      sim.until(() => sim.done, sink);
      expect(ids(sim)).toEqual(upTo(100));
      expect(sim.report()).toMatchObject({ cutShort: null, ports: [{ published: 100, outstanding: 0 }] });
      expect(sim.report().blockedNs).toBeGreaterThan(250_000);
      expect(sim.report().blockedNs).toBeLessThan(400_000);
    },
  );

  it("after 5 s it is given up: stuck", () => {
    const sim = new ReplaySim({ size: 16 });
    sim.turnNs = 100_000;
    const report = sim.run(everyNs(1_000, 100), {}, silent);
    expect(report).toMatchObject({ cutShort: "stuck", ports: [{ published: 16, outstanding: 16 }] });
    expect(report.elapsedNs).toBeGreaterThan(5e9);
    expect(report.elapsedNs).toBeLessThan(5.1e9);
  });

  it("one full ring holds up the frames after it, and none overtakes", () => {
    const sim = new ReplaySim({ ports: 2, senders: 2, size: 16 });
    sim.feed(everyNs(1_000, 60).map((frame, i) => ({ ...frame, port: i % 2 })));
    sim.endFeed();
    sim.begin();
    const onlySecond: Device = () => {
      sim.wires[1]!.receive(0);
    };
    sim.until(() => sim.timeNs > 100_000, onlySecond);
    expect(sim.report().ports.map(({ published }) => published)).toEqual([16, 16]);
    sim.until(() => sim.done, sink);
    expect(sim.report().ports.map(({ published }) => published)).toEqual([30, 30]);
  });

  it("a frame that no buffer can hold is passed over and counted", () => {
    for (const pace of [{ kind: "original", speed: 1 } as const, { kind: "max" } as const]) {
      const sim = new ReplaySim({ bufferBytes: 256 });
      const frames = everyNs(1_000, 30).map((frame, i) => ({ ...frame, length: i % 10 === 3 ? 1000 : 60 }));
      const report = sim.run(frames, { pace, loops: 2 });
      expect(report).toMatchObject({ tooLong: 6, ports: [{ published: 54 }] });
      const once = upTo(30).filter((i) => i % 10 !== 3);
      expect(ids(sim)).toEqual([...once, ...once]);
    }
  });
});
