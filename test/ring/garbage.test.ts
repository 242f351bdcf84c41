/** Memory that is too small for a ring is refused, and garbage in it is harmless. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openRxRing, openTxRing, RingFault } from "../../src/ring/index.js";
import { combinations, openPair, pair } from "./harness.js";
import { field, formats } from "./lying-peer.js";

describe("layouts", () => {
  const { memory, driver, device } = pair({ format: "split", sender: "driver", size: 8 });
  it.each([
    ["a size that is no power of two", { size: 6 }, "ring.size"],
    ["size 0", { size: 0 }, "ring.size"],
    ["a size above 32,768", { format: "packed", size: 32_769, start: 0x8000 }, "ring.size"],
    ["a packed start beyond the ring", { format: "packed", start: 0x8008 }, "ring.base"],
    ["descriptors outside memory", { descriptors: memory.buffer.byteLength - 64 }, "ring.descriptors"],
    ["a negative offset", { deviceArea: -4 }, "ring.deviceArea"],
    ["unaligned descriptors", { descriptors: device.descriptors + 8 }, "ring.descriptors"],
    ["an odd driver area", { driverArea: device.driverArea + 1 }, "ring.driverArea"],
    [
      "a region outside memory",
      { regions: [{ guestAddress: 0n, bytes: 64, offset: memory.buffer.byteLength - 63 }] },
      "region.bytes",
    ],
    ["a region past 2^64", { regions: [{ guestAddress: 2n ** 64n - 1n, bytes: 2, offset: 0 }] }, "region.address"],
    ["scratch outside memory", { scratchBytes: memory.buffer.byteLength }, "ring.scratch"],
  ] as const)("of devices refused: %s", (_what, change, wanted) => {
    expect(field(() => openRxRing(memory, { ...device, ...change } as typeof device))).toBe(wanted);
  });

  it("of drivers refused: buffers outside memory or longer than their slots; the wrong direction", () => {
    expect(field(() => openTxRing(memory, { ...driver, buffers: memory.buffer.byteLength - 64 }))).toBe("ring.buffers");
    expect(field(() => openTxRing(memory, { ...driver, bufferBytes: driver.bufferStride + 1 }))).toBe(
      "ring.bufferBytes",
    );
    expect(field(() => openRxRing(memory, driver))).toBe("ring.direction");
    expect(field(() => openTxRing(memory, device))).toBe("ring.direction");
  });
});

describe("garbage", () => {
  const kinds = combinations({
    format: formats,
    sender: ["driver", "device"] as const,
    mergeable: [false, true],
    inOrder: [false, true],
  });
  it.each(kinds)("$format, $sender sends, mergeable $mergeable, in order $inOrder: nothing but RingFault", (o) => {
    const options = { ...o, size: 8, indirect: true, bufferBytes: 128, deviceScratchBytes: 4096 };
    const edit = fc.record({
      area: fc.constantFrom(
        "descriptors" as const,
        "descriptors" as const,
        "driverArea" as const,
        "deviceArea" as const,
        "buffers" as const,
      ),
      at: fc.nat({ max: 127 }),
      // Small numbers, flag bits, and the base address's own bytes hit more branches than uniform ones.
      value: fc.oneof(fc.nat({ max: 9 }), fc.constantFrom(0x80, 0x82, 0xff, 0x7f, 0xf0), fc.nat({ max: 255 })),
    });
    let outcomes = 0;
    fc.assert(
      fc.property(fc.array(fc.array(edit, { maxLength: 6 }), { minLength: 1, maxLength: 8 }), (rounds) => {
        const ring = openPair(options);
        const bytes = ring.memory.buffer.byteLength;
        try {
          for (const edits of rounds) {
            for (const { area, at, value } of edits) ring.memory.u8[ring.driver[area] + at] = value;
            const room = ring.tx.reclaim();
            let n = 0;
            for (; n < Math.min(room, 5); n++) {
              const at = ring.tx.place(n, 100);
              if (at <= 0) break;
              expect(at + 100).toBeLessThanOrEqual(bytes);
              ring.memory.u8.fill(n, at, at + 100);
            }
            ring.tx.publish(n);
            ring.tx.notifyWanted();
            const got = ring.rx.poll(5);
            for (let k = 0; k < got; k++) expect(ring.rx.offsets[k] + ring.rx.lengths[k]).toBeLessThanOrEqual(bytes);
            ring.rx.release(got);
            ring.rx.pending();
          }
          outcomes |= 1;
        } catch (error) {
          if (!(error instanceof RingFault)) throw error;
          outcomes |= 2;
        }
      }),
      { numRuns: 200 },
    );
    // Both ends were reached: some edits do no harm, some are found out.
    expect(outcomes).toBe(3);
  });

  it.each(kinds)("$format, $sender sends, mergeable $mergeable, in order $inOrder: a device on random memory", (o) => {
    const { memory, device } = pair({ ...o, size: 8, indirect: true, bufferBytes: 128, deviceScratchBytes: 4096 });
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 512, maxLength: 512 }), fc.nat({ max: 8 }), (noise, available) => {
        memory.u8.fill(0);
        for (const area of ["descriptors", "driverArea", "deviceArea"] as const)
          memory.u8.set(noise.subarray(0, 128), device[area]);
        if (o.format === "split") memory.u16[device.driverArea / 2 + 1] = available;
        const bytes = memory.buffer.byteLength;
        try {
          if (device.direction === "rx") {
            const rx = openRxRing(memory, device);
            const n = rx.poll(256);
            for (let k = 0; k < n; k++) expect(rx.offsets[k] + rx.lengths[k]).toBeLessThanOrEqual(bytes);
            rx.release(n);
          } else {
            const tx = openTxRing(memory, device);
            if (tx.reclaim() > 0 && tx.place(0, 60) > 0) tx.publish(1);
          }
        } catch (error) {
          if (!(error instanceof RingFault)) throw error;
        }
      }),
      { numRuns: 150 },
    );
  });
});
