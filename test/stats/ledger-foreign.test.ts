/** Frames of somebody else in the ledger explain what they may, and nothing else. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type HopCounters, ledger } from "../../src/stats/index.js";

const hop = (name: string, rx: number, tx: number, dropped = 0): HopCounters => ({
  ...{ name, rx, tx, dropped, duplicated: 0, inRing: 0, queues: [] },
});
/** `arrived`: whatever it is. */
const between = (sent: number, arrived: number) => [{ queue: 0, sent, arrived, inRing: 0 }];
const unaccounted = (sent: number, arrived: number, hops: HopCounters[], entered: number, left: number) =>
  ledger(between(sent, arrived), hops, { entered, left }).unaccounted;

describe("frames that are not the trial's, which interfaces count all the same", () => {
  it("that go through, end, or begin in a hop are accounted for", () => {
    expect(unaccounted(103, 103, [hop("bridge", 103, 103)], 3, 3)).toBe(0);
    expect(unaccounted(103, 100, [hop("router", 103, 100)], 3, 0)).toBe(0);
    expect(unaccounted(100, 102, [hop("router", 100, 102)], 0, 2)).toBe(0);
    expect(unaccounted(103, 102, [hop("router", 103, 102)], 3, 2)).toBe(0);
    expect(unaccounted(103, 102, [hop("a", 103, 100), hop("b", 100, 102)], 3, 2)).toBe(0);
    // A hop that counts what it did not want as dropped.
    expect(unaccounted(103, 100, [hop("router", 103, 100, 3)], 3, 0)).toBe(0);
  });

  it("explain nothing that a device lost of ours, or made more of", () => {
    expect(unaccounted(100, 95, [hop("bridge", 100, 95)], 0, 0)).toBe(5);
    expect(unaccounted(103, 98, [hop("bridge", 103, 98)], 3, 3)).toBe(5);
    expect(unaccounted(103, 95, [hop("router", 103, 95)], 3, 0)).toBe(5);
    expect(unaccounted(100, 97, [hop("bridge", 100, 97)], 0, 2)).toBe(5);
    expect(unaccounted(100, 105, [hop("hub", 100, 105)], 0, 0)).toBe(5);
    // What a link lost is no foreign frame's doing.
    expect(unaccounted(103, 103, [hop("a", 100, 103)], 3, 3)).toBe(6);
  });

  it("are never more to explain with than there were: two errors do not cancel", () => {
    expect(unaccounted(100, 100, [hop("a", 100, 95), hop("b", 95, 100)], 0, 0)).toBe(10);
    expect(unaccounted(101, 101, [hop("a", 101, 96), hop("b", 96, 101)], 1, 1)).toBe(8);
  });

  it("without any, the sum is as it was; and whatever a chain of whole hops did with them adds up", () => {
    const step = fc.record({ ends: fc.nat(4), begins: fc.nat(4), counts: fc.boolean() });
    fc.assert(
      fc.property(fc.nat(1000), fc.nat(5), fc.array(step, { minLength: 1, maxLength: 4 }), (sent, entered, steps) => {
        let foreign = entered;
        const hops = steps.map(({ ends, begins, counts }, i) => {
          const rx = sent + foreign;
          const ended = Math.min(ends, foreign);
          foreign += begins - ended;
          return hop(`h${i}`, rx, sent + foreign, counts ? ended : 0);
        });
        // Frames that began in one hop and ended in a later one are seen at neither end.
        const seenAtEnds =
          steps.length === 1 || steps.every(({ ends }) => ends === 0) || steps.every(({ begins }) => begins === 0);
        fc.pre(seenAtEnds);
        fc.pre(steps.length > 1 || !(steps[0]!.counts && steps[0]!.begins > 0));
        expect(unaccounted(sent + entered, sent + foreign, hops, entered, foreign)).toBe(0);
      }),
    );
  });
});
