/** The search for the rate without drops against a simulated device. */
import { describe, expect, it } from "vitest";
import { judgeMethod } from "../../src/method/method-verdict.js";
import { runNdr } from "../../src/method/ndr.js";
import type { Cause } from "../../src/stats/cause.js";
import { fixedSize } from "../../src/units.js";
import { searchSettings } from "../support/method-sample.js";
import { simulatedBench } from "../support/simulated-bench.js";
import { altered } from "./method-rig.js";

const oneSize = { ...searchSettings, sizes: [fixedSize(64)] };

describe("ndr", () => {
  it("finds both rates of a device in one search, below what bisection takes", async () => {
    const bench = simulatedBench({ capacityPps: 412_345, queueFrames: 256 });
    const { results = [] } = await runNdr(bench, oneSize);
    expect(results.map(({ goal, limitedBy }) => [goal, limitedBy])).toEqual([
      ["NDR", "dut"],
      ["PDR 0.5 %", "dut"],
    ]);
    expect(results[0].pps).toBeLessThanOrEqual(412_345 + 256);
    expect(results[0].ppsUpper).toBeGreaterThan(412_345);
    const apart = simulatedBench({ capacityPps: 412_345, queueFrames: 256 });
    await runNdr(apart, { ...oneSize, kind: "bisection" });
    expect(bench.requests.length).toBeLessThan(apart.requests.length);
  });

  it("repeats trials in which the generator fell short, and uses none of them", async () => {
    const bench = simulatedBench({ capacityPps: 412_345, queueFrames: 256, spoilEvery: 3 });
    const { results = [], searchPath = [] } = await runNdr(bench, oneSize);
    const short = searchPath.filter(({ outcome }) => outcome === "short");
    expect(short.length).toBeGreaterThan(0);
    for (const { lossRatio } of short) expect(lossRatio).toBeNull();
    const [untroubled] =
      (await runNdr(simulatedBench({ capacityPps: 412_345, queueFrames: 256 }), oneSize)).results ?? [];
    expect(results[0]).toMatchObject({ pps: untroubled.pps, ppsUpper: untroubled.ppsUpper, limitedBy: "dut" });
  });

  it("says at least so much where the generator is the limit", async () => {
    const bench = simulatedBench({ capacityPps: 2e6, generatorPps: 300_000, mostPps: 900_000 });
    const { results = [] } = await runNdr(bench, oneSize);
    expect(results[0]).toMatchObject({ limitedBy: "generator", ppsUpper: null });
    expect(results[0].pps).toBeLessThanOrEqual(300_000);
    expect(results[0].pps).toBeGreaterThan(290_000);
    expect(judgeMethod({ results }, bench.trials, null).verdict).toBe("pass");
  });

  it("says that the line is the limit", async () => {
    const bench = simulatedBench({ capacityPps: 5e6, mostPps: 3e6 });
    const { results = [] } = await runNdr(bench, oneSize);
    expect(results[0]).toMatchObject({ limitedBy: "line", ppsUpper: null, pps: 1_488_100 });
  });

  it("sends a device of somebody else's no more than the line that was named, from the probe on", async () => {
    const line = 1_488_095;
    const bench = simulatedBench({ capacityPps: 5e6, mostPps: 3e6 });
    const { results = [] } = await runNdr(bench, { ...oneSize, isOthers: true });
    expect(results[0]).toMatchObject({ limitedBy: "line" });
    for (const { pps } of bench.requests) expect(pps ?? Number.POSITIVE_INFINITY).toBeLessThanOrEqual(line * 1.0001);
    const slow = simulatedBench({ capacityPps: 412_345, queueFrames: 256, mostPps: 3e6 });
    const found = (await runNdr(slow, { ...oneSize, isOthers: true })).results ?? [];
    expect(found[0]?.limitedBy).toBe("dut");
    for (const { pps } of slow.requests) expect(pps ?? Number.POSITIVE_INFINITY).toBeLessThanOrEqual(line * 1.0001);
  });

  it("fails a device that forwards nothing, after a handful of trials", async () => {
    const bench = simulatedBench({ capacityPps: 0 });
    const { results = [] } = await runNdr(bench, oneSize);
    expect(results.map(({ pps }) => pps)).toEqual([0, 0]);
    expect(bench.requests.length).toBeLessThan(12);
    expect(judgeMethod({ results }, bench.trials, null).verdict).toBe("fail");
  });

  it("is invalid, and not failed, where the generator offered nothing that could be used", async () => {
    const bench = simulatedBench({ capacityPps: 1e6, generatorPps: 500, mostPps: 900_000 });
    const { results = [] } = await runNdr(bench, oneSize);
    expect(results[0]).toMatchObject({ pps: 0, limitedBy: "generator" });
    expect(judgeMethod({ results }, bench.trials, null).verdict).toBe("invalid");
  });

  it("ends, and takes nothing for a limit, where no trial at a load can be used", async () => {
    const base = simulatedBench({ capacityPps: 300_000 });
    const reasons = ["disturbed: the machine was 2.0 times slower after the trial than before"];
    const causes: Cause[] = ["speed"];
    const bench = altered(base, ({ phase }) => (phase === "probe" ? {} : { verdict: "invalid", reasons, causes }));
    const { results = [], searchPath = [] } = await runNdr(bench, oneSize);
    // Four at each of some loads, ever lower, and no more than that.
    expect(searchPath).toHaveLength(40);
    expect(new Set(searchPath.map(({ pps }) => pps)).size).toBe(10);
    expect(results[0]).toMatchObject({ pps: 0, ppsUpper: null, limitedBy: "generator" });
    expect(results[0].endedBy).toContain("40 attempts in a row could not be used: disturbed");
    expect(judgeMethod({ results }, base.trials, null).verdict).toBe("invalid");
  });

  it("ends at once where frames do not add up, time after time", async () => {
    const base = simulatedBench({ capacityPps: 300_000 });
    const reasons = ["3 frames unaccounted for"];
    const causes: Cause[] = ["unaccounted"];
    const bench = altered(base, () => ({ verdict: "invalid", reasons, causes }));
    const { results = [], searchPath = [] } = await runNdr(bench, oneSize);
    expect(searchPath).toHaveLength(4);
    expect(results[0]).toMatchObject({
      pps: 0,
      endedBy: "4 attempts in a row could not be used: 3 frames unaccounted for",
    });
  });

  it("goes around loads that a machine disturbs each time, and says at least", async () => {
    const base = simulatedBench({ capacityPps: 300_000 });
    const reasons = ["disturbed: the machine was 2.0 times slower after the trial than before"];
    const spoiled = { verdict: "invalid" as const, reasons, causes: ["speed" as const] };
    const bench = altered(base, ({ pps }) => ((pps ?? 0) > 200_000 ? spoiled : {}));
    const { results = [] } = await runNdr(bench, oneSize);
    const [{ pps, limitedBy }] = results;
    expect(pps).toBeGreaterThan(180_000);
    expect(pps).toBeLessThanOrEqual(200_000);
    expect(limitedBy).toBe("generator");
    expect(judgeMethod({ results }, base.trials, null).verdict).toBe("pass");
  });

  it("holds the limit between its bounds on a machine that always takes 2 % of the time", async () => {
    const base = simulatedBench({ capacityPps: 300_000 });
    const disturbance = { stealMs: 20, switches: 0, calibration: 1 };
    const reasons = ["disturbed: the hypervisor took 20 ms of 1000 ms"];
    const causes: Cause[] = ["steal"];
    const bench = altered(base, () => ({ disturbance, verdict: "invalid", reasons, causes, durationNs: 1e9 }));
    const { results = [] } = await runNdr(bench, oneSize);
    const [{ pps, ppsUpper }] = results;
    expect(pps).toBeLessThanOrEqual(300_000);
    expect(pps).toBeGreaterThan(0);
    expect(ppsUpper ?? Number.POSITIVE_INFINITY).toBeGreaterThan(300_000);
  });

  it("takes neither duplicates nor strangers' frames for frames that came back", async () => {
    const strange = simulatedBench({ capacityPps: 300_000, duplicates: 50_000, foreign: 70_000 });
    const plain = simulatedBench({ capacityPps: 300_000 });
    expect((await runNdr(strange, oneSize)).results).toEqual((await runNdr(plain, oneSize)).results);
  });

  it("keeps the bounds so far of a device that dies in the middle, and is invalid", async () => {
    const bench = simulatedBench({ capacityPps: 412_345, diesIn: 5 });
    const { results = [] } = await runNdr(bench, searchSettings);
    expect(bench.requests).toHaveLength(5);
    expect(results[0].limitedBy).toBe("time");
    expect(results[0].endedBy).toContain("went away");
    expect(results[0].pps).toBeGreaterThan(0);
    expect(judgeMethod({ results }, bench.trials, bench.ended()).verdict).toBe("invalid");
  });
});
