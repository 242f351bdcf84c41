/** Thresholds, baselines and differences: noise is told from change by ranks. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareWithBaseline, differences, setupDifferences, updatedBaseline } from "../../src/method/baseline.js";
import { judgeThresholds } from "../../src/method/thresholds.js";
import { parseThreshold } from "../../src/profile/threshold.js";
import { seededRandom } from "../../src/random.js";
import type { RunResult } from "../../src/report/result.js";
import { chanceOfLower, leastChance } from "../../src/stats/rank-test.js";
import { passed } from "../report/sample.js";

const method = { name: "ndr", preset: "quick", conforming: null, deviations: [], settings: { sizes: "64" } };
const ndrOf = (...rates: number[]): RunResult => ({
  ...passed,
  method,
  results: rates.map((pps) => ({
    frameBytes: 64,
    goal: "NDR",
    pps,
    ppsUpper: pps * 1.01,
    limitedBy: "dut",
    lossRatio: 0,
  })),
});

describe("the rank test", () => {
  it("has the exact chances of small samples", () => {
    expect(chanceOfLower([2, 3, 4], [1])).toBeCloseTo(1 / 4);
    expect(chanceOfLower([4, 5, 6], [1, 2, 3])).toBeCloseTo(1 / 20);
    expect(chanceOfLower([1, 2, 3], [4, 5, 6])).toBe(1);
    expect(chanceOfLower([1, 1, 1], [1])).toBe(1);
    expect(leastChance(3, 3)).toBeCloseTo(1 / 20);
    expect(chanceOfLower([], [1])).toBe(1);
  });

  it("raises a false alarm no more often than it says", () => {
    const random = seededRandom(5);
    let alarms = 0;
    for (let i = 0; i < 2_000; i++) {
      const draw = (count: number): number[] => Array.from({ length: count }, () => random.fraction());
      if (chanceOfLower(draw(8), draw(5)) <= 0.05) alarms++;
    }
    expect(alarms / 2_000).toBeLessThan(0.06);
  });

  it("does not mind in which units figures are", () => {
    const figures = fc.array(fc.integer({ min: 1, max: 1_000 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(figures, figures, (a, b) => {
        const grown = (values: number[]): number[] => values.map((value) => value ** 3);
        expect(chanceOfLower(grown(a), grown(b))).toBeCloseTo(chanceOfLower(a, b), 12);
      }),
    );
  });
});

describe("a baseline", () => {
  const noisy = [1_000, 1_010, 990, 1_005, 995, 1_002, 998].map((rate) => rate * 1e3);
  const baseline = updatedBaseline(null, ndrOf(...noisy));

  it("has every sample, oldest first, and at most fifty", () => {
    expect(baseline.figures["NDR@64"]).toEqual(noisy);
    let grown = baseline;
    for (let i = 0; i < 20; i++) grown = updatedBaseline(grown, ndrOf(...noisy));
    expect(grown.figures["NDR@64"]).toHaveLength(50);
  });

  it("fails what is worse beyond its noise, and nothing within it", () => {
    expect(compareWithBaseline(baseline, ndrOf(985e3, 984e3, 986e3))[0].verdict).toBe("fail");
    expect(compareWithBaseline(baseline, ndrOf(992e3, 1_004e3, 999e3))[0].verdict).toBe("pass");
    expect(compareWithBaseline(baseline, ndrOf(2e6, 2e6, 2e6))[0].verdict).toBe("pass");
  });

  it("says where samples are too few to tell", () => {
    const few = updatedBaseline(null, ndrOf(1e6, 1.01e6));
    const [row] = compareWithBaseline(few, ndrOf(5e5));
    expect(row.verdict).toBe("pass");
    expect(row.found).toContain("too few to tell (2 earlier, 1 now");
  });

  it("is refused by another setup, which is named", () => {
    expect(setupDifferences(baseline, ndrOf(1e6))).toEqual([]);
    const other = {
      ...ndrOf(1e6),
      host: { ...passed.host, cpu: "another" },
      method: { ...method, settings: { sizes: "1518" } },
    };
    expect(setupDifferences(baseline, other)).toEqual([
      expect.stringMatching(/^cpu: .* there, another, 2 cores here$/),
      'settings: {"sizes":"64"} there, {"sizes":"1518"} here',
    ]);
  });
});

describe("differences of two results", () => {
  it("are told by samples of both", () => {
    const a = ndrOf(1e6, 1.001e6, 1.002e6, 0.999e6);
    expect(differences(a, ndrOf(0.9e6, 0.91e6, 0.905e6, 0.9e6)).find(({ name }) => name === "NDR@64")?.is).toBe(
      "worse",
    );
    expect(differences(ndrOf(0.9e6, 0.91e6, 0.905e6, 0.9e6), a).find(({ name }) => name === "NDR@64")?.is).toBe(
      "better",
    );
    expect(differences(a, a).find(({ name }) => name === "NDR@64")?.is).toBe("same");
    expect(differences(a, ndrOf(1)).find(({ name }) => name === "NDR@64")?.is).toBe("too few to tell");
    expect(differences(a, { ...passed, method, trials: [] }).find(({ name }) => name === "NDR@64")?.is).toBe(
      "only in one",
    );
  });
});

describe("a threshold", () => {
  const judge = (text: string, result: RunResult) => judgeThresholds([parseThreshold(text, "--threshold")], result);

  it("passes, fails, and is invalid where what it wants was never offered", () => {
    expect(judge("NDR>=1Mpps", ndrOf(1e6))).toEqual([
      { what: "NDR@64", wanted: "at least 1 Mpps", found: "1 Mpps", verdict: "pass" },
    ]);
    expect(judge("NDR@64>=2Mpps", ndrOf(1e6))[0].verdict).toBe("fail");
    const open = ndrOf(1e6);
    const generator = { ...open, results: open.results?.map((row) => ({ ...row, limitedBy: "generator" as const })) };
    expect(judge("NDR>=2Mpps", generator as RunResult)[0]).toMatchObject({ verdict: "invalid", found: "≥ 1 Mpps" });
    expect(judge("NDR@128>=1Mpps", ndrOf(1e6))[0]).toMatchObject({
      verdict: "invalid",
      found: "nothing was measured for it",
    });
  });

  it("reads loss and latencies", () => {
    expect(judge("forwarding.p99<=50us", passed).every(({ verdict }) => verdict === "pass")).toBe(true);
    expect(judge("forwarding.p99@64<=1us", passed)[0].verdict).toBe("fail");
    expect(judge("loss<=0", passed).some(({ verdict }) => verdict === "fail")).toBe(true);
  });

  it.each(["NDR", "NDR>1Mpps", "NDR>=", ">=1Mpps", "NDR>=fast", "latency.p99<=1Mpps", "loss<=2"])(
    "refuses %s",
    (text) => {
      expect(() => parseThreshold(text, "--threshold")).toThrowError(/threshold|rate|duration|ratio/);
    },
  );
});
