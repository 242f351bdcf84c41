/** Every report of a plain run, against the samples. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { type RunResult, reports, type Trial } from "../../src/report/index.js";
import { resultSchema } from "../../src/result/run-schema.js";
import { failed64, forwarding64, invalid64, passed, rate64, spoiled } from "../support/sample.js";
import { type Element, parseXml } from "../support/xml.js";

const schemaFile = new URL("../../schemas/result.schema.json", import.meta.url);
const plain = { color: false, ascii: false };
const run = (...trials: Trial[]): RunResult => ({ ...passed, trials });

describe("table", () => {
  it("shows a passed default run", async () => {
    await expect(reports.table(passed, plain)).toMatchFileSnapshot("golden/passed.txt");
  });

  it("says in words what was wrong, in ASCII if asked", async () => {
    const text = reports.table(spoiled, { color: false, ascii: true });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is what is asked for
    expect(text).toMatch(/^[\u0000-\u007f]*$/);
    await expect(text).toMatchFileSnapshot("golden/spoiled-ascii.txt");
  });

  it("shows runs of one phase, with repeats and without counters at the device under test", async () => {
    const paced: Trial = {
      ...rate64,
      requested: { rate: "1Mpps", pps: 1e6, durationNs: 1e9, count: null },
      latencyNs: forwarding64.latencyNs,
      hops: [],
      unaccounted: null,
      notes: ["the device under test has no counters: losses could not be traced to a hop"],
    };
    const mix: Trial = { ...paced, frameBytes: "imix", meanFrameBytes: 361.8, txPps: 940, rxPps: 936, rxBpsL2: 2.7e6 };
    const result = run(paced, { ...paced, rxPps: 900_000 }, mix);
    await expect(reports.table(result, plain)).toMatchFileSnapshot("golden/repeated.txt");
  });

  it("has units as large as the rates are", () => {
    const slow: Trial = { ...rate64, txPps: 4_100, rxPps: 4_085.5, rxBpsL2: 2_091_776 };
    const lines = reports.table(run(slow), plain).split("\n");
    expect(lines.find((line) => line.includes("kpps"))).toMatch(/frames +kpps +kpps +Mbps /);
    expect(lines.find((line) => line.includes("4.100"))).toMatch(/ 4\.100 +4\.085 +2\.092 /);
    const one = reports.table(run({ ...slow, txPps: 12, rxPps: 0, rxBpsL2: 0 }), plain);
    expect(one).toMatch(/frames +pps +pps +bps /);
  });

  it("differs only by control sequences with colours", () => {
    for (const result of [passed, spoiled]) {
      const colored = reports.table(result, { color: true, ascii: false });
      expect(colored).toContain("\u001b[");
      // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control sequences
      expect(colored.replace(/\u001b\[\d+m/g, "")).toBe(reports.table(result, plain));
    }
  });

  it("fits 100 columns, at 10 Gbit/s too", () => {
    const many = { sent: 14_880_952, received: 14_880_952, accepted: 14_880_952, lost: 1_488_095 };
    const rates = { txPps: 14_880_952, rxPps: 14_880_952, rxBpsL2: 98.7e9 };
    const hops = forwarding64.hops.map((hop) => ({ ...hop, tx: 14_880_952, dropped: 1_000_000 }));
    const fast: Trial = { ...rate64, ...many, ...rates, hops, lossRatio: 0.1, latencyNs: forwarding64.latencyNs };
    for (const result of [passed, spoiled, run(fast), run(forwarding64, fast)]) {
      for (const line of reports.table(result, plain).split("\n")) expect(line.length).toBeLessThanOrEqual(100);
    }
  });

  it("says which queue each flow came out of, over all trials, as far as there is room", () => {
    const list = Array.from({ length: 18 }, (_, k) => ({ flow: `198.18.0.1:${1024 + k} > x`, queues: [10 * k, 1] }));
    const flows = { list, more: 3 };
    const text = reports.table(run({ ...rate64, flows }, { ...forwarding64, flows }), plain);
    expect(text).toMatch(/flows: frames that came out of each queue/);
    expect(text).toMatch(/^198\.18\.0\.1:1029 > x +100 +2$/m);
    expect(text).not.toContain(":1040");
    expect(text).toContain("and 5 more flows (--json)");
    expect(resultSchema.safeParse(run({ ...rate64, flows })).success).toBe(true);
  });

  it("names the phase in the row where several share the table", () => {
    const text = reports.table(run({ ...rate64, phase: "soak" }, rate64), plain);
    expect(text).toContain("64 soak");
    expect(text).toContain("64 rate");
  });

  it("says so when there is no trial", () => {
    expect(reports.table({ ...run(), verdict: "invalid" }, plain)).toContain(
      "INVALID: 0 sizes, 0 trials: 0 frames sent",
    );
  });
});

describe("json", () => {
  const fromFile = z.fromJSONSchema(JSON.parse(readFileSync(schemaFile, "utf8")));

  it("is valid by the schema, and gives the result back", () => {
    for (const result of [passed, spoiled]) {
      const document: unknown = JSON.parse(reports.json(result, plain));
      expect(fromFile.safeParse(document).error).toBeUndefined();
      expect(resultSchema.parse(document)).toEqual(result);
    }
  });

  it("has a schema that refuses what is wrong", () => {
    const wrong: unknown[] = [
      { ...passed, verdict: "passed" },
      { ...passed, extra: 1 },
      run({ ...rate64, sent: 1.5 }),
      run({ ...rate64, lost: -1 }),
      run({ ...rate64, lossRatio: 1.1 }),
      run({ ...rate64, unaccounted: undefined as unknown as null }),
    ];
    for (const document of wrong) {
      const posted: unknown = JSON.parse(JSON.stringify(document));
      expect(fromFile.safeParse(posted).success).toBe(false);
      expect(resultSchema.safeParse(posted).success).toBe(false);
    }
  });

  it("is one document that ends its line", () => {
    expect(reports.json(passed, plain)).toMatch(/^\{[\s\S]*\}\n$/);
  });
});

describe("csv", () => {
  it("has a row per trial", async () => {
    await expect(reports.csv(spoiled, plain)).toMatchFileSnapshot("golden/spoiled.csv");
  });

  it("quotes what needs it (RFC 4180 §2)", () => {
    const reasons = ['a "quoted", one', "two\nlines"];
    const [head, row] = parseCsv(reports.csv(run({ ...failed64, reasons }), plain));
    expect(row).toHaveLength(head.length);
    expect(row[head.indexOf("reasons")]).toBe('a "quoted", one; two\nlines');
    expect(row[head.indexOf("sent")]).toBe("10000");
  });

  it("leaves empty what was not measured", () => {
    const [head, row] = parseCsv(reports.csv(run({ ...rate64, hops: [], unaccounted: null }), plain));
    for (const name of ["latencyNsP99", "dropped", "unaccounted", "requestedPps"]) {
      expect(row[head.indexOf(name)]).toBe("");
    }
  });
});

describe("junit", () => {
  it("reads back as it was meant", () => {
    const document = parseXml(reports.junit(spoiled, plain));
    expect(document.name).toBe("testsuites");
    expect(document.attributes).toMatchObject({ tests: "5", failures: "1", errors: "2", skipped: "1", time: "4.000" });
    const suite = document.children[0];
    expect(suite.attributes).toMatchObject({ name: "pktgen-ts embedded", timestamp: "2026-01-02T03:04:05" });
    const cases = suite.children.filter(({ name }) => name === "testcase");
    expect(cases.map((testcase) => testcase.attributes["name"])).toEqual([
      "64 bytes, forwarding",
      "64 bytes, rate",
      "1518 bytes, forwarding",
      "1518 bytes, rate",
      "verdict",
    ]);
    expect(cases.map(outcome)).toEqual([
      ["failure", "19 of 10,000 frames lost; 3 frames came back corrupt"],
      ["error", invalid64.reasons[0]],
      undefined,
      ["skipped", "interrupted"],
      // What was cut off is skipped; the run is no pass all the same.
      ["error", `${invalid64.reasons[0]}; interrupted`],
    ]);
    const properties = suite.children[0].children.map(({ attributes }) => [attributes["name"], attributes["value"]]);
    expect(properties).toContainEqual(["cpu", 'Example <CPU> & "Co" @ 2.80GHz']);
  });

  it("survives what XML cannot hold", () => {
    const reasons = ["\u0000 ]]> <b>&amp; \ud800 'quoted' \"twice\"\nnew line"];
    const suite = parseXml(reports.junit(run({ ...failed64, reasons }), plain)).children[0];
    const testcase = suite.children.find(({ name }) => name === "testcase") as Element;
    expect(outcome(testcase)?.[1]).toBe("\ufffd ]]> <b>&amp; \ufffd 'quoted' \"twice\"\nnew line");
    expect(testcase.children[0].text).toBe("\ufffd ]]> <b>&amp; \ufffd 'quoted' \"twice\"\nnew line");
  });

  it("tells repeats apart", () => {
    const suite = parseXml(reports.junit(run(rate64, rate64), plain)).children[0];
    const names = suite.children.flatMap(({ name, attributes }) => (name === "testcase" ? [attributes["name"]] : []));
    expect(names).toEqual(["64 bytes, rate, trial 1", "64 bytes, rate, trial 2", "verdict"]);
  });

  it("looks as CI servers expect it", async () => {
    await expect(reports.junit(spoiled, plain)).toMatchFileSnapshot("golden/spoiled.xml");
  });
});

function outcome(testcase: Element): [string, string] | undefined {
  const element = testcase.children.find(({ name }) => name !== "system-out");
  return element === undefined ? undefined : [element.name, element.attributes["message"]];
}

/** A small reader of RFC 4180, character by character. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [[""]];
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const row = rows[rows.length - 1];
    const last = row.length - 1;
    if (quoted && text[i] === '"' && text[i + 1] === '"') row[last] += text[++i];
    else if (text[i] === '"') quoted = !quoted;
    else if (!quoted && text[i] === ",") row.push("");
    else if (!quoted && text.startsWith("\r\n", i)) {
      rows.push([""]);
      i++;
    } else row[last] += text[i];
  }
  return rows.slice(0, -1);
}
