/** Where rings lie in memory, and rings with nobody on the other side. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  bufferStrideFor,
  driverRingEnd,
  driverRingLayout,
  freshStart,
  NullTx,
  nullRingEnd,
  nullRingLayout,
  openRxRing,
  openTxRing,
  ringMemory,
  virtqueueAreas,
} from "../../src/ring/index.js";

const options = fc
  .record({
    format: fc.constantFrom("split" as const, "packed" as const),
    direction: fc.constantFrom("tx" as const, "rx" as const),
    power: fc.integer({ min: 2, max: 15 }),
    odd: fc.nat({ max: 100 }),
    headerBytes: fc.constantFrom(10 as const, 12 as const),
    mergeable: fc.boolean(),
    bufferBytes: fc.integer({ min: 72, max: 9100 }),
  })
  .map(({ power, odd, ...o }) => ({
    ...o,
    vring: 0,
    inOrder: false,
    addressBase: 0n,
    size: o.format === "split" ? 2 ** power : Math.min(2 ** power + odd, 32_768),
  }));

describe("driverRingLayout", () => {
  it("gives every part aligned, whole, and to itself", () => {
    fc.assert(
      fc.property(options, fc.nat({ max: 2 ** 24 }), (o, at) => {
        const layout = driverRingLayout(o, at);
        const areas = virtqueueAreas(o.format, o.size);
        const parts = [
          [layout.descriptors, areas.descriptors.bytes, 16],
          [layout.driverArea, areas.driverArea.bytes, 64],
          [layout.deviceArea, areas.deviceArea.bytes, 64],
          [layout.buffers, o.size * layout.bufferStride, 4],
          [layout.scratch, layout.scratchBytes, 64],
        ];
        let end = at;
        for (const [offset, bytes, alignment] of parts) {
          expect(offset).toBeGreaterThanOrEqual(end);
          expect(offset % alignment).toBe(0);
          end = offset + bytes;
        }
        // A frame starts on a cache line, behind the header of 12 bytes that all but legacy peers have.
        expect((layout.buffers + 12) % 64).toBe(0);
        expect(driverRingEnd(layout)).toBe(end);
        expect(layout.start).toBe(freshStart(o.format));
        expect(layout.scratchBytes > 65_550).toBe(o.direction === "rx" && o.mergeable);
      }),
    );
  });

  it("has the sizes of the specification's tables", () => {
    expect(virtqueueAreas("split", 256)).toEqual({
      descriptors: { bytes: 4096, alignment: 16 },
      driverArea: { bytes: 518, alignment: 2 },
      deviceArea: { bytes: 2054, alignment: 4 },
    });
    expect(virtqueueAreas("packed", 257)).toEqual({
      descriptors: { bytes: 4112, alignment: 16 },
      driverArea: { bytes: 4, alignment: 4 },
      deviceArea: { bytes: 4, alignment: 4 },
    });
    expect([freshStart("split"), freshStart("packed")]).toEqual([0, 0x8000]);
  });
});

it("bufferStrideFor is the least odd number of cache lines that holds a buffer", () => {
  expect([1, 64, 65, 128, 192, 193, 2048].map(bufferStrideFor)).toEqual([64, 64, 192, 192, 192, 320, 2112]);
});

describe("null rings", () => {
  const layout = nullRingLayout({ direction: "tx", vring: 1, size: 100, bufferBytes: 1518 }, 0);

  it("take everything at once, count it, and go round in their buffers", () => {
    const memory = ringMemory(new ArrayBuffer(nullRingEnd(layout)));
    const tx = openTxRing(memory, layout);
    if (!(tx instanceof NullTx)) throw new Error("not a null ring");
    for (let burst = 0; burst < 7; burst++) {
      expect(tx.reclaim()).toBe(100);
      for (let k = 0; k < 30; k++) {
        const slot = (burst * 30 + k) % 100;
        expect([tx.place(k, 60), tx.slotOf(k)]).toEqual([layout.buffers + slot * layout.bufferStride, slot]);
      }
      tx.publish(30);
    }
    expect([tx.frames, tx.bytes, tx.outstanding(), tx.notifyWanted()]).toEqual([210, 12_600, 0, false]);
    expect([tx.place(0, 1519), tx.place(100, 60)]).toEqual([-1, 0]);
    expect(layout.buffers).toBeGreaterThan(0);
  });

  it("bring nothing", () => {
    const rx = openRxRing(ringMemory(new ArrayBuffer(64)), { ...layout, direction: "rx" });
    expect([rx.poll(256), rx.pending(), rx.notifyWanted()]).toEqual([0, 0, false]);
    rx.release(0);
  });
});
