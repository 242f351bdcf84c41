/** The file of a baseline: what is read, and which runs become part of it. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { useBaseline } from "../../src/cli/output/baseline-file.js";
import { trafficWords } from "../../src/measure/traffic-words.js";
import { setupOf, updatedBaseline } from "../../src/method/judge/baseline.js";
import type { KnownSetup } from "../../src/options/known-setup.js";
import type { RunResult } from "../../src/result/run-result.js";
import { plain } from "../support/plain.js";
import { passed } from "../support/sample.js";

const folder = mkdtempSync(join(tmpdir(), "pktgen-baseline-"));
afterAll(() => rmSync(folder, { recursive: true }));

const method = { name: "ndr", preset: "quick", conforming: null, deviations: [], settings: { sizes: "64" } };
const ndrOf = (...rates: number[]): RunResult => ({
  ...passed,
  ...{ method, traffic: trafficWords(plain()), verdict: "pass", trials: [] },
  results: rates.map((pps) => ({
    ...{ frameBytes: 64, goal: "NDR", pps, ppsUpper: pps * 1.01, limitedBy: "dut" as const, lossRatio: 0 },
  })),
});

const known = (): KnownSetup => ({
  ...{ cpu: passed.host.cpu, cores: passed.host.cores, dut: passed.dut.kind, dutOptions: "", queues: 1 },
  ...{ stream: plain(), sizes: ["64"], method },
});

function written(name: string): string {
  const path = join(folder, name);
  const baseline = updatedBaseline(null, ndrOf(...[1, 2, 3, 4, 5, 6, 7].map((i) => 1e6 + i)));
  writeFileSync(
    path,
    JSON.stringify({ ...baseline, setup: { ...setupOf(ndrOf(1)), "device under test": passed.dut.kind } }),
  );
  return path;
}

describe("a baseline's file", () => {
  it("takes a run that passes, and none that fails by it or by a threshold", async () => {
    const path = written("grows.json");
    const samples = (): number[] => JSON.parse(readFileSync(path, "utf8")).figures["NDR@64"];
    const use = () => useBaseline({ baseline: path, updateBaseline: true }, [], known);
    const bad = await use();
    const judged = bad.judge({ ...ndrOf(9e5, 9e5, 9e5), dut: { ...passed.dut, version: null } });
    expect(judged.verdict).toBe("fail");
    expect(bad.update(judged)).toBe(
      `${path} was not updated: this run is no pass (fail); where it is what is wanted from now on, begin another file`,
    );
    expect(samples()).toHaveLength(7);
    const good = await use();
    expect(good.update(good.judge({ ...ndrOf(1e6 + 4), dut: { ...passed.dut, version: null } }))).toBeNull();
    expect(samples()).toHaveLength(8);
  });

  it("is refused where other frames were sent", async () => {
    const path = written("other.json");
    await expect(
      useBaseline({ baseline: path }, [], () => ({ ...known(), stream: plain({ vlan: 5 }) })),
    ).rejects.toThrow(
      /is the baseline of another setup: UDP over IPv4, 1 flow, .* there, UDP over IPv4, VLAN 5, 1 flow, .* here/,
    );
  });

  it.each([
    '{"format":"pktgen-ts baseline 1","setup":{},"figures":null}',
    '{"format":"pktgen-ts baseline 1"}',
    "null",
    "[]",
  ])("that is %s is refused in a sentence", async (text) => {
    const path = join(folder, "bad.json");
    writeFileSync(path, text);
    await expect(useBaseline({ baseline: path }, [], known)).rejects.toThrow(
      /is no baseline of this version|is no JSON/,
    );
  });
});
