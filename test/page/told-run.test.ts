/** A run as its events tell it: what is shown, when, and how much of it is left. */
import { expect, it } from "vitest";
import { isPaused, remainingMs, ToldRun } from "../../src/page/told-run.js";
import { configOf, doneOf, numbered, planned, recordedRun, sampleOf, trialRow } from "../support/recorded-run.js";

const told = (events: ReturnType<typeof numbered>): ToldRun => {
  const run = new ToldRun();
  for (const event of events) run.apply(event, 1_000);
  return run;
};

it("shows what came, once it is committed", () => {
  const run = told(recordedRun());
  expect(run.config.shown).toBeNull();
  run.commit();
  expect(run.config.shown?.id).toBe("r-1");
  expect(run.series.count).toBe(40);
  expect(run.trials.shown).toHaveLength(1);
  expect(run.markers.shown.map(({ text }) => text)).toEqual(["rate 20kpps, was 10kpps"]);
  expect([...run.histograms.shown.keys()]).toEqual(["latency null", "gap null"]);
  expect(run.done.shown?.verdict).toBe("fail");
  expect(run.elapsedMs(99_000)).toBe(11_000);
});

it("begins anew with a new config, and has no trial twice", () => {
  const run = told(
    numbered([
      ["config", configOf()],
      ["trial", trialRow()],
      ["trial", trialRow({ lost: 41 })],
    ]),
  );
  expect(run.trials.value.map(({ lost }) => lost)).toEqual([41]);
  run.apply({ id: 9, event: "config", data: configOf({ id: "r-2" }) }, 1_000);
  run.commit();
  expect([run.trials.shown, run.markers.shown, run.series.count]).toEqual([[], [], 0]);
});

it("is paused until it goes on, or until the next trial, which begins unpaused", () => {
  const run = told(numbered([["config", configOf()]]));
  const after = (event: "state" | "marker", data: object): boolean => {
    run.apply({ id: run.lastId + 1, event, data } as never, 0);
    return isPaused(run);
  };
  expect(after("state", { t: 100, state: "running", trial: 0 })).toBe(false);
  expect(after("marker", { t: 200, what: "pause", text: "paused" })).toBe(true);
  expect(after("marker", { t: 300, what: "rate", text: "rate 1kpps" })).toBe(true);
  expect(after("marker", { t: 350, what: "resume", text: "goes on" })).toBe(false);
  expect(after("marker", { t: 400, what: "pause", text: "paused" })).toBe(true);
  expect(after("state", { t: 900, state: "settling" })).toBe(false);
  expect(after("state", { t: 1_000, state: "running", trial: 1 })).toBe(false);
});

it("ignores events that it does not know", () => {
  const run = told(numbered([["config", configOf()]]));
  run.apply({ id: 2, event: "weather", data: { t: 1 } } as never, 0);
  expect(run.lastId).toBe(2);
});

it("lets the clock go on between two events, while the stream is open and not for ever", () => {
  const run = told(
    numbered([
      ["config", configOf()],
      ["sample", sampleOf(8)],
    ]),
  );
  expect(run.elapsedMs(1_500)).toBe(2_000);
  run.source.value = "live";
  expect(run.elapsedMs(1_500)).toBe(2_500);
  expect(run.elapsedMs(1_000_000)).toBe(7_000);
});

it("says what is left of trials with a known length, and nothing where nobody knows", () => {
  const trial = planned.trials[0]!;
  const trials = [trial, { ...trial, durationNs: null, count: 20_000 }];
  const run = told(numbered([["config", configOf({ plan: { ...planned, trials } })]]));
  expect(remainingMs(run, 1_000)).toBe(12_000);
  run.apply({ id: 2, event: "state", data: { t: 500, state: "running", trial: 0 } }, 1_000);
  run.apply({ id: 3, event: "sample", data: sampleOf(10) }, 1_000);
  expect(remainingMs(run, 1_000)).toBe(10_000);
  // Somebody gives the open trial more time; the next one has what it was planned with.
  run.apply({ id: 4, event: "marker", data: { t: 2_500, what: "extend", text: "10 s longer", addMs: 10_000 } }, 1_000);
  expect(remainingMs(run, 1_000)).toBe(20_000);
  // While it settles nothing of it is left to be sent.
  run.apply({ id: 5, event: "state", data: { t: 10_500, state: "settling" } }, 1_000);
  expect(remainingMs(run, 1_000)).toBe(2_000);
  run.apply({ id: 6, event: "trial", data: trialRow({ t: 10_600 }) }, 1_000);
  expect(remainingMs(run, 1_000)).toBe(2_000);
  run.apply({ id: 7, event: "done", data: doneOf() }, 1_000);
  expect(remainingMs(run, 1_000)).toBe(0);
  const search = told(numbered([["config", configOf({ command: "ndr", plan: { ...planned, trials: [] } })]]));
  expect(remainingMs(search, 1_000)).toBeNull();
});
