/**
 * What every measurer must do, whatever stands behind it: a trial of what was asked for, whose counts add up, and a
 * reason wherever it is not what it should be. A measurer is added by one case in measurer.test.ts.
 */
import { describe, expect, it } from "vitest";
import type { MeasureRequest, Measurer } from "../../src/measure/measurer.js";
import type { Trial } from "../../src/result/run-result.js";
import { checkEquations } from "../../src/stats/index.js";
import { type FrameSize, fixedSize } from "../../src/units.js";

export interface MeasurerCase {
  readonly name: string;
  /** What it can measure: other sizes are not asked of it. */
  readonly sizes: readonly FrameSize[];
  /** Opens it for the body, and closes it. `signal` interrupts the run. */
  readonly using: (body: (measurer: Measurer) => Promise<void>, signal: AbortSignal) => Promise<void>;
}

export const contractSizes = [64, 512].map(fixedSize);

const timeout = 60_000;

const asked = (changes: Partial<MeasureRequest> = {}): MeasureRequest => ({
  size: contractSizes[0]!,
  phase: "contract",
  rateText: "5kpps",
  pps: 5_000,
  durationNs: 100e6,
  count: null,
  ...changes,
});

/** What holds of every trial, however it went. */
function expectWhole(trials: readonly Trial[], request: MeasureRequest): void {
  expect([1, 2]).toContain(trials.length);
  for (const trial of trials) {
    expect(checkEquations(trial)).toEqual([]);
    expect(trial.phase).toBe(request.phase);
    expect(trial.requested.rate).toBe(request.rateText);
    if (request.size.kind === "fixed") expect(trial.frameBytes).toBe(request.size.frameBytes);
    expect(trial.verdict === "pass").toBe(trial.reasons.length === 0);
    expect((trial.causes ?? []).length === 0).toBe(trial.reasons.length === 0);
  }
}

export function measurerContract(one: MeasurerCase): void {
  describe(one.name, () => {
    const open = (body: (measurer: Measurer) => Promise<void>, signal = new AbortController().signal): Promise<void> =>
      one.using(body, signal);

    it("measures what is asked for, trial after trial, of every size", { timeout }, async () => {
      await open(async (measurer) => {
        for (const size of one.sizes) {
          const request = asked({ size });
          const trials = await measurer.measure(request);
          expectWhole(trials, request);
          for (const { intended } of trials) expect(intended).toBe(500);
          expect(measurer.ended()).toBeNull();
        }
      });
    });

    it("sends as many frames as are asked for, and no more", { timeout }, async () => {
      await open(async (measurer) => {
        const request = asked({ count: 200, durationNs: Number.POSITIVE_INFINITY });
        const trials = await measurer.measure(request);
        expectWhole(trials, request);
        for (const { intended, sent } of trials) {
          expect(intended).toBe(200);
          expect(sent).toBeLessThanOrEqual(200);
        }
      });
    });

    it("offers what it can where no rate is asked for", { timeout }, async () => {
      await open(async (measurer) => {
        const request = asked({ pps: null, rateText: "max", durationNs: 20e6 });
        const trials = await measurer.measure(request);
        expectWhole(trials, request);
        for (const { sent, requested } of trials) {
          expect(sent).toBeGreaterThan(0);
          expect(requested.pps).toBeNull();
        }
      });
    });

    it("has the loss that is there in its figures, and the sum of what came back", { timeout }, async () => {
      await open(async (measurer) => {
        const request = asked({ lossGoals: [0] });
        for (const { sent, accepted, lost, corrupt } of await measurer.measure(request))
          expect(accepted + lost + corrupt).toBe(sent);
      });
    });
  });
}
