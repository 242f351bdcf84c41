/** The result for a person at a terminal: a line per size, the ledger by hop, notes, the verdict. */
import type { RunResult, Trial, Verdict } from "../result/run-result.js";
import { grouped } from "../stats/words.js";
import { columnUnit, latencyFigure, percent, rowLabel, scaled } from "./figures.js";
import { fleetSection } from "./fleet-section.js";
import { flowLines } from "./flow-table.js";
import { type Column, colorsFor, type Group, grid, wrap } from "./grid.js";
import { ledgerLines } from "./ledger-table.js";
import { pairSection } from "./pair-section.js";
import type { ReportOptions } from "./report.js";
import type { Section } from "./section.js";
import { methodSections, methodSentences, unsaidReasons } from "./sections.js";
import { sentencesOf, verdictSentence } from "./sentences.js";
import { streamsSection } from "./stream-table.js";

export function renderTable(result: RunResult, options: ReportOptions): string {
  const sections = [
    headLines(result, options),
    ...(result.method === undefined ? runSections(result, options) : methodLines(result, options)),
    adviceLines(result, options),
    verdictLines(result, options),
  ];
  const text = sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n");
  return `${options.ascii ? toAscii(text) : text}\n`;
}

function runSections(result: RunResult, options: ReportOptions): string[][] {
  return [
    result.trials.length === 0 ? [] : trialLines(result.trials, options),
    ledgerLines(result.trials, options),
    flowLines(result.trials, options),
    streamLines(result, options),
    fleetLines(result, options),
    sentencesOf(result).flatMap((sentence) => wrap(sentence, "    ")),
  ];
}

function sectionLines({ title, columns, rows, note }: Section, options: ReportOptions): string[] {
  if (rows.length === 0) return [];
  return [
    ...grid([{ title, columns }], rows, options),
    ...(note === undefined ? [] : wrap(note, "    ").map(colorsFor(options).dim)),
  ];
}

/** A terminal shows this many streams of a trial, and this many of all trials together. */
const [streamsOfTrial, streamsOfAll] = [20, 60];

function streamLines(result: RunResult, options: ReportOptions): string[] {
  const several = result.trials.filter(({ streams }) => (streams?.length ?? 0) > 1).length;
  const most = Math.max(4, Math.floor(streamsOfAll / Math.max(1, several)));
  return sectionLines(streamsSection(result, Math.min(streamsOfTrial, most)), options);
}

/** A terminal shows this many agents of a trial: those in trouble first. */
const agentsOfTrial = 12;

const fleetLines = (result: RunResult, options: ReportOptions): string[] => [
  ...sectionLines(fleetSection(result, agentsOfTrial), options),
  ...sectionLines(pairSection(result, agentsOfTrial), options),
];

/** What a method found. Its trials are too many for a terminal; the other reports have them. */
function methodLines(result: RunResult, options: ReportOptions): string[][] {
  const tables = methodSections(result).map((section) => sectionLines(section, options));
  const said = methodSentences(result);
  const reasons = unsaidReasons(result).map((reason) => `${result.verdict.toUpperCase()}: ${reason}`);
  const sentences = [...said, ...reasons].flatMap((sentence) => wrap(sentence, "    "));
  return [...tables, streamLines(result, options), fleetLines(result, options), sentences];
}

/** Said once for the run. */
function adviceLines({ advice = [] }: RunResult, options: ReportOptions): string[] {
  if (advice.length === 0) return [];
  return [colorsFor(options).bold("INVALID, what now?"), ...advice.flatMap((sentence) => wrap(sentence, "    "))];
}

/** The verdict is coloured. Its sentence is wrapped as if the word had no colour. */
function verdictLines(result: RunResult, options: ReportOptions): string[] {
  const word = result.verdict.toUpperCase();
  const [first, ...rest] = wrap(`${word}: ${verdictSentence(result)}`, "    ");
  return [first.replace(word, verdictWord(result.verdict, options)), ...rest];
}

/** A row's figures; a trial that isn't there leaves them empty. */
type Figures = (trial: Trial) => string;

interface Block {
  readonly title: string;
  readonly trials: readonly Trial[];
  readonly columns: readonly (readonly [head: string, figures: Figures])[];
}

function headLines({ tool, dut, seed, trials, host, workers }: RunResult, options: ReportOptions): string[] {
  const colors = colorsFor(options);
  const version = dut.version === null ? "" : ` ${dut.version}`;
  const queues = trials[0]?.queues ?? 1;
  const threads = workers === undefined ? "" : `, ${workers} generator threads`;
  const line = `DUT ${dut.kind}${version}, ${queues} ${queues === 1 ? "queue" : "queues"}${threads}, seed ${seed}`;
  const machine = `${host.cpu}, ${host.cores} cores, ${host.kernel}, Node ${tool.node}`;
  return [`${colors.bold(`${tool.name} ${tool.version}`)}  ${line}`, ...wrap(machine, "").map(colors.dim)];
}

