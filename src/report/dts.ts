/**
 * A test plan's throughput as the DPDK Test Suite shows it (tests/TestSuite_virtio_user_for_container_networking.py,
 * handle_results and save_result). It has the table, the JSON that the suite's dashboards read, and the expected values
 * that it compares with. Figures are in Mpps with three decimals, as in the suite.
 */
import type { CaseResult, CaseThroughput } from "../result/labplan-result.js";
import type { Trial, Verdict } from "../result/run-result.js";
import { judgeRun } from "../stats/verdict.js";
import { type Group, grid } from "./grid.js";
import type { ReportOptions } from "./report.js";

/** Case → frame size → descriptors → Mpps, as in the suite's own configuration. */
export type ExpectedThroughput = Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, number>>>>>>;

export interface ThroughputRules {
  /** The case's id. */
  readonly id: string;
  /** Of the rings; what the suite calls Mode/RXD-TXD. */
  readonly descriptors: number;
  readonly lineRateBps: number | null;
  readonly expected: ExpectedThroughput;
  /** A share; a rate passes above expected × (1 − tolerance). */
  readonly tolerance: number;
}

const threeDecimals = (value: number): number => Number(value.toFixed(3));

/**
 * The last trial of each size, as a row. A rate passes only if the trial passed: frames may have been lost, or the
 * figures may be unusable. The suite itself looks at rates alone.
 */
export function throughputRows(trials: readonly Trial[], rules: ThroughputRules): CaseThroughput[] {
  const last = new Map(trials.map((trial) => [trial.frameBytes, trial]));
  return [...last.values()].map((trial) => {
    const { frameBytes, queues, rxPps, rxBpsL1 } = trial;
    const { id, descriptors, lineRateBps, tolerance } = rules;
    const mpps = threeDecimals(rxPps / 1e6);
    const expectedMpps = threeDecimals(rules.expected[id]?.[frameBytes]?.[descriptors] ?? 0);
    return {
      frameBytes,
      descriptors,
      queues,
      mpps,
      lineRatePercent: lineRateBps === null ? null : threeDecimals((rxBpsL1 * 100) / lineRateBps),
      expectedMpps,
      deltaMpps: threeDecimals(mpps - expectedMpps),
      status: statusOf(
        judgeRun(trials.filter((other) => other.frameBytes === frameBytes)),
        mpps > expectedMpps * (1 - tolerance),
      ),
    };
  });
}

function statusOf(verdict: Verdict, isFastEnough: boolean): CaseThroughput["status"] {
  if (verdict === "invalid") return "INVALID";
  return verdict === "pass" && isFastEnough ? "PASS" : "FAIL";
}

const heads = ["Frame", "Mode/RXD-TXD", "Queue Num", "Mpps", "% linerate", "Expected", "Difference", "Status"];

/** The suite's table of one case. */
export function renderDtsTable({ id, throughput }: CaseResult, options: ReportOptions): string {
  if (throughput.length === 0) return "";
  const group: Group = { title: null, columns: heads.map((head) => ({ head, align: "right" })) };
  const rows = throughput.map((row) => [
    String(row.frameBytes),
    String(row.descriptors),
    String(row.queues),
    `${row.mpps.toFixed(3)} Mpps`,
    row.lineRatePercent === null ? "-" : `${row.lineRatePercent.toFixed(3)}%`,
    `${row.expectedMpps.toFixed(3)} Mpps`,
    `${row.deltaMpps.toFixed(3)} Mpps`,
    row.status,
  ]);
  return `${[id, ...grid([group], rows, options)].join("\n")}\n`;
}

/** The suite's document, by case: the keys of save_result in their order. */
export function renderDtsJson(cases: readonly CaseResult[]): string {
  const row = (line: CaseThroughput): object => ({
    performance: [{ name: "Throughput", value: line.mpps, unit: "Mpps", delta: line.deltaMpps }],
    parameters: [
      { name: "Txd/Rxd", value: line.descriptors, unit: "descriptor" },
      { name: "frame_size", value: line.frameBytes, unit: "bytes" },
    ],
    status: line.status,
  });
  const document = Object.fromEntries(cases.map(({ id, throughput }) => [id, throughput.map(row)]));
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** The measured figures become the expected ones. Cases and sizes that were not run stay as they are. */
export function updatedExpected(expected: ExpectedThroughput, cases: readonly CaseResult[]): ExpectedThroughput {
  const measured = cases.map(({ id, throughput }) => {
    const sizes = throughput.map(({ frameBytes, descriptors, mpps }) => {
      const rings = { ...expected[id]?.[frameBytes], [descriptors]: mpps };
      return [frameBytes, rings] as const;
    });
    return [id, { ...expected[id], ...Object.fromEntries(sizes) }] as const;
  });
  return { ...expected, ...Object.fromEntries(measured) };
}

/** A file of expected values. */
export const renderExpected = (expected: ExpectedThroughput): string => `${JSON.stringify(expected, null, 2)}\n`;
