/** The options of `plan`, from text to an order: everything validated at the door, in sentences that name the option. */
import { parseTestpmdOptions } from "../dut/testpmd/options.js";
import { usageError } from "../errors.js";
import type { TestPlan } from "../labplan/file/index.js";
import type { TestPlanOrder } from "../labplan/index.js";
import type { ExpectedThroughput } from "../report/dts.js";
import { parseCount, parseDuration, parseLineRate, parseRate, parseRatio, parseSizes } from "../units.js";
import { runIdOf } from "./option-values.js";
import { type RecordOptions, recordOf } from "./record-options.js";

/** As commander hands them over. Absent: not given. */
export interface PlanOptions extends RecordOptions {
  readonly case?: string;
  readonly sizes?: string;
  readonly rate?: string;
  readonly count?: string;
  readonly duration?: string;
  readonly results?: string;
  readonly dut?: string;
  readonly expected?: string;
  readonly tolerance?: string;
  readonly updateExpected?: boolean;
  readonly lineRate?: string;
  readonly json?: string;
  readonly dtsJson?: string;
  readonly dryRun?: boolean;
  readonly yesThisInterface?: boolean;
  readonly runId?: string;
}

/** What the suite tolerates. */
const defaultTolerance = 0.02;

const given = <T>(text: string | undefined, parse: (text: string) => T): T | null =>
  text === undefined ? null : parse(text);

/** `1,2`: cases in the order given. */
const caseNumbers = (text: string): number[] => text.split(",").map((piece) => parseCount(piece.trim(), "--case"));

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
  options: PlanOptions,
  expected: ExpectedThroughput,
  commandLine: string,
): TestPlanOrder {
  const { count, duration } = options;
  if (count !== undefined && duration !== undefined) {
    const accepted = "one of them: a trial ends after a time or after so many frames";
    throw usageError("--count and --duration contradict each other", { where: "--count", accepted });
  }
  if (options.updateExpected === true && options.expected === undefined) {
    throw usageError("where to?", { where: "--update-expected", accepted: "--expected FILE beside it" });
  }
  const rate = given(options.rate, (text) => parseRate(text, "--rate"));
  // An exact count at max says little about a rate: a second does.
  const atMax = rate?.kind === "max" && count === undefined && duration === undefined;
  return {
    plan,
    cases: given(options.case, caseNumbers),
    sizes: given(options.sizes, (text) => parseSizes(text, "--sizes")),
    rate,
    count: given(count, (text) => parseCount(text, "--count")),
    durationNs: atMax ? 1e9 : given(duration, (text) => parseDuration(text, "--duration")),
    ...dutOrder(options.dut ?? "", plan),
    expected,
    judgeExpected: options.expected !== undefined && options.updateExpected !== true,
    tolerance: given(options.tolerance, (text) => parseRatio(text, "--tolerance")) ?? defaultTolerance,
    yesThisInterface: options.yesThisInterface === true,
    record: recordOf(options),
    runId: runIdOf(options.runId),
    lineRateBps: given(options.lineRate, (text) => parseLineRate(text, "--line-rate")),
    commandLine,
  };
}
