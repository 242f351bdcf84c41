/** Resets of simulated devices that take a known time for them; and of what nobody here can reset. */
import { describe, expect, it } from "vitest";
import { resetWords } from "../../src/measure/device-reset.js";
import { judgeMethod } from "../../src/method/method-verdict.js";
import { foundIn, leastSize, reset } from "../../src/method/rfc2544/reset.js";
import { fixedSize, parseSizes } from "../../src/units.js";
import { rfc2544Settings } from "../support/method-sample.js";
import { forwarding64 } from "../support/sample.js";
import { simulatedBench } from "../support/simulated-bench.js";

const size = fixedSize(64);

describe("a reset", () => {
  it("takes from the last frame before it to the first one behind, and costs frames", async () => {
    const bench = simulatedBench({ capacityPps: 100_000, resetNs: 1.25e9 });
    const row = await reset(bench, rfc2544Settings, size, 100_000);
    expect(bench.requests).toHaveLength(3);
    expect(bench.requests[0]).toMatchObject({ phase: "reset", pps: 100_000, resetAtNs: 1e9, durationNs: 11e9 });
    expect(row.trials).toEqual(Array.from({ length: 3 }, () => ({ resetNs: 1.25e9, byLossNs: 1.25e9, tookNs: 1e6 })));
    expect(row).toMatchObject({ verdict: "pass", spread: { meanNs: 1.25e9, stddevNs: 0 } });
    expect(judgeMethod({ resets: [row] }, bench.trials, null).verdict).toBe("pass");
  });

  it("fails a device that does not come back", async () => {
    const bench = simulatedBench({ capacityPps: 100_000, resetNs: Number.POSITIVE_INFINITY });
    const row = await reset(bench, rfc2544Settings, size, 100_000);
    expect(row).toMatchObject({ verdict: "fail", spread: null });
    expect(row.reasons).toEqual(["nothing came back within 10 s of the reset, in 3 of 3 trials"]);
    expect(judgeMethod({ resets: [row] }, bench.trials, null).verdict).toBe("fail");
  });

  it("is measured though the generator fell short, and not where something else went wrong", async () => {
    const late = simulatedBench({ capacityPps: 100_000, resetNs: 1e9, spoilEvery: 1 });
    expect(await reset(late, rfc2544Settings, size, 100_000)).toMatchObject({ verdict: "pass" });
    const dying = simulatedBench({ capacityPps: 100_000, resetNs: 1e9, diesIn: 2 });
    const row = await reset(dying, rfc2544Settings, size, 100_000);
    expect(row.trials).toHaveLength(1);
    expect(row).toMatchObject({ verdict: "invalid", reasons: ["interrupted"] });
  });

  it("of two directions is the longer silence", () => {
    const one = (toNs: number, lost: number) => ({
      ...{ ...forwarding64, lost, blocked: 0, requested: { ...forwarding64.requested, pps: 1_000 } },
      ...{ silence: { fromNs: 1e9, toNs }, reset: { atNs: 1e9, tookNs: 5, forwardsAgain: true } },
    });
    expect(foundIn([one(2e9, 900), one(3e9, 800)])).toEqual({ resetNs: 2e9, byLossNs: 0.9e9, tookNs: 5 });
  });

  it("is of frames of the least size", () => {
    expect(leastSize([fixedSize(512), fixedSize(64), ...parseSizes("imix", "--sizes")])).toEqual(size);
    expect(leastSize([])).toBeUndefined();
  });
});

describe("who resets the device", () => {
  const external = { dut: { kind: "external" } } as Parameters<typeof resetWords>[0];

  it("is the user's command, where it is given", () => {
    expect(resetWords({ ...external, resetCommand: "reboot" }, true)).toBe("the command: reboot");
  });

  it("is nobody for a device of somebody else's without one", () => {
    expect(() => resetWords(external, true)).toThrow("this program cannot reset");
    expect(resetWords(external, false)).toBe("");
  });
});
