/** Markdown (CommonMark with the pipe tables of GitHub's dialect), for a ticket, a wiki or a merge request. */
import type { RunResult } from "../result/run-result.js";
import { grouped, rateWord } from "../stats/words.js";
import { latencyFigure, outageWord, percent, sizeLabel } from "./figures.js";
import { fleetSection } from "./fleet-section.js";
import { pairSection } from "./pair-section.js";
import type { Section } from "./section.js";
import { methodSections, methodSentences } from "./sections.js";
import { sentencesOf, verdictSentence } from "./sentences.js";
import { streamsSection } from "./stream-table.js";

export function renderMarkdown(result: RunResult): string {
  const sections = result.method === undefined ? [] : methodSections(result);
  const said = result.method === undefined ? sentencesOf(result) : methodSentences(result);
  const sentences = [...said, ...(result.advice ?? [])];
  const blocks = [
    `# ${titleOf(result)}`,
    `**${result.verdict.toUpperCase()}**: ${escaped(verdictSentence(result))}`,
    ...sections.flatMap(sectionBlocks),
    ...(result.method === undefined || sections.length === 0 ? sectionBlocks(trialsSection(result)) : []),
    ...sectionBlocks(streamsSection(result, 20)),
    ...sectionBlocks(fleetSection(result, 100)),
    ...sectionBlocks(pairSection(result, 100)),
    ...sectionBlocks(ledgerSection(result)),
    ...(sentences.length > 0 ? [sentences.map((sentence) => `- ${escaped(sentence)}`).join("\n")] : []),
    "## environment",
    environment(result),
  ];
  return `${blocks.join("\n\n")}\n`;
}

export const titleOf = ({ tool, dut, method }: RunResult): string =>
  `${tool.name} ${method?.name ?? "run"}: ${dut.kind}${dut.version === null ? "" : ` ${dut.version}`}`;

function sectionBlocks({ title, columns, rows, note }: Section): string[] {
  if (rows.length === 0) return [];
  const line = (cells: readonly string[]): string => `| ${cells.map(escaped).join(" | ")} |`;
  const rule = `|${columns.map(({ align }) => (align === "right" ? "---:" : ":---")).join("|")}|`;
  const table = [line(columns.map(({ head }) => head.replace("\n", " "))), rule, ...rows.map(line)].join("\n");
  return [`## ${escaped(title)}`, table, ...(note === undefined ? [] : [`*${escaped(note)}*`])];
}

/** Every trial, a row each. */
export function trialsSection({ trials }: RunResult): Section {
  const right = (head: string) => ({ head, align: "right" }) as const;
  return {
    id: "trials",
    note: "received: all of the trial's frames that came back, copies and damaged ones too; lost: sent and not back at all; outage: the longest time in which no frame of a stream came back whole; rate back: over as long as was sent, however late it came; unaccounted: frames that no counter explains",
    title: "trials",
    columns: [
      ...[right("frame bytes"), { head: "phase", align: "left" } as const],
      ...["asked", "sent", "received", "lost", "lost %", "outage", "rate back", "p50 µs", "p99 µs", "unaccounted"].map(
        right,
      ),
      { head: "verdict", align: "left" },
    ],
    rows: trials.map((trial) => [
      sizeLabel(trial),
      trial.phase,
      trial.requested.pps === null ? trial.requested.rate : rateWord(trial.requested.pps),
      ...[trial.sent, trial.received, trial.lost].map(grouped),
      percent(trial.lossRatio),
      outageWord(trial),
      rateWord(trial.rxPps),
      ...[trial.latencyNs?.p50, trial.latencyNs?.p99].map((ns) => latencyFigure(trial, ns)),
      trial.unaccounted === null ? "-" : grouped(trial.unaccounted),
      trial.verdict.toUpperCase(),
    ]),
  };
}

/** Trials whose frames are followed hop by hop: all trials of a run, the last of each phase and size of a method. */
export function ledgerSection(result: RunResult): Section {
  const counted = result.trials.filter(({ hops }) => hops.length > 0);
  const shown =
    result.method === undefined
      ? counted
      : [...new Map(counted.map((t) => [`${t.frameBytes} ${t.phase}`, t])).values()];
  const names = [...new Set(shown.flatMap(({ hops }) => hops.map(({ name }) => name)))];
  const right = (head: string) => ({ head, align: "right" }) as const;
  return {
    id: "ledger",
    title: "ledger: frames that each hop handed on, and dropped",
    columns: [
      ...[right("frame bytes"), { head: "phase", align: "left" } as const, { head: "queue", align: "left" } as const],
      ...["sent", ...names, "received", "unaccounted"].map(right),
    ],
    rows: shown.flatMap((trial) => ledgerRows(trial, names)),
  };
}

function ledgerRows(trial: RunResult["trials"][number], names: readonly string[]): string[][] {
  const cell = (hop: { tx: number; dropped: number } | undefined): string =>
    hop === undefined ? "-" : `${grouped(hop.tx)}${hop.dropped > 0 ? ` (${grouped(hop.dropped)} dropped)` : ""}`;
  const byName = new Map(trial.hops.map((hop) => [hop.name, hop]));
  const all = [
    ...[sizeLabel(trial), trial.phase, "all", grouped(trial.sent)],
    ...names.map((name) => cell(byName.get(name))),
    ...[grouped(trial.received), trial.unaccounted === null ? "-" : grouped(trial.unaccounted)],
  ];
  if (trial.queuesSeen.length < 2) return [all];
  const perQueue = trial.queuesSeen.map(({ queue, sent, accepted }) => [
    ...["", "", String(queue), grouped(sent)],
    ...names.map((name) => cell(byName.get(name)?.queues.find((counters) => counters.queue === queue))),
    ...[grouped(accepted), ""],
  ]);
  return [all, ...perQueue];
}

function environment(result: RunResult): string {
  return environmentRows(result)
    .map(([name, value]) => `- ${name}: ${escaped(value)}`)
    .join("\n");
}

/** What another lab needs to repeat it. */
export function environmentRows({ tool, host, dut, command, seed, started, method }: RunResult): [string, string][] {
  const fact = (value: unknown): string => (Array.isArray(value) ? value.join(", ") : String(value ?? "unknown"));
  const dutOptions = Array.isArray(dut["options"]) && dut["options"].length > 0 ? `, ${fact(dut["options"])}` : "";
  return [
    ["command", command],
    ["started", started],
    ["seed", String(seed)],
    ["tool", `${tool.name} ${tool.version}, Node ${tool.node}`],
    ["device under test", `${dut.kind}${dut.version === null ? "" : ` ${dut.version}`}${dutOptions}`],
    ...(typeof dut["topology"] === "string" ? ([["way of a frame", dut["topology"]]] as [string, string][]) : []),
    ["processor", `${host.cpu}, ${host.cores} cores, SMT ${host.smt === null ? "unknown" : host.smt ? "on" : "off"}`],
    ["kernel", host.kernel],
    ["governor", fact(host.governor)],
    ["clock source", fact(host.clocksource)],
    ...(method === undefined ? [] : ([["method", `${method.name}, ${method.preset} preset`]] as [string, string][])),
    ...Object.entries(method?.settings ?? {}).map(([key, value]): [string, string] => [key, String(value ?? "none")]),
  ];
}

/** What Markdown would take for its own. */
const escaped = (text: string): string => text.replace(/[\\`*_[\]<>|#]/g, "\\$&").replaceAll("\n", " ");
