/**
 * A pass is a pass, for every method: on benches whose trials are spoiled at random, no verdict is `pass` where a figure
 * that was asked for has no trial to stand on, a frame is unaccounted for, or damage and loss are beyond the limit. What
 * a trial is good for is known here from how it was spoiled, and not from what the methods made of it.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { MeasureRequest, Measurer } from "../../src/measure/measurer.js";
import { absorption } from "../../src/method/absorption.js";
import type { Findings } from "../../src/method/findings.js";
import { judgeThresholds, withThresholds } from "../../src/method/judge/thresholds.js";
import { latencyAtLoads } from "../../src/method/latency.js";
import { judgeMethod } from "../../src/method/method-verdict.js";
import { runNdr } from "../../src/method/ndr.js";
import { runRfc2544 } from "../../src/method/rfc2544/index.js";
import { serviceActivation } from "../../src/method/service.js";
import { runSoak } from "../../src/method/soak.js";
import { parseThreshold } from "../../src/profile/threshold.js";
import { reports } from "../../src/report/index.js";
import type { RunResult, Trial } from "../../src/result/run-result.js";
import { judgeTrial } from "../../src/stats/verdict.js";
import { fixedSize } from "../../src/units.js";
import { rfc2544Settings, searchSettings } from "../support/method-sample.js";
import { passed } from "../support/sample.js";
import { simulatedBench } from "../support/simulated-bench.js";
import { parseXml } from "../support/xml.js";

const second = 1e9;
const size = fixedSize(64);
const spoilings = [
  "none",
  "load",
  "late",
  "late and lossy",
  "steal and lossy",
  "unaccounted",
  "corrupt",
  "lossy",
] as const;
type Spoiling = (typeof spoilings)[number] | "stood still" | "refused";

function spoiled(trial: Trial, how: Spoiling): Trial {
  const few = Math.min(3, trial.accepted);
  const less = { accepted: trial.accepted - few, received: trial.received - few };
  const lossy = { ...less, lost: trial.lost + few };
  const changes: Record<Spoiling, Partial<Trial>> = {
    none: {},
    load: { missed: trial.missed + trial.sent, intended: trial.intended + trial.sent },
    late: { late: trial.sent },
    "late and lossy": { late: trial.sent, ...lossy },
    "steal and lossy": { disturbance: { stealMs: 1e6, switches: 0, calibration: 1 }, ...lossy },
    unaccounted: { unaccounted: 3, ledger: ["host> took 3 frames fewer than were sent"] },
    corrupt: { ...less, received: trial.received, corrupt: trial.corrupt + few },
    lossy,
    "stood still": { stoodStillNs: trial.durationNs, durationNs: Math.max(trial.durationNs, 1e8) },
    refused: { blocked: few, intended: trial.intended + few },
  };
  const changed = { ...trial, ...changes[how] };
  return { ...changed, ...judgeTrial(changed, { lossRatioMax: null, measuresLoss: true, minPps: null, faults: [] }) };
}

interface Taken {
  readonly request: MeasureRequest;
  readonly how: Spoiling;
}

/** The bench with its trials spoiled one after the other; probes are left alone. */
function spoiling(list: readonly Spoiling[]): Measurer & { readonly trials: Trial[]; readonly taken: Taken[] } {
  const base = simulatedBench({ capacityPps: 300_000, queueFrames: 64, recoveryNs: () => 1e6, resetNs: second });
  const trials: Trial[] = [];
  const taken: Taken[] = [];
  const measure = async (request: MeasureRequest): Promise<readonly Trial[]> => {
    const how = request.phase === "probe" ? "none" : (list[taken.length % list.length] ?? "none");
    taken.push({ request, how });
    const found = (await base.measure(request)).map((trial) => spoiled(trial, how));
    trials.push(...found);
    return found;
  };
  return { measure, ended: () => null, trials, taken };
}

/** The last attempt of each thing that was asked for, by phase, size, load and count. */
function lastAttempts(taken: readonly Taken[]): Spoiling[] {
  const last = new Map(taken.map((one) => [JSON.stringify({ ...one.request, lossGoals: 0 }), one.how]));
  return [...last.values()];
}

const useless: readonly Spoiling[] = ["load", "unaccounted", "stood still", "late and lossy", "steal and lossy"];
const isUseless = (how: Spoiling): boolean => useless.includes(how);
const isLossy = (how: Spoiling): boolean => ["corrupt", "lossy", "refused"].includes(how);

interface Case {
  readonly name: string;
  readonly run: (bench: Measurer) => Promise<Findings>;
  /** May it pass, with these last attempts? */
  readonly mayPass: (taken: readonly Taken[], findings: Findings) => boolean;
}

