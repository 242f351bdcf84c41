import { describe, expect, it } from "vitest";
import { replayCounter } from "../../../src/engine/replay/spec.js";
import { PktgenError } from "../../../src/errors.js";
import { RingFault as Fault, type RingFault } from "../../../src/ring/ring.js";
import { type Device, echo, everyNs, ReplaySim, silent, sink } from "../../support/replay-sim.js";

/** The clock's reads take 20 ns in the rig, and a departure needs a few of them. */
const exactNs = 100;

const ids = (sim: ReplaySim): number[] => sim.taken.map(({ id }) => id);
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

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
    const report = sim.run(everyNs(0, 20), { pace, expectBack: true }, oneByOne);
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
    const report = sim.run(frames, { expectBack: true }, relay);
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

describe("where a replay ends", () => {
  it.each([{ kind: "original", speed: 1 } as const, { kind: "max" } as const])("at a count, at pace $kind", (pace) => {
    const sim = new ReplaySim();
    const report = sim.run(everyNs(1_000, 10), { pace, loops: Number.POSITIVE_INFINITY, count: 25 });
    expect(report).toMatchObject({ cutShort: "limit", loops: 3, ports: [{ published: 25 }] });
    expect(ids(sim)).toEqual([...upTo(10), ...upTo(10), ...upTo(5)]);
  });

  it("after a time: a frame that is due at its end does not leave", () => {
    const sim = new ReplaySim();
    const report = sim.run(everyNs(10_000, 100), { durationNs: 500_000 });
    expect(report).toMatchObject({ cutShort: "limit", ports: [{ published: 50 }] });
  });

  it("when it is told to", () => {
    const sim = new ReplaySim();
    sim.feed(everyNs(10_000, 100));
    sim.endFeed();
    sim.begin();
    sim.until(() => sim.taken.length === 20, sink);
    sim.command({ kind: "stop" });
    sim.until(() => sim.done, sink);
    expect(sim.report()).toMatchObject({ cutShort: "stopped", ports: [{ published: 20, outstanding: 0 }] });
    sim.command({ kind: "stop" });
    expect(sim.report().cutShort).toBe("stopped");
  });

  it("a slow file is waited for: not before it has ended", () => {
    const sim = new ReplaySim();
    sim.begin();
    for (let turn = 0; turn < 1000; turn++) sim.turn(sink);
    expect(sim.taken).toEqual([]);
    sim.feed(everyNs(1_000, 10));
    for (let turn = 0; turn < 1000; turn++) sim.turn(sink);
    expect(sim.taken).toEqual([]);
    sim.endFeed();
    sim.until(() => sim.done, sink);
    expect(sim.report()).toMatchObject({ cutShort: null, late: 0, ports: [{ published: 10 }] });
  });

  it("when a peer goes: what it took until then was sent, the rest not", () => {
    const sim = new ReplaySim({ size: 64 });
    sim.feed(everyNs(1_000, 100));
    sim.endFeed();
    sim.begin();
    sim.until(() => sim.taken.length === 20, sink);
    sim.until(() => sim.report().ports[0]!.published >= 30, silent);
    const { published } = sim.report().ports[0]!;
    sim.lose(0);
    sim.until(() => sim.done, silent);
    const report = sim.report();
    expect(report.cutShort).toBe("peer gone");
    expect(report.ports[0]).toMatchObject({ published, outstanding: published - 20 });
  });

  it("when a peer goes that took all of it, nothing is outstanding", () => {
    const sim = new ReplaySim({ size: 64 });
    sim.feed(everyNs(10_000, 100));
    sim.endFeed();
    sim.begin();
    sim.until(() => sim.taken.length === 20, sink);
    sim.lose(0);
    sim.until(() => sim.done, silent);
    expect(sim.report().ports[0]).toMatchObject({ published: 20, outstanding: 0 });
  });

  it("when a peer goes before anything was sent; one that comes back gets nothing", () => {
    const sim = new ReplaySim();
    sim.feed(everyNs(1_000, 10));
    sim.begin();
    sim.turn(sink);
    sim.lose(0);
    sim.job.attach(0, sim.wires[0]!.port());
    sim.endFeed();
    sim.until(() => sim.done, sink);
    expect(sim.report()).toMatchObject({ cutShort: "peer gone", ports: [{ published: 0, bytes: 0 }] });
  });

  it("a peer that goes after the end is no reason any more", () => {
    const sim = new ReplaySim();
    sim.run(everyNs(1_000, 10));
    sim.lose(0);
    expect(sim.report()).toMatchObject({ cutShort: null, ports: [{ published: 10, outstanding: 0 }] });
  });

  it("when a peer breaks its ring: the ring that was touched is its own", () => {
    const sim = new ReplaySim({ ports: 2, senders: 2 });
    sim.feed(everyNs(1_000, 100).map((frame) => ({ ...frame, port: 0 })));
    sim.endFeed();
    sim.begin();
    sim.until(() => sim.taken.length === 20, sink);
    const { tx } = sim.wires[0]!.mine()[0]!;
    Object.assign(tx, {
      reclaim: () => {
        throw new Fault("used.id", "this buffer is not under way");
      },
    });
    let broken: RingFault | null = null;
    for (let turn = 0; turn < 10 && broken === null; turn++) {
      try {
        sim.turn(sink);
      } catch (error) {
        broken = error as RingFault;
      }
    }
    expect(broken).toBeInstanceOf(Fault);
    expect(sim.inUse.port).toBe(0);
    sim.lose(0);
    sim.until(() => sim.done, sink);
    expect(sim.report().cutShort).toBe("peer gone");
  });
});

