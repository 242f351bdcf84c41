/** Loss per stream, where people look: the table, Markdown, HTML, and a CSV of its own. */
import { describe, expect, it } from "vitest";
import { reports } from "../../src/report/index.js";
import type { RunResult, Trial } from "../../src/result/run-result.js";
import { forwarding64, passed } from "../support/sample.js";

type Stream = NonNullable<Trial["streams"]>[number];
const plain = { color: false, ascii: false };

const stream = (name: string, missing = 0, changes: Partial<Stream> = {}): Stream => ({
  ...{ name, sent: 1000, late: 0, missed: 0, blocked: 0, accepted: 1000 - missing, missing },
  ...{ duplicate: 0, reordered: 0, tooOld: 0, corrupt: 0, lostRanges: [], lostRangesMore: 0, reorderExtent: null },
  ...{ lossDurationNs: missing * 1e6, outageNs: missing * 5e5 },
  ...{ txPps: 1000, txBpsL1: 672_000, txBpsL2: 512_000 },
  ...{ rxPps: 1000 - missing, rxBpsL1: (1000 - missing) * 672, rxBpsL2: (1000 - missing) * 512 },
  latencyNs: { min: 1_000, mean: 2_000, p50: 2_100, p90: 3_000, p99: 7_200, max: 9_000 },
  ipdvNs: null,
  queues: [1000 - missing],
  ...changes,
});

const result = (...trials: readonly Stream[][]): RunResult => ({
  ...passed,
  trials: trials.map((streams) => ({ ...forwarding64, streams })),
});

describe("streams", () => {
  const two = [stream("dns"), stream("web|x,y", 3, { reordered: 5, corrupt: 1, latencyNs: null })];

  it("have a line each in the table, with what was lost, when it came and at which rate", () => {
    const text = reports.table(result(two), plain);
    expect(text).toMatch(/^ *dns +1,000 +1,000 +0 +0 +0 +0 +0 +2\.10 +7\.20 +1 kpps$/m);
    expect(text).toMatch(/^ *web\|x,y +1,000 +997 +3 +0\.300 +1\.5 ms +5 +1 +- +- +997 pps$/m);
    expect(text).toContain("lost: did not, the corrupt ones among them");
    expect(text.split("\n").filter((line) => line.length > 100)).toEqual([]);
  });

  it("are named as a terminal may show them", () => {
    expect(reports.table(result([stream("a\u001b[31m"), stream("b")]), plain)).toContain("a\\x1b[31m");
  });

  it("are in Markdown and HTML, and are none where there is one", () => {
    expect(reports.markdown(result(two), plain)).toContain("| web\\|x,y | 1,000 | 997 | 3 | 0.300 | 1.5 ms |");
    expect(reports.html(result(two), plain)).toContain(">dns</td>");
    for (const report of ["table", "markdown", "html"] as const) {
      expect(reports[report](result([stream("alone")]), plain)).not.toContain("alone");
      expect(reports[report](passed, plain)).not.toContain("lost: did not");
    }
  });

  it("of many trials are told apart by size and phase", () => {
    expect(reports.table(result(two, two), plain)).toMatch(/^ *64, forwarding +dns /m);
  });

  it("of which there are many are the worst ones, with how many more there are", () => {
    const many = Array.from({ length: 500 }, (_, k) => stream(`s${k}`, k === 321 ? 900 : k % 7 === 0 ? 1 : 0));
    const text = reports.table(result(many), plain);
    const names = [...text.matchAll(/^ *(s\d+) /gm)].map(([, name]) => name);
    expect(names).toHaveLength(20);
    expect(names.slice(0, 3)).toEqual(["s321", "s0", "s7"]);
    expect(text).toContain("the worst 20 of 500");
    expect(text.replaceAll(/\s+/g, " ")).toContain("and 480 more, none of them worse (--streams-csv, --json)");
  });

  it("of a method are those of trials that are figures, not of steps of a search", () => {
    const method = { name: "latency", preset: "quick", conforming: false, deviations: [], settings: {} };
    const trials = [
      { ...forwarding64, phase: "latency 50 %", streams: two },
      { ...forwarding64, phase: "throughput", streams: [stream("searched"), stream("b")] },
    ];
    const text = reports.markdown({ ...passed, method: method as unknown as RunResult["method"], trials }, plain);
    expect(text).toContain("dns");
    expect(text).not.toContain("searched");
  });

  it("have a CSV of their own, a line for each stream of each trial", () => {
    const lines = reports.streamsCsv(result(two, two), plain).trimEnd().split("\r\n");
    expect(lines).toHaveLength(5);
    const [head, first, second, third] = lines.map((line) => line.split(","));
    expect(head!.slice(0, 10)).toEqual(
      "trial frameBytes phase direction requestedPps stream sent accepted missing missingRatio".split(" "),
    );
    expect(first!.slice(0, 10)).toEqual(["1", "64", "forwarding", "", "10000", "dns", "1000", "1000", "0", "0"]);
    expect(second!.slice(5, 7)).toEqual(['"web|x', 'y"']);
    expect(third![0]).toBe("2");
    expect(first![head!.indexOf("latencyNsP99")]).toBe("7200");
    expect(reports.streamsCsv(passed, plain).split("\r\n")).toHaveLength(2);
  });
});
