/** Our device sides against a driver that uses chains, indirect tables and unaligned pieces. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DeviceRingLayout, RingMemory } from "../../src/ring/index.js";
import { openRxRing, openTxRing, ringMemory, ringScratchBytes } from "../../src/ring/index.js";
import { combinations } from "./harness.js";
import { ReferenceDriver, SLAB_BYTES } from "./reference-driver.js";

const ADDRESS_BASE = 0xffff_ffff_0000_0000n;
const SLABS = 65_536;

interface Options {
  readonly format: "split" | "packed";
  readonly size: number;
  readonly inOrder: boolean;
  readonly mergeable: boolean;
  readonly headerBytes?: 10 | 12;
}

function setUp(
  o: Options,
  direction: "tx" | "rx",
): { memory: RingMemory; layout: DeviceRingLayout; driver: ReferenceDriver } {
  const end = SLABS + o.size * SLAB_BYTES;
  const memory = ringMemory(new ArrayBuffer(end + ringScratchBytes));
  const layout: DeviceRingLayout = {
    role: "device",
    direction,
    format: o.format,
    vring: direction === "tx" ? 0 : 1,
    size: o.size,
    descriptors: 4096,
    driverArea: 4096 + 16 * o.size,
    deviceArea: 32_768,
    headerBytes: o.headerBytes ?? 12,
    inOrder: o.inOrder,
    mergeable: o.mergeable,
    start: o.format === "split" ? 0 : 0x8000,
    regions: [
      { guestAddress: ADDRESS_BASE, bytes: SLABS, offset: 0 },
      { guestAddress: ADDRESS_BASE + BigInt(SLABS), bytes: end - SLABS, offset: SLABS },
    ],
    indirect: true,
    scratch: end,
    scratchBytes: ringScratchBytes,
  };
  return { memory, layout, driver: new ReferenceDriver(memory.buffer, layout, SLABS, ADDRESS_BASE) };
}

const rings = combinations({
  format: ["split", "packed"] as const,
  size: [8, 64],
  inOrder: [false, true],
  mergeable: [false, true],
});

/** Piece lengths, header included; a header cut in two among them. */
const shape = fc.record({
  lengths: fc.array(fc.oneof(fc.constant(12), fc.integer({ min: 1, max: 300 })), { minLength: 1, maxLength: 8 }),
  gap: fc.nat({ max: 9 }),
  indirect: fc.boolean(),
});

describe.each(rings)("$format $size, in order $inOrder, mergeable $mergeable", (o) => {
  it("device rx reads frames in any number of pieces", () => {
    fc.assert(
      fc.property(
        fc.array(shape, { minLength: 5, maxLength: 40 }),
        fc.array(fc.integer({ min: 1, max: 9 })),
        (shapes, polls) => {
          const { memory, layout, driver } = setUp(o, "rx");
          const rx = openRxRing(memory, layout);
          const expected: number[][] = [];
          const seen: number[][] = [];
          for (let turn = 0; turn < 4 * shapes.length; turn++) {
            const { lengths, gap, indirect } = shapes[turn % shapes.length];
            driver.post(lengths, gap, indirect, (pieces) => {
              const bytes: number[] = [];
              for (const piece of pieces) {
                for (let j = 0; j < piece.bytes; j++) {
                  memory.u8[piece.offset + j] = (expected.length * 13 + bytes.length * 3) & 0xff;
                  bytes.push(memory.u8[piece.offset + j]);
                }
              }
              expected.push(bytes.slice(12));
            });
            if (turn % 3 === 0) continue;
            const n = rx.poll(polls[turn % polls.length] ?? 256);
            for (let k = 0; k < n; k++) {
              seen.push([...memory.u8.subarray(rx.offsets[k], rx.offsets[k] + rx.lengths[k])]);
            }
            rx.release(n);
            driver.collect();
          }
          const n = rx.poll(256);
          for (let k = 0; k < n; k++) seen.push([...memory.u8.subarray(rx.offsets[k], rx.offsets[k] + rx.lengths[k])]);
          expect(seen).toEqual(expected);
        },
      ),
      { numRuns: 8 },
    );
  });

  it("device tx fills buffers in any number of pieces", () => {
    const total = (lengths: readonly number[]): number => lengths.reduce((sum, bytes) => sum + bytes, 0);
    const receiving = shape.map((s) => (total(s.lengths) > 12 ? s : { ...s, lengths: [...s.lengths, 13] }));
    const arrangement = fc.record({
      shapes: fc.array(receiving, { minLength: 5, maxLength: 40 }),
      frames: fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 20 }),
      bursts: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
    });
    fc.assert(
      fc.property(arrangement, ({ shapes, frames, bursts }) => {
        const { memory, layout, driver } = setUp(o, "tx");
        const tx = openTxRing(memory, layout);
        const expected: number[][] = [];
        const received: number[][] = [];
        let open: { left: number; bytes: number[] } | null = null;
        const collect = (): void => {
          for (const used of driver.collect()) {
            const bytes = used.pieces.flatMap((p) => [...memory.u8.subarray(p.offset, p.offset + p.bytes)]);
            const content = bytes.slice(0, used.usedBytes);
            expect(content.length).toBe(used.usedBytes);
            open ??= { left: o.mergeable ? content[10] | (content[11] << 8) : 1, bytes: [] };
            open.bytes.push(...content);
            open.left--;
            if (open.left > 0) continue;
            expect(open.bytes.slice(0, 10)).toEqual(Array(10).fill(0));
            received.push(open.bytes.slice(12));
            open = null;
          }
        };
        for (let turn = 0; turn < 60; turn++) {
          for (let i = 0; i < 4; i++) {
            const { lengths, gap, indirect } = shapes[(turn * 4 + i) % shapes.length];
            driver.post(lengths, gap, indirect, (pieces) => {
              for (const piece of pieces) memory.u8.fill(0xdd, piece.offset - 1, piece.offset + piece.bytes);
            });
          }
          tx.reclaim();
          let n = 0;
          for (let tries = bursts[turn % bursts.length]; tries > 0; tries--) {
            const bytes = frames[(turn + tries) % frames.length];
            // What cannot be held is dropped; a smaller one takes the buffer.
            let at = tx.place(n, bytes);
            const size = at === -1 ? 1 : bytes;
            if (at === -1) at = tx.place(n, size);
            if (at === 0) break;
            expect(at).toBeGreaterThan(0);
            const content = Array.from({ length: size }, (_, j) => (expected.length * 17 + j * 5) & 0xff);
            memory.u8.set(content, at);
            expected.push(content);
            n++;
          }
          tx.publish(n);
          collect();
        }
        expect(received.length).toBeGreaterThan(0);
        expect(received).toEqual(expected);
      }),
      { numRuns: 8 },
    );
  });
});