describe("after the last frame", () => {
  /** Sends everything back after so long. */
  const echoAfter = (sim: ReplaySim, delayNs: number): Device => {
    const held: { readonly atNs: number; readonly frame: Uint8Array }[] = [];
    return () => {
      held.push(...sim.take().map(({ frame }) => ({ atNs: sim.nowNs + delayNs, frame })));
      while (held.length > 0 && held[0]!.atNs <= sim.nowNs) sim.wires[0]!.send(0, [held.shift()!.frame]);
    };
  };

  it("a short silence is enough once all is back", () => {
    const sim = new ReplaySim();
    sim.turnNs = 10_000;
    const report = sim.run(everyNs(10_000, 10), { settleNs: 500e6, expectBack: true }, echoAfter(sim, 1e6));
    expect(report.ports[0]).toMatchObject({ published: 10, received: 10 });
    expect(report.elapsedNs).toBeGreaterThan(20e6);
    expect(report.elapsedNs).toBeLessThan(25e6);
  });

  it("the settle time of silence passes while something is missing, or nobody knows what comes back", () => {
    for (const expectBack of [true, false]) {
      const sim = new ReplaySim();
      sim.turnNs = 10_000;
      const loses: Device = () => {
        for (const { frame } of sim.take()) if (frame[0] !== 3) sim.wires[0]!.send(0, [frame]);
      };
      const report = sim.run(everyNs(10_000, 10), { settleNs: 100e6, expectBack }, loses);
      expect(report.ports[0]!.received).toBe(9);
      expect(report.elapsedNs).toBeGreaterThan(100e6);
      expect(report.elapsedNs).toBeLessThan(105e6);
    }
  });

  it("a peer that is slow to take the last frames has 5 s", () => {
    const sim = new ReplaySim({ size: 64 });
    sim.turnNs = 100_000;
    const slow: Device = () => {
      if (sim.timeNs > 3e9) sim.take();
    };
    const report = sim.run(everyNs(1_000, 30), { settleNs: 1e6 }, slow);
    expect(report).toMatchObject({ cutShort: null, ports: [{ published: 30, outstanding: 0 }] });
    expect(report.elapsedNs).toBeGreaterThan(3e9);
  });

  it("a peer that sends for ever is not waited for", () => {
    const sim = new ReplaySim();
    sim.turnNs = 100_000;
    const chatters: Device = () => {
      sim.take();
      sim.wires[0]!.send(0, [new Uint8Array(60)]);
    };
    const report = sim.run(everyNs(1_000, 10), { settleNs: 100e6 }, chatters);
    expect(report.elapsedNs).toBeGreaterThan(2.3e9);
    expect(report.elapsedNs).toBeLessThan(2.4e9);
  });
});

describe("what a replay says", () => {
  it("its counters are shown while it runs", () => {
    const sim = new ReplaySim();
    sim.feed(everyNs(100_000, 100));
    sim.endFeed();
    sim.begin();
    sim.until(() => sim.timeNs > 5.5e6, echo);
    expect(sim.isAt("sending")).toBe(true);
    expect(sim.counters[replayCounter.published]).toBeGreaterThan(40);
    expect(sim.counters[replayCounter.received]).toBeGreaterThan(40);
    expect(sim.counters[replayCounter.elapsedNs]).toBeGreaterThan(4e6);
    sim.until(() => sim.done, echo);
    expect(sim.isAt("done")).toBe(true);
    expect(sim.counters[replayCounter.published]).toBe(100);
  });

  it("a loop that waits for the next departure stays awake for it, but not where threads share a CPU", () => {
    for (const cooperative of [false, true]) {
      const sim = new ReplaySim();
      sim.feed(everyNs(100_000, 3));
      sim.endFeed();
      sim.begin({ cooperative });
      sim.until(() => sim.taken.length === 1, sink);
      sim.nowNs += 50_000;
      expect(sim.job.step()).toBe(0);
      sim.nowNs += 40_000;
      expect(sim.job.step()).toBe(cooperative ? 0 : 1);
      expect(sim.job.mayRest()).toBe(false);
      sim.until(() => sim.done, sink);
      expect(sim.job.mayRest()).toBe(true);
    }
  });

  it("a report before anything was replayed is refused", () => {
    expect(() => new ReplaySim().report()).toThrow(PktgenError);
  });

  it.each([
    { kind: "original", speed: 3 } as const,
    { kind: "pps", pps: 1 } as const,
    { kind: "bps", bps: 1e3, overheadBytes: 24 } as const,
    { kind: "max" } as const,
    { kind: "one", timeoutNs: 1e9 } as const,
  ])("a rehearsal at pace $kind touches no port and no counter, and the replay goes as without it", (pace) => {
    const sim = new ReplaySim({ queues: 2 });
    sim.feed(everyNs(1_000, 3));
    sim.endFeed();
    sim.readNs = 500;
    sim.command({ kind: "rehearse", spec: sim.spec({ pace }) });
    sim.readNs = 20;
    expect(sim.done).toBe(false);
    expect([...sim.counters]).toEqual(new Array(replayCounter.slots).fill(0));
    sink(sim);
    expect(sim.taken).toEqual([]);
    sim.begin({ pace: { kind: "max" } });
    sim.until(() => sim.done, sink);
    expect(ids(sim)).toEqual(upTo(3));
    expect(sim.report()).toMatchObject({ cutShort: null, ports: [{ published: 3 }] });
  });
});
