/** Batches through io_uring are laid out and completed. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ringMemory, UringBatch, type UringLayout, uringOperations } from "../../src/ring/index.js";

const entries = 8;
const layout: UringLayout = {
  fd: 3,
  entries,
  completions: 16,
  sqes: 4096,
  sqHead: 8192,
  sqTail: 8196,
  cqHead: 8256,
  cqTail: 8260,
  cqes: 8320,
};
const addressBase = 0x7f12_ffff_f000n;

/** The kernel's part, as io_uring_enter(2) has it: takes entries from the head, answers each with a completion. */
function kernel(start: number) {
  const memory = ringMemory(new ArrayBuffer(16_384));
  const { view, u32 } = memory;
  for (const field of ["sqHead", "sqTail", "cqHead", "cqTail"] as const) u32[layout[field] / 4] = start;
  const seen: { operation: number; fd: number; address: bigint; bytes: number; flags: number }[] = [];
  let take = Number.POSITIVE_INFINITY;
  let answer = (bytes: number): number | null => bytes;
  const enter = (n: number): number => {
    let taken = 0;
    let head = view.getUint32(layout.sqHead, true);
    let completed = view.getUint32(layout.cqTail, true);
    while (taken < Math.min(n, take) && head !== view.getUint32(layout.sqTail, true)) {
      const sqe = layout.sqes + 64 * (head % entries);
      const bytes = view.getUint32(sqe + 24, true);
      seen.push({
        operation: view.getUint8(sqe),
        fd: view.getInt32(sqe + 4, true),
        address: view.getBigUint64(sqe + 16, true),
        bytes,
        flags: view.getUint32(sqe + 28, true),
      });
      const result = answer(bytes);
      if (result !== null) {
        const cqe = layout.cqes + 16 * (completed % layout.completions);
        view.setBigUint64(cqe, view.getBigUint64(sqe + 32, true), true);
        view.setInt32(cqe + 8, result, true);
        completed = (completed + 1) >>> 0;
      }
      head = (head + 1) >>> 0;
      taken++;
    }
    view.setUint32(layout.sqHead, head, true);
    view.setUint32(layout.cqTail, completed, true);
    return taken;
  };
  const batch = new UringBatch(memory, layout, { operation: uringOperations.write, fd: 5, addressBase }, (n) =>
    take < 0 ? take : enter(n),
  );
  return {
    batch,
    seen,
    takes: (n: number) => {
      take = n;
    },
    answers: (how: (bytes: number) => number | null) => {
      answer = how;
    },
  };
}

describe("a batch through io_uring", () => {
  it("is entries as linux/io_uring.h lays them out, carried over 32 bits of address", () => {
    const { batch, seen } = kernel(0);
    const results = new Int32Array(4);
    batch.run(1, 2, Uint32Array.of(0, 0x800, 0x2000, 0), Uint32Array.of(0, 60, 1514, 0), results);
    expect(seen).toEqual([
      { operation: 23, fd: 5, address: 0x7f12_ffff_f800n, bytes: 60, flags: 8 },
      { operation: 23, fd: 5, address: 0x7f13_0000_1000n, bytes: 1514, flags: 8 },
    ]);
    expect([...results]).toEqual([0, 60, 1514, 0]);
  });

  it("gives each frame its own result, over many laps and over 2^32", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: entries }), { maxLength: 40 }), (bursts) => {
        const { batch, answers } = kernel(0xffff_fff0);
        answers((bytes) => (bytes % 3 === 0 ? -11 : bytes));
        let next = 60;
        for (const n of bursts) {
          const lengths = Uint32Array.from({ length: n }, () => next++);
          const results = new Int32Array(n);
          batch.run(0, n, new Uint32Array(n), lengths, results);
          expect([...results]).toEqual([...lengths].map((bytes) => (bytes % 3 === 0 ? -11 : bytes)));
        }
      }),
    );
  });

  it("takes back what the kernel did not take, and submits it anew the next time", () => {
    const { batch, seen, takes } = kernel(0);
    const results = new Int32Array(4);
    const lengths = Uint32Array.of(60, 61, 62, 63);
    takes(1);
    batch.run(0, 4, new Uint32Array(4), lengths, results);
    expect([...results]).toEqual([60, -11, -11, -11]);
    takes(-16);
    batch.run(0, 4, new Uint32Array(4), lengths, results);
    expect([...results]).toEqual([-11, -11, -11, -11]);
    takes(4);
    batch.run(0, 4, new Uint32Array(4), lengths, results);
    expect([...results]).toEqual([60, 61, 62, 63]);
    expect(seen.map(({ bytes }) => bytes)).toEqual([60, 60, 61, 62, 63]);
  });

  it("says so where the kernel took a frame and does not say what became of it", () => {
    const { batch, answers } = kernel(0);
    const results = new Int32Array(2);
    answers((bytes) => (bytes === 61 ? null : bytes));
    batch.run(0, 2, new Uint32Array(2), Uint32Array.of(60, 61), results);
    expect([...results]).toEqual([60, -115]);
  });
});
