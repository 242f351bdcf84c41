/** The signature in a frame, by its bytes. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addBytes, fold } from "../../src/packet/index.js";
import {
  checkSignature,
  fixedTrial,
  high16,
  isSignature,
  low32,
  readSequence,
  readTimeHigh16,
  readTimeLow32,
  readTrial,
  readTrialHigh,
  readTrialStream,
  referenceSignature,
  type Stamp,
  signatureBytes,
  signatureHead,
  streamOf,
  trialHighOf,
  writeSignature,
} from "../../src/stream/index.js";

const stamps: fc.Arbitrary<Stamp> = fc.record({
  trial: fc.nat(2 ** 24 - 1),
  stream: fc.nat(2 ** 24 - 1),
  sequence: fc.oneof(fc.nat(), fc.maxSafeNat(), fc.constantFrom(0, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32)),
  timeNs: fc.oneof(fc.maxSafeNat(), fc.constantFrom(0, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 48 - 1, 2 ** 48)),
});

/** Room for a signature at any alignment, with something around it. */
function signed(stamp: Stamp, at: number): { bytes: Uint8Array; view: DataView; end: number } {
  const bytes = new Uint8Array(64).fill(0xa5);
  const view = new DataView(bytes.buffer);
  const end = at + signatureBytes;
  const head = signatureHead(stamp.trial, stamp.stream);
  writeSignature(view, end, trialHighOf(stamp.trial), head, stamp.sequence, low32(stamp.timeNs), high16(stamp.timeNs));
  return { bytes, view, end };
}

describe("the signature", () => {
  it("lies on the wire as worked out by hand", () => {
    // Words 7470 0201 0000 0003 0000 0201 0403 0605 sum to 0x827d; 0xffff − 0x827d = 0x7d82.
    const { bytes } = signed({ trial: fixedTrial(1), stream: 2, sequence: 3, timeNs: 0x0605_0403_0201 }, 0);
    expect(Buffer.from(bytes.subarray(0, 18)).toString("hex")).toBe(
      "7074" + "01020000" + "03000000" + "010203040506" + "827d",
    );
    expect(String.fromCharCode(bytes[0], bytes[1])).toBe("pt");
  });

  it("equals the reference, touches nothing else, and reads back what was written, at every alignment", () => {
    fc.assert(
      fc.property(stamps, fc.integer({ min: 1, max: 40 }), (stamp, at) => {
        const { bytes, view, end } = signed(stamp, at);
        const expected = new Uint8Array(64).fill(0xa5);
        expected.set(referenceSignature(stamp), at);
        expect(bytes).toEqual(expected);
        expect(checkSignature(view, end)).toBe(true);
        expect(readTrial(view, end)).toBe(stamp.trial);
        expect(readTrialHigh(view, end)).toBe(stamp.trial >> 8);
        const head = readTrialStream(view, end);
        expect(head).toBe(signatureHead(stamp.trial, stamp.stream));
        expect(streamOf(head)).toBe(stamp.stream);
        expect(readSequence(view, end)).toBe(stamp.sequence % 2 ** 32);
        expect(readTimeHigh16(view, end) * 2 ** 32 + readTimeLow32(view, end)).toBe(stamp.timeNs % 2 ** 48);
      }),
    );
  });

  it("is right for every carry that a sum can have", () => {
    const heads = [
      { trial: 2 ** 24 - 1, stream: 2 ** 24 - 1, timeNs: 2 ** 48 - 1 },
      { trial: 0, stream: 0, timeNs: 0 },
    ];
    for (const head of heads) {
      for (let sequence = 0; sequence < 2 ** 16; sequence++) {
        const { bytes, view, end } = signed({ ...head, sequence }, 2);
        if (fold(addBytes(0, bytes, 2, 20)) !== 0xffff || !checkSignature(view, end))
          expect.fail(`sequence ${sequence}`);
      }
    }
  });

  it("is known by its sum, whichever trial's it is; padding is none", () => {
    fc.assert(
      fc.property(stamps, fc.integer({ min: 1, max: 40 }), (stamp, at) => {
        const { view, end } = signed(stamp, at);
        expect(isSignature(view, end)).toBe(true);
      }),
    );
    const bytes = new Uint8Array(64);
    const view = new DataView(bytes.buffer);
    for (let word = 0; word < 2 ** 16; word++) {
      for (let at = 0; at < 18; at += 2) view.setUint16(40 + at, word, true);
      if (isSignature(view, 58)) expect.fail(`0x${word.toString(16)} over and over`);
    }
  });

  it("is zero to a checksum at even and at odd offsets", () => {
    fc.assert(
      fc.property(stamps, fc.integer({ min: 1, max: 45 }), fc.boolean(), (stamp, at, odd) => {
        const { bytes, end } = signed(stamp, at);
        bytes.fill(0, 0, at);
        bytes.fill(0, end);
        expect(fold(addBytes(0, bytes, odd ? 1 : 0, bytes.length))).toBe(0xffff);
      }),
    );
  });

  it("shows every single flipped bit", () => {
    fc.assert(
      fc.property(stamps, (stamp) => {
        const { bytes, view, end } = signed(stamp, 7);
        for (let bit = 0; bit < 8 * signatureBytes; bit++) {
          bytes[7 + (bit >> 3)] ^= 1 << (bit & 7);
          expect(checkSignature(view, end)).toBe(false);
          bytes[7 + (bit >> 3)] ^= 1 << (bit & 7);
        }
      }),
      { numRuns: 20 },
    );
  });
});