describe("device tx without MRG_RXBUF", () => {
  it.each(["split", "packed"] as const)(
    "%s: a frame too long is refused, and the buffer is there for the next",
    (format) => {
      const { memory, layout, driver } = setUp({ format, size: 8, inOrder: false, mergeable: false }, "tx");
      const tx = openTxRing(memory, layout);
      driver.post([40, 60], 1, false, () => {});
      expect(tx.reclaim()).toBe(1);
      expect(tx.place(0, 89)).toBe(-1);
      const at = tx.place(0, 88);
      expect(at).toBeGreaterThanOrEqual(layout.scratch);
      memory.u8.fill(7, at, at + 88);
      tx.publish(1);
      const [used] = driver.collect();
      expect(used.usedBytes).toBe(100);
      expect([...memory.u8.subarray(used.pieces[1].offset, used.pieces[1].offset + 61)]).toEqual([
        ...Array(60).fill(7),
        0,
      ]);
      expect(tx.place(0, 10)).toBe(0);
    },
  );

  it.each(["split", "packed"] as const)(
    "%s mergeable: what the whole ring cannot hold is refused, what it will hold waits",
    (format) => {
      const { memory, layout, driver } = setUp({ format, size: 4, inOrder: false, mergeable: true }, "tx");
      const tx = openTxRing(memory, layout);
      for (let i = 0; i < 3; i++) driver.post([100], 0, false, () => {});
      tx.reclaim();
      expect(tx.place(0, 350)).toBe(0);
      driver.post([100], 0, false, () => {});
      tx.reclaim();
      expect(tx.place(0, 389)).toBe(-1);
      expect(tx.place(0, 388)).toBeGreaterThan(0);
      tx.publish(1);
      expect(driver.collect().map((used) => used.usedBytes)).toEqual([100, 100, 100, 100]);
    },
  );

  it.each(["split", "packed"] as const)("%s: frames placed and not published leave no trace", (format) => {
    const { memory, layout, driver } = setUp({ format, size: 8, inOrder: false, mergeable: true }, "tx");
    const tx = openTxRing(memory, layout);
    for (let i = 0; i < 8; i++) driver.post([50], 0, false, (p) => memory.u8.fill(0xdd, p[0].offset, p[0].offset + 50));
    tx.reclaim();
    for (let k = 0; k < 3; k++) memory.u8.fill(k + 1, tx.place(k, 80), tx.place(k, 80) + 80);
    tx.publish(1);
    const [first, second, ...rest] = driver.collect();
    expect([first.usedBytes, second.usedBytes, rest.length]).toEqual([50, 42, 0]);
    const at = tx.place(0, 38);
    memory.u8.fill(9, at, at + 38);
    tx.publish(1);
    const [third] = driver.collect();
    expect(third.usedBytes).toBe(50);
    expect([...memory.u8.subarray(third.pieces[0].offset + 12, third.pieces[0].offset + 50)]).toEqual(
      Array(38).fill(9),
    );
  });
});

it.each(["split", "packed"] as const)("%s: a burst of very many pieces ends early instead of failing", (format) => {
  const { memory, layout, driver } = setUp({ format, size: 256, inOrder: false, mergeable: false }, "tx");
  const tx = openTxRing(memory, layout);
  for (let i = 0; i < 256; i++) driver.post(Array(8).fill(20), 0, true, () => {});
  let published = 0;
  for (let bursts = 0; bursts < 4 && published < 256; bursts++) {
    tx.reclaim();
    let n = 0;
    while (n < 256 && tx.place(n, 140) > 0) n++;
    expect(n).toBeGreaterThan(0);
    tx.publish(n);
    published += n;
  }
  expect(published).toBe(256);
  expect(driver.collect().map((used) => used.usedBytes)).toEqual(Array(256).fill(152));
});
