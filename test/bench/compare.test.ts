/** A run of the benchmarks held against an earlier one: what counts as worse, and what cannot be compared. */
import { describe, expect, it } from "vitest";
import {
  comparedSeries,
  comparisonLines,
  otherReasons,
  refuseOtherMachine,
  roundsNeeded,
} from "../../bench/compare.js";
import { seriesOf } from "../../bench/harness.js";
import { reference } from "../../bench/micro/reference.js";
import { benchFormat, type ComparableResult, readBenchResult } from "../../bench/result-file.js";
import { PktgenError } from "../../src/errors.js";
import { seededRandom } from "../../src/random.js";

type SeriesList = ComparableResult["outcomes"][string]["series"];

const resultOf = (outcomes: Readonly<Record<string, SeriesList>>): ComparableResult => ({
  started: "2026-11-30T12:00:00.000Z",
  node: "v22.1.0",
  host: { cpu: "a CPU", cores: 2, arch: "x64", kernel: "6.1" },
  outcomes: Object.fromEntries(Object.entries(outcomes).map(([name, series]) => [name, { series }])),
});

/** Ten rounds about `middle` with 1 % of noise, the same for the same seed. */
function rounds(middle: number, seed: number, count = 10): number[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => middle * (1 + 0.02 * (random.fraction() - 0.5)));
}

const findings = (earlier: SeriesList, now: SeriesList): string[] =>
  comparedSeries(resultOf({ micro: earlier }), resultOf({ micro: now })).map(({ finding }) => finding);

describe("a series", () => {
  const earlier = [seriesOf("build", "ops/s", rounds(1000, 1))];

  it("is worse when its rounds are lower than noise explains", () => {
    expect(findings(earlier, [seriesOf("build", "ops/s", rounds(950, 2))])).toEqual(["worse"]);
    expect(findings(earlier, [seriesOf("build", "ops/s", rounds(1050, 2))])).toEqual(["better"]);
    expect(findings(earlier, [seriesOf("build", "ops/s", rounds(1000, 2))])).toEqual(["same"]);
  });

  it("is worse when it is higher, where lower is better", () => {
    const nanoseconds = [seriesOf("record", "ns a frame", rounds(100, 1), "lower")];
    expect(findings(nanoseconds, [seriesOf("record", "ns a frame", rounds(110, 2), "lower")])).toEqual(["worse"]);
    expect(findings(nanoseconds, [seriesOf("record", "ns a frame", rounds(90, 2), "lower")])).toEqual(["better"]);
  });

  it("is the same when its median changed by less than 2 %, however little noise there is", () => {
    const steady = [seriesOf("build", "ops/s", Array<number>(10).fill(1000))];
    expect(findings(steady, [seriesOf("build", "ops/s", Array<number>(10).fill(985))])).toEqual(["same"]);
    expect(findings(steady, [seriesOf("build", "ops/s", Array<number>(10).fill(975))])).toEqual(["worse"]);
  });

  it("is the same when half of its rounds are much lower: that is noise", () => {
    const noisy = [...rounds(1000, 2, 5), ...rounds(600, 3, 5)];
    expect(findings([seriesOf("build", "ops/s", noisy)], [seriesOf("build", "ops/s", noisy.toReversed())])).toEqual([
      "same",
    ]);
  });

  it("has too few rounds for any finding, where the test cannot reach 5 %", () => {
    expect(findings([seriesOf("build", "ops/s", [9, 9])], [seriesOf("build", "ops/s", [1, 1])])).toEqual([
      "too few rounds",
    ]);
  });

  it("leaves out rounds that failed", () => {
    const failed = seriesOf("editcap", "M frames/s", Array<number>(10).fill(Number.NaN));
    expect(findings([failed], [failed])).toEqual(["too few rounds"]);
  });

  it("is told apart from another of the same name by the order of both", () => {
    const pair = (first: number, second: number): SeriesList => [
      seriesOf("mmsg", "Mpps", rounds(first, 1)),
      seriesOf("mmsg", "Mpps", rounds(second, 2)),
    ];
    expect(findings(pair(10, 20), pair(10, 15))).toEqual(["same", "worse"]);
  });

  it("that only one run has is no finding of either", () => {
    const other = [seriesOf("dissect", "ops/s", rounds(1000, 1))];
    expect(findings(earlier, other)).toEqual(["only now", "only earlier"]);
  });
});

describe("a run", () => {
  it("may lack benchmarks that the earlier one had", () => {
    const series = [seriesOf("build", "ops/s", rounds(1000, 1))];
    const rows = comparedSeries(resultOf({ micro: series, pcap: series }), resultOf({ micro: series }));
    expect(rows.map(({ bench, finding }) => `${bench} ${finding}`)).toEqual(["micro same"]);
  });

  it("in which nothing changed is called worse no more often than one in twenty times", () => {
    let alarms = 0;
    for (let run = 0; run < 60; run++) {
      const noisy = (seed: number): SeriesList =>
        Array.from({ length: 8 }, (_, i) => {
          const random = seededRandom(10_000 * run + 100 * i + seed);
          return seriesOf(
            `case ${i}`,
            "ops/s",
            Array.from({ length: 8 }, () => 1 + random.fraction()),
          );
        });
      if (findings(noisy(1), noisy(2)).includes("worse")) alarms++;
    }
    expect(alarms).toBeLessThanOrEqual(6);
  });
});

