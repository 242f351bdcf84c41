/** Gaps between a flow's frames as they were published: each is one that its frames' signatures tell. */
import { describe, expect, it, vi } from "vitest";
import { flowCell } from "../../../src/engine/session/index.js";
import { GapBook } from "../../../src/session/gap-book.js";
import { SmallHistograms, smallBucketOf } from "../../../src/stats/small-histograms.js";
import { departuresOf, exactSim, gapsOf } from "../../support/session-departures.js";
import { SessionSim, simFlow } from "../../support/session-sim.js";

const pps = (value: number) => ({ rate: { kind: "pps", pps: value } as const });

/** How often each bucket is met. */
function counted(gaps: readonly number[]): Map<number, number> {
  const found = new Map<number, number>();
  for (const gap of gaps) found.set(smallBucketOf(gap), (found.get(smallBucketOf(gap)) ?? 0) + 1);
  return found;
}

const told = (sim: SessionSim, name: string): Map<number, number> =>
  new Map(sim.histogramsOf(name).gaps.map(([upToNs, gaps]) => [smallBucketOf(upToNs), gaps]));

const started = (sim: SessionSim, name: string, ns: number): void => {
  sim.command("start", [name]);
  sim.run(ns);
};

describe("gaps of a flow", () => {
  it.each([
    ["single frames", 10_000, {}],
    ["bursts of many", 20_000_000, {}],
    ["bursts with pauses", 200_000, { duration: { kind: "bursts", frames: 10, bursts: 5, gapNs: 1e6 } as const }],
    ["by chance", 50_000, { law: { kind: "poisson", key: 7 } as const }],
  ])("are those of the signatures: %s", (_, rate, changes) => {
    const sim = new SessionSim();
    sim.add(simFlow("a", 1, { ...pps(rate), ...changes }), simFlow("b", 2, pps(3_000)));
    sim.command("start", ["b"]);
    started(sim, "a", 10e6);
    sim.command("stop", ["a", "b"]);
    sim.quiet();
    const gaps = gapsOf(departuresOf(sim, 1));
    expect(gaps.length).toBeGreaterThan(40);
    expect(told(sim, "a")).toEqual(counted(gaps));
    expect(told(sim, "b")).toEqual(counted(gapsOf(departuresOf(sim, 2))));
  });

  it("at max are 0 within what was handed over at once", () => {
    const sim = new SessionSim();
    sim.add(simFlow("a", 1, { rate: { kind: "max" }, duration: { kind: "frames", frames: 500 } }));
    started(sim, "a", 10e6);
    const gaps = gapsOf(departuresOf(sim, 1));
    expect(gaps.length).toBe(499);
    expect(told(sim, "a")).toEqual(counted(gaps));
    expect(told(sim, "a").get(0)).toBeGreaterThan(400);
  });

  it("begin anew with a start, and a pause is one of them", () => {
    const sim = exactSim();
    sim.add(simFlow("a", 1, { ...pps(100_000), delayNs: 0, duration: { kind: "frames", frames: 100 } }));
    expect(told(sim, "a").size).toBe(0);
    started(sim, "a", 3e6);
    expect([...told(sim, "a").values()].reduce((sum, gaps) => sum + gaps, 0)).toBe(99);
    sim.taken.length = 0;
    started(sim, "a", 500_000);
    sim.command("pause", ["a"]);
    sim.run(5e6);
    sim.command("resume", ["a"]);
    sim.run(3e6);
    const gaps = gapsOf(departuresOf(sim, 1));
    expect(gaps.length).toBe(99);
    expect(Math.max(...gaps)).toBeGreaterThan(4e6);
    expect(told(sim, "a")).toEqual(counted(gaps));
  });

  it("of a flow in the place of one that was removed are its own", () => {
    const sim = new SessionSim();
    const once = { duration: { kind: "frames", frames: 50 } as const };
    sim.add(simFlow("a", 1, once));
    started(sim, "a", 5e6);
    const { slot } = sim.flows.get("a")!;
    sim.remove("a");
    sim.add(simFlow("c", 3, { ...pps(10_000), ...once }));
    expect(sim.flows.get("c")!.slot).toBe(slot);
    expect(told(sim, "c").size).toBe(0);
    started(sim, "c", 20e6);
    expect(told(sim, "c")).toEqual(counted(gapsOf(departuresOf(sim, 3))));
  });

  it("of frames without signatures are known, too", () => {
    const sim = new SessionSim();
    const frames = { kind: "bytes", bytes: new Uint8Array(60).fill(7), signed: false } as const;
    sim.add(simFlow("a", 1, { frames, duration: { kind: "frames", frames: 20 } }));
    started(sim, "a", 5e6);
    const { gaps, latency } = sim.histogramsOf("a");
    expect([gaps.reduce((sum, [, count]) => sum + count, 0), latency]).toEqual([19, []]);
  });
});

it.each([
  ["at a rate", { ...pps(30_000_000) }],
  ["at max", { rate: { kind: "max" } as const }],
])("readers may suppose bursts of at most 64 frames: %s, also after the loop stood still", (_, changes) => {
  const noted = vi.spyOn(SmallHistograms.prototype, "countMany");
  try {
    const sim = new SessionSim(2, 64, 1024);
    sim.add(simFlow("a", 1, changes));
    started(sim, "a", 200_000);
    sim.nowNs += 5e6;
    sim.run(2e6);
    const longest = Math.max(...noted.mock.calls.map(([, bucket, samples]) => (bucket === 0 ? samples + 1 : 0)));
    expect(longest).toBeGreaterThan(16);
    expect(longest).toBeLessThanOrEqual(64);
  } finally {
    noted.mockRestore();
  }
});

it("gaps whose carry is not written yet are not told", () => {
  const sim = new SessionSim();
  const gaps = new SmallHistograms(sim.memory.shape.capacity, sim.memory.gaps);
  const book = new GapBook(sim.memory);
  gaps.countMany(3, smallBucketOf(1_000), 43);
  sim.memory.flows[3 * flowCell.doubles + flowCell.published] = 300;
  expect(book.buckets(3)).toEqual([]);
  gaps.countMany(3, smallBucketOf(1_000), 200);
  gaps.countMany(3, smallBucketOf(1_000), 56);
  expect(book.buckets(3)).toEqual([[1_023, 299]]);
});
