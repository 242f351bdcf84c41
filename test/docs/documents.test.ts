/** The documents can be trusted: links and named paths lead somewhere, and what should be short is short. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";
import {
  anchorsOf,
  codeBlocks,
  codeWordsOf,
  type Document,
  documents,
  linksOf,
  readDocument,
  recipeDocuments,
  root,
  sectionOf,
  tableRowsOf,
  withoutBlocks,
} from "../support/documents.js";

const readmeLinesMax = 180;
const architectureWordsMax = 1_500;
const decisionLinesMax = 40;
const sentenceWordsMax = 40;
const changeWidthMax = 130;

/** As wc -w counts. */
const wordsOf = (text: string): number => text.split(/\s+/).filter((word) => word !== "").length;

/** What `find` finds in each document, as `path: what`. */
const inEach = (some: readonly Document[], find: (document: Document) => readonly string[]): string[] =>
  some.flatMap((document) => find(document).map((what) => `${document.path}: ${what}`));

describe("documents", () => {
  it("have links that lead somewhere", () => {
    const isBroken = (document: Document, target: string): boolean => {
      if (/^(https?|mailto):/.test(target)) return false;
      const [file, anchor] = target.split("#");
      const path = file === "" ? document.path : normalize(join(dirname(document.path), file!));
      if (!existsSync(join(root, path))) return true;
      return anchor !== undefined && !anchorsOf(readDocument(path)).includes(anchor);
    };
    const broken = inEach(documents, (document) => linksOf(document).filter((target) => isBroken(document, target)));
    expect(broken).toEqual([]);
  });

  it("name no path that only one machine has", () => {
    expect(inEach(documents, ({ text }) => text.match(/(?<![\w.])\/(home|root|Users|work)\/\S*/g) ?? [])).toEqual([]);
  });

  it("name scripts that package.json has", () => {
    const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { readonly scripts: object };
    const named = ({ text }: Document): string[] =>
      [...text.matchAll(/npm run (?:-s )?([\w:]+)/g)].map(([, name]) => name!);
    expect(inEach(namesPaths, (document) => named(document).filter((name) => !(name in scripts)))).toEqual([]);
  });

  it("close their code blocks and say what they are", () => {
    const odd = documents.filter((document) => {
      const fences = document.text.match(/^ *`{3,}/gm) ?? [];
      const blocks = codeBlocks(document);
      return fences.length !== 2 * blocks.length || blocks.some(({ language }) => language === "");
    });
    expect(odd.map(({ path }) => path)).toEqual([]);
  });

  it(`have no sentence of more than ${sentenceWordsMax} words`, () => {
    expect(inEach(namesPaths, (document) => sentencesOf(document).filter(isLong))).toEqual([]);
  });

  it("name paths of the project that exist", () => {
    expect(inEach(namesPaths, (document) => pathsIn(document).filter((path) => !exists(path, document)))).toEqual([]);
  });
});

/** Today's documents name today's files; the changelog's older sections may name older ones. */
const namesPaths = documents.filter(({ path }) => path !== "CHANGELOG.md");
const topLevel = readdirSync(root);
const rooms = readdirSync(join(root, "src"));

/** Paths of the project among what stands in `code`: from the root, or (in short) from src/. */
function pathsIn(document: Document): string[] {
  const words = codeWordsOf(document).filter((word) => /^\.?[\w-]+(\/[\w.<>*{},-]+)+\/?$|^[\w-]+\/$/.test(word));
  return words.filter((word) => [...topLevel, ...rooms].includes(word.split("/")[0]!));
}

/** `packet/<p>.ts` and `engine/*.ts` stand for files of a folder that is there. */
function exists(path: string, document: Document): boolean {
  const [fixed] = path.split(/[<*{]/);
  const known = fixed === path ? path : dirname(`${fixed}x`);
  return ["", "src", dirname(document.path)].some((folder) => existsSync(join(root, folder, known)));
}

/** Prose alone: no tables, and each item of a list for itself. */
function sentencesOf(document: Document): string[] {
  const parts = withoutBlocks(document).split(/\n\s*\n|\n(?=\s*(?:[-*|#]|\d+\.) ?)/);
  return parts.filter((part) => !part.trimStart().startsWith("|")).flatMap((part) => part.split(/[.:;?!]\s+|\*\*/));
}

const isLong = (sentence: string): boolean => (sentence.match(/\S*\p{L}\S*/gu)?.length ?? 0) > sentenceWordsMax;

describe("dependencies", () => {
  const packages = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Readonly<
    Record<"dependencies" | "peerDependencies" | "devDependencies", Readonly<Record<string, string>>>
  >;
  const arguedIn = (path: string, heading: string): string[] =>
    tableRowsOf(sectionOf(readDocument(path), heading)).flatMap(([names]) => names!.replace(/ \(.*\)/, "").split(", "));

  it("are each argued in one line", () => {
    const shipped = Object.keys({ ...packages.dependencies, ...packages.peerDependencies });
    expect(arguedIn("ARCHITECTURE.md", "Dependencies, and why").toSorted()).toEqual(shipped.toSorted());
    const tools = Object.keys(packages.devDependencies);
    expect(arguedIn("CONTRIBUTING.md", "Tools, and why").toSorted()).toEqual(tools.toSorted());
  });
});

it("ARCHITECTURE.md's code map has every room", () => {
  const mapped = tableRowsOf(sectionOf(readDocument("ARCHITECTURE.md"), "Code map")).map(([room]) => room);
  const folders = readdirSync(join(root, "src"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(mapped.toSorted()).toEqual([...folders.map(({ name }) => `\`${name}/\``), "leaves"].toSorted());
});

describe("lengths", () => {
  it(`README.md has at most ${readmeLinesMax} lines`, () => {
    expect(readDocument("README.md").text.trimEnd().split("\n").length).toBeLessThanOrEqual(readmeLinesMax);
  });

  it(`ARCHITECTURE.md has at most ${architectureWordsMax} words`, () => {
    expect(wordsOf(readDocument("ARCHITECTURE.md").text)).toBeLessThanOrEqual(architectureWordsMax);
  });

  it(`what is unreleased stands in CHANGELOG.md one line each, of at most ${changeWidthMax} characters`, () => {
    const lines = sectionOf(readDocument("CHANGELOG.md"), "[Unreleased]").split("\n");
    const odd = lines.filter(
      (line) => /^ +\S/.test(line) || (line.startsWith("- ") && !/^- \*\*[+~!]\*\* /.test(line)),
    );
    expect([...odd, ...lines.filter((line) => line.length > changeWidthMax)]).toEqual([]);
  });

  it(`a decision has at most ${decisionLinesMax} lines`, () => {
    const long = documents
      .filter(({ path }) => path.startsWith("docs/decisions/"))
      .filter(({ text }) => text.trimEnd().split("\n").length > decisionLinesMax);
    expect(long.map(({ path }) => path)).toEqual([]);
  });
});

describe("recipes", () => {
  it("are each listed in docs/recipes/README.md, and the README leads there", () => {
    const listed = linksOf(readDocument("docs/recipes/README.md"));
    const files = recipeDocuments.flatMap(({ path }) => /^docs\/recipes\/(.*)$/.exec(path)?.[1] ?? []);
    expect(files.filter((file) => !listed.includes(file) && file !== "README.md")).toEqual([]);
    expect(linksOf(readDocument("README.md"))).toContain("docs/recipes/README.md");
  });

  it("decisions are each listed in docs/decisions/README.md", () => {
    const listed = linksOf(readDocument("docs/decisions/README.md"));
    const files = readdirSync(join(root, "docs/decisions")).filter((name) => name !== "README.md");
    expect(files.filter((file) => !listed.includes(file))).toEqual([]);
  });
});
