/** What somebody asks of a load while it runs, and what its transmitters are told. */
import { describe, expect, it } from "vitest";
import type { TrialSpec } from "../../src/engine/loop/trial-spec.js";
import type { SentTurn, TrialProgress } from "../../src/engine/trial/index.js";
import { changedReason } from "../../src/measure/change-words.js";
import { LoadNow } from "../../src/measure/load-now.js";
import { RunControl } from "../../src/measure/run-control.js";
import { trialResult } from "../../src/measure/trial-result.js";
import { monotonicClock } from "../../src/sys/clock.js";
import { fixedSize } from "../../src/units.js";
import { baseOrder, echo, GeneratorSim } from "../support/generator-sim.js";
import { trafficSpec, trafficStream } from "../support/traffic-specs.js";

const stream = (name: string, weight: number) => trafficStream({ name, weight });
const spec = (changes: Partial<TrialSpec> = {}): TrialSpec => ({
  ...baseOrder,
  stream: trafficSpec([stream("a", 3), stream("b", 1)]),
  size: fixedSize(64),
  load: { kind: "paced", pps: 1_000 },
  ...changes,
});
const loadNow = (changes: Partial<TrialSpec> = {}, line: number | null = null): LoadNow =>
  new LoadNow(spec(changes), line);
const pps = (value: number) => ({ kind: "pps", pps: value }) as const;

