/** A comparison as people read it, and as CI servers do. */
import type { ComparedFile, CompareResult, Finding } from "../result/compare-result.js";
import { grouped } from "../stats/words.js";
import { terminalText } from "../terminal-text.js";
import { attributes, xmlText } from "./junit.js";

/** Findings that the text lists by default. */
const usualFindings = 20;

function sideText(what: string, { file, frames, filtered, notEthernet, cut }: ComparedFile): string {
  const more = [
    [filtered, "filtered out"],
    [notEthernet, "not Ethernet, left out"],
    [cut, "cut by the capture"],
  ] as const;
  const words = more.filter(([n]) => n > 0).map(([n, word]) => `, ${grouped(n)} ${word}`);
  return `${what} ${terminalText(file)}: ${grouped(frames)} frames${words.join("")}`;
}

function timeWord(ns: number): string {
  const size = Math.abs(ns);
  if (size < 1e3) return `${ns} ns`;
  if (size < 1e6) return `${(ns / 1e3).toPrecision(3)} µs`;
  return size < 1e9 ? `${(ns / 1e6).toPrecision(3)} ms` : `${(ns / 1e9).toPrecision(4)} s`;
}

/** One line, and one more for each field that changed. */
export function findingLines(finding: Finding): string[] {
  const { kind, expected, actual, frame, changes, offByNs } = finding;
  const numbers = [
    ...(expected === null ? [] : [`expected ${expected}`]),
    ...(actual === null ? [] : [`actual ${actual}`]),
  ].join(", ");
  const off = offByNs === null ? "" : `, ${timeWord(Math.abs(offByNs))} ${offByNs > 0 ? "late" : "early"}`;
  return [
    `${kind.padEnd(10)} ${numbers}: ${frame}${off}`,
    ...changes.map(({ field, expected: was, actual: is }) => `             ${field}: expected ${was}, actual ${is}`),
  ];
}

/** `most`: findings listed. */
export function renderComparison(result: CompareResult, most = usualFindings): string {
  return [
    ...comparisonLines(result, most),
    "",
    `${result.verdict.toUpperCase()}${result.reasons.length === 0 ? "" : `: ${result.reasons.join("; ")}`}`,
    "",
  ].join("\n");
}

/** All but the verdict, which may be part of a larger one. */
export function comparisonLines(result: CompareResult, most = usualFindings): string[] {
  const { same, changed, missing, unexpected, reordered, mistimed, timeOffNs, outageNs = 0 } = result;
  const masked = result.masks.length === 0 ? "" : `, without ${result.masks.join(", ")}`;
  const shown = result.findings.slice(0, most);
  const left = result.findings.length + result.findingsLeftOut - shown.length;
  const times =
    timeOffNs === null
      ? []
      : [
          `time since the first frame differs by ${timeWord(timeOffNs.p50)} (median), ${timeWord(timeOffNs.p99)} (99 %), ${timeWord(timeOffNs.max)} (most)`,
        ];
  return [
    sideText("expected", result.expected),
    sideText("actual  ", result.actual),
    `compared by ${result.by}${masked}; order ${result.order}`,
    "",
    `same ${grouped(same)}   changed ${grouped(changed)}   missing ${grouped(missing)}   unexpected ${grouped(unexpected)}   reordered ${grouped(reordered)}   mistimed ${grouped(mistimed)}`,
    ...(outageNs > 0 ? [`the longest outage, of missing frames in a row: ${timeWord(outageNs)}`] : []),
    ...times,
    ...(shown.length === 0 ? [] : ["", ...shown.flatMap(findingLines)]),
    ...(left > 0 ? [`… and ${grouped(left)} more`] : []),
    ...result.notes,
  ];
}

const checks = [
  ["missing", "every expected frame is there"],
  ["unexpected", "no frame is there that is not expected"],
  ["changed", "no frame is changed"],
  ["reordered", "the order is kept"],
  ["mistimed", "times are within the tolerance"],
] as const;

/** One testcase per kind of difference. */
export function renderComparisonJunit(result: CompareResult): string {
  const counts = { ...result, reordered: result.order === "strict" ? result.reordered : 0 };
  const isInvalid = result.verdict === "invalid";
  const cases = checks.map(([kind, name]) => {
    const lines = result.findings.filter((finding) => finding.kind === kind).flatMap(findingLines);
    const message = isInvalid ? result.reasons.join("; ") : `${counts[kind]} ${kind}`;
    const element = isInvalid ? "error" : "failure";
    const isBad = isInvalid || counts[kind] > 0;
    const body = isBad
      ? `<${element}${attributes({ type: kind, message })}>${xmlText(lines.join("\n"))}</${element}>`
      : "";
    return `    <testcase${attributes({ classname: "pktgen-ts.compare", name, time: "0.000" })}>${body}</testcase>`;
  });
  const bad = checks.filter(([kind]) => counts[kind] > 0).length;
  const totals = attributes({
    tests: checks.length,
    failures: isInvalid ? 0 : bad,
    errors: isInvalid ? checks.length : 0,
    skipped: 0,
    time: "0.000",
  });
  const name = `${result.expected.file} against ${result.actual.file}`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="pktgen-ts"${totals}>`,
    `  <testsuite${attributes({ name })}${totals}>`,
    ...cases,
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}
