/** The style that a machine can check, as tests: what may be called where, and how long a function and a file may get. */
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { lineOf, sources, visit } from "./sources.js";

const functionLinesMax = 60;
const fileLinesMax = 400;

const nameOf = (node: ts.Node): string => {
  const named = node as { name?: ts.Node };
  if (named.name !== undefined) return named.name.getText();
  if (ts.isVariableDeclaration(node.parent) || ts.isPropertyAssignment(node.parent)) return node.parent.name.getText();
  return ts.isConstructorDeclaration(node) ? "constructor" : "a function";
};

interface Ban {
  readonly what: string;
  /** The accesses (`process.exit`) and the modules with the name that is imported (`node:os.cpus`) that are meant. */
  readonly banned: RegExp;
  /** Where it is banned; default: everywhere. */
  readonly within?: RegExp;
  readonly except?: RegExp;
  readonly instead: string;
}

/** Rooms that know neither the time nor the system. */
const pureRooms = /^src\/((packet|ring|stream|stats|result|report)\/|method\/search\/)/;

const bans: readonly Ban[] = [
  {
    what: "only cli prints",
    banned: /^(console\.\w+|process\.(stdout|stderr))$/,
    except: /^src\/cli\//,
    instead: "give the text back, or take an Output (src/cli/output/output.ts)",
  },
  {
    what: "only cli ends the process",
    banned: /^process\.(exit|exitCode|abort|reallyExit)$/,
    except: /^src\/cli\/(main|output\/ending)\.ts$/,
    instead: "throw a PktgenError with its exit code (src/errors.ts), or endNow (src/cli/output/ending.ts)",
  },
  {
    what: "only main reads the command line",
    banned: /^process\.argv$/,
    except: /^src\/cli\/main\.ts$/,
    instead: "take the values as parameters",
  },
  {
    what: "pure rooms read no clock",
    banned: /^(Date\.now|performance\.now|process\.hrtime)/,
    within: /^src\/((packet|pcap|profile|ring|stream|stats|result|report)\/|method\/search\/)/,
    instead: "take a Clock (src/clock.ts) or the time as a parameter",
  },
  {
    what: "pure rooms have no Buffer: they run in a browser",
    banned: /^Buffer\./,
    within: pureRooms,
    instead: "Uint8Array, DataView, TextEncoder and TextDecoder",
  },
  {
    what: "nothing that is sent or measured comes from Math.random",
    banned: /^Math\.random$/,
    except: /^src\/(sys|cli)\//,
    instead: "seededRandom (src/random.ts), from the run's seed",
  },
  {
    what: "one way to sleep",
    banned: /^node:timers\/promises\.setTimeout$/,
    except: /^src\/sys\/sleep\.ts$/,
    instead: "sleepNs (src/sys/sleep.ts), which takes any length",
  },
  {
    what: "numbers look the same in every locale",
    banned: /\.(toLocaleString|toLocaleDateString|toLocaleTimeString)$/,
    except: /^src\/(units|options\/option-texts)\.ts$/,
    instead: "formatCount (src/units.ts)",
  },
];

/** What a file accesses or imports, as the bans name it. */
function accessesOf(file: ts.SourceFile): { readonly text: string; readonly line: number }[] {
  const found: { text: string; line: number }[] = [];
  visit(file, (node) => {
    const line = lineOf(file, node.getStart());
    if (ts.isPropertyAccessExpression(node)) found.push({ text: node.getText(), line });
    if (!ts.isImportDeclaration(node) || !ts.isStringLiteral(node.moduleSpecifier)) return;
    const bindings = node.importClause?.namedBindings;
    if (bindings === undefined || !ts.isNamedImports(bindings)) return;
    for (const { name, propertyName } of bindings.elements) {
      found.push({ text: `${node.moduleSpecifier.text}.${(propertyName ?? name).text}`, line });
    }
  });
  return found;
}

describe("calls", () => {
  const accesses = sources.map(({ path, file }) => ({ path, accesses: accessesOf(file) }));
  for (const { what, banned, within, except, instead } of bans) {
    it(what, () => {
      const found = accesses
        .filter(({ path }) => (within?.test(path) ?? true) && except?.test(path) !== true)
        .flatMap((one) =>
          one.accesses
            .filter(({ text }) => banned.test(text))
            .map(({ text, line }) => `${one.path}:${line} ${text}; instead: ${instead}`),
        );
      expect(found).toEqual([]);
    });
  }
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

  it("privacy is `#name`, which holds at run time, too, and not the word private", () => {
    const found: string[] = [];
    for (const { path, file } of sources) {
      visit(file, (node) => {
        const isModifier = node.kind === ts.SyntaxKind.PrivateKeyword;
        // A constructor can be private in no other way.
        if (isModifier && !ts.isConstructorDeclaration(node.parent))
          found.push(`${path}:${lineOf(file, node.getStart())} ${node.parent.getText().split("\n")[0]}`);
      });
    }
    expect(found).toEqual([]);
  });
});
