/** Copies inside memory: exact at every alignment, and doubles keep every bit. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { burstCopyOf } from "../../src/ring/copy-burst.js";
import { copyFrame, ringMemory } from "../../src/ring/index.js";

describe("copyFrame", () => {
  it("copies exactly the bytes asked for, at any alignment and length", () => {
    const memory = ringMemory(new ArrayBuffer(8192));
    fc.assert(
      fc.property(fc.nat({ max: 1600 }), fc.nat({ max: 40 }), fc.nat({ max: 40 }), (bytes, fromShift, toShift) => {
        for (let i = 0; i < 8192; i++) memory.u8[i] = (i * 11 + (i >>> 8)) & 0xff;
        const before = memory.u8.slice();
        const [from, to] = [256 + fromShift, 4096 + toShift];
        copyFrame(memory, to, from, bytes);
        const wanted = before.slice();
        wanted.set(before.subarray(from, from + bytes), to);
        expect(Buffer.compare(memory.u8, wanted)).toBe(0);
      }),
      { numRuns: 500 },
    );
  });

  it("copies every length from 0 to 300 with offsets equal modulo 8", () => {
    const memory = ringMemory(new ArrayBuffer(2048));
    for (let shift = 0; shift < 8; shift++) {
      for (let bytes = 0; bytes <= 300; bytes++) {
        memory.u8.fill(0xee);
        for (let i = 0; i < bytes; i++) memory.u8[64 + shift + i] = i & 0x7f;
        copyFrame(memory, 1024 + shift, 64 + shift, bytes);
        const copied = [...memory.u8.subarray(1023 + shift, 1025 + shift + bytes)];
        expect(copied).toEqual([0xee, ...Array.from({ length: bytes }, (_, i) => i & 0x7f), 0xee]);
      }
    }
  });
});

describe("doubles", () => {
  /** Signalling and quiet NaNs of both signs with payloads, V8's own marks for holes, and ordinary values. */
  const patterns: readonly (readonly [number, number])[] = [
    [0x7ff0_0000, 1],
    [0x7ff0_0001, 0],
    [0x7ff7_ffff, 0xffff_ffff],
    [0xfff0_0000, 1],
    [0xfff4_1234, 0x5678_9abc],
    [0x7ff8_0000, 0],
    [0x7fff_ffff, 0xffff_ffff],
    [0xffff_ffff, 0xffff_ffff],
    [0xfff7_ffff, 0xfff7_ffff],
    [0xffff_ffff, 0xfff7_ffff],
    [0x7ff0_0000, 0],
    [0x8000_0000, 0],
    [0, 1],
    [0x3ff0_0000, 0],
  ];

  it("keep every bit pattern through a copy, cold and after warming up", () => {
    const memory = ringMemory(new ArrayBuffer(1024));
    let wrong = 0;
    for (let round = 0; round < 40_000; round++) {
      const [high, low] = patterns[round % patterns.length];
      for (let word = 0; word < 9; word++) {
        memory.u32[(8 + 8 * word) >>> 2] = low + word;
        memory.u32[(12 + 8 * word) >>> 2] = high;
      }
      copyFrame(memory, 512, 8, 72);
      for (let word = 0; word < 9; word++) {
        const at = 512 + 8 * word;
        if (memory.u32[at >>> 2] !== (low + word) >>> 0 || memory.u32[(at + 4) >>> 2] !== high) wrong++;
      }
    }
    expect(wrong).toBe(0);
  });

  it("random words survive too", () => {
    const memory = ringMemory(new ArrayBuffer(512));
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 128, maxLength: 128 }), (bytes) => {
        memory.u8.set(bytes, 128);
        copyFrame(memory, 256, 128, 128);
        expect(Buffer.compare(memory.u8.subarray(256, 384), bytes)).toBe(0);
      }),
      { numRuns: 200 },
    );
  });
});

describe("burstCopyOf", () => {
  it("copies each frame of a burst exactly, at any alignment and length", () => {
    const memory = ringMemory(new ArrayBuffer(16_384));
    fc.assert(
      fc.property(
        fc.nat({ max: 400 }),
        fc.array(fc.tuple(fc.nat({ max: 15 }), fc.nat({ max: 15 })), { minLength: 1, maxLength: 8 }),
        (bytes, shifts) => {
          for (let i = 0; i < memory.u8.length; i++) memory.u8[i] = (i * 11 + (i >>> 8)) & 0xff;
          const wanted = memory.u8.slice();
          const from = Uint32Array.from(shifts, ([shift], k) => 512 + k * 512 + shift);
          const to = Uint32Array.from(shifts, ([, shift], k) => 8192 + k * 512 + shift);
          for (let k = 0; k < shifts.length; k++) wanted.copyWithin(to[k], from[k], from[k] + bytes);
          burstCopyOf(bytes)(memory, to, from, shifts.length);
          expect(Buffer.compare(memory.u8, wanted)).toBe(0);
        },
      ),
      { numRuns: 500 },
    );
  });
});
