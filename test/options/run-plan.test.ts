/** Options → plan, as a pure function. */
import { describe, expect, it } from "vitest";
import type { RunPlan } from "../../src/measure/plan.js";
import { plannedTrials } from "../../src/method/forwarding.js";
import { loadPps } from "../../src/options/methods/loads.js";
import { planMethod } from "../../src/options/methods/method.js";
import { ndrEntry } from "../../src/options/methods/ndr.js";
import type { RunOptions } from "../../src/options/run-options.js";
import { planRun } from "../../src/options/run-plan.js";
import { parseProfile } from "../../src/profile/index.js";
import { streamPps } from "../../src/stream/departures/loads.js";
import { fixedSize, formatRate, meanFrameBytes, parseRate } from "../../src/units.js";
import { lineOf } from "../support/line-of.js";

const plan = (options: RunOptions, profile: string | null = null): RunPlan =>
  planRun(options, profile === null ? null : parseProfile(profile, "test.yaml"), "pktgen-ts");

const sizesOf = ({ sizes }: RunPlan): (number | string)[] =>
  sizes.map((size) => (size.kind === "fixed" ? size.frameBytes : size.name));

describe("planRun", () => {
  it("has the defaults of the help", () => {
    expect(plan({})).toMatchObject({
      dut: { kind: "embedded", options: { faults: null, mode: "io" } },
      queues: 1,
      trials: "default",
      seed: 1,
      warmupNs: 750_000_000,
      settleNs: null,
      repeat: 1,
      cores: null,
      busy: false,
      integrity: false,
      lineRateBps: null,
      lossLimit: null,
      minRatePps: null,
      startSequence: 0,
    });
    expect(sizesOf(plan({}))).toEqual([64, 128, 256, 512, 1024, 1518]);
    expect(plan({}).stream.plain).toMatchObject({ dstMac: "00:11:22:33:44:10", flows: 1, vlan: null, ip: 4 });
  });

  it("makes one trial for each size as soon as a rate, a count or a duration is given", () => {
    expect(plan({ rate: "1Mpps" }).trials).toEqual({ rate: { kind: "pps", pps: 1e6 }, durationNs: 1e9, count: null });
    expect(plan({ count: "5k" }).trials).toEqual({ rate: { kind: "max" }, durationNs: null, count: 5000 });
    expect(plan({ duration: "2s" }).trials).toEqual({ rate: { kind: "max" }, durationNs: 2e9, count: null });
    expect(plan({ sizes: "64", duration: "forever" }).trials).toMatchObject({ durationNs: Number.POSITIVE_INFINITY });
  });

  it("takes the queues of external ports, or gives them those asked for", () => {
    const external = (options: RunOptions): RunPlan => plan({ dut: "external", ...options });
    expect(external({ tx: "null:,queues=4" })).toMatchObject({ queues: 4, dut: { rx: null } });
    expect(external({ tx: "null:", queues: "2" })).toMatchObject({ queues: 2, dut: { tx: { queues: 2 } } });
    expect(external({ tx: "null:,queues=4", queues: "2" })).toMatchObject({ queues: 2, dut: { tx: { queues: 4 } } });
    expect(external({ tx: "null:,queues=4", rx: "null:,queues=3" })).toMatchObject({
      queues: 3,
      dut: { rx: { queues: 3 } },
    });
    expect(external({ tx: "null:", rx: "null:" })).toMatchObject({ dut: { rx: null } });
  });

  it("waits for peers as long as is asked for", () => {
    expect(plan({})).not.toHaveProperty("waitPeerNs");
    expect(plan({ waitPeer: "2m" })).toMatchObject({ waitPeerNs: 120e9 });
    expect(plan({ waitPeer: "forever" })).toMatchObject({ waitPeerNs: Number.POSITIVE_INFINITY });
    expect(() => plan({ waitPeer: "long" })).toThrow(/"long" is not a duration/);
  });

  it("takes a share of the line rate only with a line", () => {
    expect(() => plan({ rate: "50%" })).toThrow(/of what/);
    expect(plan({ rate: "50%", lineRate: "10Gbps" })).toMatchObject({ lineRateBps: 1e10 });
  });

  it.each([
    [
      { rate: "0.000000001pps" },
      '--rate: "0.000000001pps" is below 0.000001pps; accepted: 0.000001pps to 1Gpps, or max',
    ],
    [
      { rate: "0.0001bps" },
      /^--rate: \S+ frames per second cannot be scheduled; accepted: 0.000001pps to 1Gpps, or max/,
    ],
    [{ rate: "1Tbps", sizes: "64" }, /^--rate: 1953125000 frames per second cannot be scheduled; /],
    [{ rate: "0.00000001%", lineRate: "1kbps" }, /^--rate: \S+ frames per second cannot be scheduled; /],
  ])("refuses a rate that no schedule has: %j", (options, sentence) => {
    expect(lineOf(() => plan(options))).toMatch(sentence);
    expect(() => plan({ rate: "0.000001pps" })).not.toThrow();
  });

  it("refuses a load of a method that no schedule has", () => {
    expect(loadPps(parseRate("0.000001pps", "--load"), "--load", 64, null)).toBe(1e-6);
    expect(lineOf(() => loadPps(parseRate("0.0001bps", "--load"), "--load", 64, null))).toMatch(
      /^--load: \S+ frames per second cannot be/,
    );
  });

  it("turns a least bit rate into frames where there is one size", () => {
    // 1 Gbps on layer 1: 84 bytes of line for each frame of 64.
    expect(plan({ sizes: "64", minRate: "1Gbps-l1" }).minRatePps).toBeCloseTo(1e9 / (84 * 8), 3);
    expect(plan({ minRate: "1Mpps" }).minRatePps).toBe(1e6);
  });

  it("lets options win over the profile, and the profile over the defaults", () => {
    const profile = "sizes: [256]\nflows: 7\nvlan: { id: 3 }\n";
    expect(plan({ vlan: "9" }, profile).stream.plain).toMatchObject({ vlan: 9, flows: 7 });
    expect(sizesOf(plan({}, profile))).toEqual([256]);
    expect(sizesOf(plan({ sizes: "imix" }, profile))).toEqual(["imix"]);
  });

  it("gives the stream the seed, so that a mix has the same order again", () => {
    expect(plan({ seed: "77" })).toMatchObject({ seed: 77, stream: { seed: 77 } });
  });

  it("keeps cores in the order given", () => {
    expect(plan({ cores: "3,0-2" }).cores).toEqual([3, 0, 1, 2]);
  });
});

