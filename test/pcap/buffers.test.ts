/** Node's Buffers are Uint8Arrays that lie anywhere in memory of others, and whose `slice` shares it. */
import { describe, expect, it } from "vitest";
import { dissect } from "../../src/packet/index.js";
import { type CapturedFrame, decodeCapture, encodeCapture } from "../../src/pcap/codec.js";

const frames: CapturedFrame[] = [1, 2, 3].map((k) => ({
  seconds: 7,
  nanoseconds: k * 1_000_003,
  originalBytes: 60,
  bytes: new Uint8Array(60).fill(k),
}));

/** The same bytes in the middle of others, each of which would be another resolution of times. */
const amid = (bytes: Uint8Array): Buffer =>
  Buffer.concat([Buffer.alloc(5, 2), bytes, Buffer.alloc(5, 3)]).subarray(5, -5);

describe("a Buffer", () => {
  it.each(["pcap", "pcapng"] as const)("with a capture in %s is read as other bytes are", (format) => {
    const file = encodeCapture(frames, format);
    const read = decodeCapture(amid(file));
    expect(read.frames.map(({ seconds, nanoseconds }) => [seconds, nanoseconds])).toEqual(
      frames.map(({ seconds, nanoseconds }) => [seconds, nanoseconds]),
    );
    expect(read).toEqual(decodeCapture(file));
  });

  it("with a frame is taken apart into copies", () => {
    const frame = amid(Uint8Array.from([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x88, 0xb5, ...new Uint8Array(46)]));
    const taken = dissect(frame);
    const before = JSON.stringify(taken);
    frame.fill(0xff);
    expect(JSON.stringify(taken)).toBe(before);
  });
});
