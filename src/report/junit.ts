/**
 * JUnit XML, as CI servers read it: one testcase per trial. A failed trial is a failure, an invalid one an error (the
 * figures can't be used), one that an interrupt cut off is skipped.
 */
import { framesWord, grouped, rateWord } from "../stats/words.js";
import type { RunResult, Trial } from "./result.js";

type Outcome = "pass" | "failure" | "error" | "skipped";

export function renderJunit(result: RunResult): string {
  const outcomes = result.trials.map(outcomeOf);
  const count = (wanted: Outcome): number => outcomes.filter((outcome) => outcome === wanted).length;
  const totals = attributes({
    tests: outcomes.length,
    failures: count("failure"),
    errors: count("error"),
    skipped: count("skipped"),
    time: seconds(result.trials.reduce((sum, trial) => sum + trial.durationNs, 0)),
  });
  const suite = attributes({
    name: `pktgen-ts ${result.dut.kind}`,
    timestamp: result.started.replace(/(\.\d+)?Z$/, ""),
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="pktgen-ts"${totals}>`,
    `  <testsuite${suite}${totals}>`,
    "    <properties>",
    ...properties(result).map((pair) => `      <property${attributes(pair)}/>`),
    "    </properties>",
    ...result.trials.map((trial, i) => testcase(result, trial, i)),
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

function outcomeOf(trial: Trial): Outcome {
  if (trial.verdict === "pass") return "pass";
  if (trial.verdict === "fail") return "failure";
  return trial.reasons.includes("interrupted") ? "skipped" : "error";
}

function properties(result: RunResult): { name: string; value: string }[] {
  return [
    { name: "version", value: result.tool.version },
    { name: "node", value: result.tool.node },
    { name: "command", value: result.command },
    { name: "seed", value: String(result.seed) },
    { name: "cpu", value: result.host.cpu },
    { name: "kernel", value: result.host.kernel },
    { name: "verdict", value: result.verdict },
  ];
}

function testcase(result: RunResult, trial: Trial, index: number): string {
  const head = attributes({
    classname: `pktgen-ts.${result.dut.kind}`,
    name: nameOf(result.trials, index),
    time: seconds(trial.durationNs),
  });
  const message = trial.reasons.join("; ");
  const outcome = outcomeOf(trial);
  const element = {
    pass: [],
    failure: [
      `      <failure${attributes({ type: trial.verdict, message })}>${xmlText(trial.reasons.join("\n"))}</failure>`,
    ],
    error: [`      <error${attributes({ type: trial.verdict, message })}>${xmlText(trial.reasons.join("\n"))}</error>`],
    skipped: [`      <skipped${attributes({ message })}/>`],
  }[outcome];
  const out = xmlText([summaryOf(trial), ...trial.notes].join("\n"));
  return [`    <testcase${head}>`, ...element, `      <system-out>${out}</system-out>`, "    </testcase>"].join("\n");
}

/** Repeats get a number, so that no two testcases of a suite share a name. */
function nameOf(trials: readonly Trial[], index: number): string {
  const name = baseName(trials[index]);
  const same = trials.map(baseName);
  if (same.filter((other) => other === name).length === 1) return name;
  return `${name}, trial ${same.slice(0, index + 1).filter((other) => other === name).length}`;
}

function baseName(trial: Trial): string {
  const size = typeof trial.frameBytes === "number" ? `${trial.frameBytes} bytes` : trial.frameBytes;
  return `${size}, ${trial.phase}${trial.direction === undefined ? "" : `, ${trial.direction}`}`;
}

function summaryOf(trial: Trial): string {
  const { sent, accepted, lost, rxPps } = trial;
  return `${framesWord(sent)} sent, ${grouped(accepted)} accepted, ${grouped(lost)} lost, ${rateWord(rxPps)}`;
}

function seconds(ns: number): string {
  return (ns / 1e9).toFixed(3);
}

export function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${xmlText(String(value)).replaceAll("\n", "&#10;")}"`)
    .join("");
}

/** XML 1.0 §2.2 and §2.4: what it can't hold at all becomes U+FFFD. */
export function xmlText(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, "\uFFFD")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
