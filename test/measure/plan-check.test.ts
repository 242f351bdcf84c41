/** The library's door: a plan that a program made is refused in words that name the field, never by a TypeError. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PktgenError } from "../../src/errors.js";
import type { RunPlan } from "../../src/measure/plan.js";
import { checkPlan } from "../../src/measure/plan-check.js";
import { runForwarding } from "../../src/method/forwarding.js";
import { planRun } from "../../src/options/run-plan.js";

const good = planRun({ sizes: "64", rate: "1kpps", count: "10" }, null, "a program");
const refusal = (plan: unknown): PktgenError => {
  try {
    checkPlan(plan);
  } catch (error) {
    if (error instanceof PktgenError) return error;
    throw error;
  }
  throw new Error("it was accepted");
};

describe("a plan", () => {
  it("of the command line is accepted", () => {
    expect(() => checkPlan(good)).not.toThrow();
    expect(() => checkPlan(planRun({ dut: "external", tx: "null:" }, null, ""))).not.toThrow();
  });

  it.each([
    [undefined, "plan: this is no plan; accepted: an object of RunPlan's fields"],
    [{ ...good, sizes: undefined }, "plan.sizes: sizes is missing; accepted: a list of at least one size, "],
    [{ ...good, sizes: [64] }, "plan.sizes: sizes can't be that list; accepted: a list of at least one size, "],
    [{ ...good, dut: { kind: "embedded" } }, "plan.dut: dut can't be that object; accepted: { kind: "],
    [{ ...good, queues: 9 }, "plan.queues: queues can't be 9; accepted: a whole number from 1 to 8"],
    [{ ...good, lossLimit: 2 }, "plan.lossLimit: lossLimit can't be 2; accepted: 0 to 1, or null"],
    [{ ...good, stream: {} }, "plan.stream: stream is no traffic; accepted: trafficOf(plainTraffic()), "],
    [
      { ...good, trials: { rate: "10kpps", durationNs: 1, count: null } },
      "plan.trials.rate: the trials have no rate; ",
    ],
    [
      { ...good, trials: { rate: { kind: "pps", pps: 1e-9 }, durationNs: 1, count: null } },
      "plan.trials.rate: 1e-9 frames per second cannot be scheduled; accepted: 0.000001pps to 1Gpps, or max",
    ],
    [
      { ...good, trials: { rate: { kind: "max" }, durationNs: 1, count: 1 } },
      "plan.trials: a trial ends after a time ",
    ],
  ])("%#", (plan, sentence) => {
    const line = refusal(plan).toLine();
    expect(line.slice(0, sentence.length)).toBe(sentence);
  });

  it("with any one field replaced by anything throws nothing but a PktgenError", () => {
    const names = Object.keys(good) as (keyof RunPlan)[];
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.anything(), (name, value) => {
        try {
          checkPlan({ ...good, [name]: value });
        } catch (error) {
          expect(error).toBeInstanceOf(PktgenError);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("is checked before anything is opened", async () => {
    const { sizes: _, ...without } = good;
    const run = runForwarding(without as RunPlan, { signal: new AbortController().signal });
    await expect(run).rejects.toMatchObject({ where: "plan.sizes", exitCode: 2 });
  });
});