describe("a load that is changed", () => {
  it("has a rate of all together, of which each stream keeps its share", () => {
    const load = loadNow();
    expect(load.apply({ kind: "rate", streams: "all", rate: pps(4_000) })).toEqual({
      turns: [{ stream: -1, speed: 4 }],
      streams: null,
      pps: 4_000,
    });
    expect(load.state).toEqual({
      paused: false,
      pps: 4_000,
      streams: [
        { name: "a", paused: false, pps: 3_000 },
        { name: "b", paused: false, pps: 1_000 },
      ],
    });
  });

  it("has rates of single streams, beside the rate of all", () => {
    const load = loadNow();
    load.apply({ kind: "rate", streams: "all", rate: pps(4_000) });
    // Planned are 250 a second, and all run four times as fast.
    expect(load.apply({ kind: "rate", streams: ["b"], rate: pps(500) }).turns).toEqual([{ stream: 1, speed: 0.5 }]);
    expect(load.state.pps).toBe(3_500);
    expect(load.apply({ kind: "rate", streams: "all", rate: pps(7_000) }).turns).toEqual([{ stream: -1, speed: 8 }]);
    expect(load.state.streams.map((each) => each.pps)).toEqual([6_000, 1_000]);
  });

  it("is paused and goes on as a whole, or stream by stream", () => {
    const load = loadNow();
    expect(load.apply({ kind: "pause", streams: ["b"] })).toEqual({
      turns: [{ stream: 1, speed: 0 }],
      streams: ["b"],
      pps: null,
    });
    expect(load.totalPps).toBe(750);
    expect(load.apply({ kind: "pause", streams: "all" }).pps).toBe(0);
    expect(load.state).toMatchObject({ paused: true, pps: 0 });
    expect(() => load.apply({ kind: "resume", streams: ["b"] })).toThrow(/all of the load is paused/);
    // A rate that is asked for meanwhile is that of later.
    expect(load.apply({ kind: "rate", streams: "all", rate: pps(2_000) }).turns).toEqual([{ stream: -1, speed: 0 }]);
    expect(load.apply({ kind: "resume", streams: "all" }).turns).toEqual([
      { stream: -1, speed: 2 },
      { stream: 1, speed: 1 },
    ]);
    expect(load.state).toMatchObject({ paused: false, pps: 2_000 });
  });

  it("has no turn where it is paused, or goes on, already", () => {
    const load = loadNow();
    expect(load.apply({ kind: "resume", streams: "all" })).toEqual({ turns: [], streams: null, pps: 1_000 });
    expect(load.apply({ kind: "resume", streams: ["a"] }).turns).toEqual([]);
    load.apply({ kind: "pause", streams: ["a"] });
    expect(load.apply({ kind: "pause", streams: ["a", "b"] }).turns).toEqual([{ stream: 1, speed: 0 }]);
    expect(load.apply({ kind: "pause", streams: "all" }).turns).toEqual([{ stream: -1, speed: 0 }]);
    expect(load.apply({ kind: "pause", streams: "all" }).turns).toEqual([]);
  });

  it("takes rates in bits and percent, as a run does", () => {
    const load = loadNow({}, 1e9);
    const percent = { kind: "percent", share: 0.1 } as const;
    expect(load.apply({ kind: "rate", streams: "all", rate: percent }).pps).toBeCloseTo(1e8 / (84 * 8), 6);
    const bits = { kind: "bps", layer: 1, bps: 672_000 } as const;
    expect(load.apply({ kind: "rate", streams: ["a", "b"], rate: bits }).pps).toBeCloseTo(2_000, 6);
    expect(load.state.streams.map((each) => Math.round(each.pps!))).toEqual([1_000, 1_000]);
  });

  it("refuses what cannot be, and stays as it is", () => {
    const load = loadNow();
    const before = load.state;
    const named = (name: string) => () => load.apply({ kind: "pause", streams: [name] });
    expect(named("A")).toThrow(/there is no stream "A"/);
    expect(() => load.apply({ kind: "pause", streams: [] })).toThrow(/no stream is named/);
    expect(() => load.apply({ kind: "rate", streams: "all", rate: pps(1e12) })).toThrow(/cannot be scheduled/);
    const percent = { kind: "percent", share: 0.1 } as const;
    expect(() => load.apply({ kind: "rate", streams: "all", rate: percent })).toThrow(/no line speed/);
    expect(load.state).toEqual(before);
    const atMax = loadNow({ load: { kind: "max" } });
    expect(() => atMax.apply({ kind: "rate", streams: "all", rate: pps(5) })).toThrow(/max has no rate/);
    expect(atMax.apply({ kind: "pause", streams: "all" })).toMatchObject({ turns: [{ speed: 0 }], pps: null });
    const steps = [
      { pps: 5, durationNs: 1e9 },
      { pps: 9, durationNs: 1e9 },
    ];
    expect(() =>
      loadNow({ load: { kind: "stepped", steps } }).apply({ kind: "rate", streams: "all", rate: pps(5) }),
    ).toThrow(/one rate after another/);
  });

  it("of one rate after another goes on as fast as the highest of them", () => {
    const steps = [
      { pps: 5, durationNs: 1e9 },
      { pps: 9, durationNs: 1e9 },
    ];
    const load = loadNow({ load: { kind: "stepped", steps } });
    load.apply({ kind: "pause", streams: "all" });
    load.apply({ kind: "resume", streams: "all" });
    expect(load.totalPps).toBeCloseTo(9);
  });

  it("of all streams is said without those that are paused alone", () => {
    const load = loadNow({ load: { kind: "paced", pps: 1_000 } });
    const [first] = load.state.streams;
    load.apply({ kind: "pause", streams: [first!.name] });
    const { pps: said } = load.apply({ kind: "rate", streams: "all", rate: pps(1_000) });
    expect(said).toBeCloseTo(load.state.pps!);
    expect(said).toBeLessThan(1_000);
  });
});

/** A generator that makes what it is told, or not. Its trial began a second ago by the clock, unless a test says when. */
class ToldGenerator {
  readonly told: SentTurn[] = [];
  phase: TrialProgress["phase"] = "sending";
  takes = true;
  beganAtNs = 1e9;

  progress = (): TrialProgress => ({
    ...{ phase: this.phase, published: 0, received: 0, accepted: 0, corrupt: 0, missing: 0, late: 0 },
    ...{ turns: this.takes ? this.told.length : 0, beganAtNs: this.beganAtNs, elapsedNs: 0 },
  });

  async change(turns: readonly SentTurn[]): Promise<void> {
    this.told.push(...turns);
  }
}

