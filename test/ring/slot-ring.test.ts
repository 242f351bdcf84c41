/** The rings of packet sockets: slots that are sent and received. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openRxRing, openTxRing, RingFault, ringMemory, type SlotRingLayout } from "../../src/ring/index.js";
import type { FrameMover } from "../../src/ring/kernel/slot-ring.js";

const EAGAIN = 11;
const EBADFD = 77;
const ENOBUFS = 105;

const layoutOf = (direction: "tx" | "rx", size = 8): SlotRingLayout => ({
  format: "slots",
  direction,
  vring: direction === "tx" ? 1 : 0,
  size,
  buffers: 4096,
  bufferStride: 192,
  bufferBytes: 128,
  mover: { kind: "test" },
});

const newMemory = () => ringMemory(new ArrayBuffer(65_536));

/** Answers each frame by `answer(its first byte)`: null takes it. */
class ScriptedMover implements FrameMover {
  readonly taken: number[] = [];
  answer: (mark: number, k: number) => number | null = () => null;
  readonly #u8: Uint8Array;

  constructor(u8: Uint8Array) {
    this.#u8 = u8;
  }

  move(n: number, offsets: Uint32Array, lengths: Uint32Array, results: Int32Array): void {
    for (let k = 0; k < n; k++) {
      const mark = this.#u8[offsets[k]!]!;
      const result = this.answer(mark, k);
      if (result === null) this.taken.push(mark);
      results[k] = result ?? lengths[k]!;
    }
  }

  trouble(result: number): string {
    return `answered ${result}`;
  }
}

function transmitter(size = 8) {
  const memory = newMemory();
  const mover = new ScriptedMover(memory.u8);
  const ring = openTxRing(memory, layoutOf("tx", size), () => mover);
  const send = (...marks: readonly number[]): number => {
    let placed = 0;
    for (const mark of marks) {
      const at = ring.place(placed, 60);
      if (at <= 0) break;
      memory.u8[at] = mark;
      placed++;
    }
    ring.publish(placed);
    return placed;
  };
  return { ring, mover, send };
}

describe("a slot ring that sends", () => {
  it("has moved a burst when publish returns", () => {
    const { ring, mover, send } = transmitter();
    expect(ring.reclaim()).toBe(8);
    expect(send(1, 2, 3)).toBe(3);
    expect(mover.taken).toEqual([1, 2, 3]);
    expect(ring.outstanding()).toBe(0);
    expect(ring.reclaim()).toBe(8);
    expect(ring.place(0, 129)).toBe(-1);
    expect(ring.notifyWanted()).toBe(false);
  });

  it("keeps what is refused for now, and tries it first", () => {
    const { ring, mover, send } = transmitter();
    mover.answer = (mark) => (mark >= 2 ? -EAGAIN : null);
    send(1, 2, 3);
    expect(ring.outstanding()).toBe(2);
    expect(ring.reclaim()).toBe(6);
    mover.answer = () => null;
    send(4);
    expect(mover.taken).toEqual([1, 2, 3, 4]);
    expect(ring.outstanding()).toBe(0);
  });

  it("has no room for a lap over a frame that waits, wherever it is in a burst", () => {
    const { ring, mover, send } = transmitter(4);
    mover.answer = (mark) => (mark === 1 ? -ENOBUFS : null);
    send(0, 1, 2);
    expect(mover.taken).toEqual([0, 2]);
    expect(ring.reclaim()).toBe(2);
    expect(send(3, 4, 5)).toBe(2);
    expect(ring.reclaim()).toBe(0);
    expect(send(6)).toBe(0);
    mover.answer = () => null;
    expect(ring.reclaim()).toBe(4);
    expect(mover.taken).toEqual([0, 2, 3, 4, 1]);
  });

  it("tells once that nothing moves any more, after everything before it is counted", () => {
    const { ring, mover, send } = transmitter();
    mover.answer = (mark) => (mark < 2 ? null : -EBADFD);
    expect(send(1, 2, 3)).toBe(3);
    expect(ring.outstanding()).toBe(2);
    expect(() => ring.reclaim()).toThrow(new RingFault("tx", "answered -77"));
    expect(ring.reclaim()).toBe(0);
    expect(ring.outstanding()).toBe(2);
    expect(mover.taken).toEqual([1]);
  });

  it("takes a frame that went in part for a fault", () => {
    const { ring, mover, send } = transmitter();
    mover.answer = () => 30;
    send(1);
    expect(() => ring.reclaim()).toThrow("tx: answered 30");
  });

  it("moves every frame exactly once, whatever is refused when", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.infiniteStream(fc.boolean()))), (bursts) => {
        const { ring, mover, send } = transmitter();
        let next = 0;
        for (const [wanted, refusals] of bursts) {
          mover.answer = () => (refusals.next().value === true ? -EAGAIN : null);
          const room = ring.reclaim();
          const marks = Array.from({ length: Math.min(wanted, room) }, (_, i) => (next + i) & 0xff);
          const sent = send(...marks);
          expect(sent).toBe(marks.length);
          next += sent;
          expect(mover.taken.length + ring.outstanding()).toBe(next);
        }
        mover.answer = () => null;
        expect(ring.reclaim()).toBe(8);
        expect(mover.taken.toSorted((a, b) => a - b)).toEqual(
          Array.from({ length: next }, (_, i) => i & 0xff).toSorted((a, b) => a - b),
        );
      }),
    );
  });
});

