/** The source as the tests of style see it: every file parsed, and its comments as sentences. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

export const root = join(import.meta.dirname, "../..");

export interface Source {
  /** From the package's root: `src/cli/main.ts`. */
  readonly path: string;
  readonly file: ts.SourceFile;
}

export const sources: readonly Source[] = readdirSync(join(root, "src"), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && entry.name !== "page-bundle.ts")
  .map((entry) => {
    const path = join(entry.parentPath, entry.name);
    const text = readFileSync(path, "utf8");
    return { path: path.slice(root.length + 1), file: ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true) };
  });

export const lineOf = (file: ts.SourceFile, position: number): number =>
  file.getLineAndCharacterOfPosition(position).line + 1;

export function visit(node: ts.Node, see: (node: ts.Node) => void): void {
  see(node);
  node.forEachChild((child) => visit(child, see));
}

export interface Comment {
  readonly line: number;
  /** Without the comment marks; lines as in the file. Neighbouring `//` lines are one comment. */
  readonly text: string;
}

/** All comments of a file, in its order. */
export function commentsOf({ file }: Source): Comment[] {
  const { text } = file;
  const ranges = new Map<number, ts.CommentRange>();
  const keep = (found: readonly ts.CommentRange[] | undefined): void => {
    for (const range of found ?? []) ranges.set(range.pos, range);
  };
  const tokens = (node: ts.Node): void => {
    const children = node.getChildren(file).filter(({ kind }) => !isJsDoc(kind));
    if (children.length > 0) for (const child of children) tokens(child);
    else {
      keep(ts.getLeadingCommentRanges(text, node.pos));
      keep(ts.getTrailingCommentRanges(text, node.end));
    }
  };
  tokens(file);
  const comments: { line: number; text: string; end: number | null }[] = [];
  for (const { pos, end, kind } of [...ranges.values()].sort((a, b) => a.pos - b.pos)) {
    const line = lineOf(file, pos);
    const isLine = kind === ts.SyntaxKind.SingleLineCommentTrivia;
    const content = isLine ? text.slice(pos + 2, end) : withoutStars(text.slice(pos, end));
    const last = comments.at(-1);
    if (isLine && last !== undefined && last.end === line - 1) {
      last.text += `\n${content}`;
      last.end = line;
    } else comments.push({ line, text: content, end: isLine ? line : null });
  }
  return comments;
}

const isJsDoc = (kind: ts.SyntaxKind): boolean =>
  kind >= ts.SyntaxKind.FirstJSDocNode && kind <= ts.SyntaxKind.LastJSDocNode;

const withoutStars = (text: string): string =>
  text
    .replace(/^\/\*\*?/, "")
    .replace(/\*\/$/, "")
    .replaceAll(/^[ \t]*\*/gm, "");

/**
 * The sentences of a comment. Drawings and tables are left out: these are lines indented by three blanks or more, and
 * lines that begin with a bar. A list's item and a tag such as @throws begin a new sentence.
 */
export function sentencesOf(comment: string): string[] {
  const paragraphs = comment
    .split("\n")
    .map((line) => (/^ {3,}\S|^ *\|/.test(line) ? "" : line.trim()))
    .map((line) => (/^([-*]|\d+\.|@\w+) /.test(line) ? `\n${line}` : line))
    .join("\n")
    .split(/\n\s*\n/);
  return paragraphs
    .flatMap((paragraph) => paragraph.replaceAll("\n", " ").split(sentenceEnd))
    .map((sentence) => sentence.trim())
    .filter((sentence) => sentence !== "");
}

/** A full stop and a blank, but not behind an abbreviation. */
const sentenceEnd = /(?<=(?<!\b(?:e\.g|i\.e|etc|cf|vs))[.!?][)"'`]?)\s+/;

/** Words with a letter or a digit in them. */
export const wordsOf = (sentence: string): number =>
  sentence.split(/\s+/).filter((word) => /[\p{L}\d]/u.test(word)).length;

/** Names that a file exports and declares itself; a name that it only hands on is not one of them. */
export function declaredExports({ file }: Source): string[] {
  const names = new Set<string>();
  for (const statement of file.statements) {
    const isExported =
      ts.canHaveModifiers(statement) &&
      (ts.getModifiers(statement) ?? []).some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
    if (isExported && ts.isVariableStatement(statement)) {
      for (const { name } of statement.declarationList.declarations) for (const one of boundNames(name)) names.add(one);
    } else if (isExported && "name" in statement) {
      const { name } = statement as { name?: ts.Node };
      if (name !== undefined && ts.isIdentifier(name)) names.add(name.text);
    } else if (ts.isExportDeclaration(statement) && statement.moduleSpecifier === undefined) {
      const clause = statement.exportClause;
      if (clause !== undefined && ts.isNamedExports(clause))
        for (const { name } of clause.elements) names.add(name.text);
    }
  }
  return [...names];
}

const boundNames = (name: ts.BindingName): string[] =>
  ts.isIdentifier(name)
    ? [name.text]
    : name.elements.flatMap((element) => (ts.isBindingElement(element) ? boundNames(element.name) : []));
