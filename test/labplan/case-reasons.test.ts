/** Why a case is no pass: each sentence with a cause, in the sequence of its steps. */
import { expect, it } from "vitest";
import { caseReasons } from "../../src/labplan/case-reasons.js";
import type { CaseResult, StepResult } from "../../src/result/labplan-result.js";
import { judgedBy } from "../../src/stats/cause.js";
import { samplePlan } from "../support/plan-sample.js";
import { failed64, forwarding64 } from "../support/sample.js";

const [sample] = samplePlan.plan.cases;
const [passed] = sample!.steps;
const step = (changes: Partial<StepResult>): StepResult => ({ ...passed!, ...changes });
const caseOf = (steps: readonly StepResult[]): CaseResult => ({
  ...sample!,
  steps: [...steps],
  ...judgedBy("fail", [{ cause: "too slow", text: "64 bytes: 1 Mpps, less than expected" }]),
});

it("has the causes of its steps, of their trials, and its own", () => {
  const steps = [
    passed!,
    step({ number: "1.1", trials: [0, 1], verdict: "fail" }),
    step({ number: "1.2", ...judgedBy("invalid", [{ cause: "interrupted", text: "interrupted" }]) }),
    step({ number: "1.3", verdict: "skipped" }),
  ];
  expect(caseReasons(caseOf(steps), [forwarding64, failed64])).toEqual([
    { cause: "lost", text: "step 1.1 is no pass" },
    { cause: "interrupted", text: "interrupted" },
    { cause: "not measured", text: "step 1.3 was not done" },
    { cause: "too slow", text: "64 bytes: 1 Mpps, less than expected" },
  ]);
});

it("has none where it passed", () => {
  expect(caseReasons({ ...caseOf([passed!]), verdict: "pass" }, [])).toEqual([]);
});