describe("a slot ring that receives", () => {
  const receiver = () => {
    const memory = newMemory();
    const asked: number[] = [];
    const waiting: number[] = [];
    const mover: FrameMover = {
      move(n, _offsets, _lengths, results) {
        asked.push(n);
        for (let k = 0; k < n; k++) results[k] = waiting.shift() ?? -EAGAIN;
      },
      trouble: (result) => `answered ${result}`,
    };
    return { ring: openRxRing(memory, layoutOf("rx", 256), () => mover), asked, waiting };
  };

  it("gives the frames there are, in order, and asks for more where many came", () => {
    const { ring, asked, waiting } = receiver();
    expect(ring.poll(256)).toBe(0);
    waiting.push(...Array.from({ length: 200 }, (_, i) => 60 + (i % 40)));
    const lengths: number[] = [];
    for (let n = ring.poll(256); n > 0; n = ring.poll(256)) {
      lengths.push(...ring.lengths.subarray(0, n));
      expect(new Set(ring.offsets.subarray(0, n)).size).toBe(n);
      ring.release(n);
    }
    expect(lengths).toEqual(Array.from({ length: 200 }, (_, i) => 60 + (i % 40)));
    expect(asked[0]).toBe(3);
    expect(Math.max(...asked)).toBe(64);
    expect(ring.poll(256)).toBe(0);
    expect(asked.at(-1)).toBe(3);
  });

  it("closes ranks where a read in the middle brought nothing", () => {
    const { ring, waiting } = receiver();
    waiting.push(60, -EAGAIN, 61);
    expect(ring.poll(256)).toBe(2);
    expect([...ring.lengths.subarray(0, 2)]).toEqual([60, 61]);
    expect(ring.offsets[1]! - ring.offsets[0]!).toBe(2 * 192);
  });

  it("delivers what came before the end, then says why", () => {
    const { ring, waiting } = receiver();
    waiting.push(60, -EBADFD);
    expect(ring.poll(256)).toBe(1);
    expect(() => ring.poll(256)).toThrow(new RingFault("rx", "answered -77"));
  });

  it("needs a mover", () => {
    expect(() => openRxRing(newMemory(), layoutOf("rx"))).toThrow("ring.mover: nobody here moves frames by test");
    expect(() => openTxRing(newMemory(), layoutOf("tx", 257), () => ({ move: () => {}, trouble: () => "" }))).toThrow(
      "ring.size: 257 slots, not 1 to 256",
    );
  });
});
