/** From the options of `plan` and a test plan to what is run. Errors name the option that is wrong. */
import { parseTestpmdOptions } from "../dut/testpmd/options.js";
import { usageError } from "../errors.js";
import type { TestPlan } from "../labplan/file/index.js";
import type { TestPlanOrder } from "../labplan/index.js";
import { usualWarmUpNs } from "../measure/warm-up.js";
import type { ExpectedThroughput } from "../report/dts.js";
import { type LabplanOptions, labplanOptions } from "./labplan-options.js";
import { readOptions } from "./option.js";
import { drawnRunId } from "./option-values.js";
import { recordOf } from "./record-options.js";

/** What the DPDK Test Suite tolerates. */
const defaultTolerance = 0.02;

interface DutOrder {
  readonly container: TestPlanOrder["container"];
  readonly hugepages: boolean | null;
  readonly program: string;
}

/** `container=none,huge=off`, also with `testpmd,` before it. What a plan says itself cannot be said here. */
function dutOrder(text: string, plan: TestPlan): DutOrder {
  const options = parseTestpmdOptions(text.replace(/^testpmd(,|$)/, ""), "--dut");
  const names = new Set(options.given.map((part) => part.split("=")[0]));
  const mine = ["container", "huge", "program"];
  const other = [...names].find((name) => !mine.includes(name));
  if (other !== undefined) {
    const hint = "the plan's file says the rest";
    throw usageError(`${other} cannot be set for a plan`, { where: "--dut", accepted: mine.join(", "), hint });
  }
  if (options.huge === "on" && plan.hugepages === null) {
    const accepted = "huge=off, or a plan with hugepages: { mount, size, count }";
    throw usageError(`${plan.file} has no hugepages`, { where: "--dut huge=on", accepted });
  }
  return {
    container: names.has("container") ? options.container : null,
    hugepages: names.has("huge") && options.huge !== "auto" ? options.huge === "on" : null,
    program: options.program ?? "dpdk-testpmd",
  };
}

/** Throws a usage error (2) for the first option that cannot be. */
export function orderPlan(
  plan: TestPlan,
  options: LabplanOptions,
  expected: ExpectedThroughput,
  commandLine: string,
): TestPlanOrder {
  const given = readOptions(labplanOptions, options);
  const { rate = null, count = null, duration = null } = given;
  if (count !== null && duration !== null) {
    const accepted = "one of them: a trial ends after a time or after so many frames";
    throw usageError("--count and --duration contradict each other", { where: "--count", accepted });
  }
  if (given.updateExpected === true && given.expected === undefined) {
    throw usageError("where to?", { where: "--update-expected", accepted: "--expected FILE beside it" });
  }
  // An exact count at max says little about a rate: a second does.
  const atMax = rate?.kind === "max" && count === null && duration === null;
  return {
    plan,
    cases: given.case ?? null,
    sizes: given.sizes ?? null,
    ...{ rate, count, durationNs: atMax ? 1e9 : duration },
    warmUpNs: given.warmup ?? usualWarmUpNs,
    ...dutOrder(given.dut ?? "", plan),
    expected,
    judgeExpected: given.expected !== undefined && given.updateExpected !== true,
    tolerance: given.tolerance ?? defaultTolerance,
    yesThisInterface: given.yesThisInterface === true,
    record: recordOf(options),
    runId: given.runId ?? drawnRunId(),
    lineRateBps: given.lineRate ?? null,
    commandLine,
  };
}
