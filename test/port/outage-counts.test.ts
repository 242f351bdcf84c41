/** What an interface counts without a link is told from what it counts for want of room. */
import { expect, it } from "vitest";
import { OutageCounts } from "../../src/port/outage-counts.js";
import type { InterfaceStatistics } from "../../src/sys/net/netdev.js";

const zero: InterfaceStatistics = {
  ...{ rxPackets: 0, txPackets: 0, rxBytes: 0, txBytes: 0, rxErrors: 0, txErrors: 0 },
  ...{ rxDropped: 0, txDropped: 0, rxMissed: 0 },
};

it("frames that came in while there was no link did not come in, and those before and after it did", () => {
  const counts = new OutageCounts({ ...zero, rxDropped: 100 }, false);
  const dropped = (rxDropped: number, hasLink: boolean): number =>
    counts.note({ ...zero, rxDropped }, 0, hasLink).rxDropped;
  expect(dropped(103, true)).toBe(3);
  expect(dropped(150, false)).toBe(3);
  counts.linkIsBack({ ...zero, rxDropped: 160 }, 0);
  expect(dropped(162, true)).toBe(5);
  counts.linkIsBack({ ...zero, rxDropped: 200 }, 0);
  expect(dropped(200, true)).toBe(5);
});

it("frames that were taken and dropped are send drops without a link, and the device's loss with one", () => {
  const counts = new OutageCounts(zero, true);
  const look = (taken: number, txPackets: number, txDropped: number, hasLink: boolean): number => {
    counts.note({ ...zero, txPackets, txDropped }, taken, hasLink);
    return counts.sendDrops;
  };
  expect(look(100, 90, 10, true)).toBe(0);
  expect(look(150, 110, 40, false)).toBe(30);
  counts.linkIsBack({ ...zero, txPackets: 110, txDropped: 45 }, 155);
  expect(counts.sendDrops).toBe(35);
  // Five more find no room with a link, and seven more none.
  expect(look(200, 150, 50, true)).toBe(35);
  expect(look(207, 150, 57, false)).toBe(42);
});

it("frames on their way, and attempts that were refused, are no drops; counters of 32 bits go round", () => {
  const counts = new OutageCounts(zero, false);
  const look = (taken: number, txPackets: number, txDropped: number): number => {
    counts.note({ ...zero, txPackets, txDropped }, taken, false);
    return counts.sendDrops;
  };
  expect(look(50, 40, 0)).toBe(0);
  expect(look(50, 50, 1000)).toBe(0);
  expect(look(3, 2 ** 32 - 2, 1000)).toBe(5);
  // Others send on it, too.
  expect(look(10, 500, 1000)).toBe(5);
});
