/** The classic pcap format, by its bytes. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type CapturedFrame,
  type CaptureFormat,
  defaultCaptureFormat,
  readCapture,
  writeCapture,
} from "../../src/pcap/index.js";

const formats: fc.Arbitrary<CaptureFormat> = fc.record({
  resolution: fc.constantFrom("microseconds" as const, "nanoseconds" as const),
  byteOrder: fc.constantFrom("little" as const, "big" as const),
  snapBytes: fc.constantFrom(64, 65_535, 262_144),
  linkType: fc.constantFrom(1, 101, 113),
});
const anyFrames: fc.Arbitrary<CapturedFrame[]> = fc
  .array(
    fc.record({
      seconds: fc.nat(2 ** 32 - 1),
      nanoseconds: fc.nat(999_999).map((us) => us * 1000),
      bytes: fc.uint8Array({ maxLength: 64 }),
      more: fc.nat(2000),
    }),
    { maxLength: 8 },
  )
  .map((frames) => frames.map(({ more, ...frame }) => ({ ...frame, originalBytes: frame.bytes.length + more })));

const one: CapturedFrame = {
  seconds: 1,
  nanoseconds: 2,
  originalBytes: 4,
  bytes: Uint8Array.of(0xde, 0xad, 0xbe, 0xef),
};

/** One capture of one frame as it must lie in the file, written by hand. */
const handWritten = {
  nanosecondsLittle:
    "4d3cb2a1 0200 0400 00000000 00000000 00000400 01000000" + "01000000 02000000 04000000 04000000 deadbeef",
  microsecondsBig:
    "a1b2c3d4 0002 0004 00000000 00000000 00040000 00000001" + "00000001 00000002 00000004 00000004 deadbeef",
};
const fromHex = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));

describe("writing and reading", () => {
  it("gives the bytes of the format", () => {
    expect(writeCapture([one])).toEqual(fromHex(handWritten.nanosecondsLittle));
    const big: CaptureFormat = { ...defaultCaptureFormat, resolution: "microseconds", byteOrder: "big" };
    expect(writeCapture([{ ...one, nanoseconds: 2999 }], big)).toEqual(fromHex(handWritten.microsecondsBig));
    expect(readCapture(fromHex(handWritten.microsecondsBig)).frames[0].nanoseconds).toBe(2000);
  });

  it("gives back what was written, in both byte orders and resolutions, at any offset in memory", () => {
    fc.assert(
      fc.property(formats, anyFrames, fc.nat(7), (format, frames, shift) => {
        const file = writeCapture(frames, format);
        const moved = new Uint8Array(file.length + shift).subarray(shift);
        moved.set(file);
        expect(readCapture(moved)).toEqual({ format, frames, fault: null });
      }),
    );
  });

  it("cuts frames at the snap length, and says how long they were", () => {
    const long = { ...one, originalBytes: 100, bytes: new Uint8Array(100).fill(7) };
    const { frames } = readCapture(writeCapture([long], { ...defaultCaptureFormat, snapBytes: 64 }));
    expect([frames[0].bytes.length, frames[0].originalBytes]).toEqual([64, 100]);
  });

  it("carries whole seconds over that a writer left in the fraction", () => {
    const file = fromHex(handWritten.nanosecondsLittle);
    new DataView(file.buffer).setUint32(28, 1_500_000_000, true);
    expect(readCapture(file).frames[0]).toMatchObject({ seconds: 2, nanoseconds: 500_000_000 });
  });
});

