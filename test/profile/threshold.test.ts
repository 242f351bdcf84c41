/** Thresholds of a profile are read and judged. */
import { describe, expect, it } from "vitest";
import { figuresOf } from "../../src/method/judge/figures.js";
import { judgeThresholds } from "../../src/method/judge/thresholds.js";
import { parseProfile } from "../../src/profile/index.js";
import { mergedThresholds, methodsWith, parseThreshold, profileThreshold } from "../../src/profile/threshold.js";
import { latencySample, ndrSample, rfc2544Sample } from "../support/method-sample.js";
import { passed } from "../support/sample.js";

const of = (...texts: string[]) => texts.map((text) => profileThreshold(text, "thresholds"));

describe("thresholds of a profile", () => {
  it("stand in plain profiles and in those of streams, with parameters", () => {
    const plain = parseProfile("thresholds: ['NDR@64>=1Mpps', 'latency 50 %.p99<=50us']\n", "a.yaml");
    expect(plain.thresholds.map(({ what, size, value }) => [what, size, value])).toEqual([
      ["NDR", "64", 1e6],
      ["latency 50 %.p99", null, 50_000],
    ]);
    const text = [
      "parameters: { most: 1% }",
      "streams: [{ packet: [ethernet, ipv4, udp] }]",
      `thresholds: ["loss<=\${most}"]`,
    ].join("\n");
    expect(parseProfile(text, "b.yaml").thresholds[0]).toMatchObject({ what: "loss", value: 0.01 });
    expect(parseProfile(text, "b.yaml", { settings: new Map([["most", "2%"]]) }).thresholds[0].value).toBe(0.02);
  });

  it.each([
    ["thresholds: [NDR]\n", 'a.yaml:1:14: "NDR" is no threshold'],
    ["thresholds:\n  - NDR>=1us\n", "a.yaml:2:5: "],
    ["thresholds: ['latency.p99<=1kpps']\n", "a.yaml:1:14: "],
    ["thresholds: [1]\n", "a.yaml:1:14: thresholds can't be 1"],
    ["streams: [{ packet: [ethernet] }]\nthresholds: ['ndr>=1Mpps']\n", 'a.yaml:2:14: nothing measures "ndr"'],
  ])("%j is refused at its place", (text, sentence) => {
    expect(() => parseProfile(text, "a.yaml")).toThrowError();
    try {
      parseProfile(text, "a.yaml");
    } catch (error) {
      expect((error as { toLine(): string }).toLine()).toContain(sentence);
    }
  });

  it("know every figure that is compared between runs", async () => {
    const results = [await rfc2544Sample(), await ndrSample(), await latencySample(), { ...passed, method: undefined }];
    for (const result of results) {
      for (const { name } of figuresOf(result)) {
        const what = name.slice(0, name.lastIndexOf("@"));
        // The sample's search has a goal more than the command's.
        if (result.method?.name === "latency" && what.startsWith("PDR")) continue;
        expect([what, methodsWith(what)]).toEqual([what, expect.arrayContaining([result.method?.name ?? "run"])]);
      }
    }
  });

  it("are judged where their method measures, and passed over where another one does", async () => {
    const result = await ndrSample();
    const rows = judgeThresholds(of("NDR@64>=1kpps", "throughput>=1kpps", "NDR@128>=1kpps"), result);
    expect(rows.map(({ what, verdict }) => [what, verdict])).toEqual([
      ["NDR@64", "pass"],
      ["NDR@128>=1kpps", "invalid"],
    ]);
    // On the command line somebody asked for it now.
    const [row] = judgeThresholds([parseThreshold("throughput>=1kpps", "--threshold")], result);
    expect(row.verdict).toBe("invalid");
  });

  it("give way to the command line's for the same figure, size and side", () => {
    const command = [parseThreshold("NDR>=2Mpps", "--threshold"), parseThreshold("NDR@64>=3Mpps", "--threshold")];
    const merged = mergedThresholds(of("NDR>=1Mpps", "NDR<=9Mpps", "loss<=1%"), command);
    expect(merged.map(({ text }) => text)).toEqual(["NDR<=9Mpps", "loss<=1%", "NDR>=2Mpps", "NDR@64>=3Mpps"]);
  });
});
