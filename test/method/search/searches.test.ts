/** Searches on devices whose limit is known: bounds that hold it, what limited, and how many trials it took. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  bisection,
  type LoadRange,
  leastTrialNs,
  mlrSearch,
  type Search,
  type SearchBudget,
  type SearchGoal,
  type SearchOutcome,
} from "../../../src/method/search/index.js";
import { faultReason } from "../../../src/stats/cause.js";
import { runSearch, type SimulatedDevice, simulatedDevice } from "../../support/simulated-device.js";

const second = 1e9;
const range: LoadRange = { minPps: 1_000, maxPps: 1_488_095, maxIs: "line" };
const budget: SearchBudget = { maxTrials: 2_000, maxTrialNs: 1e15 };

const goal = (name: string, lossRatio: number, more: Partial<SearchGoal> = {}): SearchGoal => ({
  name,
  lossRatio,
  exceedRatio: 0,
  initialTrialNs: second,
  trialNs: second,
  durationSumNs: second,
  width: 0.005,
  ...more,
});
const repeated = { exceedRatio: 0.5, durationSumNs: 21 * second };
const growing = { trialNs: 10 * second, durationSumNs: 10 * second };
const ndrAndPdr = (more: Partial<SearchGoal>): SearchGoal[] => [goal("NDR", 0, more), goal("PDR", 0.005, more)];

interface Setting {
  readonly goals: readonly SearchGoal[];
  readonly queueFrames?: number;
  readonly range?: LoadRange;
  readonly budget?: SearchBudget;
}
const mlr = (setting: Setting): Search => mlrSearch({ range, budget, queueFrames: 0, hintPps: null, ...setting });
const bisect = (setting: Setting, verifications = 0): Search =>
  bisection({ range, budget, queueFrames: 0, ...setting, goal: setting.goals[0], verifications });

const plain = fc.record({ capacityPps: fc.integer({ min: 1_500, max: 1_480_000 }) });

describe("a device with a known limit", () => {
  it("lies between the bounds of every search, and they are narrow", () => {
    fc.assert(
      fc.property(plain, fc.constantFrom("mlr", "bisection", "verified"), (device, kind) => {
        const goals = [goal("NDR", 0)];
        const search = kind === "mlr" ? mlr({ goals }) : bisect({ goals }, kind === "verified" ? 2 : 0);
        const [result] = runSearch(search, simulatedDevice(device)).results;
        expect(result.limitedBy).toBe("dut");
        // A second's worth of a fraction of a frame cannot be seen.
        expect(result.lowerPps).toBeLessThanOrEqual(device.capacityPps + 1);
        expect(result.upperPps).toBeGreaterThan(device.capacityPps);
        expect(1 - result.lowerPps / (result.upperPps ?? 0)).toBeLessThanOrEqual(0.005 + 1e-9);
        expect(result.conditionalPps).toBe(result.lowerPps);
      }),
      { numRuns: 300 },
    );
  });

  it("lies between the bounds of several goals at once, whatever the goals ask of trials", () => {
    fc.assert(
      fc.property(plain, fc.constantFrom({}, repeated, growing), (device, more) => {
        const { results } = runSearch(mlr({ goals: ndrAndPdr(more) }), simulatedDevice(device));
        for (const [i, lossRatio] of [0, 0.005].entries()) {
          const limit = device.capacityPps / (1 - lossRatio);
          expect(results[i].limitedBy).toBe("dut");
          expect(results[i].lowerPps).toBeLessThanOrEqual(limit + 1);
          expect(results[i].upperPps).toBeGreaterThan(limit * (1 - 1e-6));
          expect(results[i].lossRatio).toBeLessThanOrEqual(lossRatio);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe("a queue of the device", () => {
  const device: SimulatedDevice = { capacityPps: 400_000, queueFrames: 5_000 };

  it("hides the limit from trials that end before it is full", () => {
    const [result] = runSearch(mlr({ goals: [goal("NDR", 0)] }), simulatedDevice(device)).results;
    expect(result.lowerPps).toBeGreaterThan(400_000 * 1.01);
  });

  it("does not, where trials last as long as it takes to fill at a width above the limit", () => {
    fc.assert(
      fc.property(fc.integer({ min: 100_000, max: 1_000_000 }), fc.integer({ min: 1, max: 20_000 }), (pps, frames) => {
        const goals = [goal("NDR", 0)];
        const hidden = simulatedDevice({ capacityPps: pps, queueFrames: frames });
        const { results, loads } = runSearch(mlr({ goals, queueFrames: frames }), hidden);
        expect(results[0].limitedBy).toBe("dut");
        expect(results[0].lowerPps).toBeLessThanOrEqual(pps * 1.0051 + 1);
        expect(results[0].upperPps).toBeGreaterThan(pps);
        const atLower = loads.filter((load) => load.pps === results[0].lowerPps);
        const longest = Math.max(...atLower.map(({ durationNs }) => durationNs));
        expect(longest).toBeGreaterThanOrEqual(leastTrialNs(frames, 0.005, results[0].lowerPps) - 1);
      }),
      { numRuns: 100 },
    );
  });
});

describe("what limited", () => {
  const searches = (setting: Setting): Search[] => [mlr(setting), bisect(setting), bisect(setting, 1)];

  it("is the line where the greatest load holds", () => {
    for (const search of searches({ goals: [goal("NDR", 0)] })) {
      const [result] = runSearch(search, simulatedDevice({ capacityPps: 2e6 })).results;
      expect(result).toMatchObject({ lowerPps: range.maxPps, upperPps: null, limitedBy: "line" });
    }
  });

  it("is the generator where the greatest load is the most that it can do", () => {
    for (const search of searches({ goals: [goal("NDR", 0)], range: { ...range, maxIs: "generator" } })) {
      const [result] = runSearch(search, simulatedDevice({ capacityPps: 2e6 })).results;
      expect(result).toMatchObject({ lowerPps: range.maxPps, upperPps: null, limitedBy: "generator" });
    }
  });

  it("is the generator where it falls short below the device's limit; what it could not offer is no bound", () => {
    fc.assert(
      fc.property(fc.integer({ min: 10_000, max: 900_000 }), (generatorPps) => {
        const device = { capacityPps: 1e6, generatorPps };
        for (const search of searches({ goals: [goal("NDR", 0)] })) {
          const [result] = runSearch(search, simulatedDevice(device)).results;
          expect(result).toMatchObject({ upperPps: null, limitedBy: "generator" });
          expect(result.lowerPps).toBeLessThanOrEqual(generatorPps);
          expect(result.lowerPps).toBeGreaterThan(generatorPps * 0.99);
        }
      }),
      { numRuns: 50 },
    );
  });

  it("is the device where its limit lies below the generator's", () => {
    for (const search of searches({ goals: [goal("NDR", 0)] })) {
      const [result] = runSearch(search, simulatedDevice({ capacityPps: 3e5, generatorPps: 7e5 })).results;
      expect(result.limitedBy).toBe("dut");
      expect(result.lowerPps).toBeLessThanOrEqual(3e5);
    }
  });

  it("is the time where the budget ends first, and the bounds so far are there", () => {
    for (const search of searches({ goals: [goal("NDR", 0)], budget: { ...budget, maxTrials: 3 } })) {
      const { results, loads } = runSearch(search, simulatedDevice({ capacityPps: 3e5 }));
      expect(loads).toHaveLength(3);
      expect(results[0].limitedBy).toBe("time");
      expect(results[0].endedBy).toEqual({ cause: "not measured", text: "3 trials were not enough" });
      expect(results[0].lowerPps).toBeLessThanOrEqual(3e5 + 1);
      expect(results[0].upperPps).toBeGreaterThan(3e5);
    }
  });

  it("is the time where the trials' own time is over", () => {
    const limited = { ...budget, maxTrialNs: 2.5 * second };
    const { results, loads } = runSearch(
      mlr({ goals: [goal("NDR", 0)], budget: limited }),
      simulatedDevice({ capacityPps: 3e5 }),
    );
    expect(loads).toHaveLength(2);
    expect(results[0]).toMatchObject({
      limitedBy: "time",
      endedBy: { text: "the time for the search was not enough" },
    });
  });
});

describe("a device that spoils a search", () => {
  const noRate = { lowerPps: 0, limitedBy: "dut", conditionalPps: 0 };

  it("forwards nothing: no lower bound, and the search ends at the least load", () => {
    for (const search of [mlr({ goals: [goal("NDR", 0)] }), bisect({ goals: [goal("NDR", 0)] })]) {
      const { results, loads } = runSearch(search, simulatedDevice({ capacityPps: 0 }));
      expect(results[0]).toMatchObject({ ...noRate, upperPps: range.minPps });
      expect(loads.at(-1)?.pps).toBe(range.minPps);
    }
  });

  it("loses some frames at every load: no NDR, but a PDR", () => {
    const device = { capacityPps: 5e5, floorLoss: 0.001 };
    const { results } = runSearch(mlr({ goals: ndrAndPdr({}) }), simulatedDevice(device));
    expect(results[0]).toMatchObject(noRate);
    expect(results[1].limitedBy).toBe("dut");
    expect(results[1].lowerPps).toBeGreaterThan(4.9e5);
  });

  it("dies in the search: the bounds so far, and why it ended", () => {
    for (const search of [mlr({ goals: ndrAndPdr({}) }), bisect({ goals: ndrAndPdr({}) })]) {
      const alive = simulatedDevice({ capacityPps: 3e5 });
      let left = 4;
      const dying = (load: Parameters<typeof alive>[0]): SearchOutcome =>
        left-- > 0 ? alive(load) : { kind: "ended", why: faultReason("the peer went away") };
      const { results, loads } = runSearch(search, dying);
      expect(loads).toHaveLength(5);
      expect(results[0]).toMatchObject({ limitedBy: "time", endedBy: { cause: "fault", text: "the peer went away" } });
    }
  });

  it("is noisy, drifts, collapses or has a bad band: the bounds never contradict a trial", () => {
    const spoiled = fc.record({
      capacityPps: fc.integer({ min: 20_000, max: 1_400_000 }),
      noise: fc.constantFrom(0, 0.002, 0.02),
      hiccupChance: fc.constantFrom(0, 0.1, 0.4),
      drift: fc.constantFrom(0, -0.002, 0.002),
      collapse: fc.constantFrom(0, 0.5, 2),
      badBand: fc.constantFrom(undefined, [100_000, 120_000] as const),
      seed: fc.integer({ min: 1, max: 1e6 }),
    });
    fc.assert(
      fc.property(spoiled, fc.constantFrom({}, repeated, growing), (device, more) => {
        const goals = ndrAndPdr(more);
        const given = { ...device, badBand: device.badBand ?? [1, 0] } as const;
        const { results, loads } = runSearch(mlr({ goals }), simulatedDevice(given));
        for (const [i, { lossRatio, exceedRatio }] of goals.entries()) {
          const { lowerPps, upperPps, limitedBy } = results[i];
          expect(["dut", "line"]).toContain(limitedBy);
          if (upperPps !== null) expect(lowerPps).toBeLessThan(upperPps);
          const atLower = loads.filter(({ pps }) => pps === lowerPps);
          const high = atLower.filter(({ outcome }) => outcome.kind === "measured" && outcome.lossRatio > lossRatio);
          if (lowerPps > 0) expect(high.length).toBeLessThanOrEqual(atLower.length * exceedRatio);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("loses verified loss only: a hiccup does not move a search that looks again", () => {
    const searchWith = (seed: number, verifications: number) =>
      runSearch(
        bisect({ goals: [goal("NDR", 0)] }, verifications),
        simulatedDevice({ capacityPps: 5e5, hiccupChance: 0.3, seed }),
      ).results[0];
    const seeds = Array.from({ length: 20 }, (_, i) => i + 1);
    const misled = seeds.filter((seed) => (searchWith(seed, 0).upperPps ?? 0) <= 5e5);
    expect(misled.length).toBeGreaterThan(10);
    for (const seed of seeds) {
      const { lowerPps, upperPps } = searchWith(seed, 12);
      expect(lowerPps).toBeLessThanOrEqual(5e5);
      expect(upperPps).toBeGreaterThan(5e5);
    }
  });
});

describe("the number of trials", () => {
  const devices: Readonly<Record<string, SimulatedDevice>> = {
    "0.2 % of the line": { capacityPps: 3_000 },
    "a quarter": { capacityPps: 412_345 },
    "99.5 %": { capacityPps: 1_480_000 },
    "noise of 1 %": { capacityPps: 5e5, noise: 0.01 },
    hiccups: { capacityPps: 5e5, hiccupChance: 0.2 },
    "drifts down": { capacityPps: 5e5, drift: -0.002 },
    collapses: { capacityPps: 5e5, collapse: 0.5 },
    "queue of 5,000": { capacityPps: 4e5, queueFrames: 5_000 },
    "generator's limit": { capacityPps: 1e6, generatorPps: 6e5 },
  };
  const goalKinds = { "1 s": {}, "21 × 1 s, half": repeated, "1 s to 10 s": growing };

  it("is below plain bisection's for the same two goals", async () => {
    const pad = (cells: readonly (string | number)[]): string =>
      cells
        .map((cell, i) => (i < 2 ? String(cell).padEnd(18) : String(cell).padStart(9)))
        .join("")
        .trimEnd();
    const lines = [pad(["device", "trials of goals", "MLR", "s", "bisection", "s"])];
    const secondsOf = (runs: readonly ReturnType<typeof runSearch>[]): number =>
      Math.round(runs.flatMap(({ loads }) => loads).reduce((sum, { durationNs }) => sum + durationNs, 0) / second);
    for (const [name, device] of Object.entries(devices)) {
      for (const [kind, more] of Object.entries(goalKinds)) {
        const goals = ndrAndPdr(more);
        const queueFrames = device.queueFrames ?? 0;
        const together = runSearch(mlr({ goals, queueFrames }), simulatedDevice(device));
        const apart = goals.map((one) => runSearch(bisect({ goals: [one], queueFrames }), simulatedDevice(device)));
        const trials = apart.reduce((sum, { loads }) => sum + loads.length, 0);
        lines.push(pad([name, kind, together.loads.length, secondsOf([together]), trials, secondsOf(apart)]));
        expect(together.loads.length, `${name}, ${kind}`).toBeLessThan(trials);
        expect(secondsOf([together]), `${name}, ${kind}`).toBeLessThan(secondsOf(apart));
      }
    }
    await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot("golden/trials.txt");
  });
});
