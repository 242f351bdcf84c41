/** RFC 2544, latency, absorption and service activation against a simulated device. */
import { describe, expect, it } from "vitest";
import { useOf } from "../../src/measure/outcome.js";
import { absorption } from "../../src/method/absorption.js";
import { figuresOf } from "../../src/method/judge/figures.js";
import { latencyAtLoads } from "../../src/method/latency.js";
import { judgeMethod } from "../../src/method/method-verdict.js";
import { summary } from "../../src/method/rfc2544/back-to-back.js";
import { deviationsOf, runRfc2544, searchDeviations } from "../../src/method/rfc2544/index.js";
import { serviceActivation } from "../../src/method/service.js";
import type { Cause } from "../../src/stats/cause.js";
import { fixedSize } from "../../src/units.js";
import { rfc2544Settings, searchSettings } from "../support/method-sample.js";
import { forwarding64, passed } from "../support/sample.js";
import { simulatedBench } from "../support/simulated-bench.js";
import { altered, second } from "./method-rig.js";

describe("rfc2544", () => {
  it("runs its tests in order, latency at the throughput found", async () => {
    const bench = simulatedBench({ capacityPps: 300_000, queueFrames: 200 });
    const settings = {
      ...rfc2544Settings,
      sizes: [fixedSize(64)],
      throughput: { ...rfc2544Settings.throughput, sizes: [fixedSize(64)] },
    };
    const { results = [], lossCurves = [], backToBack = [] } = await runRfc2544(bench, settings);
    const phases = [...new Set(bench.requests.map(({ phase }) => phase))];
    expect(phases).toEqual(["probe", "throughput", "latency", "frame loss", "back-to-back", "recovery", "reset"]);
    const latency = bench.requests.filter(({ phase }) => phase === "latency");
    expect(latency.map(({ pps }) => pps)).toEqual([results[0].pps, results[0].pps]);
    // From all of the line down, until two in a row lose nothing (§26.3).
    const losses = lossCurves[0].points.map(({ lossRatio }) => lossRatio > 0);
    expect(lossCurves[0].points[0].share).toBe(1);
    expect(losses.slice(-2)).toEqual([false, false]);
    expect(losses.slice(0, -2).every((lossy) => lossy)).toBe(true);
    // 200 frames of queue and what is forwarded while the burst lasts.
    const expected = 200 / (1 - 300_000 / 1_488_095);
    expect(backToBack[0].meanFrames).toBeGreaterThan(expected * 0.97);
    expect(backToBack[0].meanFrames).toBeLessThanOrEqual(expected + 1);
    expect(backToBack[0].correctedBufferNs).toBeCloseTo((200 * 1e9) / 1_488_095, -4);
  });

  it("has the statistics of RFC 9004", () => {
    const found = summary(fixedSize(64), 1e6, 1_000, [100, 110, 120], 0.25e6);
    expect(found).toMatchObject({
      meanFrames: 110,
      minFrames: 100,
      maxFrames: 120,
      stddevFrames: 10,
      limitedBy: "dut",
    });
    expect(found.impliedBufferNs).toBe(110_000);
    expect(found.correctedBufferNs).toBe(82_500);
    expect(summary(fixedSize(64), 1e6, 100, [100, 100], null)).toMatchObject({
      limitedBy: "time",
      correctedBufferNs: null,
    });
  });

  it("conforms to RFC 2544 only with its sizes, waits and repetitions", () => {
    const { goals } = rfc2544Settings.throughput;
    const whole = {
      ...rfc2544Settings,
      sizes: [64, 128, 256, 512, 1024, 1280, 1518].map((bytes) => fixedSize(bytes)),
      throughput: { ...rfc2544Settings.throughput, goals: goals.map((goal) => ({ ...goal, trialNs: 60 * second })) },
      latency: { durationNs: 120 * second, repeats: 20 },
      loss: { stepShare: 0.1, durationNs: 60 * second },
      backToBack: { longestNs: 2 * second, repeats: 50 },
      recovery: { overloadNs: 60 * second, afterNs: 10 * second, repeats: 5 },
      ...{ learningFrames: 4, learningWaitNs: 2 * second, restabiliseNs: 5 * second },
    };
    expect(deviationsOf(whole, 2 * second)).toEqual([]);
    expect(deviationsOf({ ...whole, learningWaitNs: 0 }, 2 * second)).toEqual([
      "0 s after the learning frames, RFC 2544 §23 asks for 2 s",
    ]);
    const [row] = [summary(fixedSize(64), 1e6, 100, [100, 100, 100], null)];
    expect(deviationsOf(whole, 2 * second, { backToBack: [row] })).toEqual([
      "back-to-back of 64 bytes ended after 3 repetitions, RFC 2544 §26.4 asks for 50",
    ]);
  });

  it("says where a search's trials are not those of RFC 2544", () => {
    expect(searchDeviations(searchSettings, 2 * second)).toEqual([
      "trials of 1 s, RFC 2544 §24 asks for 60 s",
      "no learning frames, RFC 2544 §23 asks for some before each trial",
      "no wait for residual frames where every frame is back, RFC 2544 §23 asks for 2 s",
      "0 s between trials, RFC 2544 §23 asks for 5 s to restabilise",
    ]);
  });

  it("names everything that is not as the document asks", () => {
    const said = deviationsOf(rfc2544Settings, 0.2 * second);
    expect(said.join("\n")).toBe(
      [
        "trials of 1 s, RFC 2544 §24 asks for 60 s",
        "latency trials of 1 s, RFC 2544 §26.2 asks for 120 s",
        "latency repetitions: 2, RFC 2544 §26.2 asks for 20",
        "frame loss trials of 1 s, RFC 2544 §24 asks for 60 s",
        "bursts of at most 0.5 s, RFC 2544 §26.4 asks for 2 s",
        "back-to-back repetitions: 5, RFC 2544 §26.4 asks for 50",
        "an overload of 1 s, RFC 2544 §26.5 asks for 60 s",
        "a settle time of 0.2 s, RFC 2544 §23 asks for 2 s",
        "no learning frames, RFC 2544 §23 asks for some before each trial",
        "no wait for residual frames where every frame is back, RFC 2544 §23 asks for 2 s",
        "0 s between trials, RFC 2544 §23 asks for 5 s to restabilise",
        "without frames of 128, 256, 1024, 1280 bytes, which RFC 2544 §9.1 lists",
      ].join("\n"),
    );
  });
});

