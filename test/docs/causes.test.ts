/** docs/debugging.md says of every cause, and of every way in which a trial ends early, what it means. */
import { expect, it } from "vitest";
import type { ReplayCut } from "../../src/engine/replay/spec.js";
import { type Cause, causes, classOf } from "../../src/stats/cause.js";
import type { TransmitReport } from "../../src/stats/trial-report.js";
import { readDocument, sectionOf, tableRowsOf } from "../support/documents.js";

const debugging = readDocument("docs/debugging.md");
const bare = (cell: string): string => cell.replaceAll("`", "");

it("each cause stands in its table, in the order of the set, with its class and what to do", () => {
  const rows = tableRowsOf(sectionOf(debugging, "What each cause means"));
  expect(rows.map(([cause]) => bare(cause!))).toEqual([...causes]);
  expect(rows.map(([, word]) => word)).toEqual(causes.map((cause: Cause) => classOf(cause)));
  for (const [, , means, what] of rows) expect([means, what]).not.toContain("");
});

type CutShort = NonNullable<TransmitReport["cutShort"] | ReplayCut>;

/** All of them: the compiler asks for each, and refuses any other. */
const cutShort: Readonly<Record<CutShort, true>> = {
  stopped: true,
  stuck: true,
  "peer gone": true,
  short: true,
  limit: true,
};

it("each cutShort stands in its table", () => {
  const rows = tableRowsOf(sectionOf(debugging, "Why a trial ended early"));
  expect(rows.map(([word]) => bare(word!)).toSorted()).toEqual(Object.keys(cutShort).toSorted());
});
