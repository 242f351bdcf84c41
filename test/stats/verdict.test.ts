import { describe, expect, it } from "vitest";
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
const forwarding: JudgedTrial = { ...clean, phase: "forwarding", requested: { pps: 10_000, count: 100_000 } };
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
      expect(judgeTrial(trial, plain)).toEqual({ verdict: "pass", reasons: [], notes: [] });
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
    const { verdict, reasons } = judgeTrial(losing(paced, 5), { ...plain, faults: ["interrupted"] });
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
      "1 frame of an earlier trial came back in this one",
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

  it("allows the loss that is tolerated", () => {
    const rules = { ...plain, lossRatioMax: 0.001 };
    expect(judgeTrial(losing(forwarding, 100), rules).verdict).toBe("pass");
    expect(judgeTrial(losing(forwarding, 101), rules).reasons).toEqual(["101 of 100,000 frames lost, tolerated 0.1 %"]);
  });

  it("is never invalid for pace or a disturbed machine", () => {
    const slow = { ...forwarding, late: 99_000, durationNs: 60e9, txPps: 1666 };
    expect(judgeTrial({ ...slow, disturbance: { stealMs: 9000, switches: 1, calibration: 3 } }, plain).verdict).toBe(
      "pass",
    );
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

  it("is invalid when the rate offered was off by more than 0.1 %, either way", () => {
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
    expect(judgeTrial(sending(100_101), plain).verdict).toBe("invalid");
  });

  it("allows one frame at the window's ends", () => {
    const few = { intended: 5, sent: 5, accepted: 5, received: 5, requested: { pps: 1, count: 5 }, durationNs: 4e9 };
    expect(judgeTrial({ ...paced, ...few }, plain).verdict).toBe("pass");
  });

  it("is invalid for frames missed, blocked by its own bursts, or sent late beyond the tolerance", () => {
    const missed = { ...paced, intended: 100_101, missed: 101 };
    expect(judgeTrial(missed, plain).reasons).toEqual([
      "the generator was the limit: it never sent 101 of 100,101 frames in time",
    ]);
    const own = { ...paced, intended: 100_101, blocked: 101, blockedOwn: 101 };
    expect(judgeTrial(own, plain).reasons).toEqual([
      "the generator was the limit: its own catch-up bursts blocked 101 of 100,101 frames",
    ]);
    expect(judgeTrial({ ...paced, late: 10_001 }, plain).verdict).toBe("invalid");
    expect(judgeTrial({ ...paced, late: 10_000 }, plain)).toMatchObject({
      verdict: "pass",
      notes: ["10,000 of 100,000 frames left late"],
    });
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
      verdict: "pass",
      reasons: [],
      notes: ["55,000 of 100,000 frames left late", "the device under test gave no free slot for 50 ms"],
    });
  });

  it("is invalid when disturbed", () => {
    const disturbed = (stealMs: number, calibration: number, watchedNs?: number): JudgedTrial => ({
      ...paced,
      disturbance: { stealMs, switches: 0, calibration, watchedNs },
    });
    expect(judgeTrial(disturbed(60, 1, 1.2e9), plain).verdict).toBe("pass");
    expect(judgeTrial(disturbed(61, 1, 1.2e9), plain).reasons).toEqual([
      "disturbed: the hypervisor took 61 ms of 1200 ms",
    ]);
    expect(judgeTrial(disturbed(50, 1.5), plain).verdict).toBe("pass");
    expect(judgeTrial(disturbed(51, 1), plain).reasons).toEqual(["disturbed: the hypervisor took 51 ms of 1000 ms"]);
    expect(judgeTrial(disturbed(0, 0.5), plain).reasons).toEqual([
      "disturbed: the machine was 2.0 times faster after the trial than before",
    ]);
    expect(judgeTrial({ ...paced, disturbance: null }, plain).verdict).toBe("pass");
  });

  it("notes duplicates and reordering", () => {
    const trial = { ...paced, duplicate: 3, reordered: 4, received: 100_003 };
    expect(judgeTrial(trial, plain)).toEqual({
      verdict: "pass",
      reasons: [],
      notes: ["3 frames came back more than once", "4 frames came back out of order"],
    });
  });
});

describe("at max", () => {
  it("takes loss as information unless a limit is given", () => {
    expect(judgeTrial(losing(max, 30_000), plain)).toEqual({
      verdict: "pass",
      reasons: [],
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

  it("is invalid below the least rate when that was never offered, unless there was back-pressure", () => {
    const rules = { ...plain, minPps: 2e5 };
    expect(judgeTrial(max, rules)).toMatchObject({ verdict: "invalid" });
    expect(judgeTrial(max, rules).reasons[0]).toBe(
      "the generator was the limit: it offered 100 kpps, less than the 200 kpps to be proved",
    );
    expect(judgeTrial({ ...max, intended: 100_009, blocked: 9 }, rules).verdict).toBe("fail");
  });

  it("is invalid when disturbed only if something is to be decided", () => {
    const disturbed = { ...max, disturbance: { stealMs: 500, switches: 0, calibration: 1 } };
    expect(judgeTrial(disturbed, plain)).toMatchObject({
      verdict: "pass",
      notes: ["disturbed: the hypervisor took 500 ms of 1000 ms"],
    });
    expect(judgeTrial(disturbed, { ...plain, lossRatioMax: 0 }).verdict).toBe("invalid");
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
