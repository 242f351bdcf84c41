/** The verdict of a trial, and its reasons. */
import { describe, expect, it } from "vitest";
import { interruptedReason } from "../../src/stats/cause.js";
import { type JudgedTrial, judgeRun, judgeTrial, type VerdictRules } from "../../src/stats/verdict.js";

const plain: VerdictRules = { lossRatioMax: null, minPps: null, faults: [] };

const clean = {
  phase: "rate",
  requested: { pps: null, count: null },
  durationNs: 1e9,
  signature: true,
  intended: 100_000,
  late: 0,
  missed: 0,
  blocked: 0,
  sent: 100_000,
  received: 100_000,
  accepted: 100_000,
  lost: 0,
  duplicate: 0,
  reordered: 0,
  corrupt: 0,
  tooOld: 0,
  stale: 0,
  foreign: 0,
  txPps: 100_000,
  rxPps: 100_000,
  unaccounted: 0,
  ledger: [],
  disturbance: { stealMs: 0, switches: 3, calibration: 1.01 },
} satisfies JudgedTrial;

const max: JudgedTrial = clean;
const paced: JudgedTrial = { ...clean, requested: { pps: 100_000, count: null } };
const forwarding: JudgedTrial = {
  ...clean,
  phase: "forwarding",
  requested: { pps: 10_000, count: 100_000 },
  durationNs: 10e9,
};
const losing = (trial: JudgedTrial, lost: number): JudgedTrial => ({
  ...trial,
  lost,
  accepted: trial.sent - lost,
  received: trial.sent - lost,
  rxPps: trial.sent - lost,
});

describe("any trial", () => {
  it("passes without reasons when all came back", () => {
    for (const trial of [max, paced, forwarding]) {
      expect(judgeTrial(trial, plain)).toEqual({ verdict: "pass", reasons: [], causes: [], notes: [] });
    }
  });

  it("is invalid with anything unaccounted for, and says where", () => {
    const trial = { ...max, unaccounted: 17, ledger: ["host> took 17 frames fewer than were sent"] };
    expect(judgeTrial(trial, plain)).toMatchObject({
      verdict: "invalid",
      reasons: ["17 frames unaccounted for: host> took 17 frames fewer than were sent"],
    });
  });

  it("is invalid when its counts do not add up", () => {
    const { verdict, reasons } = judgeTrial({ ...forwarding, accepted: 99_999 }, plain);
    expect(verdict).toBe("invalid");
    expect(reasons[0]).toMatch(/^the counts do not add up: sent = /);
  });

  it("is invalid for a fault, which is its first reason", () => {
    const { verdict, reasons } = judgeTrial(losing(paced, 5), { ...plain, faults: [interruptedReason] });
    expect(verdict).toBe("invalid");
    expect(reasons).toEqual(["interrupted", "5 of 100,000 frames lost"]);
  });

  it("is no loss of the device where our own receive side had no room: invalid where loss decides, else named", () => {
    const what = "the generator was the limit: its receive side had no room for 5 frames that arrived";
    for (const trial of [paced, forwarding]) {
      expect(judgeTrial({ ...losing(trial, 5), receiveDrops: 5 }, plain)).toMatchObject({
        verdict: "invalid",
        reasons: [what, "5 of 100,000 frames lost"],
      });
      // They were others' frames.
      expect(judgeTrial({ ...trial, receiveDrops: 5 }, plain)).toMatchObject({ verdict: "pass", notes: [what] });
    }
    expect(judgeTrial({ ...losing(max, 5), receiveDrops: 5 }, plain)).toMatchObject({ verdict: "pass" });
    expect(judgeTrial({ ...losing(max, 5), receiveDrops: 5 }, plain).notes).toContain(what);
    expect(judgeTrial({ ...losing(max, 5), receiveDrops: 5 }, { ...plain, lossRatioMax: 0 }).verdict).toBe("invalid");
  });

  it("is no loss of the device where our own interface did not take them", () => {
    const what = "the generator was the limit: its own interface did not take 5 frames";
    expect(judgeTrial({ ...losing(paced, 5), sendDrops: 5 }, plain)).toMatchObject({
      verdict: "invalid",
      reasons: [what, "5 of 100,000 frames lost"],
    });
    expect(judgeTrial({ ...losing(max, 5), sendDrops: 5 }, plain).notes).toContain(what);
  });

  it("is invalid when nothing was sent, unless the device under test took nothing", () => {
    const nothing = { intended: 0, sent: 0, received: 0, accepted: 0, txPps: 0, rxPps: 0 };
    expect(judgeTrial({ ...max, ...nothing }, plain)).toMatchObject({
      verdict: "invalid",
      reasons: ["no frame was sent"],
    });
    const refused = { ...max, ...nothing, intended: 50, blocked: 50 };
    expect(judgeTrial(refused, plain)).toMatchObject({
      verdict: "fail",
      reasons: ["the device under test took no more: 50 of 50 frames found no free slot"],
    });
  });

  it("fails when nothing came back, even at max", () => {
    expect(judgeTrial(losing(max, 100_000), plain)).toMatchObject({
      verdict: "fail",
      reasons: ["none of 100,000 frames came back intact"],
    });
  });

  it("fails for corrupt frames", () => {
    const corrupt = { corrupt: 2, accepted: 99_998 };
    for (const trial of [max, paced, forwarding]) {
      expect(judgeTrial({ ...trial, ...corrupt }, plain)).toMatchObject({
        verdict: "fail",
        reasons: ["2 frames came back corrupt"],
      });
    }
  });

  it("notes what decides nothing", () => {
    const { verdict, notes } = judgeTrial({ ...max, stale: 1, foreign: 2, signature: false, unaccounted: null }, plain);
    expect(verdict).toBe("pass");
    expect(notes).toEqual([
      "frames too small for a signature: sequence and latency were not measured",
      "1 frame of an earlier trial of this run came back in this one",
      "2 frames that were not ours arrived",
      "the device under test has no counters: losses could not be traced to a hop",
    ]);
  });
});

