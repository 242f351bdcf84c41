/** The order of frames that two workers saw: by stamps, by one's own eyes, or unknown. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { OrderOfSeveral, observedOrder } from "../../../src/engine/receive/arrival-order.js";
import { SequenceTable } from "../../../src/stats/sequence-table.js";

interface Seen {
  readonly index: number;
  readonly arrivalNs: number;
  readonly isOwn: boolean;
}

const take = (order: OrderOfSeveral, table: SequenceTable, frames: readonly Seen[], isStamped: boolean): void => {
  for (const { index, arrivalNs, isOwn } of frames) {
    order.accept(table, 0, index, Float64Array.of(0, arrivalNs), isOwn, isStamped);
  }
};

it("frames that arrived in order are in order, however late this worker is told of some, by their stamps", () => {
  const frames = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 60 })), { minLength: 2, maxLength: 200 });
  fc.assert(
    fc.property(frames, (all) => {
      const arrivals = all.map(([isOwn, delay], index) => ({ index, arrivalNs: 100 * index, isOwn, delay }));
      // Own frames are seen at once, others when they are told of.
      const seen = arrivals.toSorted(
        (a, b) => a.index + (a.isOwn ? 0 : a.delay) - (b.index + (b.isOwn ? 0 : b.delay)) || a.index - b.index,
      );
      const [order, table] = [new OrderOfSeveral(1), new SequenceTable(1)];
      take(order, table, seen, true);
      expect([table.reordered(0), table.accepted(0), table.missing(0), order.unknown]).toEqual([0, all.length, 0, 0]);
    }),
  );
});

it("without stamps only what one worker saw itself is known", () => {
  const [order, table] = [new OrderOfSeveral(1), new SequenceTable(1)];
  const own = (index: number): Seen => ({ index, arrivalNs: 0, isOwn: true });
  const told = (index: number): Seen => ({ index, arrivalNs: 0, isOwn: false });
  take(order, table, [own(0), own(2), own(1)], false);
  expect([table.reordered(0), order.unknown]).toEqual([1, 0]);
  take(order, table, [own(4), told(3), told(6), own(5)], false);
  expect([table.reordered(0), order.unknown, table.missing(0)]).toEqual([1, 2, 0]);
});

it("a frame that a stamp says came after a greater one is out of order; copies are copies; gaps too old are not known", () => {
  const [order, table] = [new OrderOfSeveral(1), new SequenceTable(1)];
  const at = (index: number, arrivalNs: number): Seen => ({ index, arrivalNs, isOwn: false });
  take(order, table, [at(0, 0), at(2, 10), at(1, 20), at(1, 30), at(2, 40)], true);
  expect([table.reordered(0), table.duplicate(0), order.unknown]).toEqual([1, 2, 0]);
  const every = Array.from({ length: 300 }, (_, k) => at(4 + 2 * k, 100 + k));
  take(order, table, [...every, at(3, 1000)], true);
  expect([table.reordered(0), order.unknown]).toEqual([1, 1]);
});

it("one worker alone sees the order itself", () => {
  const table = new SequenceTable(1);
  for (const index of [0, 2, 1]) observedOrder.accept(table, 0, index, new Float64Array(2), true, true);
  expect(table.reordered(0)).toBe(1);
});

it("frames that came in elsewhere are accepted out of their places: from then on it is said", () => {
  const [order, table] = [new OrderOfSeveral(1), new SequenceTable(1)];
  const at = (index: number, arrivalNs: number, isOwn = true): Seen => ({ index, arrivalNs, isOwn });
  take(order, table, [at(0, 0), at(1, 10), at(5, 20), at(2, 30), at(3, 50)], true);
  expect(order.hasOthers).toBe(false);
  // 0 1 5 | 2 | 6 | 3: two runs of one frame, of which the table sees one of two.
  take(order, table, [at(6, 40, false)], true);
  expect(order.hasOthers).toBe(true);
  expect(table.reorderRuns([0]).reordered).toEqual({ count: 1, frames: 2, max: 2 });
});
