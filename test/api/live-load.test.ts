/** A run whose load somebody changes, with its threads and the built-in device. */
import { describe, expect, it } from "vitest";
import type { RunHooks, TrialSample } from "../../src/measure/plan.js";
import { RunControl } from "../../src/measure/run-control.js";
import { runForwarding } from "../../src/method/forwarding.js";
import { planRun } from "../../src/options/run-plan.js";
import { resultSchema } from "../../src/result/run-schema.js";

const planOf = (options: Record<string, unknown>) => planRun({ sizes: "64", warmup: "0", ...options }, null, "test");

/** Resolves when a sample says so. */
class Samples {
  #waiting: { readonly isIt: (sample: TrialSample) => boolean; readonly resolve: () => void } | null = null;

  readonly take = (sample: TrialSample): void => {
    const waiting = this.#waiting;
    if (waiting?.isIt(sample) !== true) return;
    this.#waiting = null;
    waiting.resolve();
  };

  until(isIt: (sample: TrialSample) => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting = { isIt, resolve };
    });
  }
}

describe.each([1, 2])("a run of %i workers that somebody changes", (workers) => {
  it("is paused, goes on, has another rate, and says so", async () => {
    const control = new RunControl();
    const samples = new Samples();
    const end = new AbortController();
    const hooks: RunHooks = { signal: end.signal, control, onSample: samples.take };
    const plan = planOf({ duration: "forever", rate: "5kpps", queues: String(workers), workers: String(workers) });
    const running = runForwarding(plan, hooks);
    await samples.until(({ sent, latencyNs }) => sent > 100 && latencyNs !== null);
    expect(control.state).toMatchObject({ paused: false, pps: 5_000 });
    await control.change({ kind: "pause", streams: "all" });
    let sentPaused = -1;
    await samples.until(({ paused, sent }) => {
      const isStill = paused && sent === sentPaused;
      sentPaused = sent;
      return isStill;
    });
    await control.change({ kind: "resume", streams: "all" });
    await samples.until(({ paused, sent }) => !paused && sent > sentPaused + 100);
    await control.change({ kind: "rate", streams: "all", rate: { kind: "pps", pps: 8_000 } });
    const sentBefore = sentPaused;
    await samples.until(({ pps, sent }) => pps === 8_000 && sent > sentBefore + 2_000);
    end.abort();
    const result = resultSchema.parse(await running);
    const [trial] = result.trials;
    expect(trial!.changes!.map(({ kind, streams, pps }) => [kind, streams, pps])).toEqual([
      ["pause", null, 0],
      ["resume", null, 5_000],
      ["rate", null, 8_000],
    ]);
    expect(trial).toMatchObject({ verdict: "invalid", lost: 0, corrupt: 0, unaccounted: 0 });
    expect(trial!.causes).toContain("changed");
    expect(trial!.accepted).toBe(trial!.sent);
    await expect(control.change({ kind: "pause", streams: "all" })).rejects.toThrow(/no trial is sending/);
  });

  it("is given more time, sends all that is due in it, and says so", async () => {
    const control = new RunControl();
    const samples = new Samples();
    const ends: (number | null)[] = [];
    const hooks: RunHooks = {
      ...{ signal: new AbortController().signal, control, onSample: samples.take },
      onProgress: ({ durationNs }) => void ends.push(durationNs),
    };
    const plan = planOf({ duration: "3s", rate: "1kpps", queues: String(workers), workers: String(workers) });
    const running = runForwarding(plan, hooks);
    await samples.until(({ sent }) => sent > 100);
    await control.change({ kind: "extend", addNs: 500e6 });
    await control.change({ kind: "extend", addNs: 1_000_000_000 });
    const [trial] = resultSchema.parse(await running).trials;
    expect(trial!.changes!.map(({ kind, streams, pps, addNs }) => [kind, streams, pps, addNs])).toEqual([
      ["extend", null, 1_000, 500e6],
      ["extend", null, 1_000, 1e9],
    ]);
    // Slots that found no CPU in time are missed, and counted as that.
    expect(trial!.sent + trial!.missed + trial!.blocked).toBe(4_500);
    expect(trial).toMatchObject({ verdict: "invalid", intended: 4_500, lost: 0, corrupt: 0, unaccounted: 0 });
    expect(trial!.causes).toContain("changed");
    expect(trial!.reasons.join()).toMatch(/more time while it ran \(500 ms longer, said at .*; 1 s longer/);
    expect([trial!.accepted, trial!.requested.durationNs]).toEqual([trial!.sent, 3e9]);
    expect(trial!.durationNs / 4.5e9).toBeCloseTo(1, 1);
    expect([ends[0], ends.at(-1)]).toEqual([3e9, 4.5e9]);
  });
});