describe("a file that is wrong", () => {
  const frames = [one, { ...one, seconds: 2 }];
  const file = writeCapture(frames);

  it("cut anywhere: the whole records before the cut, and the cut's place", () => {
    for (let length = 0; length < file.length; length++) {
      const { format, frames: found, fault } = readCapture(file.subarray(0, length));
      const whole = Math.max(0, Math.floor((length - 24) / 20));
      expect(found).toEqual(frames.slice(0, whole));
      expect(format === null).toBe(length < 24);
      if (length >= 24 && (length - 24) % 20 === 0) expect(fault).toBeNull();
      else expect(fault).toMatchObject({ kind: "cut", offset: length });
    }
  });

  it("of another kind", () => {
    const pcapng = fromHex("0a0d0d0a 1c000000 4d3c2b1a".padEnd(80, "0"));
    expect(readCapture(pcapng).fault).toMatchObject({
      kind: "magic",
      offset: 0,
      what: expect.stringContaining("pcapng"),
    });
    expect(readCapture(new Uint8Array(100).fill(0x41)).fault).toMatchObject({
      kind: "magic",
      what: "0x41414141 begins no capture file",
    });
  });

  it("of another version", () => {
    const other = file.slice();
    other[4] = 3;
    expect(readCapture(other)).toMatchObject({ format: null, fault: { kind: "version", offset: 4 } });
  });

  it("with a captured length that cannot be: the records before it, and its place", () => {
    for (const lie of [262_145, 0xffff_ffff]) {
      const lying = file.slice();
      new DataView(lying.buffer).setUint32(24 + 20 + 8, lie, true);
      const capture = readCapture(lying);
      expect(capture.frames).toEqual(frames.slice(0, 1));
      expect(capture.fault).toMatchObject({ kind: "length", offset: 52, what: expect.stringContaining(String(lie)) });
    }
    const huge = file.slice();
    new DataView(huge.buffer).setUint32(24 + 20 + 8, 262_145, true);
    new DataView(huge.buffer).setUint32(24 + 20 + 12, 300_000, true);
    expect(readCapture(huge).fault).toMatchObject({ kind: "length", offset: 52 });
  });

  it("with a first record that lies: its place in the file", () => {
    const lying = file.slice();
    new DataView(lying.buffer).setUint32(24 + 8, 0xffff_ffff, true);
    expect(readCapture(lying).fault).toMatchObject({ kind: "length", offset: 32 });
  });

  it("of which more was captured than there was: the frame had as many bytes, and the rest is read", () => {
    const odd = file.slice();
    new DataView(odd.buffer).setUint32(24 + 12, 1, true);
    const capture = readCapture(odd);
    expect(capture.fault).toBeNull();
    expect(capture.frames).toHaveLength(frames.length);
    expect(capture.frames[0].originalBytes).toBe(capture.frames[0].bytes.length);
  });

  it.each([
    [[2, 0], true],
    [[2, 1], true],
    [[2, 2], true],
    [[2, 3], true],
    [[2, 3], false],
    [[543, 0], true],
  ])("of version %j, with lengths in the other order: %s", ([major, minor], isSwapped) => {
    const cut = writeCapture([{ ...one, originalBytes: 100 }, one]);
    const view = new DataView(cut.buffer);
    view.setUint16(4, major, true);
    view.setUint16(6, minor, true);
    if (isSwapped) {
      view.setUint32(24 + 8, 100, true);
      view.setUint32(24 + 12, 4, true);
    }
    expect(readCapture(cut)).toMatchObject({ frames: [{ ...one, originalBytes: 100 }, one], fault: null });
  });

  it("of any bytes: never throws", () => {
    const mutated = fc
      .tuple(anyFrames, formats, fc.array(fc.tuple(fc.nat(300), fc.nat(255))))
      .map(([all, format, flips]) => {
        const bytes = writeCapture(all, format);
        for (const [at, value] of flips) if (at < bytes.length) bytes[at] = value;
        return bytes;
      });
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 100 })), (bytes) => {
        const { frames: found, fault } = readCapture(bytes);
        const read = 24 + found.reduce((sum, frame) => sum + 16 + frame.bytes.length, 0);
        if (fault === null) expect(read).toBe(bytes.length);
      }),
      { numRuns: 500 },
    );
  });
});