describe("the lines", () => {
  const lines = (earlier: SeriesList, now: SeriesList): string[] =>
    comparisonLines(comparedSeries(resultOf({ micro: earlier }), resultOf({ micro: now })));

  it("give both medians, the change, and what follows", () => {
    const [, row, last] = lines(
      [seriesOf("build", "ops/s", Array<number>(10).fill(1000))],
      [seriesOf("build", "ops/s", Array<number>(10).fill(900))],
    );
    expect(row).toMatch(/^micro: build +1,000 +900 ops\/s +-10.0% {3}worse, p 0.0000054$/);
    expect(last).toBe("slower, or otherwise worse, beyond noise: 1 of 1 series");
  });

  it("say that nothing is slower", () => {
    const series = [seriesOf("build", "ops/s", rounds(1000, 1))];
    expect(lines(series, series).at(-1)).toBe("nothing is slower beyond noise (1 series compared)");
  });

  it("say how many rounds it takes to see one worse series among many", () => {
    const many = Array.from({ length: 22 }, (_, i) => seriesOf(`case ${i}`, "Mpps", rounds(10, i, 5)));
    expect(lines(many, many).at(-2)).toBe(
      "22 of 22 series have too few rounds to show that one alone is worse: set BENCH_ROUNDS=6 in both runs",
    );
    expect([1, 4, 22, 60].map(roundsNeeded)).toEqual([3, 5, 6, 7]);
  });

  it("take the reference out: where everything is slower by as much, nothing of ours is", () => {
    const run = (speed: number, seed: number): SeriesList => [
      seriesOf(reference.name, "ops/s", rounds(1000 * speed, seed)),
      seriesOf("build", "ops/s", rounds(500 * speed, seed + 1)),
    ];
    expect(findings(run(1, 1), run(0.5, 3))).toEqual(["worse", "same"]);
    const [, , build, note, last] = lines(run(1, 1), run(0.5, 3));
    expect(build).toMatch(/^micro: build +49\d\.?\d* +2\d\d\.?\d* ops\/s +[-+]?[01]\.\d% {3}same/);
    expect(note).toMatch(/^the reference runs none of our code and is slower: the machine is slower now/);
    expect(last).toBe("nothing is slower beyond noise (1 series compared)");
  });

  it("find what is slower although the machine is faster now", () => {
    const earlier = [seriesOf(reference.name, "ops/s", rounds(1000, 1)), seriesOf("build", "ops/s", rounds(500, 2))];
    const now = [seriesOf(reference.name, "ops/s", rounds(1500, 3)), seriesOf("build", "ops/s", rounds(600, 4))];
    expect(findings(earlier, now)).toEqual(["better", "worse"]);
  });
});

describe("runs on different ground", () => {
  const here = resultOf({});

  it("are refused when the machine is another", () => {
    const there = { ...here, host: { ...here.host, cpu: "another CPU", cores: 4 } };
    expect(() => refuseOtherMachine(there, here, "old.json")).toThrow(
      "this was measured on another machine (CPU another CPU there, a CPU here; cores 4 there, 2 here)",
    );
    expect(() => refuseOtherMachine(here, here, "old.json")).not.toThrow();
  });

  it("are compared with a warning when Node or the kernel is another", () => {
    expect(otherReasons({ ...here, node: "v20.19.0" }, here)).toEqual([
      "another Node: v20.19.0 earlier, v22.1.0 now; it may be why figures differ",
    ]);
    expect(otherReasons(here, here)).toEqual([]);
  });
});

describe("a result file", () => {
  const failure = (text: string): string => {
    try {
      readBenchResult(text, "old.json");
    } catch (error) {
      if (error instanceof PktgenError) return error.toLine();
      throw error;
    }
    return "none";
  };
  const accepted = "accepted: a file that npm run bench wrote, e.g. bench/results/<date>.json";

  it("is read back as it was written, failed rounds included", () => {
    const outcomes = { micro: [seriesOf("build", "ops/s", [1, Number.NaN])] };
    const text = JSON.stringify({ format: benchFormat, rounds: 5, ...resultOf(outcomes) });
    const read = readBenchResult(text, "old.json");
    expect(read.outcomes["micro"]?.series[0]?.values).toEqual([1, Number.NaN]);
    expect(read.host).toEqual(resultOf({}).host);
  });

  it("that is something else is refused in a sentence", () => {
    expect(failure("{")).toBe(`old.json: this is no JSON; ${accepted}`);
    expect(failure("[]")).toBe(`old.json: it says no format, and not "pktgen-ts bench 1"; ${accepted}`);
    expect(failure('{"format":"pktgen-ts bench 9"}')).toBe(
      `old.json: its format is "pktgen-ts bench 9", and not "pktgen-ts bench 1"; ${accepted}`,
    );
    expect(failure(`{"format":"${benchFormat}"}`)).toMatch(/^old.json: started: Invalid input/);
  });
});
