/** Aligned columns without boxes: heads, a rule, rows. */
import Table from "cli-table3";
import pc from "picocolors";
import type { ReportOptions } from "./report.js";

/** One column; numbers are aligned right, words left. */
export interface Column {
  /** One or more lines, the unit on the last. */
  readonly head: string;
  readonly align: "left" | "right";
}

/** A heading over several columns; null leaves them without one. */
export interface Group {
  readonly title: string | null;
  readonly columns: readonly Column[];
}

type Cell = Table.Cell;

const groupGap = " ";

/** The longest line that a table or a sentence may have. */
export const lineColumns = 100;

const noBorders = {
  ...{ top: "", "top-mid": "", "top-left": "", "top-right": "", mid: "", "mid-mid": "", "left-mid": "" },
  ...{ bottom: "", "bottom-mid": "", "bottom-left": "", "bottom-right": "", "right-mid": "" },
  ...{ left: "", right: "", middle: "  " },
} as const;

/** The colours to use, all of them identities without colour. */
export function colorsFor(options: ReportOptions): ReturnType<typeof pc.createColors> {
  return pc.createColors(options.color);
}

/** Lines of text; `rows` have one cell for each column of all groups. */
export function grid(groups: readonly Group[], rows: readonly (readonly string[])[], options: ReportOptions): string[] {
  const colors = colorsFor(options);
  const columns = groups.flatMap((group) => group.columns);
  const table = new Table({
    chars: noBorders,
    style: { "padding-left": 0, "padding-right": 0, head: [], border: [], compact: true },
    colAligns: columns.map(({ align }) => align),
  });
  const titled = groups.some(({ title }) => title !== null);
  if (titled) table.push(titleRow(groups, colors.bold));
  const starts = groupStarts(groups);
  const apart = (text: string, column: number): string => (starts.has(column) ? text.replace(/^/gm, groupGap) : text);
  table.push(columns.map(({ head, align }, i): Cell => ({ content: apart(head, i), hAlign: align, vAlign: "bottom" })));
  table.push(...rows.map((row) => row.map(apart)));
  const lines = table.toString().split("\n");
  const headLines = (titled ? 1 : 0) + Math.max(...columns.map(({ head }) => head.split("\n").length));
  const width = Math.max(...lines.map(visibleLength));
  lines.splice(headLines, 0, colors.dim((options.ascii ? "-" : "─").repeat(width)));
  return lines.map((line) => line.trimEnd());
}

/** The first columns of all groups but the first: they stand a little apart. */
function groupStarts(groups: readonly Group[]): Set<number> {
  const starts = new Set<number>();
  let column = 0;
  for (const { columns } of groups) {
    if (column > 0) starts.add(column);
    column += columns.length;
  }
  return starts;
}

function titleRow(groups: readonly Group[], bold: (text: string) => string): Cell[] {
  return groups.map(({ title, columns }) => ({
    content: title === null ? "" : bold(title),
    colSpan: columns.length,
    hAlign: "center",
  }));
}

/** Breaks a sentence into lines of at most `lineColumns`, those after the first indented. */
export function wrap(sentence: string, indent: string): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of sentence.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > lineColumns) {
      lines.push(line);
      line = indent + word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

function visibleLength(line: string): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control sequences (ECMA-48 §8.3.117)
  return line.replace(/\u001b\[\d+m/g, "").length;
}
