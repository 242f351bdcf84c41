/** A hand-made result of a test plan: one case of two sizes on two queues, one step that failed. */
import type { CaseResult, PlanResult, StepResult } from "../../src/result/labplan-result.js";
import type { HopResult, Trial } from "../../src/result/run-result.js";
import { forwarding64, passed } from "./sample.js";

const hop = (name: string): HopResult => ({
  name,
  rx: 10_000,
  tx: 10_000,
  dropped: 0,
  queues: [0, 1].map((queue) => ({ queue, rx: 5_000, tx: 5_000, dropped: 0 })),
});

/** 64 bytes, two queues, nothing lost. */
export const goodTrial: Trial = {
  ...forwarding64,
  queues: 2,
  hops: ["host>", "container", "host<"].map(hop),
  queuesSeen: [0, 1].map((queue) => ({ queue, sent: 5_000, accepted: 5_000, lost: 0 })),
};

const step = (number: string, what: string, changes: Partial<StepResult> = {}): StepResult => ({
  number,
  heading: null,
  what,
  trials: [],
  durationMs: 20,
  verdict: "pass",
  reasons: [],
  notes: [],
  ...changes,
});

const failed = { verdict: "fail", reasons: ["queue 1 of port 0 did not both receive and send"] } as const;

export const sampleCase: CaseResult = {
  number: 2,
  name: "packet forward with multi-queues",
  id: "test_perf_multi_queues",
  notes: ["--rxq=2 --txq=2 are set on both sides"],
  steps: [
    step("2.1", "launch vhost", { heading: "1. Launch vhost", commandLine: "dpdk-testpmd -- -i" }),
    step("2.2", "send 10,000 frames", { trials: [0, 1] }),
    step("2.3", "container> stop; check: queues forwarded", {
      ...failed,
      reasons: [...failed.reasons],
      output: "case-2/2.3.txt",
    }),
    step("2.4", "vhost> stop", { verdict: "skipped" }),
  ],
  throughput: [
    {
      frameBytes: 64,
      descriptors: 1024,
      queues: 2,
      mpps: 1.25,
      lineRatePercent: 8.4,
      expectedMpps: 1.2,
      deltaMpps: 0.05,
      status: "PASS",
    },
    {
      frameBytes: 1518,
      descriptors: 1024,
      queues: 2,
      mpps: 0.5,
      lineRatePercent: null,
      expectedMpps: 0.6,
      deltaMpps: -0.1,
      status: "FAIL",
    },
  ],
  verdict: "fail",
  reasons: ["1518 bytes: 0.5 Mpps, less than the 0.6 Mpps expected, by more than 2 %"],
};

const { results: _, ...run } = passed;

export const samplePlan: PlanResult = {
  ...run,
  dut: { kind: "testpmd", version: "DPDK 22.11.11", containers: "podman" },
  trials: [goodTrial, { ...goodTrial, frameBytes: 1518, meanFrameBytes: 1518 }],
  verdict: "fail",
  plan: {
    file: "plan.yaml",
    title: "A plan",
    source: "a test_plan",
    notes: [],
    results: "/tmp/results",
    cases: [sampleCase],
  },
};
