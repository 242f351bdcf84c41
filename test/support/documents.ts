/** The project's documents as data: their sections, links, code blocks and shell commands. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const root = join(import.meta.dirname, "../..");

export interface Document {
  /** From the root, e.g. "docs/recipes/ci.md". */
  readonly path: string;
  readonly text: string;
}

export interface CodeBlock {
  readonly language: string;
  readonly text: string;
  /** The headings above it, outermost first. */
  readonly headings: readonly string[];
}

const markdownIn = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".md"))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));

const atRoot = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"];

export const readDocument = (path: string): Document => ({ path, text: readFileSync(join(root, path), "utf8") });

/** Every document that people read. */
export const documents: readonly Document[] = [
  ...atRoot,
  ...markdownIn("docs"),
  ...markdownIn("examples"),
  ...markdownIn(".github"),
  "pcaps/README.md",
].map(readDocument);

/** What these print in `sh` blocks is run: all of docs/recipes, too. */
const withRecipes = ["README.md", "docs/start.md", "docs/wishes.md", "docs/trex.md", "docs/install.md"];
export const recipeDocuments = documents.filter(
  ({ path }) => withRecipes.includes(path) || path.startsWith("docs/recipes/"),
);

export function codeBlocks({ text }: Document): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  const headings: string[] = [];
  let open: { fence: string; indent: number; language: string; lines: string[] } | null = null;
  for (const line of text.split("\n")) {
    const fence = /^ *(`{3,})(\S*)$/.exec(line);
    if (open !== null && fence?.[1] === open.fence && fence[2] === "") {
      blocks.push({ language: open.language, text: open.lines.join("\n"), headings: [...headings] });
      open = null;
    } else if (open !== null) {
      open.lines.push(line.slice(Math.min(open.indent, line.search(/\S|$/))));
    } else if (fence !== null) {
      open = { fence: fence[1]!, indent: line.indexOf("`"), language: fence[2]!, lines: [] };
    } else {
      const heading = /^(#+) (.*)$/.exec(line);
      if (heading !== null) headings.splice(heading[1]!.length - 1, headings.length, heading[2]!);
    }
  }
  return blocks;
}

/** The text without its code blocks. */
export const withoutBlocks = ({ text }: Document): string => text.replace(/^( *`{3,})\S*\n[\s\S]*?^\1$/gm, "");

/** Targets of Markdown links, e.g. "docs/limits.md#words". */
export const linksOf = (document: Document): string[] =>
  [...withoutBlocks(document).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);

/** What stands in `code` in the prose. */
export const codeWordsOf = (document: Document): string[] =>
  [...withoutBlocks(document).matchAll(/`([^`\n]+)`/g)].map(([, word]) => word!);

/** The anchors of a document's headings, as GitHub makes them. */
export function anchorsOf(document: Document): string[] {
  const headings = [...withoutBlocks(document).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading!);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

/** The rows of a document's tables, cell by cell, without their heads. */
export function tableRowsOf(text: string): string[][] {
  const isRow = (line: string): boolean => line.startsWith("|");
  const cells = (line: string): string[] => {
    const parts = line.replaceAll("\\|", "\0").split("|").slice(1, -1);
    return parts.map((cell) => cell.trim().replaceAll("\0", "|"));
  };
  const lines = text.split("\n");
  const isRule = (line: string): boolean => /^\|[-| :]+\|$/.test(line);
  return lines.filter((line, at) => isRow(line) && !isRule(line) && !isRule(lines[at + 1] ?? "")).map(cells);
}

/** The part of a document below a heading, up to the next one of its rank. */
export function sectionOf({ path, text }: Document, heading: string): string {
  const lines = text.split("\n");
  const rankOf = (line: string): number => /^#+(?= )/.exec(line)?.[0].length ?? 0;
  const start = lines.findIndex((line) => line.slice(rankOf(line)).trim() === heading && rankOf(line) > 0);
  if (start < 0) throw new Error(`${path} has no section "${heading}"`);
  const ends = (line: string): boolean => rankOf(line) > 0 && rankOf(line) <= rankOf(lines[start]!);
  const length = lines.slice(start + 1).findIndex(ends);
  return lines.slice(start + 1, length < 0 ? undefined : start + 1 + length).join("\n");
}

/**
 * A shell block's commands: lines that `\`, `|` or an open quote joins are one. A comment behind a command is not part of
 * it, but may say `exit code N`.
 */
export interface ShellCommand {
  readonly text: string;
  readonly exitCode: number;
}

export function shellCommands(block: string): ShellCommand[] {
  const commands: ShellCommand[] = [];
  let pending = "";
  for (const line of block.split("\n")) {
    pending += pending === "" ? line : `\n${line}`;
    const quotes = pending.replace(/\\'/g, "").split("'").length - 1;
    if (/[\\|]$/.test(pending) || quotes % 2 === 1) continue;
    if (pending.trim() !== "") commands.push(commandOf(pending));
    pending = "";
  }
  return commands;
}

function commandOf(text: string): ShellCommand {
  const comment = /\s+# .*$/.exec(text)?.[0] ?? "";
  const exitCode = /exit code (\d+)/.exec(comment)?.[1];
  return { text: text.slice(0, text.length - comment.length), exitCode: Number(exitCode ?? 0) };
}

/** The commands of these that begin so, as printed. */
export const printedCommands = (beginning: string): string[] =>
  recipeDocuments
    .flatMap(codeBlocks)
    .filter(({ language }) => language === "sh")
    .flatMap(({ text }) => shellCommands(text))
    .map(({ text }) => text)
    .filter((text) => text.startsWith(beginning));
