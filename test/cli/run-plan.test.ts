/** Options → plan, as a pure function. */
import { describe, expect, it } from "vitest";
import type { RunOptions } from "../../src/cli/run-options.js";
import { planRun } from "../../src/cli/run-plan.js";
import type { RunPlan } from "../../src/method/plan.js";
import { parseProfile } from "../../src/profile/index.js";

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
      warmupNs: 500_000_000,
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
    expect(plan({}).stream).toMatchObject({ dstMac: "00:11:22:33:44:10", flows: 1, vlan: null, ip: 4 });
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

  it("turns a least bit rate into frames where there is one size", () => {
    // 1 Gbps on layer 1: 84 bytes of line for each frame of 64.
    expect(plan({ sizes: "64", minRate: "1Gbps-l1" }).minRatePps).toBeCloseTo(1e9 / (84 * 8), 3);
    expect(plan({ minRate: "1Mpps" }).minRatePps).toBe(1e6);
  });

  it("lets options win over the profile, and the profile over the defaults", () => {
    const profile = "sizes: [256]\nflows: 7\nvlan: { id: 3 }\n";
    expect(plan({ vlan: "9" }, profile).stream).toMatchObject({ vlan: 9, flows: 7 });
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