describe("latency with a probe", () => {
  it("is of the load and the probe on top of it, at each share", async () => {
    const bench = simulatedBench({ capacityPps: 1e6 });
    const settings = {
      ...{ sizes: [fixedSize(64)], shares: [0.5, 1], durationNs: second, repeats: 1 },
      ...{ referencePps: () => 100_000, search: searchSettings, probePps: 1_000, lossRatioMax: 0 },
    };
    await latencyAtLoads(bench, settings);
    expect(bench.requests.map(({ pps, probePps, phase, rateText }) => [pps, probePps, phase, rateText])).toEqual([
      [51_000, 1_000, "latency 50 %", "50kpps and a probe of 1kpps"],
      [101_000, 1_000, "latency 100 %", "100kpps and a probe of 1kpps"],
    ]);
    const names = figuresOf({ ...passed, trials: bench.trials, method: undefined }).map(({ name }) => name);
    expect(names).toContain("latency 100 % probe.p99@64");
  });
});

describe("absorption", () => {
  const settings = {
    ...{ sizes: [fixedSize(64)], kind: "burst" as const, pps: 1e6, frames: [100], rampSteps: 0, stepNs: second },
  };

  it("is invalid where no burst could be offered as it should, and came back", async () => {
    const reasons = ["the generator was the limit: it sent less"];
    const causes: Cause[] = ["load"];
    const base = simulatedBench({ capacityPps: 2e6 });
    const bench = altered(base, () => ({ verdict: "invalid", reasons, causes }));
    const found = await absorption(bench, settings);
    expect(base.requests).toHaveLength(10);
    expect(found).toMatchObject([{ frames: 100, lost: 0, unusable: reasons[0] }]);
    expect(judgeMethod({ absorption: found }, base.trials, null).verdict).toBe("invalid");
  });
});