describe("forwarding", () => {
  it("fails for a single frame lost, duplicate, or out of order", () => {
    expect(judgeTrial(losing(forwarding, 1), plain).verdict).toBe("fail");
    expect(judgeTrial({ ...forwarding, duplicate: 1, received: 100_001 }, plain).reasons).toEqual([
      "1 frame came back more than once",
    ]);
    expect(judgeTrial({ ...forwarding, reordered: 1 }, plain).reasons).toEqual(["1 frame came back out of order"]);
    expect(judgeTrial({ ...forwarding, tooOld: 1, received: 100_001 }, plain).verdict).toBe("fail");
    expect(judgeTrial({ ...forwarding, missed: 1, intended: 100_001 }, plain).verdict).toBe("fail");
  });

  it("counts damaged frames as lost", () => {
    const rules = { ...plain, lossRatioMax: 0.001 };
    const damaged = (corrupt: number): JudgedTrial => ({ ...forwarding, corrupt, accepted: 100_000 - corrupt });
    expect(judgeTrial(damaged(100), rules)).toMatchObject({
      verdict: "pass",
      notes: ["100 frames came back corrupt, which counts as loss"],
    });
    expect(judgeTrial(damaged(101), rules).verdict).toBe("fail");
    const both = { ...forwarding, corrupt: 60, lost: 60, accepted: 99_880, received: 99_940 };
    expect(judgeTrial(both, rules).reasons).toEqual([
      "60 of 100,000 frames lost, tolerated 0.1 %",
      "60 frames came back corrupt",
    ]);
  });

  it("allows the loss that is tolerated", () => {
    const rules = { ...plain, lossRatioMax: 0.001 };
    expect(judgeTrial(losing(forwarding, 100), rules).verdict).toBe("pass");
    expect(judgeTrial(losing(forwarding, 101), rules).reasons).toEqual(["101 of 100,000 frames lost, tolerated 0.1 %"]);
  });

  it("is never invalid for pace or a disturbed machine where all came back, and says what was offered", () => {
    const slow = { ...forwarding, late: 99_000, durationNs: 60e9, txPps: 1666 };
    const disturbed = { ...slow, disturbance: { stealMs: 9000, switches: 1, calibration: 3 } };
    const judged = judgeTrial(disturbed, plain);
    expect(judged.verdict).toBe("pass");
    expect(judged.notes).toEqual([
      "offered 1.6667 kpps, where 10 kpps was the pace",
      "the generator sent 99,000 of 100,000 frames late (tolerance 10 %)",
      "disturbed: the hypervisor took 9000 ms of 60000 ms",
      "disturbed: the machine was 3.0 times slower after the trial than before",
    ]);
    // Where a frame is missing, the machine may have done it.
    expect(judgeTrial(losing(disturbed, 1), plain).verdict).toBe("invalid");
  });
});

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