describe("streams of a profile", () => {
  const profile = (streams: string): string => `streams:\n${streams}\n`;
  const packet = "packet: [ethernet, ipv4, udp]";

  it("at rates in bits offer so many bits of each size, in frames of that size", () => {
    const text = `sizes: [64, 1518]\n${profile(`  - { name: a, ${packet}, rate: 1Mbps }`)}`;
    const trials = plannedTrials(plan({ duration: "1s" }, text));
    expect(trials.map(({ pps }) => Math.round(pps!))).toEqual([1954, 83]);
    expect(trials.map(({ rateText }) => rateText)).toEqual(
      trials.map(({ pps }) => formatRate({ kind: "pps", pps: pps! })),
    );
  });

  it("at rates in bits with sizes of their own are as many frames as they should be under --rate", () => {
    const text = profile(
      `  - { name: a, ${packet}, size: 64, rate: 1Mbps }\n  - { name: b, ${packet}, size: 1518, rate: 1Mbps }`,
    );
    const mean = (2 * 64 * 1518) / (64 + 1518);
    for (const options of [{}, { rate: "2Mbps" }]) {
      const asked = plan(options, text);
      expect(meanFrameBytes(asked.sizes[0]!)).toBeCloseTo(mean, 3);
      // A second of whole frames: 1,954 of 64 bytes and 83 of 1,518.
      expect(plannedTrials(asked)[0]!.pps! / (2e6 / (mean * 8))).toBeCloseTo(1, 3);
    }
  });

  it("in percent share the load of --rate and of methods, with or without a line", () => {
    const text = profile(`  - { name: a, ${packet}, rate: 90% }\n  - { name: b, ${packet}, rate: 10% }`);
    for (const line of [{}, { lineRate: "10Gbps" }]) {
      const plans = [
        plan({ rate: "100kpps", ...line }, text),
        plan({ rate: "max", ...line }, text),
        planMethod(ndrEntry, line, parseProfile(text, "test.yaml"), "").plan,
      ];
      for (const { stream, lineRateBps } of plans) {
        const pps = streamPps(stream, fixedSize(64), { kind: "paced", pps: 100_000, lineRateBps });
        expect(pps.map((each) => Math.round(each * 1000) / 1000)).toEqual([90_000, 10_000]);
      }
    }
  });

  it("in percent beside other units are refused where no line is known", () => {
    const text = profile(`  - { name: a, ${packet}, rate: 90% }\n  - { name: b, ${packet}, rate: 1kpps }`);
    expect(() => plan({ rate: "100kpps" }, text)).toThrow(/90% of what/);
    expect(plan({ rate: "100kpps", lineRate: "1Gbps" }, text).trials).toMatchObject({ rate: { pps: 100_000 } });
  });

  it("of which one has a share that no schedule has are refused", () => {
    const text = profile(`  - { name: a, ${packet}, weight: 1 }\n  - { name: b, ${packet}, weight: 1000000 }`);
    expect(() => plan({ rate: "1pps" }, text)).toThrow(/frames per second cannot be scheduled/);
    expect(() => plan({ rate: "100pps" }, text)).not.toThrow();
  });

  it("of which some have a rate and some have none are refused, with --rate, too", () => {
    const text = profile(`  - { name: a, ${packet}, rate: 1kpps }\n  - { name: b, ${packet} }`);
    expect(() => plan({}, text)).toThrow(/has no rate of its own/);
    expect(() => plan({ rate: "100kpps" }, text)).toThrow(/this one has none/);
  });
});
