/** The samples that the reports are tested with hold the equations. */
import { describe, expect, it } from "vitest";
import type { Trial } from "../../src/report/index.js";
import { reasonsOf } from "../../src/stats/cause.js";
import { checkEquations, judgeRun, judgeTrial, ledger } from "../../src/stats/index.js";
import { passed, spoiled } from "../support/sample.js";

describe.each([...passed.trials, ...spoiled.trials])("the sample $frameBytes $phase $verdict", (trial: Trial) => {
  it("obeys the equations", () => {
    expect(checkEquations(trial)).toEqual([]);
  });

  it("has the ledger of its counters", () => {
    const generator = trial.queuesSeen.map(({ queue, sent }) => ({ queue, sent, arrived: trial.received, inRing: 0 }));
    const hops = trial.hops.map((hop) => ({
      ...hop,
      duplicated: 0,
      inRing: 0,
      queues: hop.queues.map((queue) => ({ ...queue, duplicated: 0, inRing: 0 })),
    }));
    expect(ledger(generator, hops)).toMatchObject({ unaccounted: trial.unaccounted, sentences: trial.ledger });
  });

  it("gets the verdict that it has", () => {
    const faults = reasonsOf(trial).filter(({ cause }) => cause === "interrupted");
    const { verdict, reasons, notes } = judgeTrial(trial, { lossRatioMax: null, minPps: null, faults });
    expect({ verdict, reasons, notes }).toEqual({ verdict: trial.verdict, reasons: trial.reasons, notes: trial.notes });
  });
});

it("gets the run's verdict from its trials", () => {
  for (const result of [passed, spoiled]) expect(judgeRun(result.trials)).toBe(result.verdict);
});
