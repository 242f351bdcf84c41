/** A pass is a pass: whatever a trial and its rules are, held by a definition of its own. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { faultReason } from "../../src/stats/cause.js";
import { isWithin, lossShareOf } from "../../src/stats/loss.js";
import { absorptionVerdict, judgeFigures } from "../../src/stats/run-verdict.js";
import { type JudgedTrial, judgeTrial, type VerdictRules } from "../../src/stats/verdict.js";

const count = (max: number): fc.Arbitrary<number> => fc.oneof(fc.constant(0), fc.integer({ min: 0, max }));
const phases = ["forwarding", "rate", "soak"] as const;

/** Counts mostly add up, and now and then do not. */
const trials: fc.Arbitrary<JudgedTrial> = fc
  .record({
    ...{ phase: fc.constantFrom(...phases), paced: fc.boolean(), accepted: count(2_000), lost: count(30) },
    ...{ corrupt: count(30), missed: count(30), blocked: count(30), own: fc.boolean(), late: count(300) },
    ...{ duplicate: count(2), reordered: count(2), tooOld: count(2), receiveDrops: count(2) },
    ...{ unaccounted: fc.constantFrom(0, 0, 0, null, 3), off: fc.constantFrom(0, 0, 0, 0, 1) },
    ...{ pace: fc.constantFrom(1, 1, 1, 0.99, 1.01), stealMs: fc.constantFrom(0, 0, 900) },
    ...{ calibration: fc.constantFrom(1, 1, 3), stoodStillNs: fc.constantFrom(0, 0, 0.5e9) },
  })
  .map((one): JudgedTrial => {
    const { accepted, lost, corrupt, missed, blocked, duplicate, tooOld, off } = one;
    const sent = accepted + lost + corrupt + off;
    return {
      ...one,
      ...{ sent, stale: 0, foreign: 0, durationNs: 1e9, signature: true, ledger: [] },
      ...{ late: Math.min(one.late, sent), reordered: Math.min(one.reordered, accepted) },
      requested: { pps: one.paced ? Math.max(1, (sent + blocked) * one.pace) : null, count: null },
      intended: sent + missed + blocked,
      blockedOwn: one.own ? blocked : 0,
      received: accepted + duplicate + corrupt + tooOld,
      ...{ txPps: sent, rxPps: accepted },
      disturbance: { stealMs: one.stealMs, switches: 0, calibration: one.calibration },
    };
  });

/** Limits in thousandths, so that the oracle counts in whole numbers. */
const limits = fc.constantFrom<number | null>(null, 0, 1, 7, 29, 70, 1_000);

describe("a pass", () => {
  it("has no frame unaccounted for, no sum that does not add up, no loss or damage beyond its limit, its load", () => {
    fc.assert(
      fc.property(trials, limits, fc.boolean(), (trial, thousandths, measuresLoss) => {
        const limit = thousandths === null ? null : thousandths / 1_000;
        const rules: VerdictRules = { lossRatioMax: limit, minPps: null, faults: [], measuresLoss };
        const judged = judgeTrial(trial, rules);
        expect(judged.causes).toHaveLength(judged.reasons.length);
        expect(judged.verdict === "pass").toBe(judged.reasons.length === 0);
        if (judged.verdict !== "pass") return;
        const { sent, accepted, lost, corrupt, blocked, blockedOwn = 0, requested, phase } = trial;
        expect(trial.unaccounted ?? 0).toBe(0);
        expect(accepted + lost + corrupt).toBe(sent);
        if (measuresLoss) return;
        const refused = requested.pps === null && sent > 0 ? 0 : blocked - blockedOwn;
        const decides = phase === "forwarding" || requested.pps !== null || thousandths !== null;
        const bad = corrupt + (decides ? lost + refused : 0);
        expect(bad * 1_000).toBeLessThanOrEqual((thousandths ?? 0) * (sent + refused));
        expect(sent > 0 && accepted === 0).toBe(false);
        if (phase === "forwarding" || requested.pps === null) return;
        const offered = sent + refused;
        expect(offered).toBeGreaterThanOrEqual(requested.pps - Math.max(1.000001, requested.pps * 0.001));
        expect(trial.stoodStillNs).toBe(0);
      }),
      { numRuns: 5_000 },
    );
  });

  it("of a run needs one of every figure, and no frame unaccounted for in any trial", () => {
    const verdict = fc.constantFrom("pass" as const, "fail" as const, "invalid" as const);
    const figure = fc.record({ what: fc.string(), verdict, reasons: fc.array(fc.string(), { maxLength: 2 }) });
    const trial = fc.record({ verdict, reasons: fc.constant([]), unaccounted: fc.constantFrom(0, 0, null, 2) });
    const all = [fc.array(figure), fc.array(trial), fc.option(fc.string())] as const;
    fc.assert(
      fc.property(...all, (figures, used, ended) => {
        const judged = judgeFigures(figures, used, ended === null ? null : faultReason(ended));
        const isWhole = figures.length > 0 && figures.every((one) => one.verdict === "pass");
        const isAccounted = used.every(({ unaccounted }) => unaccounted === null || unaccounted === 0);
        expect(judged.verdict === "pass").toBe(isWhole && isAccounted && ended === null);
        expect([judged.causes.length, judged.about.length]).toEqual([judged.reasons.length, judged.reasons.length]);
        if (ended !== null) expect([judged.causes[0], judged.about[0]]).toEqual(["fault", "run"]);
      }),
    );
  });
});

describe("a loss limit", () => {
  it("is kept by a ratio that is exactly at it, and by none above, in whole numbers", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100_000 }), fc.integer({ min: 1, max: 1e9 }), (parts, times) => {
        // `parts` of 100,000, as a person types it.
        const typed = Number(`${parts}e-5`);
        expect(isWithin(parts * times, 100_000 * times, typed)).toBe(true);
        expect(isWithin(parts * times + 1, 100_000 * times, typed)).toBe(false);
      }),
    );
    expect(isWithin(29, 100, 0.29)).toBe(true);
    expect(isWithin(7, 1_000, 0.7 / 100)).toBe(true);
    expect(isWithin(1, 10_000_000, 1e-7)).toBe(true);
    expect(isWithin(2, 10_000_000, 1e-7)).toBe(false);
    expect(isWithin(5, 5, 1)).toBe(true);
  });

  it("sees frames that were lost, damaged or refused as one ratio", () => {
    const trial = { requested: { pps: 1_000 }, sent: 80, lost: 10, corrupt: 10, blocked: 25, blockedOwn: 5 };
    expect(lossShareOf([trial])).toBe(0.4);
    expect(lossShareOf([trial, { ...trial, lost: 0, corrupt: 0, blocked: 0, blockedOwn: 0 }])).toBe(40 / 180);
    // At max a full ring is how the device sets the pace.
    expect(lossShareOf([{ ...trial, requested: { pps: null } }])).toBe(0.25);
    expect(lossShareOf([])).toBe(0);
  });
});

describe("a burst", () => {
  it("of which nothing came back is no pass, whatever else is a figure", () => {
    expect(absorptionVerdict({ frames: 64, absorbed: 0 })).toMatchObject({ verdict: "fail" });
    expect(absorptionVerdict({ frames: 64, absorbed: 0, unusable: "late" })).toMatchObject({ verdict: "invalid" });
    expect(absorptionVerdict({ frames: 64, absorbed: 1 })).toEqual({ verdict: "pass", reasons: [], causes: [] });
  });
});
