/** The live view of a run: what it shows, and that it never leaves the terminal. */
import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LiveRun } from "../../src/report/live-history.js";
import { type LiveModel, liveLines, sparkline } from "../../src/report/live-view.js";
import type { Progress } from "../../src/report/progress.js";
import { forwarding64 } from "../support/sample.js";

const plain = { color: false, ascii: true };

const progress = (changes: Partial<Progress> = {}): Progress => ({
  ...{ trial: 2, trials: 4, frameBytes: 64, phase: "rate", stage: "", elapsedNs: 1e9, durationNs: 2e9 },
  ...{ sent: 10_000, received: 9_000, lost: 1_000, rxPps: 9_000, pps: 10_000 },
  ...changes,
});

function modelOf(run: LiveRun, changes: Partial<LiveModel> = {}): LiveModel {
  const keys = [["q", "stop"]] as const;
  const offeredPps = null;
  return { ...run.model(), commandLine: "pktgen-ts --live", elapsedNs: 65e9, offeredPps, keys, said: "", ...changes };
}

const stream = (name: string, sent: number, missing: number) =>
  ({ name, sent, missing, accepted: sent - missing }) as NonNullable<(typeof forwarding64)["streams"]>[number];

describe("the live view", () => {
  it("shows state, path and rates of the open trial", () => {
    const run = new LiveRun();
    run.progress(progress());
    run.progress(progress({ elapsedNs: 1.5e9, sent: 20_000, received: 19_000, lost: 1_000, rxPps: 20_000 }));
    const text = liveLines(modelOf(run), { columns: 80, rows: 24 }, plain).join("\n");
    expect(text).toContain("RUNNING  01:05");
    expect(text).toContain("trial 2 of 4   64 bytes, rate at 10 kpps   1.5 of 2.0 s");
    expect(text).toContain("sent 20,000  >  in flight or lost 1,000  >  received 19,000");
    expect(text).toMatch(/^sent +20 kpps {2}-#$/m); // 10,000 in the first second, 10,000 in the next half
    expect(text).toMatch(/^missing +0 pps {2}# $/m);
    expect(text).toContain("no trial has ended");
  });

  it("counts frames that are under way, though no later one came before them", () => {
    const run = new LiveRun();
    run.progress(progress({ sent: 2_185, received: 2_178, lost: 0 }));
    const text = liveLines(modelOf(run), { columns: 80, rows: 24 }, plain).join("\n");
    expect(text).toContain("sent 2,185  >  in flight or lost 7  >  received 2,178");
  });

  it("shows what ended, the last first, with the path, the verdict and the worst streams", () => {
    const run = new LiveRun();
    run.trial({ ...forwarding64, sent: 1 });
    run.trial({
      ...forwarding64,
      verdict: "fail",
      reasons: ["12 of 10,000 frames lost"],
      hops: [{ name: "bridge", rx: 10_000, tx: 9_988, dropped: 12, queues: [] }],
      streams: [stream("a", 5_000, 2), stream("b\u001b[2J", 5_000, 10), stream("c", 9, 0)],
    });
    const lines = liveLines(modelOf(run), { columns: 100, rows: 30 }, plain);
    const text = lines.join("\n");
    expect(text).toContain("last  sent 10,000  >  bridge 9,988 (dropped 12)  >  received 10,000");
    expect(lines.findIndex((line) => line.includes("FAIL: 12 of 10,000"))).toBeLessThan(
      lines.findIndex((line) => line.endsWith("PASS")),
    );
    expect(lines.findIndex((line) => line.startsWith("b\\x1b[2J"))).toBeLessThan(
      lines.findIndex((line) => line.startsWith("a ")),
    );
  });

  it("begins anew with each trial", () => {
    const run = new LiveRun();
    run.progress(progress());
    run.progress(progress({ trial: 3, elapsedNs: 0.1e9, sent: 100, lost: 0 }));
    expect(run.model().history.txPps).toEqual([1_000]);
    run.progress(progress({ trial: 3, stage: "waiting for the last frames", elapsedNs: 0.1e9, sent: 100, lost: 0 }));
    expect(run.model()).toMatchObject({ state: "waiting", history: { txPps: [1_000, 0] } });
  });

  it("stays in any terminal, whatever it has to say", () => {
    const size = fc.record({ columns: fc.integer({ min: 1, max: 200 }), rows: fc.integer({ min: 1, max: 60 }) });
    fc.assert(
      fc.property(size, fc.integer({ min: 0, max: 50 }), fc.string(), fc.boolean(), (size, trials, text, color) => {
        const run = new LiveRun();
        for (let i = 0; i < trials; i++) run.trial({ ...forwarding64, reasons: [text], verdict: "fail" });
        run.progress(progress({ phase: "rate", frameBytes: text }));
        const lines = liveLines(modelOf(run, { commandLine: text, said: text }), size, { color, ascii: false });
        const shown = lines.map((line) => stripVTControlCharacters(line));
        return lines.length <= size.rows && shown.every((line) => line.length <= size.columns && !/\p{Cc}/u.test(line));
      }),
    );
  });

  it("draws a value above 0 never as 0, and none above the scale", () => {
    expect(sparkline([0, 1, 500, 1_000, 2_000], 1_000, true)).toBe(" _-##");
    expect(sparkline([0, 1, 500, 1_000], 1_000, false)).toBe(" ▁▄█");
  });
});
