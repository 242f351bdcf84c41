/** docs/debugging.md says of every cause, and of every way in which a trial ends early, what it means. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { expect, it } from "vitest";
import { type Cause, causes, classOf } from "../../src/stats/cause.js";
import { readDocument, root, sectionOf, tableRowsOf } from "../support/documents.js";

const debugging = readDocument("docs/debugging.md");
const bare = (cell: string): string => cell.replaceAll("`", "");

it("each cause stands in its table, in the order of the set, with its class and what to do", () => {
  const rows = tableRowsOf(sectionOf(debugging, "What each cause means"));
  expect(rows.map(([cause]) => bare(cause!))).toEqual([...causes]);
  expect(rows.map(([, word]) => word)).toEqual(causes.map((cause: Cause) => classOf(cause)));
  for (const [, , means, what] of rows) expect([means, what]).not.toContain("");
});

/** The words of every `cutShort: "…" | "…" | null` of an interface in src/engine. */
function cutShortWords(): string[] {
  const files = ts.sys.readDirectory(join(root, "src/engine"), [".ts"]);
  const unions = files.flatMap((path) => readFileSync(path, "utf8").match(/readonly cutShort: ("[^;]*);/g) ?? []);
  return [...new Set(unions.flatMap((union) => union.match(/"([^"]+)"/g) ?? []))].map((word) => word.slice(1, -1));
}

it("each cutShort stands in its table", () => {
  const rows = tableRowsOf(sectionOf(debugging, "Why a trial ended early"));
  expect(rows.map(([word]) => bare(word!)).toSorted()).toEqual(cutShortWords().toSorted());
});