const goals = searchSettings.goals;
const search = { ...searchSettings, sizes: [size], goals: [goals[0]] };
const shares = [0.5, 1];
const latencySettings = { sizes: [size], shares, durationNs: second, repeats: 1, search, probePps: null } as const;
const criteria = { lossRatio: 0, delayNs: 1e9, delayVariationNs: null };
const service = {
  ...{ size, cirPps: 10_000, eirPps: 0, steps: [0.5, 1], stepNs: second, performanceNs: second },
  ...{ policing: false, policingMargin: 0.01, criteria },
};
const rfcSettings = { ...rfc2544Settings, sizes: [size], throughput: { ...rfc2544Settings.throughput, sizes: [size] } };

const cases: readonly Case[] = [
  {
    name: "latency",
    run: (bench) => latencyAtLoads(bench, { ...latencySettings, referencePps: () => 10_000, lossRatioMax: 0 }),
    mayPass: (taken) => lastAttempts(taken).every((how) => how === "none"),
  },
  {
    name: "ndr",
    run: (bench) => runNdr(bench, search),
    mayPass: (_, { results = [] }) => results.length === 1 && results[0].pps > 0,
  },
  {
    name: "soak",
    run: async (bench) => {
      const settings = { size, pps: 10_000, durationNs: 4 * second, pieceNs: second, resume: null };
      return {
        soak: await runSoak(
          bench,
          settings,
          () => new Date(0),
          () => {},
        ),
      };
    },
    mayPass: (taken) =>
      taken.every(({ how }) => how === "none" || how === "late" || how === "load" || how === "stood still"),
  },
  {
    name: "y1564",
    run: async (bench) => ({ service: await serviceActivation(bench, service) }),
    mayPass: (taken) => lastAttempts(taken).every((how) => how === "none"),
  },
  {
    name: "burst",
    run: async (bench) => ({
      absorption: await absorption(bench, {
        ...{ sizes: [size], kind: "burst", pps: 200_000, frames: [64, 128], rampSteps: 0, stepNs: second },
      }),
    }),
    mayPass: (taken) => lastAttempts(taken).every((how) => !isUseless(how) || how === "load"),
  },
  {
    name: "rfc2544",
    run: (bench) => runRfc2544(bench, rfcSettings),
    mayPass: (taken, { lossCurves, backToBack, recovery, resets, results }) => {
      const latencies = taken.filter(({ request }) => request.phase === "latency");
      const lists = [lossCurves, backToBack, recovery, resets, results];
      const attempts = latencies.slice(-1);
      return lists.every((list) => list?.length === 1) && attempts.every(({ how }) => !isUseless(how) && !isLossy(how));
    },
  },
];

const lists = fc.array(fc.constantFrom<Spoiling>(...spoilings, "none", "none", "stood still", "refused"), {
  minLength: 1,
  maxLength: 12,
});

function documentOf(name: string, findings: Findings, trials: readonly Trial[]): RunResult {
  const method = { name, preset: "standard", conforming: null, deviations: [], settings: {} };
  return { ...passed, ...findings, trials: [...trials], method, ...judgeMethod(findings, trials, null) };
}

/** No test case of the file is a failure or an error. */
function isGreen(result: RunResult): boolean {
  const suites = parseXml(reports.junit(result, { color: false, ascii: false }));
  const { failures, errors } = suites.attributes;
  const bad = suites.children[0].children.filter(({ children }) =>
    children.some(({ name }) => name === "failure" || name === "error"),
  );
  expect(bad.length).toBe(Number(failures) + Number(errors));
  return bad.length === 0;
}

describe.each(cases)("$name", ({ name, run, mayPass }) => {
  it("passes only where all that was asked for was measured and held; JUnit is green exactly then", async () => {
    let passes = 0;
    await fc.assert(
      fc.asyncProperty(lists, async (list) => {
        const bench = spoiling(list);
        const findings = await run(bench);
        const result = documentOf(name, findings, bench.trials);
        expect(isGreen(result)).toBe(result.verdict === "pass");
        expect(result.reasons?.length === 0).toBe(result.verdict === "pass");
        if (result.verdict !== "pass") return;
        passes++;
        expect(bench.trials.every(({ unaccounted }) => unaccounted === 0)).toBe(true);
        expect(mayPass(bench.taken, findings)).toBe(true);
      }),
      { numRuns: name === "rfc2544" ? 40 : 150, examples: [[["none"]]] },
    );
    // The rule is no rule if nothing ever passes.
    expect(passes).toBeGreaterThan(0);
  });

  it("has a loss threshold that sees whatever did not come back whole", async () => {
    const bench = spoiling(["none", "corrupt", "refused"]);
    const result = documentOf(name, await run(bench), bench.trials);
    const rows = judgeThresholds([parseThreshold("loss<=0", "--threshold")], result);
    const isWhole = ({ corrupt, lost, blocked, verdict }: Trial): boolean =>
      verdict === "invalid" || corrupt + lost + blocked === 0;
    expect(rows.every(({ verdict }) => verdict === "pass")).toBe(bench.trials.every(isWhole));
    const judged = withThresholds(result, rows);
    expect(isGreen(judged)).toBe(judged.verdict === "pass");
  });
});
