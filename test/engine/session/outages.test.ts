/** The longest outage of a lane while frames still come, against the obvious way: a set of all numbers that came. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LaneBook } from "../../../src/engine/session/lane-book.js";
import { allocateSession, flowCell, SessionMemory } from "../../../src/engine/session/session-memory.js";
import { sequenceCell } from "../../../src/stats/sequence-cells.js";
import { Reference, step } from "../../support/sequence-reference.js";
import { SessionSim, simFlow } from "../../support/session-sim.js";

const window = 65_536;
const gapNs = 100_000;

function lane() {
  const memory = new SessionMemory(allocateSession({ capacity: 4, lanes: 1, ports: 1, trial: 1, heapBytes: 1024 }));
  memory.flows[flowCell.pps] = 1e9 / gapNs;
  const book = new LaneBook(memory);
  return {
    take: (index: number, run = 1): void => {
      book.seen.set([index, 0, 1000]);
      book.take(0, 0, 0, run, 60);
    },
    setGap: (ns: number): void => {
      memory.flows[flowCell.pps] = 1e9 / ns;
    },
    /** As it is told after the loop's next look; `soonNs`: before it. */
    outageNs: (): number => {
      book.look();
      return memory.sequences[sequenceCell.outageNs]!;
    },
    soonNs: (): number => memory.sequences[sequenceCell.outageNs]!,
    restart: (): void => book.restart(0, 1),
  };
}

describe("the longest outage of a lane", () => {
  it("is that of the longest run that is missing, after each frame", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const [is, reference] = [lane(), new Reference(0, window)];
        let highest = -1;
        for (const by of steps) {
          const index = Math.max(0, highest + by);
          highest = Math.max(highest, index);
          is.take(index);
          reference.accept(index);
          const runs = reference.lostRanges(reference.next).map(([from, to]) => to - from + 1);
          const expectedNs = Math.max(0, ...runs) * gapNs;
          if (Math.abs(is.outageNs() - expectedNs) > 1e-6 * expectedNs) expect(is.outageNs()).toBe(expectedNs);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("has the gap of the rate at which its run ended, begins anew with a start, and takes runs of frames", () => {
    const is = lane();
    is.take(0, 10);
    expect(is.outageNs()).toBe(0);
    is.take(60, 4);
    expect(is.outageNs()).toBe(50 * gapNs);
    is.setGap(gapNs * 10);
    is.take(68);
    expect(is.outageNs()).toBe(50 * gapNs);
    is.take(74);
    expect(is.outageNs()).toBe(5 * 10 * gapNs);
    is.restart();
    expect(is.outageNs()).toBe(0);
  });

  it("is at most what it was until the loop looks: no late frame costs a look at all numbers", () => {
    const is = lane();
    is.take(0);
    for (let index = 2; index < 1_000; index += 2) is.take(index);
    expect(is.outageNs()).toBe(gapNs);
    for (let index = 1; index < 999; index += 2) is.take(index);
    expect(is.soonNs()).toBe(gapNs);
    expect(is.outageNs()).toBe(0);
    expect(is.soonNs()).toBe(0);
  });

  it("never grows by a frame that comes late, whatever the rate was before", () => {
    const is = lane();
    is.take(0);
    is.take(101);
    expect(is.outageNs()).toBe(100 * gapNs);
    is.setGap(100 * gapNs);
    is.take(152);
    expect(is.outageNs()).toBe(50 * 100 * gapNs);
    is.take(102);
    expect(is.outageNs()).toBeCloseTo(49 * 100 * gapNs, 0);
    is.take(142);
    expect(is.outageNs()).toBeCloseTo(39 * 100 * gapNs, 0);
    is.restart();
    is.take(0);
    is.take(9);
    is.take(20);
    is.take(15);
    expect(is.outageNs()).toBeCloseTo(8 * 100 * gapNs, 0);
  });
});

it("of what was lost at the end has the rate that the flow ran at, whatever is set since", () => {
  const sim = new SessionSim(2, 16);
  sim.add(simFlow("a", 0, { rate: { kind: "pps", pps: 100_000 } }));
  sim.settleCommands();
  sim.command("start", ["a"]);
  sim.run(2e6);
  sim.run(1e6, () => []);
  sim.command("pause", ["a"]);
  sim.settleCommands(() => []);
  sim.command("rate", ["a"], 10);
  sim.flows.get("a")!.pps = 10;
  sim.command("stop", ["a"]);
  sim.quiet(() => []);
  const { settled, lost, outageNs } = sim.counters("a");
  expect([settled, lost > 50]).toEqual([true, true]);
  expect(outageNs).toBeCloseTo(lost * 10_000, 0);
});
