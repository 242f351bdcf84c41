/**
 * JUnit XML, as CI servers read it: one testcase per trial, or per result of a method. A failed one is a failure, an invalid one an error (the
 * figures can't be used), one that an interrupt cut off is skipped.
 */
import type { RunResult } from "../result/run-result.js";
import { outageWord, rowLabel } from "./figures.js";
import { casesOf, type JunitCase } from "./junit-cases.js";

type Outcome = "pass" | "failure" | "error" | "skipped";

export function renderJunit(result: RunResult): string {
  const cases = casesOf(result);
  const outcomes = cases.map(outcomeOf);
  const count = (wanted: Outcome): number => outcomes.filter((outcome) => outcome === wanted).length;
  const totals = attributes({
    tests: outcomes.length,
    failures: count("failure"),
    errors: count("error"),
    skipped: count("skipped"),
    time: seconds(cases.reduce((sum, { timeNs }) => sum + timeNs, 0)),
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
    ...cases.map((one) => testcase(result, one)),
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

function outcomeOf({ verdict, isCutOff }: JunitCase): Outcome {
  if (verdict === "pass") return "pass";
  if (verdict === "fail") return "failure";
  return isCutOff ? "skipped" : "error";
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
    ...(result.fleet === undefined ? [] : [{ name: "fleet", value: result.fleet.address }]),
    ...(result.fleet?.agents ?? []).map(({ name, host }) => ({ name: "agent", value: `${name} on ${host}` })),
    ...result.trials
      .filter(({ outageNs }) => outageNs !== undefined && outageNs > 0)
      .map((trial) => ({ name: "outage", value: `${rowLabel(trial)}, ${trial.phase}: ${outageWord(trial)}` })),
    ...(result.trials.at(-1)?.fleet?.flows ?? []).map(({ from, to, sent, lost }) => ({
      name: "flow",
      value: `${from} to ${to}: ${lost ?? "unknown"} of ${sent ?? "unknown"} lost`,
    })),
  ];
}

function testcase(result: RunResult, one: JunitCase): string {
  const { name, verdict, reasons } = one;
  const head = attributes({ classname: `pktgen-ts.${result.dut.kind}`, name, time: seconds(one.timeNs) });
  const message = reasons.join("; ");
  const whole = xmlText(reasons.join("\n"));
  const element = {
    pass: [],
    failure: [`      <failure${attributes({ type: verdict, message })}>${whole}</failure>`],
    error: [`      <error${attributes({ type: verdict, message })}>${whole}</error>`],
    skipped: [`      <skipped${attributes({ message })}/>`],
  }[outcomeOf(one)];
  const out = xmlText(one.out.join("\n"));
  return [`    <testcase${head}>`, ...element, `      <system-out>${out}</system-out>`, "    </testcase>"].join("\n");
}

function seconds(ns: number): string {
  return (ns / 1e9).toFixed(3);
}

export function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${xmlText(String(value)).replaceAll("\n", "&#10;")}"`)
    .join("");
}

/** XML 1.0 §2.2 and §2.4: characters that it cannot hold become U+FFFD. */
export function xmlText(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, "\uFFFD")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
