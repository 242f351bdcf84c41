/** Rates, sizes, times and shares are read and written. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PktgenError } from "../src/errors.js";
import {
  fixedSize,
  formatCount,
  formatNs,
  formatPps,
  formatRate,
  frameSizeName,
  meanFrameBytes,
  parseBytes,
  parseCount,
  parseDuration,
  parseDurationOrForever,
  parseLineRate,
  parseRate,
  parseRatio,
  parseSizes,
  type Rate,
  ratePps,
  simpleImix,
} from "../src/units.js";

/** The usage error that this throws. */
function refused(action: () => unknown): PktgenError {
  try {
    action();
  } catch (error) {
    if (error instanceof PktgenError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("rates", () => {
  it.each<[string, Rate]>([
    ["max", { kind: "max" }],
    ["1Mpps", { kind: "pps", pps: 1_000_000 }],
    ["10kpps", { kind: "pps", pps: 10_000 }],
    ["1.1kpps", { kind: "pps", pps: 1100 }],
    ["0.5pps", { kind: "pps", pps: 0.5 }],
    ["2.5Gbps", { kind: "bps", layer: 2, bps: 2.5e9 }],
    ["2.5Gbps-l2", { kind: "bps", layer: 2, bps: 2.5e9 }],
    ["2.5Gbps-l1", { kind: "bps", layer: 1, bps: 2.5e9 }],
    ["50%", { kind: "percent", share: 0.5 }],
    ["100 %", { kind: "percent", share: 1 }],
    ["10Kpps", { kind: "pps", pps: 10_000 }],
    ["10gbps", { kind: "bps", layer: 2, bps: 1e10 }],
    ["1MPPS", { kind: "pps", pps: 1_000_000 }],
    ["2GBPS-L1", { kind: "bps", layer: 1, bps: 2e9 }],
    ["MAX", { kind: "max" }],
  ])("%s", (text, rate) => {
    expect(parseRate(text, "--rate")).toEqual(rate);
  });

  it.each([
    "",
    "1",
    "fast",
    "1Mpp",
    "1mpps",
    "-1pps",
    "0pps",
    "1e6pps",
    "101%",
    "2Gpps",
    "0.0000009pps",
    "1Gbps-l3",
    "pps",
    "1,5Mpps",
  ])("refuses %j", (text) => {
    const error = refused(() => parseRate(text, "--rate"));
    expect(error.exitCode).toBe(2);
    expect(error.where).toBe("--rate");
    expect(error.accepted).toBeTruthy();
  });

  it.each([
    ["10000", "10000 what? 10000pps are frames per second"],
    ["1mpps", "did you mean 1Mpps?"],
    ["10mbps", "did you mean 10Mbps?"],
    ["10kpsp", "did you mean 10kpps?"],
  ])("of %j says what was meant", (text, hint) => {
    expect(refused(() => parseRate(text, "--rate")).hint).toBe(hint);
  });

  it("0x10pps is no rate, rather than one of 0", () => {
    expect(refused(() => parseRate("0x10pps", "--rate")).message).toBe('"0x10pps" is not a rate');
  });

  it("prints what it reads back", () => {
    const amount = fc.oneof(fc.integer({ min: 1, max: 1e9 }), fc.double({ min: 1e-3, max: 1e9, noNaN: true }));
    const rates = fc.oneof<fc.Arbitrary<Rate>[]>(
      fc.constant({ kind: "max" }),
      amount.map((pps) => ({ kind: "pps", pps: Number(pps.toPrecision(12)) })),
      fc.tuple(amount, fc.constantFrom<1 | 2>(1, 2)).map(([bps, layer]) => ({
        kind: "bps",
        layer,
        bps: Number(bps.toPrecision(12)),
      })),
      fc.integer({ min: 1, max: 1000 }).map((permille) => ({ kind: "percent", share: permille / 1000 })),
    );
    fc.assert(
      fc.property(rates, (rate) => {
        expect(parseRate(formatRate(rate), "x")).toEqual(rate);
      }),
    );
    expect(formatRate({ kind: "pps", pps: 1_500_000 })).toBe("1.5Mpps");
    expect(formatRate({ kind: "bps", layer: 1, bps: 2.5e9 })).toBe("2.5Gbps-l1");
  });

  it("become frames per second: 14.88 Mpps fill 10 Gbit/s at 64 bytes", () => {
    expect(ratePps({ kind: "max" }, 64, null)).toBe(Number.POSITIVE_INFINITY);
    expect(ratePps({ kind: "pps", pps: 5 }, 64, null)).toBe(5);
    expect(ratePps(parseRate("10Gbps-l1", "x"), 64, null)).toBeCloseTo(14_880_952.38, 2);
    expect(ratePps(parseRate("2.5Gbps", "x"), 64, null)).toBe(4_882_812.5);
    expect(ratePps(parseRate("50%", "x"), 1518, parseLineRate("10Gbps", "y"))).toBeCloseTo(406_371.9, 1);
    const error = refused(() => ratePps(parseRate("50%", "x"), 64, null));
    expect([error.where, error.hint]).toEqual(["--rate", "give --line-rate, e.g. --line-rate 10Gbps"]);
    expect(refused(() => parseLineRate("fast", "--line-rate")).where).toBe("--line-rate");
  });
});

describe("durations", () => {
  it.each([
    ["1s", 1e9],
    ["500ms", 5e8],
    ["50us", 50_000],
    ["50µs", 50_000],
    ["10ns", 10],
    ["1.5min", 90e9],
    ["1h", 3600e9],
  ])("%s", (text, ns) => expect(parseDuration(text, "--duration")).toBe(ns));

  it("takes forever only where it is meant, and 0 only where it may be", () => {
    expect(parseDurationOrForever("forever", "--duration")).toBe(Number.POSITIVE_INFINITY);
    expect(parseDurationOrForever("2s", "--duration")).toBe(2e9);
    expect(parseDuration("0", "delay", 0)).toBe(0);
    for (const text of ["forever", "0", "0s", "1", "s", "-1s", "200000h", "1 fortnight"]) {
      expect(refused(() => parseDuration(text, "--duration")).where).toBe("--duration");
    }
    expect(refused(() => parseDurationOrForever("x", "--duration")).accepted).toContain("forever");
  });
});

describe("counts, ratios, bytes", () => {
  it("reads counts", () => {
    expect(["10000", "10k", "1M", "1.5k"].map((text) => parseCount(text, "--count"))).toEqual([1e4, 1e4, 1e6, 1500]);
    for (const text of ["0", "1.5", "-1", "many", "1e3", "9", ""]) {
      const error = refused(() => parseCount(text, "--queues", 1, 8));
      expect([error.where, error.accepted]).toEqual(["--queues", "a whole number from 1 to 8, e.g. 1"]);
    }
  });

  it("reads ratios", () => {
    expect(["0", "0.1%", "1e-3", "100%", "1"].map((text) => parseRatio(text, "--loss"))).toEqual([
      0, 0.001, 1e-3, 1, 1,
    ]);
    for (const text of ["2", "101%", "-0.1", "some", "1e"]) {
      expect(refused(() => parseRatio(text, "--loss")).where).toBe("--loss");
    }
  });

  it("reads bytes", () => {
    expect(["4096", "64KiB", "2MB"].map((text) => parseBytes(text, "size"))).toEqual([4096, 65_536, 2e6]);
    expect(refused(() => parseBytes("2 pounds", "size")).where).toBe("size");
    expect(refused(() => parseBytes("0.3B", "size")).where).toBe("size");
  });
});

describe("sizes", () => {
  const names = (text: string) => parseSizes(text, "--sizes").map(frameSizeName);

  it("reads lists, ranges and names", () => {
    expect(names("64,1518")).toEqual([64, 1518]);
    expect(names("64-256:64")).toEqual([64, 128, 192, 256]);
    expect(names("64-200:64")).toEqual([64, 128, 192]);
    expect(names("rfc2544")).toEqual([64, 128, 256, 512, 1024, 1280, 1518]);
    expect(names("plan")).toEqual([64, 128, 256, 512, 1024, 1518]);
    expect(names("imix, 9018")).toEqual(["imix", 9018]);
  });

  it("refuses what is no size, naming the option", () => {
    for (const text of ["63", "9019", "64,", "", "big", "64.5", "128-64:8", "64-128:0", "64-128", "-64"]) {
      const error = refused(() => parseSizes(text, "--sizes"));
      expect(error.where).toBe("--sizes");
      expect(error.accepted).toContain("64 to 9018");
    }
  });

  it("knows the mean of a mix", () => {
    expect(meanFrameBytes(simpleImix)).toBeCloseTo((7 * 64 + 4 * 594 + 1518) / 12, 9);
    expect(meanFrameBytes(fixedSize(128))).toBe(128);
  });
});

describe("printing", () => {
  it("rates", () => {
    expect([14_880_952, 999_999, 1e6, 12, 0, 0.25].map(formatPps)).toEqual([
      "14.88 Mpps",
      "1 Mpps",
      "1 Mpps",
      "12 pps",
      "0 pps",
      "0.25 pps",
    ]);
  });

  it("times", () => {
    expect([240, 7050, 1.2e6, 3e9, 999.6, 86.4e12, Number.POSITIVE_INFINITY].map(formatNs)).toEqual([
      "240 ns",
      "7.05 µs",
      "1.2 ms",
      "3 s",
      "1 µs",
      "86400 s",
      "forever",
    ]);
  });

  it.each([
    [0, "0"],
    [999, "999"],
    [1_000, "1,000"],
    [1_234_567, "1,234,567"],
    [-12_345, "-12,345"],
    [1_234.5, "1,235"],
    [Number.MAX_SAFE_INTEGER, "9,007,199,254,740,991"],
  ])("count %d as %s", (count, text) => expect(formatCount(count)).toBe(text));
});

describe("what was meant", () => {
  it("by a time without a unit, sizes without a step, a count with an exponent", () => {
    expect(refused(() => parseDuration("10", "--duration")).hint).toBe("did you mean 10s?");
    expect(refused(() => parseSizes("64-1518", "--sizes")).hint).toBe("did you mean 64-1518:64, in steps of 64?");
    expect(refused(() => parseCount("1e4", "--count")).hint).toBe("did you mean 10k?");
  });

  it("counts say on which side of what they are", () => {
    expect(refused(() => parseCount("4096", "--vlan", 0, 4094)).message).toBe('"4096" is above 4094');
    expect(refused(() => parseCount("0", "--count")).message).toBe('"0" is below 1');
    expect(refused(() => parseCount("1.5", "--count")).message).toBe('"1.5" is no whole number');
  });
});
