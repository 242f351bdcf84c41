/** Soaks against a simulated device: pieces, spells of loss, and being taken up again. */
import { describe, expect, it } from "vitest";
import { runSoak, SoakLog } from "../../src/method/soak.js";
import { judgeSoak } from "../../src/method/soak-verdict.js";
import { usualTolerances } from "../../src/tolerances.js";
import { fixedSize } from "../../src/units.js";
import { forwarding64, passed } from "../support/sample.js";
import { simulatedBench } from "../support/simulated-bench.js";
import { second } from "./method-rig.js";

describe("soak", () => {
  const size = fixedSize(64);
  const piece = (lost: number, from = 500) => ({
    ...forwarding64,
    durationNs: second,
    sent: 10_000,
    received: 10_000 - lost,
    accepted: 10_000 - lost,
    lost,
    lostRanges: lost === 0 ? [] : [[from, from + lost - 1] as [number, number]],
  });
  const began = new Date("2026-01-02T03:04:05.000Z");

  it("adds pieces up, and keeps each spell of loss with its time and length", () => {
    const log = new SoakLog({ size, pps: 10_000, resume: null });
    log.add([piece(0)], began);
    log.add([piece(20)], began);
    expect(log.soak()).toMatchObject({
      elapsedNs: 2 * second,
      events: [{ at: "2026-01-02T03:04:05.050Z", startNs: 1.05 * second, durationNs: 2e6, lost: 20 }],
    });
  });

  /** Of a piece over two queues: ranges of one queue have every second number. */
  const overTwo = (lostRanges: [number, number][], counts: { lost: number; corrupt?: number }) => {
    const log = new SoakLog({ size, pps: 10_000, firstNumber: 1_000, resume: null });
    log.add([{ ...piece(0), queues: 2, lostRanges, ...counts }], began);
    return log
      .soak()
      .events.map(({ startNs, durationNs, lost }) => ({ ms: startNs / 1e6, forMs: durationNs / 1e6, lost }));
  };

  it("knows spells over several queues: how many frames, since when and how long", () => {
    expect(overTwo([[1_010, 1_014]], { lost: 3 })).toEqual([{ ms: 1, forMs: 0.5, lost: 3 }]);
    // All queues lost what they were sent: one spell.
    expect(
      overTwo(
        [
          [1_010, 1_018],
          [1_011, 1_019],
          [1_040, 1_040],
        ],
        { lost: 11 },
      ),
    ).toEqual([
      { ms: 1, forMs: 1, lost: 10 },
      { ms: 4, forMs: 0.1, lost: 1 },
    ]);
  });

  it("counts what is in no spell that it knows, and what came back damaged", () => {
    expect(overTwo([[1_010, 1_014]], { lost: 5 })).toEqual([
      { ms: 1, forMs: 0.5, lost: 3 },
      { ms: 0, forMs: 1_000, lost: 2 },
    ]);
    expect(overTwo([[1_010, 1_014]], { lost: 1, corrupt: 2 })).toEqual([{ ms: 1, forMs: 0.5, lost: 3 }]);
  });

  it("stays as large as it is, and loses no frame from its sums", () => {
    const log = new SoakLog({ size, pps: 10_000, resume: null });
    for (let i = 0; i < 20_000; i++) log.add([piece(i % 7)], began);
    const { intervals, events, eventsLeftOut, elapsedNs } = log.soak();
    expect(intervals.length).toBeLessThanOrEqual(1_000);
    expect(events).toHaveLength(1_000);
    expect(events.length + eventsLeftOut).toBe(20_000 - Math.ceil(20_000 / 7));
    expect(intervals.reduce((sum, { sent }) => sum + sent, 0)).toBe(200_000_000);
    expect(intervals.reduce((sum, { lost }) => sum + lost, 0)).toBe(
      Array.from({ length: 20_000 }, (_, i) => i % 7).reduce((a, b) => a + b),
    );
    expect(elapsedNs).toBe(20_000 * second);
  });

  it("fails by its loss, and is invalid where the load was not offered", () => {
    const judged = (lost: number, pps: number, limit: number): string => {
      const log = new SoakLog({ size, pps, resume: null });
      log.add([piece(lost)], began);
      return judgeSoak(
        { ...passed, verdict: "pass", soak: log.soak() },
        { lossRatioMax: limit, tolerances: usualTolerances },
      ).verdict;
    };
    expect(judged(0, 10_000, 0)).toBe("pass");
    expect(judged(1, 10_000, 0)).toBe("fail");
    expect(judged(1, 10_000, 0.001)).toBe("pass");
    expect(judged(1, 10_020, 0.001)).toBe("invalid");
  });

  it("is over when its pieces are, though their windows are a gap between frames short", async () => {
    const bench = simulatedBench({ capacityPps: 1e6 });
    const measure: typeof bench.measure = async (request) =>
      (await bench.measure(request)).map((trial) => ({ ...trial, durationNs: trial.durationNs - 100_000 }));
    const settings = { size, pps: 10_000, durationNs: 5 * second, pieceNs: second, resume: null };
    const whole = await runSoak(
      { measure, ended: () => bench.ended() },
      settings,
      () => began,
      () => {},
    );
    expect(whole.intervals).toHaveLength(5);
  });

  it("is taken up again from its report", async () => {
    const settings = { size, pps: 10_000, durationNs: 5 * second, pieceNs: second, resume: null };
    const dying = simulatedBench({ capacityPps: 1e6, diesIn: 3 });
    const states: number[] = [];
    const first = await runSoak(
      dying,
      settings,
      () => began,
      (now) => states.push(now.elapsedNs),
    );
    expect(states).toEqual([second, 2 * second, 3 * second]);
    const rest = simulatedBench({ capacityPps: 1e6 });
    const whole = await runSoak(
      rest,
      { ...settings, resume: first },
      () => began,
      () => {},
    );
    expect(rest.requests).toHaveLength(2);
    expect(whole).toMatchObject({ elapsedNs: 5 * second, resumed: 1 });
    expect(whole.intervals.reduce((sum, { sent }) => sum + sent, 0)).toBe(50_000);
  });
});
