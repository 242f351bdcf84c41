/**
 * A run on a terminal while it goes on, redrawn in place: state, path, rates with sparklines, the trials that ended, and
 * the streams that lost most. Pure: a model in, lines out, none longer than the terminal.
 */
import type { Trial } from "../result/run-result.js";
import { grouped, percentWord, rateWord, timeWord } from "../stats/words.js";
import { terminalText } from "../terminal-text.js";
import { rowLabel } from "./figures.js";
import { colorsFor } from "./grid.js";
import type { Progress } from "./progress.js";
import type { ReportOptions } from "./report.js";

/** What is shown. */
export interface LiveModel {
  readonly commandLine: string;
  readonly state: "opening" | "running" | "paused" | "waiting" | "stopping";
  readonly elapsedNs: number;
  /** Of the open trial; null: none is open. */
  readonly progress: Progress | null;
  /** Frames a second asked for now, where somebody may change that; null: as the trial began. */
  readonly offeredPps: number | null;
  /** Rates of the open trial, one for each interval, the last one last. */
  readonly history: LiveHistory;
  /** Trials that ended, the last one last. */
  readonly trials: readonly Trial[];
  /** Keys and what they do. */
  readonly keys: readonly (readonly [key: string, does: string])[];
  /** What was said last: why a key did nothing. "": nothing. */
  readonly said: string;
}

export interface LiveHistory {
  readonly txPps: readonly number[];
  readonly rxPps: readonly number[];
  readonly lostPps: readonly number[];
}

export interface LiveSize {
  readonly columns: number;
  readonly rows: number;
}

/** With fewer, no line is left empty for the looks. */
const fewRows = 12;
const labelColumns = 10;
const figureColumns = 14;
/** Trials and streams that are shown in a terminal of 24 rows. */
const leastRows = 2;

/** At most `rows` lines of at most `columns` characters. */
export function liveLines(model: LiveModel, { columns, rows }: LiveSize, options: ReportOptions): string[] {
  const head = [titleLine(model, columns, options), trialLine(model), "", ...pathLines(model, columns), ""];
  const rates = [...rateLines(model, columns, options), ""];
  const foot = [...(rows < fewRows ? [] : [""]), ...footLines(model, options)];
  const room = Math.max(2 * leastRows + 3, rows - head.length - rates.length - foot.length);
  const worst = streamLines(model, Math.max(leastRows, Math.floor(room / 3)));
  const ended = trialLines(model, Math.max(leastRows, room - worst.length - 1), options);
  const lines = [...head, ...rates, ...ended, ...worst];
  return [...lines.slice(0, Math.max(0, rows - foot.length)), ...foot].map((line) => cut(line, columns)).slice(0, rows);
}

function titleLine({ commandLine, state, elapsedNs }: LiveModel, columns: number, options: ReportOptions): string {
  const right = `${state.toUpperCase()}  ${clock(elapsedNs)}`;
  const room = Math.max(0, columns - right.length - 2);
  const left = shortened(terminalText(commandLine), room);
  return `${left.padEnd(room)}  ${colorsFor(options).bold(right)}`;
}

