/** The longest outage of a comparison: missing frames that follow each other, as a time of the expected capture. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, it } from "vitest";
import { compareCaptures } from "../../src/capture/compare/compare.js";
import type { ComparePlan } from "../../src/capture/compare/plan.js";
import { parseFilter } from "../../src/packet/filter.js";
import { writeCapture } from "../../src/pcap/index.js";
import { renderComparison } from "../../src/report/compare-text.js";
import { compareResultSchema } from "../../src/result/compare-schema.js";

const folder = mkdtempSync(join(tmpdir(), "pktgen-outage-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const count = 50;
const numbers = Array.from({ length: count }, (_, i) => i);
/** Gaps that grow: no two outages are as long. */
const timeOf = (i: number): number => i * i * 1000;

const captureOf = (which: readonly number[]): Uint8Array =>
  writeCapture(
    which.map((i) => {
      const bytes = new Uint8Array(60);
      bytes.set([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x88, 0xb5, i]);
      return { seconds: 1_700_000_000, nanoseconds: timeOf(i), originalBytes: bytes.length, bytes };
    }),
  );

async function compared(gone: readonly number[], plan: Partial<ComparePlan> = {}) {
  const [expected, actual] = [join(folder, "expected.pcap"), join(folder, "actual.pcap")];
  writeFileSync(expected, captureOf(numbers));
  writeFileSync(actual, captureOf(numbers.filter((i) => !gone.includes(i))));
  const result = await compareCaptures({
    ...{ expected, actual, by: "content", masks: [], order: "strict", timingToleranceNs: null, speed: 1 },
    ...{ filter: null, skipsOthers: false, annotated: null, commandLine: "pktgen-ts compare" },
    tool: { name: "pktgen-ts", version: "0", node: "v20" },
    ...plan,
  });
  expect(compareResultSchema.safeParse(result).error).toBeUndefined();
  return result;
}

const outageOf = async (gone: readonly number[], plan: Partial<ComparePlan> = {}) =>
  (await compared(gone, plan)).outageNs;

it("goes from the frame before the missing ones to the last of them", async () => {
  expect(await outageOf([])).toBe(0);
  expect(await outageOf([0])).toBe(0);
  // 10 to 12 in a row: from 9 to 12. 30 alone: from 29 to 30.
  expect(await outageOf([10, 11, 12, 30])).toBe(timeOf(12) - timeOf(9));
  expect(renderComparison(await compared([10, 11, 12, 30]))).toContain(
    "the longest outage, of missing frames in a row: 63.0 µs",
  );
  const filter = parseFilter("frame.number >= 48", "--filter");
  expect(await outageOf([49, 48], { filter })).toBe(timeOf(49) - timeOf(47));
});

it("is as much shorter as a replay was faster, and not known where it had another pace", async () => {
  expect(await outageOf([10, 30], { speed: 2 })).toBe((timeOf(30) - timeOf(29)) / 2);
  expect(await outageOf([10], { speed: null })).toBeUndefined();
});

it("is that of the obvious way, whichever frames are missing", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(fc.nat(count - 1), { maxLength: 40 }), async (gone) => {
      const beginsAt = (i: number): number => (gone.includes(i - 1) ? beginsAt(i - 1) : Math.max(0, i - 1));
      const longest = Math.max(0, ...gone.map((i) => timeOf(i) - timeOf(beginsAt(i))));
      expect(await outageOf(gone)).toBe(longest);
    }),
    { numRuns: 60 },
  );
});
