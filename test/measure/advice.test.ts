/** "INVALID, what now?": the machine and what to do, once, and only where the generator or the machine was in the way. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { adviceOf } from "../../src/measure/advice.js";
import { reports } from "../../src/report/index.js";
import { machineLoad } from "../../src/sys/machine-load.js";
import { forwarding64, passed } from "../support/sample.js";

const load = { cpus: 2, load1: 18.2, runnable: 19, waitingShare: 0.93 };
const facts = { load, sharing: 3, hasCores: false };
const short = {
  ...forwarding64,
  phase: "rate",
  requested: { rate: "10kpps", pps: 10_000, durationNs: 1e9, count: null },
  txPps: 4_700,
  verdict: "invalid" as const,
  reasons: ["the generator was the limit: it offered 4.7 kpps where 10 kpps was asked (tolerance 0.1 %)"],
  causes: ["load" as const],
};
const invalid = { ...passed, trials: [short, short], verdict: "invalid" as const };

it("names the machine's load and who shares, and a rate that can be typed", () => {
  expect(adviceOf(invalid, facts)).toEqual([
    "this machine: load 18.2 on 2 CPUs; 19 runnable threads now; some thread waited for a CPU 93 % of the last 10 s; " +
      "3 polling threads of this run share 2 CPUs",
    "try: end other programs; or a lower rate, e.g. --rate 2.4kpps; or use a machine with 4 CPUs or more",
  ]);
});

it("offers the tolerances that would have been enough, and --cores where there are some", () => {
  const close = { ...short, txPps: 9_880 };
  const late = { ...close, late: 2_100, causes: ["late" as const], txPps: 10_000 };
  const quiet = { load: { cpus: 8, load1: 0.2, runnable: 1, waitingShare: null }, sharing: null, hasCores: false };
  const [, deeds] = adviceOf({ ...invalid, trials: [close, late] }, quiet);
  expect(deeds).toContain("--cores 1,2,3");
  expect(deeds).toContain("--rate-tolerance 2% --late-tolerance 21%, if that is exact enough for you");
});

it("is silent where it passed, failed, or something else was wrong", () => {
  expect(adviceOf({ ...invalid, verdict: "fail" }, facts)).toEqual([]);
  const unsound = { ...short, causes: ["unaccounted" as const] };
  expect(adviceOf({ ...invalid, trials: [unsound] }, facts)).toEqual([]);
});

it("is said once in a report", () => {
  const advice = adviceOf(invalid, facts);
  const text = reports.table({ ...invalid, advice }, { color: false, ascii: false });
  expect(text.match(/what now\?/g)).toHaveLength(1);
  expect(text.match(/this machine:/g)).toHaveLength(1);
});

it("knows what /proc says, and what it does not", () => {
  const root = mkdtempSync(join(tmpdir(), "pktgen-ts-load-"));
  try {
    expect(machineLoad(root)).toMatchObject({ load1: null, runnable: null, waitingShare: null });
    mkdirSync(join(root, "proc/pressure"), { recursive: true });
    writeFileSync(join(root, "proc/loadavg"), "6.53 2.63 1.12 8/202 22751\n");
    writeFileSync(join(root, "proc/pressure/cpu"), "some avg10=93.59 avg60=76.11 avg300=31.55 total=143850318\n");
    const found = machineLoad(root);
    expect(found).toMatchObject({ load1: 6.53, runnable: 8 });
    expect(found.waitingShare).toBeCloseTo(0.9359);
  } finally {
    rmSync(root, { recursive: true });
  }
});
