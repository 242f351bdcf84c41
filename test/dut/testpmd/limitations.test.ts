/** Which of the plan's limitations hold, by version and machine. */
import { describe, expect, it } from "vitest";
import type { HugepageFacts } from "../../../src/dut/testpmd/hugepages.js";
import {
  chooseMemory,
  type LimitationFacts,
  type LimitationId,
  limitations,
} from "../../../src/dut/testpmd/limitations.js";
import { parseDpdkVersion } from "../../../src/dut/testpmd/version.js";

const mount = { path: "/mnt/huge", sizeBytes: 2 ** 21, writable: true, writers: "root only" };
const hugepages: HugepageFacts = {
  defaultSizeBytes: 2 ** 21,
  pools: [{ sizeBytes: 2 ** 21, total: 1024, free: 1024, promised: 0 }],
  mounts: [mount],
};
const facts = (version: string | null, more: Partial<LimitationFacts> = {}): LimitationFacts => ({
  version: version === null ? null : parseDpdkVersion(version),
  hugepages,
  memoryMib: 1024,
  root: true,
  ...more,
});
const holding = (given: LimitationFacts): LimitationId[] =>
  limitations(given)
    .filter(({ holds }) => holds)
    .map(({ id }) => id);

describe("the plan's limitations", () => {
  it.each([
    ["18.08", ["huge-unlink", "no-huge", "regions", "file-names", "root"]],
    ["18.11", ["no-huge", "regions", "root"]],
    ["19.02", ["regions", "root"]],
    ["19.08", ["regions"]],
    ["22.11.11", ["regions"]],
    [null, ["regions"]],
  ])("on DPDK %s with 2 MB pages, as root", (version, expected) => {
    expect(holding(facts(version))).toEqual(expected);
  });

  it("8 regions are enough for 1 GB pages, and for 8 of any size", () => {
    const big = { ...hugepages, mounts: [{ ...mount, sizeBytes: 2 ** 30 }] };
    expect(holding(facts("22.11", { hugepages: big, memoryMib: 8192 }))).toEqual([]);
    expect(holding(facts("22.11", { hugepages: big, memoryMib: 8193 }))).toEqual(["regions"]);
    expect(holding(facts("22.11", { memoryMib: 16 }))).toEqual([]);
    expect(holding(facts("22.11", { memoryMib: 17 }))).toEqual(["regions"]);
  });

  it("ordinary users need hugepages that they may write to, or none", () => {
    const locked = { ...hugepages, mounts: [{ ...mount, writable: false }] };
    expect(holding(facts("22.11", { root: false, hugepages: locked }))).toEqual(["regions", "root"]);
    expect(holding(facts("22.11", { root: false }))).toEqual(["regions"]);
    expect(limitations(facts("22.11", { root: false, hugepages: locked }))[4]?.remedy).toContain("huge=off");
  });

  it("states all five in the plan's order, each with a reason and what to do", () => {
    const all = limitations(facts("22.11"));
    expect(all.map(({ id }) => id)).toEqual(["huge-unlink", "no-huge", "regions", "file-names", "root"]);
    for (const { why, remedy, stated } of all) expect([why, remedy, stated]).not.toContain("");
  });
});

describe("chooseMemory", () => {
  it("puts 2 MB pages into one file, so that 8 regions are enough", () => {
    expect(chooseMemory("auto", hugepages, 256)).toMatchObject({
      huge: true,
      mount: "/mnt/huge",
      singleFileSegments: true,
    });
    expect(chooseMemory("on", hugepages, 16)).toMatchObject({ huge: true, singleFileSegments: false });
  });

  it("falls back to none by itself, but not where hugepages were asked for", () => {
    const few = { ...hugepages, pools: [{ sizeBytes: 2 ** 21, total: 1024, free: 100, promised: 0 }] };
    expect(chooseMemory("auto", few, 256)).toMatchObject({ huge: false });
    expect(chooseMemory("on", few, 256)).toMatchObject({ huge: true });
    const locked = { ...hugepages, mounts: [{ ...mount, writable: false }] };
    expect(chooseMemory("auto", locked, 256)).toMatchObject({ huge: false });
    expect(chooseMemory("on", locked, 256)).toBeNull();
    expect(chooseMemory("off", hugepages, 256)).toEqual({ huge: false, why: "huge=off" });
  });
});
