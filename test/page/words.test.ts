/** Figures as the page shows them, and the request that the start page's form makes. */
import { describe, expect, it } from "vitest";
import { formOf, type RunForm, requestOf } from "../../src/page/run-form.js";
import { clockWord, figureTitle, flowValueWord, trialsWord, unitOf, valueWord } from "../../src/page/words.js";
import { infoOf } from "../support/recorded-run.js";

it("shows a value with its unit, and what is unknown as a dash", () => {
  expect(
    [
      valueWord(1_234_567, "frames"),
      valueWord(14_880_952, "pps"),
      valueWord(1.512e9, "bps"),
      valueWord(7_050, "ns"),
      valueWord(0.001, "ratio"),
    ].concat([null, undefined, Number.NaN].map((value) => valueWord(value, "frames"))),
  ).toEqual(["1,234,567", "14.88 Mpps", "1.512 Gbps", "7.05 µs", "0.1 %", "–", "–", "–"]);
});

it("shows times as a clock", () => {
  expect([null, 0, 9_340, 75_000, 3_723_000].map(clockWord)).toEqual(["–", "0.0 s", "9.3 s", "1:15", "1:02:03"]);
});

it("reads names of figures", () => {
  const names = ["latencyP99Ns", "txPps", "lost", "lostPps", "txBpsL2", "lateShare", "state"];
  expect(names.map(figureTitle)).toEqual([
    "latency p99",
    "tx rate",
    "lost",
    "lost rate",
    "tx L2",
    "late share",
    "state",
  ]);
  expect(names.map(unitOf)).toEqual(["ns", "pps", "frames", "pps", "bps", "ratio", "index"]);
});

it("shows a figure of a flow: what is offered without a number is max, all else is not known", () => {
  const values = [
    ["offeredPps", Number.NaN],
    ["offeredPps", 4_100],
    ["offeredPps", 0],
    ["txPps", Number.NaN],
    ["latencyP99Ns", 40_000],
    ["lost", 1_234],
    ["reorderExtent", Number.NaN],
  ] as const;
  const words = values.map(([name, value]) => flowValueWord(value, name));
  expect(words).toEqual(["max", "4.1 kpps", "0 pps", "–", "40 µs", "1,234", "–"]);
});

it.each([
  [{ ended: 0, expected: 2, isSearch: false, isOver: false }, "0 of 2"],
  [{ ended: 1, expected: 2, isSearch: false, isOver: true }, "1 of 2"],
  [{ ended: 9, expected: 12, isSearch: true, isOver: false }, "9 of about 12"],
  [{ ended: 37, expected: 12, isSearch: true, isOver: false }, "37"],
  [{ ended: 9, expected: 12, isSearch: true, isOver: true }, "9"],
  [{ ended: 3, expected: null, isSearch: true, isOver: false }, "3"],
] as const)("says how many trials have ended: %j is %s", (count, word) => {
  expect(trialsWord(count)).toBe(word);
});

describe("the form", () => {
  const option = (key: string, kind: "text" | "flag" | "optional" | "texts" = "text") => ({
    ...{ key, flag: `--${key}`, argument: "<x>", heading: "", means: "", kind },
  });
  const command = {
    name: "run",
    summary: "",
    options: [option("sizes"), option("quick", "flag"), option("threshold", "texts"), option("cpu", "optional")],
  } as const;
  const form: RunForm = {
    ...{ command: "run" as const, name: "n", profile: "", set: {}, profileText: null },
    texts: { sizes: " 64 ", rate: "1kpps", quick: "yes", threshold: "loss<=1%\n\n p99<=1ms", cpu: "yes", empty: "" },
  };

  it("asks for what the command knows", () => {
    expect(requestOf(form, command as never)).toEqual({
      command: "run",
      name: "n",
      options: { sizes: "64", quick: true, threshold: ["loss<=1%", "p99<=1ms"], cpu: true },
    });
  });

  it("names a profile, or gives its text", () => {
    const chosen = { ...form, texts: {}, profile: "vxlan.yaml", set: { vni: "7" } };
    expect(requestOf(chosen, command as never)).toMatchObject({ options: { profile: "vxlan.yaml", set: ["vni=7"] } });
    expect(requestOf({ ...chosen, profileText: "a: b" }, command as never)).toEqual({
      ...{ command: "run", name: "n", profileText: "a: b" },
      options: { set: ["vni=7"] },
    });
  });

  it("is filled with what a run was asked for", () => {
    const options = { sizes: "64", quick: true, threshold: ["a", "b"], profile: "p.yaml", set: ["vni=7=8"] };
    expect(formOf(infoOf({ options, name: "again" }))).toEqual({
      ...{ command: "run", name: "again", profile: "p.yaml", set: { vni: "7=8" }, profileText: null },
      texts: { sizes: "64", quick: "yes", threshold: "a\nb" },
    });
  });
});
