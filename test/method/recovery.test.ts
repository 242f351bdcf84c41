/** System recovery on simulated devices that take a known time for it. */
import { describe, expect, it } from "vitest";
import { judgeMethod } from "../../src/method/method-verdict.js";
import { runRfc2544 } from "../../src/method/rfc2544/index.js";
import { recovery, recoveryNsOf } from "../../src/method/rfc2544/recovery.js";
import { spreadOf } from "../../src/method/rfc2544/spread.js";
import { fixedSize } from "../../src/units.js";
import { rfc2544Settings } from "../support/method-sample.js";
import { forwarding64 } from "../support/sample.js";
import { simulatedBench } from "../support/simulated-bench.js";

const size = fixedSize(64);
const settings = { ...rfc2544Settings, sizes: [size], tests: ["recovery"] as const, knownPps: () => 100_000 };
const byDevice = { pps: 100_000, byDevice: true };
const device = { capacityPps: 100_000, queueFrames: 256 };

describe("system recovery", () => {
  it("is offered 110 % of the throughput, then half of that", async () => {
    const bench = simulatedBench(device);
    await recovery(bench, settings, size, byDevice);
    const [{ steps, pps, durationNs, phase, rateText }] = bench.requests;
    expect(steps).toEqual([
      { pps: 110_000, durationNs: 1e9 },
      { pps: 55_000, durationNs: 1e9 },
    ]);
    expect({ pps, durationNs, phase, rateText }).toEqual({
      ...{ pps: 82_500, durationNs: 2e9, phase: "recovery" },
      rateText: "110kpps, then 55kpps",
    });
    expect(bench.requests).toHaveLength(3);
  });

  it("is the time that the device takes, with mean and spread", async () => {
    const bench = simulatedBench({ ...device, recoveryNs: (trial) => trial * 10e6 });
    const { recovery: [row] = [] } = await runRfc2544(bench, settings);
    expect(row.trialsNs.map((ns) => Math.round((ns ?? 0) / 1e3))).toEqual([10_000, 20_000, 30_000]);
    expect(row.spread?.meanNs).toBeCloseTo(20e6, 3);
    expect(row.spread?.stddevNs).toBeCloseTo(10e6, 3);
    expect(row).toMatchObject({ verdict: "pass", reasons: [], overloadPps: 110_000, afterPps: 55_000 });
    expect(judgeMethod({ recovery: [row] }, bench.trials, null).verdict).toBe("pass");
  });

  it("is 0 where nothing is lost once the load is less", async () => {
    const { trialsNs, lossRatio, note } = await recovery(simulatedBench(device), settings, size, byDevice);
    expect(trialsNs).toEqual([0, 0, 0]);
    expect(lossRatio).toBeGreaterThan(0);
    expect(note).toBeUndefined();
  });

  it("says where the overload cost nothing", async () => {
    const row = await recovery(simulatedBench({ capacityPps: 500_000 }), settings, size, byDevice);
    expect(row).toMatchObject({ trialsNs: [0, 0, 0], verdict: "pass", note: "the overload cost no frame" });
  });

  it("fails a device that does not recover in time", async () => {
    const bench = simulatedBench({ ...device, recoveryNs: (trial) => (trial === 2 ? 5e9 : 1e6) });
    const row = await recovery(bench, settings, size, byDevice);
    expect(row.trialsNs[1]).toBeNull();
    expect(row).toMatchObject({
      verdict: "fail",
      reasons: ["frames were still lost after 1 s at half the load, in 1 of 3 trials"],
    });
    expect(row.spread?.meanNs).toBeCloseTo(1e6, 3);
    expect(judgeMethod({ recovery: [row] }, bench.trials, null).verdict).toBe("fail");
  });

  it("repeats trials that cannot be used, and is invalid where none can", async () => {
    const some = simulatedBench({ ...device, spoilEvery: 2 });
    expect((await recovery(some, settings, size, byDevice)).trialsNs).toHaveLength(3);
    const none = simulatedBench({ ...device, spoilEvery: 1 });
    const row = await recovery(none, settings, size, byDevice);
    expect(none.requests).toHaveLength(3);
    expect(row).toMatchObject({ verdict: "invalid", trialsNs: [], spread: null });
    expect(row.reasons[0]).toContain("the generator was the limit");
    expect(judgeMethod({ recovery: [row] }, none.trials, null).verdict).toBe("invalid");
  });

  it("is not measured where the device is not the limit, or frames have no numbers", async () => {
    const bench = simulatedBench(device);
    const fast = await recovery(bench, settings, size, { pps: 100_000, byDevice: false });
    const small = await recovery(bench, { ...settings, isSigned: () => false }, size, byDevice);
    expect(bench.requests).toEqual([]);
    expect(fast).toMatchObject({ verdict: "pass", note: expect.stringContaining("the device was not its limit") });
    expect(small).toMatchObject({ verdict: "pass", note: expect.stringContaining("too small for a number") });
  });

  it("does not go above the line", async () => {
    const bench = simulatedBench({ capacityPps: 1_400_000, mostPps: 3e6 });
    const row = await recovery(bench, settings, size, { pps: 1_400_000, byDevice: true });
    expect(row.overloadPps).toBeCloseTo(1e9 / 672, 3);
  });

  it("keeps the trials so far of a device that dies", async () => {
    const bench = simulatedBench({ ...device, diesIn: 2 });
    const row = await recovery(bench, settings, size, byDevice);
    expect(row).toMatchObject({ verdict: "invalid", trialsNs: [0] });
    expect(row.reasons[0]).toContain("went away");
  });
});

describe("of two directions", () => {
  const steps = [
    { pps: 1_000, durationNs: 1e9 },
    { pps: 500, durationNs: 1e9 },
  ];
  const until = (lossUntilNs: number | null) => ({ ...forwarding64, lossUntilNs });

  it("the slower one counts, and one that does not recover is enough", () => {
    expect(recoveryNsOf([until(1.5e9), until(1.2e9)], steps)).toBe(0.5e9 - 2e6);
    expect(recoveryNsOf([until(1.5e9), until(null)], steps)).toBeNull();
    expect(recoveryNsOf([until(0), until(0)], steps)).toBe(0);
  });
});

it("spread is of the sample", () => {
  expect(spreadOf([])).toBeNull();
  expect(spreadOf([7])).toEqual({ meanNs: 7, minNs: 7, maxNs: 7, stddevNs: 0 });
  expect(spreadOf([1, 2, 3])).toEqual({ meanNs: 2, minNs: 1, maxNs: 3, stddevNs: 1 });
});
