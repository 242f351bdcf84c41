/** Thresholds, baselines and differences: noise is told from change by ranks. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { trafficWords } from "../../src/measure/traffic-words.js";
import {
  compareWithBaseline,
  differences,
  setupDifferences,
  updatedBaseline,
} from "../../src/method/judge/baseline.js";
import { judgeThresholds } from "../../src/method/judge/thresholds.js";
import { type SoakTotal, withPiece } from "../../src/method/soak-verdict.js";
import { parseThreshold } from "../../src/profile/threshold.js";
import { seededRandom } from "../../src/random.js";
import type { RunResult } from "../../src/result/run-result.js";
import { adjustedChances, chanceOfLower, leastChance } from "../../src/stats/rank-test.js";
import { fixedSize } from "../../src/units.js";
import { plain } from "../support/plain.js";
import { passed } from "../support/sample.js";

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

describe("chances of several tests", () => {
  it("are those of Benjamini and Hochberg", () => {
    // Their own example (1995, table 1), of which four are at most 0.05.
    const p = [
      0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262, 0.5719, 0.6528, 0.759, 1,
    ];
    expect(adjustedChances(p).filter((chance) => chance <= 0.05)).toHaveLength(4);
    expect(adjustedChances([0.04, 0.01, 0.03])).toEqual([0.04, 0.03, 0.04]);
    expect(adjustedChances([])).toEqual([]);
  });

  it("stay in order, are at most 1 and never less than before", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 20 }), (chances) => {
        const adjusted = adjustedChances(chances);
        for (const [i, chance] of chances.entries()) {
          expect(adjusted[i]).toBeGreaterThanOrEqual(chance);
          expect(adjusted[i]).toBeLessThanOrEqual(1);
          for (const [j, other] of chances.entries())
            if (chance <= other) expect(adjusted[i]).toBeLessThanOrEqual(adjusted[j]);
        }
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
      expect.stringMatching(/^cpu: .* in the baseline, another, 2 cores now$/),
      'settings: {"sizes":"64"} in the baseline, {"sizes":"1518"} now',
    ]);
  });
});

/** Unchanged runs of many figures, of a seeded generator. */
describe("many figures at once", () => {
  const sizes = [64, 128, 256, 512, 1024, 1280, 1518];
  const goals = ["NDR", "PDR 0.5 %"];
  const random = seededRandom(44);
  /** Each figure with a noise of some per cent of its own, and a share of noise that is the whole run's. */
  const runOf = (repeats: number, change = 1, only = (_: string): boolean => true): RunResult => {
    const common = random.fraction() - 0.5;
    const results = sizes.flatMap((frameBytes) =>
      goals.flatMap((goal) =>
        Array.from({ length: repeats }, () => {
          const pps = 1e6 * (1 + 0.01 * (random.fraction() - 0.5) + 0.005 * common);
          const changed = only(`${goal}@${frameBytes}`) ? pps * change : pps;
          const rest = { ppsUpper: changed * 1.01, limitedBy: "dut" as const, lossRatio: 0 };
          return { frameBytes, goal, pps: changed, ...rest };
        }),
      ),
    );
    return { ...passed, method, results };
  };
  const baselineOf = (runs: number) => {
    let baseline = updatedBaseline(null, runOf(1));
    for (let i = 1; i < runs; i++) baseline = updatedBaseline(baseline, runOf(1));
    return baseline;
  };
  const fails = (baseline: ReturnType<typeof baselineOf>, run: RunResult): boolean =>
    compareWithBaseline(baseline, run).some(({ verdict }) => verdict === "fail");

  it("fail a run in which nothing changed about as seldom as one figure would", () => {
    // Judged each by itself, 14 figures failed half of 300 such runs.
    for (const [earlier, now] of [
      [8, 3],
      [20, 1],
      [30, 1],
    ] as const) {
      const failed = Array.from({ length: 200 }, () => fails(baselineOf(earlier), runOf(now))).filter(Boolean).length;
      expect(failed).toBeLessThanOrEqual(20);
    }
  });

  it("are not the same in a diff of two runs in which nothing changed as seldom", () => {
    const changed = Array.from({ length: 200 }, () =>
      differences(runOf(5), runOf(5)).some(({ is }) => is === "worse"),
    ).filter(Boolean).length;
    expect(changed).toBeLessThanOrEqual(20);
  });

  it("still show what got worse: all of it by one run's samples, one figure by a few", () => {
    const baseline = baselineOf(30);
    expect(fails(baseline, runOf(1, 0.95))).toBe(true);
    const one = compareWithBaseline(
      baseline,
      runOf(3, 0.95, (name) => name === "NDR@512"),
    );
    expect(one.filter(({ verdict }) => verdict === "fail").map(({ what }) => what)).toEqual(["NDR@512"]);
    const rates = differences(runOf(5), runOf(5, 0.95)).filter(({ unit }) => unit === "pps");
    expect(rates.map(({ is }) => is)).toEqual(Array.from({ length: 14 }, () => "worse"));
  });

  it("of which some have too few samples, do not cost those their say that have enough", () => {
    const baseline = updatedBaseline(null, ndrOf(...[1, 2, 3, 4, 5, 6, 7].map((i) => 1e6 + i)));
    const few = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`PDR ${i}@64`, [1e6, 1e6]]));
    const grown = { ...baseline, figures: { ...baseline.figures, ...few } };
    const run = ndrOf(9e5, 9e5, 9e5);
    const more = Array.from({ length: 50 }, (_, i) => ({ ...run.results![0], goal: `PDR ${i}` }));
    const rows = compareWithBaseline(grown, { ...run, results: [...run.results!, ...more] });
    expect(rows.filter(({ verdict }) => verdict === "fail").map(({ what }) => what)).toEqual(["NDR@64"]);
  });
});

