/** The ledger names link and number of what is missing. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  checkEquations,
  type GeneratorQueueCounters,
  type HopCounters,
  type HopQueueCounters,
  ledger,
  type TrialCounts,
} from "../../src/stats/ledger.js";

const names = ["host>", "container", "host<"];

/** Three hops over two queues that lose nothing. */
function cleanRun(sent: readonly number[] = [500, 500]): {
  generator: GeneratorQueueCounters[];
  hops: HopCounters[];
} {
  return {
    generator: sent.map((frames, queue) => ({ queue, sent: frames, arrived: frames, inRing: 0 })),
    hops: names.map((name) =>
      hop(
        name,
        sent.map((frames, queue) => counters(queue, frames, frames)),
      ),
    ),
  };
}

function counters(queue: number, rx: number, tx: number, rest: Partial<HopQueueCounters> = {}): HopQueueCounters {
  return { queue, rx, tx, dropped: 0, duplicated: 0, inRing: 0, ...rest };
}

function hop(name: string, queues: HopQueueCounters[]): HopCounters {
  const total = (key: Exclude<keyof HopQueueCounters, "queue">): number => queues.reduce((sum, q) => sum + q[key], 0);
  return {
    name,
    queues,
    rx: total("rx"),
    tx: total("tx"),
    dropped: total("dropped"),
    duplicated: total("duplicated"),
    inRing: total("inRing"),
  };
}

describe("ledger", () => {
  it("is at rest when everything is accounted for", () => {
    const { generator, hops } = cleanRun();
    expect(ledger(generator, hops)).toEqual({ residuals: [], unaccounted: 0, sentences: [] });
  });

  it("lets drops, duplicates and frames left in rings explain differences", () => {
    const hops = [
      hop("host>", [counters(0, 990, 900, { dropped: 90, inRing: 10 })]),
      hop("container", [counters(0, 900, 950, { duplicated: 50 })]),
      hop("host<", [counters(0, 950, 950)]),
    ];
    expect(ledger([{ queue: 0, sent: 1000, arrived: 943, inRing: 7 }], hops).unaccounted).toBe(0);
  });

  it("names link, queue and number of what is missing, and never lets two errors cancel", () => {
    const { generator, hops } = cleanRun();
    hops[0] = hop("host>", [counters(0, 483, 483), counters(1, 517, 517)]);
    const found = ledger(generator, hops);
    expect(found.unaccounted).toBe(17 * 4);
    expect(found.sentences).toEqual([
      "host> queue 0 took 17 frames fewer than were sent",
      "host> queue 1 took 17 frames more than were sent",
      "container queue 0 took 17 frames more than host> handed on",
      "container queue 1 took 17 frames fewer than host> handed on",
    ]);
  });

  it("says what a hop kept, and what it made up", () => {
    const { generator, hops } = cleanRun([10]);
    hops[0] = hop("host>", [counters(0, 10, 9)]);
    hops[1] = hop("container", [counters(0, 9, 10)]);
    expect(ledger(generator, hops).sentences).toEqual([
      "host> queue 0 took 1 frame that it neither handed on nor counted as dropped",
      "container queue 0 handed on or counted as dropped 1 frame more than it took",
    ]);
  });

  it("takes the generator as the last hop, with stray frames", () => {
    const { generator, hops } = cleanRun([10]);
    expect(ledger([{ ...generator[0], arrived: 12 }], hops).sentences).toEqual([
      "generator queue 0 took 2 frames more than host< handed on",
    ]);
  });

  it("compares totals where a device under test counts per port only", () => {
    const { generator, hops } = cleanRun();
    hops[1] = { ...hops[1], queues: [], rx: 983 };
    expect(ledger(generator, hops).sentences).toEqual([
      "container took 17 frames fewer than host> handed on",
      "container handed on or counted as dropped 17 frames more than it took",
    ]);
  });

  it("takes a queue that is not listed as idle", () => {
    const { generator, hops } = cleanRun([10, 0]);
    hops[1] = hop("container", [counters(0, 10, 10)]);
    expect(ledger(generator, hops).unaccounted).toBe(0);
  });

  it("finds a port whose queues do not add up to it", () => {
    const { generator, hops } = cleanRun([10]);
    hops[2] = { ...hops[2], dropped: 3 };
    expect(ledger(generator, hops)).toMatchObject({
      unaccounted: 3,
      sentences: ["host< counts 3 frames more in dropped than its queues do"],
    });
  });

  it("knows nothing without counters", () => {
    expect(ledger(cleanRun().generator, [])).toEqual({ residuals: [], unaccounted: null, sentences: [] });
  });

  it("finds any single counter that is wrong", () => {
    const keys = ["rx", "tx", "dropped", "duplicated", "inRing"] as const;
    fc.assert(
      fc.property(fc.nat(2), fc.nat(1), fc.constantFrom(...keys), fc.integer({ min: 1 }), (at, queue, key, by) => {
        const { generator, hops } = cleanRun();
        const queues = hops[at].queues.map((q) => (q.queue === queue ? { ...q, [key]: q[key] + by } : q));
        hops[at] = hop(names[at], queues);
        const found = ledger(generator, hops);
        expect(found.unaccounted).toBeGreaterThanOrEqual(by);
        expect(found.sentences.length).toBe(found.residuals.length);
        expect(found.sentences.join()).toContain(`queue ${queue}`);
      }),
    );
  });
});

describe("checkEquations", () => {
  const good: TrialCounts = {
    intended: 1000,
    late: 4,
    missed: 2,
    blocked: 8,
    sent: 990,
    received: 985,
    accepted: 980,
    lost: 7,
    duplicate: 1,
    reordered: 5,
    corrupt: 3,
    tooOld: 1,
    stale: 9,
    foreign: 9,
  };

  it("passes counts that add up", () => {
    expect(checkEquations(good)).toEqual([]);
  });

  it("names the equation that does not hold, with its numbers", () => {
    expect(checkEquations({ ...good, lost: 8 })).toEqual([
      "sent = accepted + lost + corrupt does not hold: 990 ≠ 980 + 8 + 3 = 991",
    ]);
    expect(checkEquations({ ...good, missed: 0 })).toHaveLength(1);
    expect(checkEquations({ ...good, duplicate: 0 })).toHaveLength(1);
    expect(checkEquations({ ...good, late: 991 })).toEqual(["late ⊂ sent does not hold: 991 > 990"]);
    expect(checkEquations({ ...good, reordered: 981 })).toHaveLength(1);
  });

  it("refuses what is no count", () => {
    expect(checkEquations({ ...good, foreign: -1 })).toEqual(["foreign is -1, which is no count of frames"]);
    expect(checkEquations({ ...good, stale: 0.5 })).toHaveLength(1);
    expect(checkEquations({ ...good, stale: Number.NaN })).toHaveLength(1);
  });
});
