/** Results of whole methods on simulated devices, for reports: what a document looks like when everything is in it. */
import { absorption } from "../../src/method/absorption.js";
import type { Findings } from "../../src/method/findings.js";
import { latencyAtLoads } from "../../src/method/latency.js";
import { judgeMethod } from "../../src/method/method-verdict.js";
import { runNdr } from "../../src/method/ndr.js";
import { type Rfc2544Settings, runRfc2544 } from "../../src/method/rfc2544/index.js";
import { serviceActivation } from "../../src/method/service.js";
import type { Method, RunResult } from "../../src/result/run-result.js";
import { fixedSize } from "../../src/units.js";
import { passed } from "./sample.js";
import { type SimulatedBench, type SimulatedBenchDevice, simulatedBench } from "./simulated-bench.js";

const second = 1e9;
const goal = (name: string, lossRatio: number) => ({
  ...{ name, lossRatio, exceedRatio: 0, width: 0.01 },
  ...{ initialTrialNs: second, trialNs: second, durationSumNs: second },
});

export const searchSettings = {
  sizes: [fixedSize(64), fixedSize(512), fixedSize(1518)],
  kind: "mlr",
  goals: [goal("NDR", 0), goal("PDR 0.5 %", 0.005)],
  budget: { maxTrials: 500, maxTrialNs: 1e15 },
  minPps: 1_000,
  lineRateBps: 1e9,
  queueFrames: 256,
} as const;

export const rfc2544Settings: Rfc2544Settings = {
  sizes: searchSettings.sizes,
  tests: ["throughput", "latency", "loss", "back-to-back", "recovery", "reset"],
  throughput: { ...searchSettings, goals: [goal("throughput", 0)] },
  latency: { durationNs: second, repeats: 2 },
  loss: { stepShare: 0.1, durationNs: second },
  backToBack: { longestNs: 0.5 * second, repeats: 5 },
  knownPps: null,
  isSigned: () => true,
  recovery: { overloadNs: second, afterNs: second, repeats: 3 },
  reset: { beforeNs: second, withinNs: 10 * second, repeats: 3, how: "the command: systemctl restart router" },
  settleNs: null,
  ...{ learningFrames: 0, learningWaitNs: 0, restabiliseNs: 0 },
  lineRateBps: 1e9,
};

const methodOf = (name: string, deviations: string[] = []): Method => ({
  ...{ name, preset: deviations.length > 0 ? "quick" : "standard", deviations },
  conforming: name === "rfc2544" ? deviations.length === 0 : null,
  settings: { sizes: "64,512,1518", width: 0.01 },
});

export const documentOf = (bench: SimulatedBench, findings: Findings, method: Method): RunResult => ({
  ...passed,
  command: `pktgen-ts ${method.name} --sizes 64,512,1518 --dut embedded,rate=200kpps`,
  trials: bench.trials,
  ...findings,
  method,
  ...judgeMethod(findings, bench.trials, bench.ended()),
});

const device: SimulatedBenchDevice = { capacityPps: 412_345, queueFrames: 256 };

export async function rfc2544Sample(): Promise<RunResult> {
  const recoveryNs = (trial: number): number => 40e6 + (trial % 5) * 1e6;
  const bench = simulatedBench({ ...device, spoilEvery: 7, recoveryNs, resetNs: 1.25 * second });
  return documentOf(
    bench,
    await runRfc2544(bench, rfc2544Settings),
    methodOf("rfc2544", ["trials of 1 s, RFC 2544 §24 asks for 60 s"]),
  );
}

export async function ndrSample(): Promise<RunResult> {
  const bench = simulatedBench(device);
  return documentOf(bench, await runNdr(bench, searchSettings), methodOf("ndr"));
}

export async function latencySample(): Promise<RunResult> {
  const bench = simulatedBench(device);
  const shares = [0.1, 0.5, 0.9, 1];
  const sizes = searchSettings.sizes;
  const settings = {
    sizes,
    shares,
    durationNs: second,
    repeats: 1,
    referencePps: null,
    probePps: 1_000,
    lossRatioMax: 0,
  };
  return documentOf(bench, await latencyAtLoads(bench, { ...settings, search: searchSettings }), methodOf("latency"));
}

export async function serviceSample(): Promise<RunResult> {
  const bench = simulatedBench({ ...device, capacityPps: 200_000 });
  const steps = await serviceActivation(bench, {
    ...{ size: fixedSize(512), cirPps: 100_000, eirPps: 50_000, steps: [0.25, 0.5, 0.75, 1] },
    ...{ stepNs: second, performanceNs: 10 * second, policing: true, policingMargin: 0.01 },
    criteria: { lossRatio: 0.001, delayNs: 1e6, delayVariationNs: 5e6 },
  });
  return documentOf(bench, { service: steps }, methodOf("y1564"));
}

export async function absorptionSample(): Promise<RunResult> {
  const bench = simulatedBench(device);
  const found = await absorption(bench, {
    ...{
      sizes: [fixedSize(64)],
      kind: "burst",
      pps: 1_000_000,
      frames: [100, 300, 1_000, 3_000],
      rampSteps: 0,
      stepNs: second,
    },
  });
  return documentOf(bench, { absorption: found }, methodOf("burst"));
}
