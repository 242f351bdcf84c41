/** Where a replay ends, what comes after its last frame, and what it says. */
import { describe, expect, it } from "vitest";
import { replayCounter } from "../../../src/engine/replay/spec.js";
import { PktgenError } from "../../../src/errors.js";
import { RingFault as Fault, type RingFault } from "../../../src/ring/ring.js";
import { type Device, echo, everyNs, ReplaySim, silent, sink } from "../../support/replay-sim.js";
import { ids, upTo } from "./replay-checks.js";

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
    const report = sim.run(everyNs(10_000, 10), { settleNs: 500e6, awaited: "each" }, echoAfter(sim, 1e6));
    expect(report.ports[0]).toMatchObject({ published: 10, received: 10 });
    expect(report.elapsedNs).toBeGreaterThan(20e6);
    expect(report.elapsedNs).toBeLessThan(25e6);
  });

  it("the settle time of silence passes while something is missing, or nobody knows what comes back", () => {
    for (const awaited of ["each", null] as const) {
      const sim = new ReplaySim();
      sim.turnNs = 10_000;
      const loses: Device = () => {
        for (const { frame } of sim.take()) if (frame[0] !== 3) sim.wires[0]!.send(0, [frame]);
      };
      const report = sim.run(everyNs(10_000, 10), { settleNs: 100e6, awaited }, loses);
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
