/** Another host's clock, from questions and answers: the true offset is always within the bound. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  appliedClock,
  type ClockExchange,
  checkTrialClock,
  fitClock,
  fitLatest,
  loopCloses,
  offsetAt,
  rateOf,
} from "../../src/stats/clock-fit.js";

/** Their clock: so far ahead at our time 0, and so much faster. */
interface Clock {
  readonly aheadNs: number;
  readonly ratePpb: number;
}

const startNs = 3e14;
const aheadAt = ({ aheadNs, ratePpb }: Clock, ns: number): number => aheadNs + (ns - startNs) * (ratePpb / 1e9);

interface Ways {
  readonly thereNs: number;
  readonly heldNs: number;
  readonly backNs: number;
}

function exchangeAt(atNs: number, { thereNs, heldNs, backNs }: Ways, aheadNs: (ns: number) => number): ClockExchange {
  const theirs = (ns: number): number => Math.floor(ns + aheadNs(ns));
  const [came, left] = [atNs + thereNs, atNs + thereNs + heldNs];
  return { t1Ns: Math.floor(atNs), t2Ns: theirs(came), t3Ns: theirs(left), t4Ns: Math.floor(left + backNs) };
}

const clocks: fc.Arbitrary<Clock> = fc.record({
  aheadNs: fc.integer({ min: -9_000, max: 9_000 }).map((seconds) => seconds * 1e9 + 12_345),
  ratePpb: fc.integer({ min: -200_000, max: 200_000 }),
});
/** Asymmetric, with queues now and then, and sometimes hardly any time at all. */
const way = fc.oneof(
  { weight: 2, arbitrary: fc.double({ min: 0, max: 3, noNaN: true }) },
  { weight: 4, arbitrary: fc.integer({ min: 5_000, max: 60_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 60_000, max: 5_000_000 }) },
);
const ways = fc.record({ thereNs: way, heldNs: fc.integer({ min: 100, max: 200_000 }), backNs: way });
/** Pauses and ways, one exchange after another. */
const series = fc.array(fc.tuple(fc.integer({ min: 200_000, max: 20_000_000 }), ways), { minLength: 1, maxLength: 40 });

function exchangesOf(
  steps: readonly (readonly [number, Ways])[],
  fromNs: number,
  aheadNs: (ns: number) => number,
): ClockExchange[] {
  let atNs = fromNs;
  return steps.map(([pauseNs, way]) => {
    const exchange = exchangeAt(atNs, way, aheadNs);
    atNs = exchange.t4Ns + pauseNs;
    return exchange;
  });
}

const even = (count: number, rttNs = 40_000): [number, Ways][] =>
  Array.from({ length: count }, () => [5_000_000, { thereNs: rttNs / 2, heldNs: 1_000, backNs: rttNs / 2 }]);

describe("one exchange", () => {
  it("gives half its round trip as the bound, and the middle as the offset", () => {
    const fit = fitClock([{ t1Ns: 1_000, t2Ns: 51_000, t3Ns: 52_000, t4Ns: 9_000 }])!;
    const { offsetNs, boundNs } = offsetAt(fit, 5_000);
    expect(fit).toMatchObject({ exchanges: 1, minRttNs: 7_000 });
    // (50,000 + 43,000) / 2, give or take 3,500; a stamp is cut to a ns, and the rate is bounded by 1,000 ppm.
    expect(offsetNs).toBeCloseTo(46_500, -1);
    expect(boundNs).toBeGreaterThan(3_500);
    expect(boundNs).toBeLessThan(3_510);
  });

  it("is needed", () => {
    expect(fitClock([])).toBeNull();
    expect(fitLatest([])).toEqual({ fit: null, moved: false });
  });
});

describe("clocks at steady rates", () => {
  it("the true offset and rate are within their bounds, in the exchanges' time and beyond it", () => {
    fc.assert(
      fc.property(clocks, series, fc.integer({ min: -60, max: 60 }), (clock, steps, seconds) => {
        const exchanges = exchangesOf(steps, startNs, (ns) => aheadAt(clock, ns));
        const fit = fitClock(exchanges)!;
        expect(fit).not.toBeNull();
        const [first, last] = [exchanges[0]!.t1Ns, exchanges.at(-1)!.t4Ns];
        for (const atNs of [first, (first + last) / 2, last, startNs + seconds * 1e9]) {
          const { offsetNs, boundNs } = offsetAt(fit, atNs);
          expect(Math.abs(offsetNs - aheadAt(clock, atNs))).toBeLessThanOrEqual(boundNs);
        }
        const { ratePpb, rateBoundPpb } = rateOf(fit);
        expect(Math.abs(ratePpb - clock.ratePpb)).toBeLessThanOrEqual(rateBoundPpb);
      }),
      { numRuns: 300 },
    );
  });

  it("the bound at each exchange is no more than half its round trip", () => {
    fc.assert(
      fc.property(clocks, series, (clock, steps) => {
        const exchanges = exchangesOf(steps, startNs, (ns) => aheadAt(clock, ns));
        const fit = fitClock(exchanges)!;
        for (const { t1Ns, t2Ns, t3Ns, t4Ns } of exchanges) {
          const { boundNs } = offsetAt(fit, (t1Ns + t4Ns) / 2);
          // Beside the round trip: how far the rate can be off while the question is under way, and 2 ns of stamps.
          const driftNs = ((t4Ns - t1Ns) * 1_000_000) / 1e9;
          expect(boundNs).toBeLessThanOrEqual((t4Ns - t1Ns - (t3Ns - t2Ns)) / 2 + driftNs + 2);
        }
      }),
      { numRuns: 100 },
    );
  });

  it("more exchanges make no bound larger", () => {
    fc.assert(
      fc.property(clocks, series, (clock, steps) => {
        const exchanges = exchangesOf(steps, startNs, (ns) => aheadAt(clock, ns));
        const [few, all] = [fitClock(exchanges.slice(0, Math.ceil(exchanges.length / 2)))!, fitClock(exchanges)!];
        const atNs = exchanges.at(-1)!.t4Ns;
        expect(offsetAt(all, atNs).boundNs).toBeLessThanOrEqual(offsetAt(few, atNs).boundNs + 0.1);
      }),
      { numRuns: 100 },
    );
  });

  it("on a quiet line the rate is known to a few ppm after a second, and the middle has no residual", () => {
    const clock = { aheadNs: 4e12, ratePpb: -3_100 };
    const fit = fitClock(exchangesOf(even(200), startNs, (ns) => aheadAt(clock, ns)))!;
    expect(rateOf(fit).rateBoundPpb).toBeLessThan(45_000);
    expect(fit.residualNs).toBeLessThan(10);
    expect(fit.minRttNs).toBe(40_000);
  });
});

