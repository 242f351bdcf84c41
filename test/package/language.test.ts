/** The language that a machine can check, as tests: one name for one thing, and comments in short sentences. */
import { describe, expect, it } from "vitest";
import { commentsOf, declaredExports, sentencesOf, sources, wordsOf } from "./sources.js";

const sentenceWordsMax = 40;

/** Each job module exports its maker under this one name: main.ts loads the module that it is told, and calls it. */
const sharedRoles: readonly string[] = ["createJob"];

describe("comments", () => {
  it(`no sentence has more than ${sentenceWordsMax} words`, () => {
    const long = sources.flatMap((source) =>
      commentsOf(source).flatMap(({ line, text }) =>
        sentencesOf(text)
          .filter((sentence) => wordsOf(sentence) > sentenceWordsMax)
          .map((sentence) => `${source.path}:${line} ${wordsOf(sentence)} words: ${sentence}`),
      ),
    );
    expect(long).toEqual([]);
  });

  it("every file begins with its purpose", () => {
    const silent = sources.filter(({ file }) => !/^(#!.*\n)?\/\*\*/.test(file.text));
    expect(silent.map(({ path }) => path)).toEqual([]);
  });

  it("drawings, tables, lists and abbreviations are no long sentences", () => {
    const comment =
      " What it does, e.g. this:\n\n     0  kind (4)   4  length (4)\n | a | table |\n - One.\n - Two. Three.";
    expect(sentencesOf(comment)).toEqual(["What it does, e.g. this:", "- One.", "- Two.", "Three."]);
    expect(wordsOf("of 3 words – not 5")).toBe(5);
  });
});

describe("names", () => {
  it("one exported name means one thing", () => {
    const places = new Map<string, string[]>();
    for (const source of sources) {
      for (const name of declaredExports(source)) places.set(name, [...(places.get(name) ?? []), source.path]);
    }
    const twice = [...places].filter(([name, paths]) => paths.length > 1 && !sharedRoles.includes(name));
    expect(twice.map(([name, paths]) => `${name}: ${paths.join(", ")}`)).toEqual([]);
  });
});