describe("what is sent", () => {
  it("is part of the setup: flows, VLAN, IP version, addresses, streams of a profile", () => {
    const { plain: _, ...manyStreams } = plain();
    const words = [
      plain(),
      plain({ flows: 16 }),
      plain({ vlan: 5 }),
      plain({ ip: 6, sizes: [fixedSize(128)] }),
      plain({ dstMac: "02:00:00:00:00:09" }),
      manyStreams,
      { ...manyStreams, streams: manyStreams.streams.map((stream) => ({ ...stream, weight: 7 })) },
    ].map(trafficWords);
    expect(new Set(words).size).toBe(words.length);
    expect(trafficWords({ ...plain(), seed: 9, sizes: [] })).toBe(words[0]);
    const [a, b] = words.map((traffic) => ({ ...passed, traffic }));
    expect(setupDifferences(updatedBaseline(null, a!), b!)).toEqual([
      `traffic: ${words[0]} in the baseline, ${words[1]} now`,
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

  it("holds the longest outage of each trial against a time, and passes no trial that does not know it", () => {
    const down = { ...passed, trials: passed.trials.map((trial) => ({ ...trial, outageNs: 50e6 })) };
    expect(judge("outage<=50ms", down).map(({ verdict }) => verdict)).toEqual(down.trials.map(() => "pass"));
    expect(judge("outage@64<=49ms", down)[0]).toMatchObject({
      ...{ what: "outage, forwarding@64", wanted: "at most 49 ms", found: "50 ms", verdict: "fail" },
    });
    const unknown = passed.trials.map(({ outageNs: _, ...trial }) => ({ ...trial, lost: 0, corrupt: 0 }));
    expect(judge("outage<=1s", { ...passed, trials: unknown })).toMatchObject([
      { verdict: "invalid", found: "nothing was measured for it" },
    ]);
    // One trial that passes does not speak for one that lost frames, nobody knows for how long.
    const trials = [down.trials[0]!, { ...unknown[0]!, lost: 5 }];
    const found = "not known, and 5 frames did not come back whole";
    expect(judge("outage<=1s", { ...passed, trials })).toMatchObject([
      { verdict: "pass" },
      { wanted: "at most 1 s", found, verdict: "invalid", cause: "not measured" },
    ]);
    const pieces = [{ ...unknown[0]!, lost: 5 }, down.trials[0]!];
    const totals = pieces.reduce((sums: SoakTotal[], trial) => withPiece(sums, [trial]), []);
    const soak = { totals } as unknown as NonNullable<RunResult["soak"]>;
    expect(judge("outage<=1s", { ...passed, soak })).toMatchObject([{ verdict: "invalid", cause: "not measured" }]);
  });

  it.each(["NDR", "NDR>1Mpps", "NDR>=", ">=1Mpps", "NDR>=fast", "latency.p99<=1Mpps", "loss<=2"])(
    "refuses %s",
    (text) => {
      expect(() => parseThreshold(text, "--threshold")).toThrowError(/threshold|rate|duration|ratio/);
    },
  );
});