describe("a clock that moves", () => {
  const fromNs = startNs;
  const steady = { aheadNs: 7e12, ratePpb: 20_000 };
  const steppedBy = (byNs: number, whenNs: number) => (ns: number) => aheadAt(steady, ns) + (ns >= whenNs ? byNs : 0);

  it("fits no line after a step that is larger than the round trip, and the newest exchanges go on", () => {
    const exchanges = exchangesOf(even(40), fromNs, steppedBy(1e6, fromNs + 100e6));
    expect(fitClock(exchanges)).toBeNull();
    const { fit, moved } = fitLatest(exchanges);
    expect(moved).toBe(true);
    expect(fit!.exchanges).toBeGreaterThan(15);
    expect(fit!.exchanges).toBeLessThan(21);
    const { offsetNs, boundNs } = offsetAt(fit!, exchanges.at(-1)!.t4Ns);
    expect(Math.abs(offsetNs - steppedBy(1e6, 0)(exchanges.at(-1)!.t4Ns))).toBeLessThanOrEqual(boundNs);
  });

  it("is unknown right after the step", () => {
    expect(fitLatest(exchangesOf(even(40), fromNs, steppedBy(1e6, fromNs + 190e6)))).toEqual({
      fit: null,
      moved: true,
    });
  });

  it("old exchanges are forgotten after a minute", () => {
    const old = exchangesOf(even(10), fromNs, (ns) => aheadAt(steady, ns) + 5e6);
    const fresh = exchangesOf(even(10), fromNs + 90e9, (ns) => aheadAt(steady, ns));
    expect(fitLatest([...old, ...fresh])).toMatchObject({ moved: false, fit: { exchanges: 10 } });
  });

  const trial = { fromNs: fromNs + 1e9, toNs: fromNs + 11e9 };
  const check = (ahead: (ns: number) => number) => {
    const before = exchangesOf(even(100), fromNs, ahead);
    const after = exchangesOf(even(100), trial.toNs + 1e8, ahead);
    const applied = appliedClock(fitClock(before)!, trial.fromNs, trial.toNs);
    return { applied, checked: checkTrialClock(applied, before, after, trial) };
  };

  it("that keeps its rate over a trial proves what was applied, and how wrong it was at most", () => {
    fc.assert(
      fc.property(clocks, (clock) => {
        const { applied, checked } = check((ns) => aheadAt(clock, ns));
        if (checked.kind !== "steady") throw new Error(`it is ${checked.kind}`);
        for (const atNs of [trial.fromNs, trial.fromNs + 5e9, trial.toNs]) {
          const claimed = applied.offsetNs + ((atNs - applied.atNs) * applied.ratePpb) / 1e9;
          expect(Math.abs(claimed - aheadAt(clock, atNs))).toBeLessThanOrEqual(checked.boundNs);
        }
      }),
      { numRuns: 50 },
    );
  });

  it("is found out where it is stepped in the trial, or slewed", () => {
    const stepped = check(steppedBy(5e6, trial.fromNs + 3e9)).checked;
    expect(stepped).toMatchObject({ kind: "moved", byPpb: null });
    const slewed = check((ns) => aheadAt(steady, ns) + Math.max(0, ns - trial.fromNs) * 500e-6).checked;
    expect(slewed).toMatchObject({ kind: "moved" });
    expect((slewed as { byPpb: number }).byPpb / 500_000).toBeCloseTo(1, 0);
  });

  it("is unknown with too few exchanges on either side", () => {
    const before = exchangesOf(even(100), fromNs, (ns) => aheadAt(steady, ns));
    const applied = appliedClock(fitClock(before)!, trial.fromNs, trial.toNs);
    expect(checkTrialClock(applied, before, before.slice(0, 3), trial)).toEqual({ kind: "unknown" });
    expect(checkTrialClock(applied, [], before, trial)).toEqual({ kind: "unknown" });
  });
});

describe("a loop of hosts", () => {
  it("closes within the bounds, and an asymmetric way that exceeds them is found", () => {
    const offsets = [10, -4, -7].map((offsetNs) => ({ offsetNs, boundNs: 1 }));
    expect(loopCloses(offsets)).toBe(true);
    expect(loopCloses([...offsets, { offsetNs: -3, boundNs: 0 }])).toBe(false);
  });
});
