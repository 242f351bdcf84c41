/** Reports of methods: text that is kept, documents that follow the schema, a page that needs nothing. */
import { describe, expect, it } from "vitest";
import { reports } from "../../src/report/index.js";
import { resultSchema } from "../../src/result/run-schema.js";
import { absorptionSample, latencySample, ndrSample, rfc2544Sample, serviceSample } from "../support/method-sample.js";
import { passed, spoiled } from "../support/sample.js";

const plain = { color: false, ascii: false };
const samples = {
  rfc2544: await rfc2544Sample(),
  ndr: await ndrSample(),
  latency: await latencySample(),
  service: await serviceSample(),
  absorption: await absorptionSample(),
};

describe.each(Object.entries(samples))("the report of %s", (name, result) => {
  it("follows the schema", () => {
    expect(() => resultSchema.parse(JSON.parse(reports.json(result, plain)))).not.toThrow();
  });

  it("is a table for a terminal", async () => {
    await expect(reports.table(result, plain)).toMatchFileSnapshot(`golden/${name}.txt`);
  });

  it("is plain where a terminal is plain", () => {
    const text = reports.table(result, { color: false, ascii: true });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: everything but ASCII
    expect(text).not.toMatch(/[^\u0000-\u007f]/);
    expect(text).not.toContain("?");
  });
});

it.each(["table", "markdown", "html", "junit"] as const)("says no rate where nothing was found: %s", (report) => {
  const results = (samples.ndr.results ?? []).map((row) => ({ ...row, pps: 0, limitedBy: "time" as const }));
  const text = reports[report]({ ...samples.ndr, results }, plain);
  expect(text).toContain("no result");
  expect(text).not.toMatch(/≥ 0 pps/);
  const none = results.map((row) => ({ ...row, limitedBy: "dut" as const }));
  expect(reports[report]({ ...samples.ndr, results: none }, plain)).not.toContain("no result");
});

it("is JUnit of what was found, not of every trial of a search", async () => {
  await expect(reports.junit(samples.service, plain)).toMatchFileSnapshot("golden/service.xml");
  const xml = reports.junit(samples.rfc2544, plain);
  // Throughput, two latencies, loss, bursts and recovery of three sizes, reset of the least, and the verdict.
  expect(xml.match(/<testcase /g)).toHaveLength(20);
  expect(xml).toContain('name="64 bytes, system recovery"');
  expect(xml).toContain('errors="0"');
});

it("is Markdown", async () => {
  await expect(reports.markdown(samples.rfc2544, plain)).toMatchFileSnapshot("golden/rfc2544.md");
  await expect(reports.markdown(spoiled, plain)).toMatchFileSnapshot("golden/spoiled.md");
});

describe("OpenMetrics", () => {
  const text = reports.openmetrics(samples.ndr, plain);

  it("is kept", async () => {
    await expect(reports.openmetrics(passed, plain)).toMatchFileSnapshot("golden/passed.openmetrics.txt");
  });

  it("obeys the format: types first, no metric twice, an end", () => {
    const lines = text.trimEnd().split("\n");
    expect(lines.at(-1)).toBe("# EOF");
    const types = lines.filter((line) => line.startsWith("# TYPE ")).map((line) => line.split(" ")[2]);
    expect(new Set(types).size).toBe(types.length);
    const samplesOnly = lines.filter((line) => !line.startsWith("#"));
    for (const line of samplesOnly) {
      expect(line).toMatch(/^[a-z_]+(\{([a-z_]+="(\\.|[^"\\])*",?)*\})? -?\d+(\.\d+)?(e[+-]?\d+)?$/);
      expect(types).toContain(line.split(/[{ ]/)[0]);
    }
    expect(new Set(samplesOnly.map((line) => line.replace(/ \S+$/, ""))).size).toBe(samplesOnly.length);
  });

  it("escapes what labels may not hold", () => {
    expect(reports.openmetrics(passed, plain)).toContain('cpu="Example <CPU> & \\"Co\\" @ 2.80GHz"');
  });
});

describe("the page", () => {
  it.each(Object.entries({ ...samples, passed, spoiled }))("of %s stands alone", (_, result) => {
    const page = reports.html(result, plain);
    expect(page).not.toMatch(/<script|<link|@import|url\(|src=|https?:/);
    expect(page).toContain("prefers-color-scheme:dark");
    expect(page).toContain("@media print");
    expect(page).not.toMatch(/NaN|undefined|Infinity/);
  });

  it("does not take a command line for markup", () => {
    const page = reports.html({ ...passed, command: "pktgen-ts --tx 'vhost:<img onerror=alert(1)>&'" }, plain);
    expect(page).not.toContain("<img");
    expect(page).toContain("&lt;img onerror=alert(1)&gt;&amp;");
  });
});