describe("service activation", () => {
  const settings = {
    ...{ size: fixedSize(512), cirPps: 100_000, eirPps: 50_000, steps: [0.5, 1] },
    ...{ stepNs: second, performanceNs: 2 * second, policing: true, policingMargin: 0.01 },
    criteria: { lossRatio: 0.001, delayNs: null, delayVariationNs: null },
  };

  it("passes a policed service step by step", async () => {
    const steps = await serviceActivation(simulatedBench({ capacityPps: 150_000 }), settings);
    expect(steps.map(({ step, verdict }) => `${step} ${verdict}`)).toEqual([
      "CIR 50 % pass",
      "CIR 100 % pass",
      "CIR + EIR pass",
      "policing pass",
      "performance pass",
    ]);
  });

  it.each([
    ["a delay", { delayNs: 0.4 * second }],
    ["a queue that is full of frames above the rate", { queueFrames: 20_000 }],
    ["both", { delayNs: 0.1 * second, queueFrames: 20_000 }],
  ])("passes one with %s: what comes back per second is what counts", async (_, device) => {
    const steps = await serviceActivation(simulatedBench({ capacityPps: 150_000, ...device }), settings);
    expect(steps.filter(({ verdict }) => verdict !== "pass")).toEqual([]);
    expect(steps.find(({ step }) => step === "policing")?.rxPps).toBe(150_000);
  });

  it("fails one that lets more through than was bought", async () => {
    const steps = await serviceActivation(simulatedBench({ capacityPps: 500_000 }), settings);
    expect(steps.find(({ step }) => step === "policing")).toMatchObject({ verdict: "fail" });
  });

  it("ends at the first share of its rate that it does not keep", async () => {
    const steps = await serviceActivation(simulatedBench({ capacityPps: 80_000 }), settings);
    expect(steps.map(({ step, verdict }) => `${step} ${verdict}`)).toEqual(["CIR 50 % pass", "CIR 100 % fail"]);
  });

  it("judges promised delays, and fails what was not measured", async () => {
    const criteria = { lossRatio: 0, delayNs: 1, delayVariationNs: null };
    const [first] = await serviceActivation(simulatedBench({ capacityPps: 150_000 }), { ...settings, criteria });
    expect(first.reasons[0]).toMatch(/^mean delay .* promises 1 ns$/);
  });
});

describe("a trial's use", () => {
  it("is its loss, of everything that was on offer", () => {
    const trial = {
      ...forwarding64,
      sent: 900,
      lost: 90,
      corrupt: 10,
      blocked: 150,
      blockedOwn: 50,
      verdict: "pass" as const,
    };
    expect(useOf([trial])).toEqual({ kind: "measured", lossRatio: 200 / 1_000 });
  });

  it("is none where the machine was disturbed, whatever else went wrong with it", () => {
    const of = (...causes: Cause[]) =>
      useOf([{ ...forwarding64, verdict: "invalid", reasons: [...causes], causes }]).kind;
    expect(of("steal", "load")).toBe("unusable");
    expect(of("load")).toBe("short");
    expect(of("late", "lost")).toBe("short");
    expect(of("unaccounted")).toBe("unusable");
    expect(of("stood still", "load")).toBe("unusable");
    // Of a document that has no causes nothing is known.
    expect(useOf([{ ...forwarding64, verdict: "invalid", reasons: ["it sent less"] }]).kind).toBe("unusable");
  });

  it("is none for times where frames left late, though nothing was lost", () => {
    const late = { ...forwarding64, verdict: "pass" as const, untimely: "the generator sent 9 of 10 frames late" };
    expect(useOf([late]).kind).toBe("measured");
    expect(useOf([late], [], "times")).toMatchObject({
      kind: "unusable",
      why: { cause: "late", text: late.untimely },
      disturbed: true,
    });
  });

  describe("that is only to lie on one side of its goals", () => {
    const uneven = (lost: number, causes: Cause[]) => ({
      ...forwarding64,
      ...{ sent: 1_000, blocked: 0, corrupt: 0, late: 200, lost, durationNs: 1e9 },
      disturbance: { stealMs: 100, switches: 0, calibration: 1 },
      verdict: "invalid" as const,
      reasons: causes.map((cause) => `because of ${cause}`),
      causes,
    });

    it.each([
      // 200 left late and 100 were due in stolen time: 300 of the lost ones may be no fault of the device's.
      ["nothing lost", 0, [0], "measured"],
      ["one lost", 1, [0], "unusable"],
      ["as many as can be excused", 300, [0], "unusable"],
      ["more", 301, [0], "measured"],
      ["within the only goal", 5, [0.005], "measured"],
      ["between two goals", 5, [0, 0.005], "unusable"],
      ["beyond two goals by more than can be excused", 306, [0, 0.005], "measured"],
      ["beyond one of them", 304, [0, 0.005], "unusable"],
      ["nothing lost, and figures that count themselves", 0, [], "unusable"],
    ])("%s", (_, lost, goals, kind) => {
      expect(useOf([uneven(lost, ["steal", "late"])], goals).kind).toBe(kind);
    });

    it("not where frames were never offered, the machine's speed changed, or something else was wrong", () => {
      for (const cause of ["load", "speed", "unaccounted", "stood still", "own drops"] as const) {
        expect(useOf([uneven(0, ["late", cause])], [0]).kind).not.toBe("measured");
      }
    });
  });
});
