/** Ports with several queues: flows are dealt over them, and what comes in on any of them is counted. */
import { describe, expect, it } from "vitest";
import { SessionSim, simFlow } from "../../support/session-sim.js";

const queues = 3;
const numberOf = (frame: Uint8Array): number => ((frame[34]! << 8) | frame[35]!) - 1024;

function flowsOver(sim: SessionSim, count: number, changes: Parameters<typeof simFlow>[2] = {}): string[] {
  const names = Array.from({ length: count }, (_, k) => `f${k}`);
  sim.add(...names.map((name, k) => simFlow(name, k, changes)));
  return names;
}

describe("a port with several queues", () => {
  it("sends on all of them, each flow on one, and counts what comes in on any", () => {
    const sim = new SessionSim(2, 64, 256, queues);
    const names = flowsOver(sim, 7, { duration: { kind: "frames", frames: 60 } });
    sim.command("start", names);
    sim.quiet();
    const used = names.map(
      (_, k) => new Set(sim.taken.filter(({ frame }) => numberOf(frame) === k).map((t) => t.queue)),
    );
    expect(used.map(({ size }) => size)).toEqual(names.map(() => 1));
    expect(new Set(used.flatMap((each) => [...each]))).toEqual(new Set([0, 1, 2]));
    const { flows, ports } = sim.snapshot();
    for (const flow of flows)
      expect(flow).toMatchObject({
        sent: 60,
        received: 60,
        lost: 0,
        inRing: 0,
        blocked: 0,
        reordered: 0,
        settled: true,
      });
    expect(ports[0]).toMatchObject({ txFrames: 420, txBytes: 420 * 64, inRing: 0, blocked: 0 });
    expect(ports[1]).toMatchObject({ rxFrames: 420, rxBytes: 420 * 64, test: 420 });
  });

  it("at max fills all of them", () => {
    const sim = new SessionSim(2, 64, 256, queues);
    const names = flowsOver(sim, 4, { rate: { kind: "max" } });
    sim.command("start", names);
    sim.run(1e6);
    sim.command("stop", names);
    sim.quiet();
    expect(new Set(sim.taken.map(({ queue }) => queue))).toEqual(new Set([0, 1, 2]));
    for (const { sent, received, lost } of sim.snapshot().flows) {
      expect(sent).toBeGreaterThan(1_000);
      expect([received, lost]).toEqual([sent, 0]);
    }
  });

  it("tells of each flow what still lies in its queue, and what went with the peer", () => {
    const sim = new SessionSim(2, 64, 256, queues);
    const names = flowsOver(sim, 6);
    sim.still.add(0);
    sim.command("start", names);
    sim.run(500_000);
    const inRing = sim.snapshot().flows.map((flow) => flow.inRing);
    expect(Math.min(...inRing)).toBeGreaterThan(20);
    expect(sim.snapshot().ports[0]!.inRing).toBe(inRing.reduce((sum, frames) => sum + frames, 0));
    sim.loop.attach(0, null);
    sim.run(100_000);
    sim.command("stop", names);
    sim.quiet();
    for (const flow of sim.snapshot().flows) {
      expect(flow).toMatchObject({ sent: 0, inRing: 0, settled: true });
      expect(flow.intended).toBe(flow.blocked + flow.missed);
    }
  });

  it("goes on with the queues that a peer has when it is back", () => {
    const sim = new SessionSim(2, 64, 256, queues);
    const names = flowsOver(sim, 6);
    sim.command("start", names);
    sim.run(300_000);
    sim.replug(0, 1);
    sim.run(300_000);
    sim.taken.length = 0;
    sim.run(500_000);
    expect(new Set(sim.taken.map(({ queue }) => queue))).toEqual(new Set([0]));
    expect(new Set(sim.taken.map(({ frame }) => numberOf(frame))).size).toBe(6);
    sim.command("stop", names);
    sim.quiet();
    for (const { sent, received, lost, settled } of sim.snapshot().flows)
      expect([received + lost, settled]).toEqual([sent, true]);
  });
});

it("flows at max have a share, and end, beside a rate that nobody can send", () => {
  const sim = new SessionSim(4);
  sim.turnNs = 20_000;
  const duration = { kind: "seconds", seconds: 0.01 } as const;
  sim.add(
    simFlow("rate", 1, { from: "p2", to: ["p3"], rate: { kind: "pps", pps: 6e6 } }),
    simFlow("timed", 2, { rate: { kind: "max" }, duration }),
    simFlow("endless", 3, { from: "p1", to: ["p0"], rate: { kind: "max" } }),
  );
  sim.command("start", ["rate", "timed", "endless"]);
  sim.run(30e6);
  expect(sim.counters("rate").missed + sim.counters("rate").late).toBeGreaterThan(0);
  for (const name of ["timed", "endless"]) expect(sim.counters(name).sent).toBeGreaterThan(100);
  expect(sim.counters("timed").state).toBe("stopped");
});