/** One line per size: what was forwarded and at which rate, side by side; repeats below each other. */
function trialLines(trials: readonly Trial[], options: ReportOptions): string[] {
  const forwarding = trials.filter(({ phase }) => phase === "forwarding");
  const others = trials.filter(({ phase }) => phase !== "forwarding");
  const blocks =
    forwarding.length > 0 && others.length > 0
      ? [forwardingBlock(forwarding, options), rateBlock(others, options)]
      : [singleBlock(trials, options)];
  const severalPhases = new Set(blocks.at(-1)?.trials.map(({ phase }) => phase)).size > 1;
  const rows: string[][] = [];
  for (const label of new Set(trials.map(rowLabel))) {
    const ofSize = blocks.map((block) => block.trials.filter((trial) => rowLabel(trial) === label));
    const count = Math.max(...ofSize.map(({ length }) => length));
    for (let i = 0; i < count; i++) {
      const line = ofSize.map((list): Trial | undefined => list[i]);
      const phase = severalPhases ? ` ${line.at(-1)?.phase ?? ""}` : "";
      rows.push([label + phase, ...line.flatMap((trial, b) => cellsOf(blocks[b], trial)), worst(line, options)]);
    }
  }
  const groups: Group[] = [
    { title: null, columns: [right("frame\nbytes")] },
    ...blocks.map(({ title, columns }) => ({ title, columns: columns.map(([head]) => right(head)) })),
    { title: null, columns: [{ head: "verdict", align: "left" }] },
  ];
  return grid(groups, rows, options);
}

function forwardingBlock(trials: readonly Trial[], options: ReportOptions): Block {
  const latency = latencyColumns();
  return { title: titleOf(trials), trials, columns: [...countColumns(options), ...latency] };
}

function rateBlock(trials: readonly Trial[], options: ReportOptions): Block {
  const colors = colorsFor(options);
  const lost: Figures = ({ lossRatio }) => (lossRatio > 0 ? colors.yellow(percent(lossRatio)) : "0");
  return { title: titleOf(trials), trials, columns: [...rateColumns(trials), ["lost\n%", lost]] };
}

function singleBlock(trials: readonly Trial[], options: ReportOptions): Block {
  return {
    title: titleOf(trials),
    trials,
    columns: [...countColumns(options), ...rateColumns(trials), ...latencyColumns()],
  };
}

function countColumns(options: ReportOptions): Block["columns"] {
  const colors = colorsFor(options);
  return [
    ["sent\nframes", ({ sent }) => grouped(sent)],
    ["received\nframes", ({ received }) => grouped(received)],
    ["lost\nframes", ({ lost }) => (lost > 0 ? colors.red(grouped(lost)) : "0")],
  ];
}

function rateColumns(trials: readonly Trial[]): Block["columns"] {
  const rates = trials.flatMap(({ txPps, rxPps }) => [txPps, rxPps]);
  const [frames, perFrames] = columnUnit(rates, "pps");
  const [bits, perBits] = columnUnit(
    trials.map(({ rxBpsL2 }) => rxBpsL2),
    "bps",
  );
  return [
    [`sent\n${frames}`, ({ txPps }) => scaled(txPps, perFrames)],
    [`received\n${frames}`, ({ rxPps }) => scaled(rxPps, perFrames)],
    [`layer 2\n${bits}`, ({ rxBpsL2 }) => scaled(rxBpsL2, perBits)],
  ];
}

function latencyColumns(): Block["columns"] {
  return (["p50", "p99", "max"] as const).map((key) => [
    `${key}\nµs`,
    (trial: Trial) => latencyFigure(trial, trial.latencyNs?.[key]),
  ]);
}

/** `forwarding, 10 kpps`, without a rate where it differs. */
function titleOf(trials: readonly Trial[]): string {
  const phases = [...new Set(trials.map(({ phase }) => phase))].join(", ");
  const rates = [...new Set(trials.map(({ requested }) => requested.rate))];
  return rates.length === 1 ? `${phases}, ${rates[0]}` : phases;
}

function cellsOf(block: Block, trial: Trial | undefined): string[] {
  return block.columns.map(([, figures]) => (trial === undefined ? "" : figures(trial)));
}

function worst(trials: readonly (Trial | undefined)[], options: ReportOptions): string {
  const verdicts = trials.map((trial) => trial?.verdict);
  return verdictWord((["invalid", "fail"] as const).find((word) => verdicts.includes(word)) ?? "pass", options);
}

function verdictWord(verdict: Verdict, options: ReportOptions): string {
  const colors = colorsFor(options);
  const color = { pass: colors.green, fail: colors.red, invalid: colors.yellow }[verdict];
  return color(verdict.toUpperCase());
}

function right(head: string): Column {
  return { head, align: "right" };
}

/** Sentences may quote names that are not ASCII. A character without a plain form becomes a question mark. */
function toAscii(text: string): string {
  const plain: Readonly<Record<string, string>> = {
    µ: "u",
    "≠": "!=",
    "⊂": "within",
    "–": "-",
    "≥": ">=",
    "÷": "/",
    "×": "x",
    "§": "section ",
  };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: everything but ASCII, which includes colours
  return text.replace(/[^\u0000-\u007f]/gu, (character) => plain[character] ?? "?");
}
