/** A plan's result: the DPDK Test Suite's table and JSON, expected values, the table for people, the schema. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  renderDtsJson,
  renderDtsTable,
  renderExpected,
  throughputRows,
  updatedExpected,
} from "../../src/report/dts.js";
import { renderPlanTable } from "../../src/report/plan-table.js";
import { planResultSchema } from "../../src/result/labplan-schema.js";
import { goodTrial, sampleCase, samplePlan } from "../support/plan-sample.js";

const plain = { color: false, ascii: false };
const rules = { id: "test_a", descriptors: 1024, lineRateBps: null, expected: {}, tolerance: 0.02 };

describe("throughput rows", () => {
  it("have three decimals in Mpps, as the suite prints them, and one row for each size: the last trial's", () => {
    const trials = [
      { ...goodTrial, rxPps: 9_876_543.21 },
      { ...goodTrial, rxPps: 1_234_567.8 },
      { ...goodTrial, frameBytes: 128, meanFrameBytes: 128, rxPps: 2e6 },
    ];
    expect(throughputRows(trials, rules)).toEqual([
      {
        frameBytes: 64,
        descriptors: 1024,
        queues: 2,
        mpps: 1.235,
        lineRatePercent: null,
        expectedMpps: 0,
        deltaMpps: 1.235,
        status: "PASS",
      },
      {
        frameBytes: 128,
        descriptors: 1024,
        queues: 2,
        mpps: 2,
        lineRatePercent: null,
        expectedMpps: 0,
        deltaMpps: 2,
        status: "PASS",
      },
    ]);
  });

  it("are no PASS for a size that lost frames or could not be used, whatever its rate", () => {
    const status = (...trials: (typeof goodTrial)[]) => throughputRows(trials, rules)[0].status;
    const lossy = { ...goodTrial, verdict: "fail" as const, reasons: ["243 of 10,000 frames lost"], lost: 243 };
    expect(status(lossy)).toBe("FAIL");
    expect(status(lossy, goodTrial)).toBe("FAIL");
    expect(status({ ...lossy, verdict: "invalid" })).toBe("INVALID");
    expect(status(goodTrial)).toBe("PASS");
    const [row] = throughputRows([lossy], rules);
    const text = renderDtsTable({ ...sampleCase, throughput: [row] }, plain);
    expect(text).toContain("FAIL");
    expect(text).not.toContain("PASS");
  });

  it("take percent of a line: 64 bytes are 84 on it", () => {
    const [row] = throughputRows([{ ...goodTrial, rxPps: 1_488_095.2, rxBpsL1: 1_488_095.2 * 672 }], {
      ...rules,
      lineRateBps: 10e9,
    });
    expect(row.lineRatePercent).toBe(10);
  });

  it.each([
    [0.98, "FAIL"],
    [0.981, "PASS"],
    [1.5, "PASS"],
  ] as const)("%d Mpps of 1 Mpps expected, tolerance 2 %%: %s", (mpps, status) => {
    const expected = { test_a: { 64: { 1024: 1 } } };
    const [row] = throughputRows([{ ...goodTrial, rxPps: mpps * 1e6 }], { ...rules, expected });
    expect([row.status, row.expectedMpps]).toEqual([status, 1]);
  });

  it("nothing came and nothing was expected: no pass, as in the suite", () => {
    expect(throughputRows([{ ...goodTrial, rxPps: 0 }], rules)[0].status).toBe("FAIL");
  });
});

describe("the suite's own forms", () => {
  it("table", () => {
    expect(renderDtsTable(sampleCase, plain)).toBe(`test_perf_multi_queues
Frame  Mode/RXD-TXD  Queue Num        Mpps  % linerate    Expected   Difference  Status
───────────────────────────────────────────────────────────────────────────────────────
   64          1024          2  1.250 Mpps      8.400%  1.200 Mpps   0.050 Mpps    PASS
 1518          1024          2  0.500 Mpps           -  0.600 Mpps  -0.100 Mpps    FAIL
`);
    expect(renderDtsTable({ ...sampleCase, throughput: [] }, plain)).toBe("");
  });

  it("JSON, with the keys of its save_result", () => {
    expect(JSON.parse(renderDtsJson([sampleCase]))).toEqual({
      test_perf_multi_queues: [
        {
          performance: [{ name: "Throughput", value: 1.25, unit: "Mpps", delta: 0.05 }],
          parameters: [
            { name: "Txd/Rxd", value: 1024, unit: "descriptor" },
            { name: "frame_size", value: 64, unit: "bytes" },
          ],
          status: "PASS",
        },
        {
          performance: [{ name: "Throughput", value: 0.5, unit: "Mpps", delta: -0.1 }],
          parameters: [
            { name: "Txd/Rxd", value: 1024, unit: "descriptor" },
            { name: "frame_size", value: 1518, unit: "bytes" },
          ],
          status: "FAIL",
        },
      ],
    });
  });
});

describe("expected values", () => {
  const before = { test_other: { 64: { 256: 3 } }, test_perf_multi_queues: { 64: { 1024: 9, 256: 8 } } };

  it("are replaced by what was measured; what was not run stays", () => {
    expect(updatedExpected(before, [sampleCase])).toEqual({
      test_other: { 64: { 256: 3 } },
      test_perf_multi_queues: { 64: { 1024: 1.25, 256: 8 }, 1518: { 1024: 0.5 } },
    });
    expect(before.test_perf_multi_queues).toEqual({ 64: { 1024: 9, 256: 8 } });
  });

  it("are written as JSON that is read back", () => {
    expect(JSON.parse(renderExpected(before))).toEqual(before);
  });
});

describe("a plan's result", () => {
  it("shows titles, names and reasons of a plan without letting them steer the terminal", () => {
    const [first, ...more] = samplePlan.plan.cases;
    const cases = [{ ...first!, name: "a\u001b[2Jb", reasons: ["c\u0007d"] }, ...more];
    const text = renderPlanTable({ ...samplePlan, plan: { ...samplePlan.plan, title: "e\u001b]0;f", cases } }, plain);
    for (const shown of ["a\\x1b[2Jb", "c\\x07d", "e\\x1b]0;f"]) expect(text).toContain(shown);
    expect(text.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
  });

  it("is shown case by case, with the queues and what did not pass", () => {
    const file = join(import.meta.dirname, "golden/plan.txt");
    const text = renderPlanTable(samplePlan, plain);
    if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(file, text);
    expect(text).toBe(readFileSync(file, "utf8"));
  });

  it("obeys its schema", () => {
    expect(planResultSchema.parse(samplePlan)).toEqual(samplePlan);
  });
});
