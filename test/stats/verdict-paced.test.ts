/** The verdict of a trial at a set rate: what was late, missed or blocked, and by whose fault. */
import { describe, expect, it } from "vitest";
import { type JudgedTrial, judgeTrial } from "../../src/stats/verdict.js";
import { losing, paced, plain } from "./judged-trials.js";

describe("at a set rate", () => {
  it("fails for loss beyond what is tolerated, 0 by default", () => {
    expect(judgeTrial(losing(paced, 1), plain)).toMatchObject({
      verdict: "fail",
      reasons: ["1 of 100,000 frames lost"],
    });
    expect(judgeTrial(losing(paced, 100), { ...plain, lossRatioMax: 0.001 }).verdict).toBe("pass");
  });

  it("is invalid when less than the rate was offered, by more than 0.1 %", () => {
    const sending = (sent: number): JudgedTrial => ({
      ...paced,
      intended: sent,
      sent,
      accepted: sent,
      received: sent,
    });
    expect(judgeTrial(sending(99_900), plain).verdict).toBe("pass");
    expect(judgeTrial(sending(99_899), plain)).toMatchObject({
      verdict: "invalid",
      reasons: ["the generator was the limit: it offered 99.899 kpps where 100 kpps was asked (tolerance 0.1 %)"],
    });
    expect(judgeTrial(sending(99_899), plain)).toMatchObject({ causes: ["load"] });
  });

  it("passes with more than was asked for, which is no easier; but what is lost of it fails nobody", () => {
    const sent = { ...paced, intended: 100_101, sent: 100_101, accepted: 100_101, received: 100_101 };
    const what = "the generator offered 100.1 kpps where 100 kpps was asked (tolerance 0.1 %)";
    expect(judgeTrial(sent, plain)).toMatchObject({ verdict: "pass", notes: [what], untimely: what });
    expect(judgeTrial(losing(sent, 101), plain)).toMatchObject({
      verdict: "invalid",
      reasons: [what, "101 of 100,101 frames lost"],
      causes: ["more than asked", "lost"],
    });
    expect(judgeTrial(losing(sent, 102), plain).verdict).toBe("fail");
  });

  it("does not take a window for too short because its first frame was late", () => {
    // 1,000 frames at 500 pps, the first 2.8 ms after its slot: the window is 1.9972 s.
    const few = { intended: 1_000, sent: 1_000, accepted: 1_000, received: 1_000, late: 1, durationNs: 1.9972e9 };
    const trial = { ...paced, ...few, requested: { pps: 500, count: 1_000 } };
    expect(judgeTrial({ ...trial, startLateNs: 2.8e6 }, plain)).toEqual({
      ...{ verdict: "pass", reasons: [], causes: [] },
      notes: ["1 of 1,000 frames left late"],
    });
    expect(judgeTrial({ ...losing(trial, 1), startLateNs: 2.8e6 }, plain).verdict).toBe("fail");
  });

  it("allows one frame at the window's ends", () => {
    const few = { intended: 5, sent: 5, accepted: 5, received: 5, requested: { pps: 1, count: 5 }, durationNs: 4e9 };
    expect(judgeTrial({ ...paced, ...few }, plain).verdict).toBe("pass");
  });

  it("is invalid for frames missed, or blocked by its own bursts", () => {
    const missed = { ...paced, intended: 100_101, missed: 101 };
    expect(judgeTrial(missed, plain).reasons).toEqual([
      "the generator was the limit: it never sent 101 of 100,101 frames in time",
    ]);
    const own = { ...paced, intended: 100_101, blocked: 101, blockedOwn: 101 };
    expect(judgeTrial(own, plain).reasons).toEqual([
      "the generator was the limit: its own catch-up bursts blocked 101 of 100,101 frames",
    ]);
    // One reason, whatever came together.
    const both = { ...paced, intended: 110_000, missed: 10_000, sent: 98_000, accepted: 98_000, received: 98_000 };
    expect(judgeTrial({ ...both, blocked: 2_000, blockedOwn: 2_000 }, plain).reasons).toEqual([
      "the generator was the limit: it offered 98 kpps where 100 kpps was asked (tolerance 0.1 %), it never sent " +
        "10,000 of 110,000 frames in time, its own catch-up bursts blocked 2,000 of 110,000 frames",
    ]);
  });

  it("passes when every frame came back, however late they left; latency is then no figure", () => {
    const what = "the generator sent 10,001 of 100,000 frames late (tolerance 10 %)";
    expect(judgeTrial({ ...paced, late: 10_000 }, plain)).toEqual({
      ...{ verdict: "pass", reasons: [], causes: [] },
      notes: ["10,000 of 100,000 frames left late"],
    });
    expect(judgeTrial({ ...paced, late: 10_001 }, plain)).toEqual({
      ...{ verdict: "pass", reasons: [], causes: [] },
      notes: [what],
      untimely: what,
    });
    expect(judgeTrial({ ...paced, late: 10_001 }, { ...plain, measuresLoss: true }).verdict).toBe("pass");
  });

  it("is invalid for loss that lateness may have caused, and fails for more", () => {
    const late = { ...paced, late: 10_001 };
    expect(judgeTrial(losing(late, 10_001), plain)).toMatchObject({ verdict: "invalid", causes: ["late", "lost"] });
    expect(judgeTrial(losing(late, 10_002), plain)).toMatchObject({ verdict: "fail", causes: ["lost"] });
    expect(judgeTrial(losing({ ...late, late: 9_999 }, 1), plain).verdict).toBe("fail");
    // Nobody damages frames by sending them late.
    expect(judgeTrial({ ...late, corrupt: 1, accepted: 99_999 }, plain).verdict).toBe("fail");
    // As a figure of a method it is not used.
    expect(judgeTrial(losing(late, 20_000), { ...plain, measuresLoss: true }).verdict).toBe("invalid");
  });

  it("keeps to the tolerances that it is given", () => {
    const sent = { ...paced, intended: 95_000, sent: 95_000, accepted: 95_000, received: 95_000, late: 20_000 };
    const tolerances = { rateShare: 0.05, lateShare: 0.25 };
    expect(judgeTrial(sent, { ...plain, tolerances })).toEqual({
      ...{ verdict: "pass", reasons: [], causes: [] },
      notes: ["20,000 of 95,000 frames left late"],
    });
    expect(judgeTrial({ ...sent, late: 24_000 }, { ...plain, tolerances }).untimely).toContain("(tolerance 25 %)");
    expect(judgeTrial(sent, { ...plain, tolerances: { ...tolerances, rateShare: 0.049 } }).verdict).toBe("invalid");
  });

  it("fails, and is not invalid, when the device under test took no more", () => {
    const counts = { intended: 100_000, sent: 60_000, blocked: 40_000, accepted: 60_000, received: 60_000 };
    expect(judgeTrial({ ...paced, ...counts }, plain)).toMatchObject({
      verdict: "fail",
      reasons: ["the device under test took no more: 40,000 of 100,000 frames found no free slot"],
    });
  });

  it("does not blame the generator for a freeze of the device under test", () => {
    const frozen = { ...paced, requested: { pps: 100_000, count: 100_000 }, durationNs: 1.05e9, late: 55_000 };
    expect(judgeTrial(frozen, plain).verdict).toBe("invalid");
    expect(judgeTrial({ ...frozen, blockedNs: 5e7 }, plain)).toEqual({
      ...{ verdict: "pass", reasons: [], causes: [] },
      notes: ["the device under test gave no free slot for 50 ms", "55,000 of 100,000 frames left late"],
    });
  });

  it("is invalid when disturbed, and something is missing", () => {
    const disturbed = (stealMs: number, calibration: number, watchedNs?: number): JudgedTrial => ({
      ...losing(paced, 1),
      disturbance: { stealMs, switches: 0, calibration, watchedNs },
    });
    const lost = "1 of 100,000 frames lost";
    expect(judgeTrial(disturbed(60, 1, 1.2e9), plain).verdict).toBe("fail");
    expect(judgeTrial(disturbed(61, 1, 1.2e9), plain).reasons).toEqual([
      "disturbed: the hypervisor took 61 ms of 1200 ms",
      lost,
    ]);
    expect(judgeTrial(disturbed(50, 1.5), plain).verdict).toBe("fail");
    expect(judgeTrial(disturbed(51, 1), plain).reasons).toEqual([
      "disturbed: the hypervisor took 51 ms of 1000 ms",
      lost,
    ]);
    expect(judgeTrial(disturbed(0, 0.5), plain).reasons).toEqual([
      "disturbed: the machine was 2.0 times faster after the trial than before",
      lost,
    ]);
    expect(judgeTrial({ ...disturbed(0, 1), disturbance: null }, plain).verdict).toBe("fail");
    // 51 of 1,000 ms were stolen, and so were 5,100 frames at most.
    expect(judgeTrial({ ...disturbed(51, 1), ...losing(paced, 5_101) }, plain).verdict).toBe("fail");
    const whole = { ...paced, disturbance: { stealMs: 61, switches: 0, calibration: 1 } };
    const note = "disturbed: the hypervisor took 61 ms of 1000 ms";
    expect(judgeTrial(whole, plain)).toMatchObject({ verdict: "pass", notes: [note], untimely: note });
  });

  it("notes duplicates and reordering", () => {
    const trial = { ...paced, duplicate: 3, reordered: 4, received: 100_003 };
    expect(judgeTrial(trial, plain)).toEqual({
      ...{ verdict: "pass", reasons: [], causes: [] },
      notes: ["3 frames came back more than once", "4 frames came back out of order"],
    });
  });
});
