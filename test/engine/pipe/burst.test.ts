/** Bursts of a recorded capture hand over every frame of every loop. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { PipeBurst } from "../../../src/engine/pipe/burst.js";
import { PipeCursor } from "../../../src/engine/pipe/cursor.js";
import { PipeReader, PipeWriter, pipeBytesOf, pipeWord } from "../../../src/engine/pipe/frame-pipe.js";
import type { PipeRecorder } from "../../../src/engine/pipe/recorder.js";
import { ringMemory } from "../../../src/memory.js";
import type { TxRing } from "../../../src/ring/ring.js";

const slots = 32;
const stride = 512;
const longest = 400;

/** A ring that shows what was published, and has as much room as it is told. */
function sink(memory: ReturnType<typeof ringMemory>, buffers: number) {
  const seen: string[] = [];
  const lengths = new Array<number>(slots).fill(0);
  const state = { room: slots };
  const place = (k: number, bytes: number): number => {
    if (bytes > longest) return -1;
    if (k >= state.room) return 0;
    lengths[k] = bytes;
    return buffers + k * stride;
  };
  const ring = {
    slots,
    maxFrameBytes: longest,
    reclaim: () => state.room,
    place,
    placeMany(n: number, bytes: number, offsets: Uint32Array) {
      for (let k = 0; k < n; k++) {
        const at = place(k, bytes);
        if (at <= 0) return k > 0 ? k : at;
        offsets[k] = at;
      }
      return n;
    },
    publish(n: number) {
      for (let k = 0; k < n; k++) {
        const at = buffers + k * stride;
        seen.push(Buffer.from(memory.u8.subarray(at, at + lengths[k]!)).toString("hex"));
      }
    },
  } as unknown as TxRing;
  return { ring, seen, state };
}

const length = fc.integer({ min: 14, max: longest + 20 });

it("bursts hand over every frame of every loop, in order, whatever room there is; what cannot fit is passed over", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(length, { minLength: 1, maxLength: 70 }),
        fc.tuple(length, fc.integer({ min: 1, max: 70 })).map(([bytes, n]) => new Array<number>(n).fill(bytes)),
      ),
      fc.integer({ min: 1, max: 5 }),
      fc.boolean(),
      fc.array(fc.nat({ max: slots }), { minLength: 1, maxLength: 20 }),
      (lengths, loops, across, rooms) => {
        const feedBytes = pipeBytesOf(128, 64 * 1024);
        const memory = ringMemory(new ArrayBuffer(4096 + feedBytes + slots * stride));
        const pipe = {
          offset: 4096,
          frames: 128,
          dataBytes: 64 * 1024,
          control: new SharedArrayBuffer(4 * pipeWord.words),
        };
        const writer = new PipeWriter(memory, pipe);
        lengths.forEach((bytes, i) => {
          const at = writer.place(bytes);
          memory.u8.fill(i + 1, at, at + bytes);
          writer.commit(i, bytes, 0, 0);
        });
        writer.end();
        const cursor = new PipeCursor(new PipeReader(memory, pipe), loops);
        const burst = new PipeBurst(memory);
        const { ring, seen, state } = sink(memory, 4096 + feedBytes);
        const recorded: string[] = [];
        const recorder = {
          record: (_: unknown, at: number, bytes: number) =>
            recorded.push(Buffer.from(memory.u8.subarray(at, at + bytes)).toString("hex")),
        } as unknown as PipeRecorder;
        let tooLong = 0;
        for (let turn = 0; cursor.next() >= 0; turn++) {
          state.room = turn % 2 === 0 ? rooms[(turn / 2) % rooms.length]! : slots;
          const sent = burst.fill(ring, cursor, Number.POSITIVE_INFINITY, across);
          if (sent > 0) {
            burst.record(recorder, sent, 0, 0);
            ring.publish(sent);
          } else if (sent < 0) tooLong++;
          if (sent !== 0) cursor.advance(Math.abs(sent));
        }
        const once = lengths.map((bytes, i) => Buffer.alloc(bytes, i + 1).toString("hex"));
        const wanted = once.filter((hex) => hex.length <= 2 * longest);
        expect(seen).toEqual(Array.from({ length: loops }, () => wanted).flat());
        expect(recorded).toEqual(seen);
        expect(tooLong).toBe(loops * (lengths.length - wanted.length));
        expect(cursor.loop).toBe(loops - 1);
        expect(cursor.isOver).toBe(true);
      },
    ),
  );
});
