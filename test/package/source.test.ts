/** The style that a machine can check, as tests: who may print, and how long a function and a file may get. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");
const functionLinesMax = 70;
const fileLinesMax = 500;

const sources = readdirSync(join(root, "src"), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
  .map((entry) => {
    const path = join(entry.parentPath, entry.name);
    const text = readFileSync(path, "utf8");
    return { path: path.slice(root.length + 1), file: ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true) };
  });

const lineOf = (file: ts.SourceFile, position: number): number => file.getLineAndCharacterOfPosition(position).line + 1;

function visit(node: ts.Node, see: (node: ts.Node) => void): void {
  see(node);
  node.forEachChild((child) => visit(child, see));
}

const nameOf = (node: ts.Node): string => {
  const named = node as { name?: ts.Node };
  if (named.name !== undefined) return named.name.getText();
  if (ts.isVariableDeclaration(node.parent) || ts.isPropertyAssignment(node.parent)) return node.parent.name.getText();
  return ts.isConstructorDeclaration(node) ? "constructor" : "a function";
};

/** `process.exit` and friends of every file as `path:line text`. */
function uses(wanted: (access: string) => boolean, allowed: (path: string) => boolean): string[] {
  const found: string[] = [];
  for (const { path, file } of sources) {
    if (allowed(path)) continue;
    visit(file, (node) => {
      if (!ts.isPropertyAccessExpression(node) || !wanted(node.getText())) return;
      found.push(`${path}:${lineOf(file, node.getStart())} ${node.getText()}`);
    });
  }
  return found;
}

describe("only cli", () => {
  const inCli = (path: string): boolean => path.startsWith("src/cli/");

  it("prints", () => {
    const prints = (access: string): boolean => /^(console\.\w+|process\.(stdout|stderr))$/.test(access);
    expect(uses(prints, inCli)).toEqual([]);
  });

  it("reads arguments and ends the process", () => {
    const ends = (access: string): boolean => /^process\.(exit|exitCode|argv|abort|reallyExit)$/.test(access);
    expect(uses(ends, inCli)).toEqual([]);
  });
});

describe("time and chance are arguments", () => {
  it("packet, pcap, profile, ring, stream, stats, report and the search read no clock", () => {
    const reads = (access: string): boolean => /^(Date\.now|performance\.now|process\.hrtime)/.test(access);
    const free = /^src\/((packet|pcap|profile|ring|stream|stats|result|report)\/|method\/search\/)/;
    expect(uses(reads, (path) => !free.test(path))).toEqual([]);
  });

  it("nothing that is sent or measured comes from Math.random", () => {
    const draws = (access: string): boolean => access === "Math.random";
    expect(uses(draws, (path) => /^src\/(sys|cli)\//.test(path))).toEqual([]);
  });
});

describe("sizes", () => {
  it(`no function is longer than ${functionLinesMax} lines`, () => {
    const long: string[] = [];
    for (const { path, file } of sources) {
      visit(file, (node) => {
        if (!ts.isFunctionLike(node) || (node as { body?: ts.Node }).body === undefined) return;
        const lines = lineOf(file, node.getEnd()) - lineOf(file, node.getStart()) + 1;
        const place = `${path}:${lineOf(file, node.getStart())}`;
        if (lines > functionLinesMax) long.push(`${place} ${nameOf(node)}: ${lines} lines`);
      });
    }
    expect(long).toEqual([]);
  });

  it(`no file is longer than ${fileLinesMax} lines`, () => {
    const long = sources
      .map(({ path, file }) => ({ path, lines: lineOf(file, file.getEnd()) }))
      .filter(({ lines }) => lines > fileLinesMax);
    expect(long).toEqual([]);
  });
});

describe("rooms", () => {
  it("no module has a default export, a star export, or the name utils", () => {
    const found: string[] = [];
    for (const { path, file } of sources) {
      if (/(^|\/)(utils?|helpers?|misc)\.ts$/.test(path)) found.push(`${path}: a drawer, not a name`);
      visit(file, (node) => {
        const star = ts.isExportDeclaration(node) && node.exportClause === undefined;
        if (star || ts.isExportAssignment(node))
          found.push(`${path}:${lineOf(file, node.getStart())} ${node.getText()}`);
      });
    }
    expect(found).toEqual([]);
  });

  it("every room's index.ts begins with its purpose", () => {
    const silent = sources.filter(({ path, file }) => path.endsWith("/index.ts") && !file.text.startsWith("/**"));
    expect(silent.map(({ path }) => path)).toEqual([]);
  });
});
