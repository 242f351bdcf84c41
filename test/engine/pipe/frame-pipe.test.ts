/** The pipe between two threads hands on every frame, in order and whole. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { PipeReader, PipeWriter, pipeBytesOf, pipeWord } from "../../../src/engine/pipe/frame-pipe.js";
import { ringMemory } from "../../../src/memory.js";

const frames = 16;
const dataBytes = 2048;

it("a pipe hands on every frame, in order and whole, whatever its writer and its reader do in turn, and whoever writes next", () => {
  const turn = fc.tuple(
    fc.constantFrom("write", "write", "write", "read", "read", "take over"),
    fc.integer({ min: 1, max: 700 }),
  );
  fc.assert(
    fc.property(fc.array(turn, { maxLength: 300 }), (turns) => {
      const memory = ringMemory(new ArrayBuffer(64 + pipeBytesOf(frames, dataBytes)));
      const pipe = { offset: 64, frames, dataBytes, control: new SharedArrayBuffer(4 * pipeWord.words) };
      let writer = new PipeWriter(memory, pipe);
      const reader = new PipeReader(memory, pipe);
      const waiting: number[] = [];
      let written = 0;
      let refused = 0;
      for (const [what, size] of turns) {
        if (what === "take over") writer = new PipeWriter(memory, pipe);
        else if (what === "write") {
          const at = writer.place(size);
          if (at === 0) {
            refused++;
            expect(waiting.length).toBeGreaterThan(0);
            continue;
          }
          memory.u8.fill(written & 0xff, at, at + size);
          writer.commit(written, size, written % 3, 7, written % 65_536);
          writer.publish();
          waiting.push(size);
          written++;
        } else if (reader.available() > 0) {
          const frame = reader.at(0);
          const number = written - waiting.length;
          const length = waiting.shift()!;
          expect([
            reader.timeNs(frame),
            reader.bytes(frame),
            reader.port(frame),
            reader.loop(frame),
            reader.spread(frame),
          ]).toEqual([number, length, number % 3, 7, number]);
          const bytes = memory.u8.subarray(reader.offset(frame), reader.offset(frame) + length);
          expect(bytes.every((byte) => byte === (number & 0xff))).toBe(true);
          reader.release(1);
        }
      }
      expect(reader.available()).toBe(waiting.length);
      expect(refused + written).toBe(turns.filter(([what]) => what === "write").length);
    }),
  );
});

it.each([1025, 2048, 2049, 100_000_000, 0x7fff_ffff, 0xffff_ffc1, 0xffff_fff4, 2 ** 40])(
  "a frame of %i bytes, more than half of the pipe, is refused at once, and changes nothing",
  (bytes) => {
    const memory = ringMemory(new ArrayBuffer(64 + pipeBytesOf(frames, dataBytes)));
    const pipe = { offset: 64, frames, dataBytes, control: new SharedArrayBuffer(4 * pipeWord.words) };
    const writer = new PipeWriter(memory, pipe);
    expect(writer.place(bytes)).toBe(-1);
    expect(writer.place(1024)).toBe(64 + frames * 32);
  },
);

it("half of the pipe fits wherever the last frame ended", () => {
  const memory = ringMemory(new ArrayBuffer(64 + pipeBytesOf(frames, dataBytes)));
  const pipe = { offset: 64, frames, dataBytes, control: new SharedArrayBuffer(4 * pipeWord.words) };
  const writer = new PipeWriter(memory, pipe);
  const reader = new PipeReader(memory, pipe);
  for (let bytes = 1; bytes <= 1024; bytes += 61) {
    for (const size of [bytes, 1024]) {
      expect(writer.place(size)).toBeGreaterThan(0);
      writer.commit(0, size, 0, 0);
      writer.publish();
      expect(reader.available()).toBe(1);
      reader.release(1);
    }
  }
});
