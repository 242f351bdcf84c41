/** The verdict of a trial and of a run, and their reasons. */
import { describe, expect, it } from "vitest";
import { interruptedReason } from "../../src/stats/cause.js";
import { type JudgedTrial, judgeRun, judgeTrial } from "../../src/stats/verdict.js";
import { clean, losing, paced, plain } from "./judged-trials.js";

const max: JudgedTrial = clean;

const forwarding: JudgedTrial = {
  ...clean,
  phase: "forwarding",
  requested: { pps: 10_000, count: 100_000 },
  durationNs: 10e9,
};

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
    const inRuns = { ...forwarding, reordered: 4, reorderedRuns: { count: 2, max: 3 } };
    expect(judgeTrial(inRuns, plain).reasons).toEqual(["4 frames came back out of order, at most 3 in a row"]);
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