/** `1:02:03`, `02:03` */
function clock(ns: number): string {
  const seconds = Math.floor(ns / 1e9);
  const two = (value: number): string => String(value).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  return `${hours > 0 ? `${hours}:` : ""}${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

function trialLine({ progress }: LiveModel): string {
  if (progress === null) return "no trial is open";
  const { trial, trials, phase, frameBytes, stage, elapsedNs, durationNs, pps, leftNs } = progress;
  const size = typeof frameBytes === "number" ? `${frameBytes} bytes` : terminalText(frameBytes);
  return [
    trials > 0 ? `trial ${trial} of ${trials}` : `trial ${trial}`,
    `${size}, ${phase}${typeof pps === "number" ? ` at ${rateWord(pps)}` : ""}`,
    `${seconds(elapsedNs)}${durationNs === null ? "" : ` of ${seconds(durationNs)}`} s`,
    ...(stage === "" ? [] : [stage]),
    ...(typeof leftNs === "number" ? [`about ${Math.ceil(leftNs / 1e9)} s left`] : []),
  ].join("   ");
}

const seconds = (ns: number): string => (ns / 1e9).toFixed(1);

/** While frames are in flight a difference is normal, and is called that. The hops' counters are read at a trial's end. */
function pathLines({ progress, trials, state }: LiveModel, columns: number): string[] {
  const last = trials.at(-1);
  // `lost` knows of frames behind which another one came.
  const { sent = 0, received = 0, lost = 0 } = progress ?? {};
  const open =
    progress === null
      ? "path  -"
      : `path  sent ${grouped(sent)}  >  ${
          state === "waiting" ? "not back yet" : "in flight or lost"
        } ${grouped(Math.max(lost, sent - received))}  >  received ${grouped(received)}`;
  if (last === undefined) return [open, ""];
  const hops = last.hops.map(
    ({ name, tx, dropped }) =>
      `${terminalText(name)} ${grouped(tx)}${dropped > 0 ? ` (dropped ${grouped(dropped)})` : ""}`,
  );
  const unaccounted = last.unaccounted === null ? [] : [`unaccounted ${grouped(last.unaccounted)}`];
  const before = [`sent ${grouped(last.sent)}`, ...hops, `received ${grouped(last.received)}`, ...unaccounted];
  return [open, ...wrapped("last  ", before, columns)];
}

const arrow = "  >  ";

/** As many parts in a line as it has room for. */
function wrapped(head: string, parts: readonly string[], columns: number): string[] {
  const lines: string[] = [];
  let line = head + parts[0]!;
  for (const part of parts.slice(1)) {
    const longer = `${line}${arrow}${part}`;
    if (longer.length > columns) {
      lines.push(line);
      line = `${" ".repeat(head.length)}${arrow.trim()}  ${part}`;
    } else line = longer;
  }
  return [...lines, line];
}

function rateLines({ progress, offeredPps, history }: LiveModel, columns: number, options: ReportOptions): string[] {
  const { txPps, rxPps, lostPps } = history;
  const most = Math.max(1, ...txPps, ...rxPps);
  const offered = offeredPps ?? progress?.pps ?? null;
  const room = Math.max(8, columns - labelColumns - figureColumns - 2);
  const line = (label: string, values: readonly number[], scale: number): string =>
    `${label.padEnd(labelColumns)}${rateWord(values.at(-1) ?? 0).padStart(figureColumns)}  ${sparkline(values.slice(-room), scale, options.ascii)}`;
  return [
    ...(offered === null ? [] : [`${"offered".padEnd(labelColumns)}${rateWord(offered).padStart(figureColumns)}`]),
    line("sent", txPps, most),
    line("received", rxPps, most),
    line("missing", lostPps, Math.max(1, ...lostPps)),
  ];
}

const blocks = "▁▂▃▄▅▆▇█";
const asciiBlocks = "_.:-=+*#";

/** One character a value, `scale` being the highest. A value above 0 is never drawn as 0, which is a space. */
export function sparkline(values: readonly number[], scale: number, ascii: boolean): string {
  const drawn = ascii ? asciiBlocks : blocks;
  return values
    .map((value) => (value <= 0 ? " " : drawn[Math.min(drawn.length, Math.ceil((value / scale) * drawn.length)) - 1]))
    .join("");
}

const trialHead = `${"bytes".padStart(14)}  ${"load".padEnd(16)}${"sent".padStart(14)}${"lost".padStart(12)}${"p99".padStart(9)}  verdict`;

function trialLines({ trials }: LiveModel, most: number, options: ReportOptions): string[] {
  if (trials.length === 0) return ["no trial has ended"];
  const shown = trials.slice(-most).toReversed();
  return [trialHead, ...shown.map((trial) => trialRow(trial, options))];
}

function trialRow(trial: Trial, options: ReportOptions): string {
  const { requested, sent, lost, latencyNs, verdict, reasons } = trial;
  const colors = colorsFor(options);
  const paint = verdict === "pass" ? colors.green : verdict === "fail" ? colors.red : colors.yellow;
  const load = requested.pps === null ? requested.rate : rateWord(requested.pps);
  const p99 = latencyNs === null ? "-" : timeWord(latencyNs.p99);
  const why = verdict === "pass" || reasons.length === 0 ? "" : `: ${terminalText(reasons[0]!)}`;
  const figures = `${grouped(sent).padStart(14)}${grouped(lost).padStart(12)}${p99.padStart(9)}`;
  return `${rowLabel(trial).padStart(14)}  ${load.padEnd(16)}${figures}  ${paint(verdict.toUpperCase())}${why}`;
}

/** Of the last trial, those that lost most; nothing without streams. */
function streamLines({ trials }: LiveModel, most: number): string[] {
  const streams = trials.at(-1)?.streams ?? [];
  const worst = streams.filter(({ missing }) => missing > 0).toSorted((a, b) => b.missing - a.missing);
  if (streams.length === 0) return [];
  if (worst.length === 0) return ["", `no stream of ${grouped(streams.length)} lost a frame in the last trial`];
  const rows = worst.slice(0, Math.max(1, most - 2)).map(({ name, sent, missing }) => {
    const share = sent === 0 ? "" : `  ${percentWord(missing / sent)}`;
    return `${shortened(terminalText(name), 30).padEnd(32)}${grouped(sent).padStart(14)}${grouped(missing).padStart(12)}${share}`;
  });
  return ["", `${"worst streams".padEnd(32)}${"sent".padStart(14)}${"lost".padStart(12)}`, ...rows];
}

function footLines({ keys, said }: LiveModel, options: ReportOptions): string[] {
  const colors = colorsFor(options);
  const help = keys.map(([key, does]) => `${colors.bold(key)} ${does}`).join("   ");
  return [said === "" ? "" : colors.yellow(terminalText(said)), help];
}

const shortened = (text: string, room: number): string =>
  text.length <= room ? text : `${text.slice(0, Math.max(0, room - 3))}...`;

/** SGR sequences (ECMA-48 §8.3.117) have no width. */
const colorPattern = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, "g");

/** Cuts a line at the terminal's edge. A line with colours that is too long loses them. */
function cut(line: string, columns: number): string {
  const plain = line.replace(colorPattern, "");
  return plain.length <= columns ? line : plain.slice(0, columns);
}