describe("the control of a run", () => {
  const begun = (generator: ToldGenerator) => {
    const control = new RunControl();
    const end = control.begin({ generator, specs: [spec()], lineRateBps: null });
    return { control, end };
  };

  it("tells the trial that runs, and what was done to it when it ends", async () => {
    const generator = new ToldGenerator();
    const { control, end } = begun(generator);
    const paused = await control.change({ kind: "pause", streams: ["b"] });
    await control.change({ kind: "resume", streams: "all" });
    expect(paused).toMatchObject({ kind: "pause", streams: ["b"], pps: null });
    expect(generator.told.map((turn) => [turn.trial, turn.stream, turn.speed, turn.totalPps])).toEqual([
      [7, 1, 0, 750],
      [7, -1, 1, 1_000],
      [7, 1, 1, 1_000],
    ]);
    expect(generator.told[0]!.atNs - 1e9).toBeCloseTo(paused.atNs, -1);
    expect(end().map(({ kind }) => kind)).toEqual(["pause", "resume"]);
    expect(control.state).toBeNull();
  });

  it("changes nothing in a trial, and tells nobody, where a load that is not paused is to go on", async () => {
    const generator = new ToldGenerator();
    const { control, end } = begun(generator);
    const heard: string[] = [];
    control.listen(({ kind }) => heard.push(kind));
    expect(await control.change({ kind: "resume", streams: "all" })).toMatchObject({ kind: "resume", pps: 1_000 });
    expect([generator.told, heard, end()]).toEqual([[], [], []]);
  });

  it("has nothing to change between trials, and none of what came too late is in the result", async () => {
    const generator = new ToldGenerator();
    await expect(new RunControl().change({ kind: "pause", streams: "all" })).rejects.toThrow(/no trial is sending/);
    const { control, end } = begun(generator);
    generator.phase = "settling";
    await expect(control.change({ kind: "pause", streams: "all" })).rejects.toThrow(/no trial is sending/);
    generator.phase = "sending";
    generator.takes = false;
    await expect(control.change({ kind: "pause", streams: "all" })).rejects.toThrow(/no trial is sending/);
    expect(end()).toEqual([]);
  });
});