describe("at max", () => {
  it("takes loss as information unless a limit is given", () => {
    expect(judgeTrial(losing(max, 30_000), plain)).toEqual({
      ...{ verdict: "pass", reasons: [], causes: [] },
      notes: ["loss at max is information; --loss or --min-rate makes it decide"],
    });
    expect(judgeTrial(losing(max, 30_000), { ...plain, lossRatioMax: 0.1 }).verdict).toBe("fail");
  });

  it("takes back-pressure as normal", () => {
    expect(judgeTrial({ ...max, intended: 300_000, blocked: 200_000 }, plain).verdict).toBe("pass");
  });

  it("fails below the least rate", () => {
    const rules = { ...plain, minPps: 90_000 };
    expect(judgeTrial(losing(max, 10_000), rules).verdict).toBe("pass");
    expect(judgeTrial(losing(max, 10_001), rules).reasons).toEqual([
      "89.999 kpps came back, less than the 90 kpps asked for",
    ]);
  });

  it("asks no more of a set rate than was offered of it, within the generator's tolerance", () => {
    const rules = { ...plain, minPps: 100_000, lossRatioMax: 1 };
    const rates = (txPps: number, rxPps: number): JudgedTrial => ({ ...paced, txPps, rxPps });
    expect(judgeTrial(rates(99_999, 99_999), rules).verdict).toBe("pass");
    expect(judgeTrial(rates(99_999, 99_998), rules).verdict).toBe("fail");
    expect(judgeTrial(rates(99_800, 99_800), rules).reasons.join()).toMatch(/came back, less than the 100 kpps/);
    expect(judgeTrial({ ...max, txPps: 100_001, rxPps: 99_999 }, rules).verdict).toBe("fail");
  });

  it("is invalid below the least rate when that was never offered, unless there was back-pressure", () => {
    const rules = { ...plain, minPps: 2e5 };
    expect(judgeTrial(max, rules)).toMatchObject({ verdict: "invalid" });
    expect(judgeTrial(max, rules).reasons[0]).toBe(
      "the generator was the limit: it offered 100 kpps, less than the 200 kpps to be proved",
    );
    expect(judgeTrial({ ...max, intended: 100_009, blocked: 9 }, rules).verdict).toBe("fail");
  });

  it("is invalid when disturbed only if something is to be decided, and is not as wanted", () => {
    const disturbed = { ...max, disturbance: { stealMs: 500, switches: 0, calibration: 1 } };
    expect(judgeTrial(disturbed, plain)).toMatchObject({
      verdict: "pass",
      notes: ["disturbed: the hypervisor took 500 ms of 1000 ms"],
    });
    expect(judgeTrial(disturbed, { ...plain, lossRatioMax: 0 }).verdict).toBe("pass");
    expect(judgeTrial(losing(disturbed, 1), { ...plain, lossRatioMax: 0 }).verdict).toBe("invalid");
    expect(judgeTrial(losing(disturbed, 1), { ...plain, minPps: 100_000 }).verdict).toBe("invalid");
  });

  it("is invalid when the generator stood still for more than a tenth of the window", () => {
    const note = "the generator stood still for 100 ms at once";
    expect(judgeTrial({ ...max, stoodStillNs: 0.1e9 }, plain)).toMatchObject({ verdict: "pass", notes: [note] });
    expect(judgeTrial({ ...max, stoodStillNs: 0.11e9 }, plain)).toMatchObject({
      verdict: "invalid",
      reasons: ["the generator stood still for 110 ms of 1 s (tolerance 10 %)"],
      causes: ["stood still"],
      notes: [],
    });
    expect(judgeTrial({ ...max, stoodStillNs: 15e6, durationNs: 1e8 }, plain)).toMatchObject({
      verdict: "pass",
      notes: [],
    });
    const stood = { ...forwarding, stoodStillNs: 5e9 };
    expect(judgeTrial(stood, plain)).toMatchObject({ verdict: "pass" });
    expect(judgeTrial(losing(stood, 5), plain)).toMatchObject({ verdict: "invalid" });
  });

  it("does not tolerate damage, which no full ring explains", () => {
    expect(judgeTrial({ ...losing(max, 30_000), corrupt: 1, accepted: 69_999 }, plain)).toMatchObject({
      verdict: "fail",
    });
  });
});

describe("a run", () => {
  it("is invalid, then failed, then passed", () => {
    const run = (...verdicts: ("pass" | "fail" | "invalid")[]) => judgeRun(verdicts.map((verdict) => ({ verdict })));
    expect(run("pass", "pass")).toBe("pass");
    expect(run("pass", "fail")).toBe("fail");
    expect(run("fail", "invalid", "pass")).toBe("invalid");
    expect(run()).toBe("invalid");
  });
});
