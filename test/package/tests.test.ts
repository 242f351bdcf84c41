/** The house of the tests: what each file says first, how long it may get, and what it may import. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { describe, expect, it } from "vitest";

const folder = join(import.meta.dirname, "..");
const linesMax = 400;

const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts"))
  .sort()
  .map((path) => ({ path, text: readFileSync(join(folder, path), "utf8") }));

/** Files of test/ that one imports, named from test/. */
const importsOf = ({ path, text }: { readonly path: string; readonly text: string }): string[] =>
  [...text.matchAll(/\bfrom "(\.[^"]*)\.js"/g)]
    .map(([, to]) => normalize(join(dirname(path), to!)))
    .filter((to) => !to.startsWith(".."));

const roomOf = (path: string): string => path.split("/")[0]!;

describe("every file", () => {
  it("begins with a sentence that says what it is", () => {
    expect(files.filter(({ text }) => !text.startsWith("/**")).map(({ path }) => path)).toEqual([]);
  });

  it(`has at most ${linesMax} lines`, () => {
    const long = files.filter(({ text }) => text.split("\n").length - 1 > linesMax);
    expect(long.map(({ path }) => path)).toEqual([]);
  });

  it("imports from its own room and from support only", () => {
    const strange = files.flatMap((file) =>
      importsOf(file)
        .filter((to) => roomOf(to) !== roomOf(file.path) && roomOf(to) !== "support")
        .map((to) => `${file.path}: ${relative(dirname(file.path), to)}`),
    );
    expect(strange).toEqual([]);
  });

  it("of support has no test in it", () => {
    expect(files.filter(({ path }) => /^support\/.*\.test\.ts$/.test(path)).map(({ path }) => path)).toEqual([]);
  });
});