describe("more time for the trial that runs", () => {
  const begun = (changes: Partial<TrialSpec>, sinceNs = 0) => {
    const generator = new ToldGenerator();
    generator.beganAtNs = monotonicClock().nowNs() - sinceNs;
    const control = new RunControl();
    const end = control.begin({ generator, specs: [spec(changes)], lineRateBps: null });
    return { generator, control, end };
  };
  const hour = { durationNs: 3_600e9, count: null } as const;
  const extend = (addNs: number) => ({ kind: "extend", addNs }) as const;

  it("is told to the generator, with the load as it is now, and is in the result", async () => {
    const { generator, control, end } = begun(hour);
    await control.change({ kind: "rate", streams: "all", rate: pps(2_000) });
    expect(control.addedNs).toBe(0);
    const made = await control.change(extend(10e9));
    await control.change(extend(5e9));
    expect(made).toMatchObject({ kind: "extend", streams: null, pps: 2_000, addNs: 10e9 });
    expect(generator.told.map(({ stream, speed, totalPps, addNs = 0 }) => [stream, speed, totalPps, addNs])).toEqual([
      [-1, 2, 2_000, 0],
      [-1, 2, 2_000, 10e9],
      [-1, 2, 2_000, 5e9],
    ]);
    expect(control.addedNs).toBe(15e9);
    expect(end().map(({ kind, addNs }) => [kind, addNs])).toEqual([
      ["rate", undefined],
      ["extend", 10e9],
      ["extend", 5e9],
    ]);
    expect(control.addedNs).toBe(0);
  });

  it("comes with a new rate at the same moment, or neither does", async () => {
    const { generator, control, end } = begun(hour);
    const rate = { kind: "rate", streams: "all", rate: pps(2_000) } as const;
    const heard: string[] = [];
    control.listen(({ kind }) => heard.push(kind));
    for (const refused of [
      [rate, extend(Number.MAX_SAFE_INTEGER)],
      [extend(1e9), rate, { ...rate, streams: ["no"] }],
    ]) {
      await expect(control.changeAll(refused)).rejects.toThrow(/too long|no stream/);
      expect([generator.told, heard, control.addedNs, control.state?.pps]).toEqual([[], [], 0, 1_000]);
    }
    const told = await control.changeAll([rate, extend(1e9)]);
    expect([told[0]!.atNs, heard, control.addedNs]).toEqual([told[1]!.atNs, ["rate", "extend"], 1e9]);
    expect(generator.told.map(({ speed, addNs = 0 }) => [speed, addNs])).toEqual([
      [2, 0],
      [2, 1e9],
    ]);
    expect(end().map(({ kind }) => kind)).toEqual(["rate", "extend"]);
  });

  it.each([
    [{ count: 1_000 }, 0, 10e9, /a trial of 1,000 frames ends with its last frame/],
    [{ count: null }, 0, 10e9, /without an end cannot last longer/],
    [{ ...hour }, 0, Number.MAX_SAFE_INTEGER, /is too long/],
    [{ ...hour }, 3_599.9e9, 10e9, /its last frame leaves now, or has left/],
    [{ ...hour }, 3_700e9, 10e9, /its last frame leaves now, or has left/],
  ] as const)("of %j that began %d ns ago, by %d ns, is refused", async (changes, sinceNs, addNs, why) => {
    const { generator, control, end } = begun(changes, sinceNs);
    await expect(control.change(extend(addNs))).rejects.toThrow(why);
    const said = { accepted: expect.any(String), hint: expect.any(String) };
    await expect(control.change(extend(addNs))).rejects.toMatchObject(said);
    expect([generator.told, end(), control.addedNs]).toEqual([[], [], 0]);
  });

  it("that comes too late is not in the result, and what is changed afterwards is", async () => {
    const { generator, control, end } = begun(hour);
    // One direction has ended: more time is refused, and the other one is still paused.
    generator.change = async (turns) => void generator.told.push(...turns.filter(({ addNs = 0 }) => addNs === 0));
    const [late, paused] = [control.change(extend(10e9)), control.change({ kind: "pause", streams: "all" })];
    await expect(late).rejects.toThrow(/no trial is sending/);
    await paused;
    expect(control.addedNs).toBe(0);
    expect(end().map(({ kind }) => kind)).toEqual(["pause"]);
  });

  it("is said in a sentence of its own", () => {
    const more = { atNs: 1.5e9, kind: "extend", streams: null, pps: 1_000, addNs: 10e9 } as const;
    expect(changedReason([more]).text).toBe(
      "somebody gave it more time while it ran (10 s longer, said at 1.5 s), so that it is not the trial that was asked for",
    );
    const pause = { atNs: 2e9, kind: "pause", streams: null, pps: 0 } as const;
    expect(changedReason([more, pause]).text).toMatch(
      /changed the load while it ran \(10 s longer, said at 1.5 s; paused/,
    );
  });
});

describe("a trial that somebody changed", () => {
  const changes = [
    { atNs: 1.5e9, kind: "pause", streams: null, pps: 0 },
    { atNs: 3e9, kind: "resume", streams: null, pps: 1_000 },
    { atNs: 4e9, kind: "rate", streams: ["a", "b", "c", "d"], pps: 20_000 },
  ] as const;
  const asResult = changes.map((change) => ({
    ...change,
    streams: change.streams === null ? null : [...change.streams],
  }));

  it("says so, and shows nothing about a load", () => {
    const report = new GeneratorSim().run({}, echo);
    const trial = trialResult({
      phase: "rate",
      requested: { rate: "100kpps", pps: 100_000, durationNs: null, count: 1000 },
      spec: { ...baseOrder },
      report,
      signed: true,
      disturbance: { stealMs: 0, switches: 0 },
      changes: asResult,
      faults: [changedReason(asResult)],
    });
    expect(trial).toMatchObject({ verdict: "invalid", causes: ["changed"], changes: asResult, lost: 0 });
    expect(trial.reasons[0]).toBe(
      "somebody changed the load while it ran (paused at 1.5 s; resumed at 3 s; a, b, c and 1 more 20 kpps from 4 s), so that its figures are of no one load",
    );
  });
});
