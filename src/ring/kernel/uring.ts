/**
 * io_uring(7) as pure code: submission and completion rings in shared memory, as the kernel lays them out
 * (linux/io_uring.h). It is used for batches of reads or writes on one descriptor that complete within the call that
 * submits them (RWF_NOWAIT). So nothing is in flight between two calls, and the kernel owns memory only during a call.
 */
import type { RingMemory } from "../../memory.js";
import { checkArea } from "../area.js";
import { RingFault, type UringLayout } from "../ring.js";

/** enum io_uring_op. */
export const uringOperations = { read: 22, write: 23 } as const;

export interface UringTarget {
  readonly operation: (typeof uringOperations)[keyof typeof uringOperations];
  /** The descriptor to read or write. */
  readonly fd: number;
  /** What the kernel calls byte 0 of memory. */
  readonly addressBase: bigint;
}

const sqeBytes = 64;
const cqeBytes = 16;
/** Per call: no waiting, −EAGAIN instead. */
const RWF_NOWAIT = 8;
const EAGAIN = 11;
const EINPROGRESS = 115;

/** Submits up to `n` entries: io_uring_enter(2) without waiting; how many were taken, or −errno. */
export type UringEnter = (n: number) => number;

export class UringBatch {
  /** The most frames of one call. */
  readonly entries: number;
  readonly #u32: Uint32Array;
  readonly #i32: Int32Array;
  readonly #enter: UringEnter;
  readonly #mask: number;
  readonly #completionMask: number;
  /** Indices of 32-bit words. */
  readonly #sqHead: number;
  readonly #sqTail: number;
  readonly #sqes: number;
  readonly #cqHead: number;
  readonly #cqTail: number;
  readonly #cqes: number;
  readonly #baseLow: number;
  readonly #baseHigh: number;

  constructor(memory: RingMemory, layout: UringLayout, target: UringTarget, enter: UringEnter) {
    const { entries, completions } = layout;
    for (const [name, size] of Object.entries({ entries, completions })) {
      if (!(size >= 1 && (size & (size - 1)) === 0)) throw new RingFault(`uring.${name}`, `${size} is no power of two`);
    }
    if (completions < entries) throw new RingFault("uring.completions", `${completions} for ${entries} entries`);
    checkArea(memory, "uring.sqes", layout.sqes, { bytes: entries * sqeBytes, alignment: 64 });
    checkArea(memory, "uring.cqes", layout.cqes, { bytes: completions * cqeBytes, alignment: 16 });
    for (const name of ["sqHead", "sqTail", "cqHead", "cqTail"] as const) {
      checkArea(memory, `uring.${name}`, layout[name], { bytes: 4, alignment: 4 });
    }
    this.entries = entries;
    this.#u32 = memory.u32;
    this.#i32 = new Int32Array(memory.buffer);
    this.#enter = enter;
    this.#mask = entries - 1;
    this.#completionMask = completions - 1;
    this.#sqHead = layout.sqHead >>> 2;
    this.#sqTail = layout.sqTail >>> 2;
    this.#sqes = layout.sqes >>> 2;
    this.#cqHead = layout.cqHead >>> 2;
    this.#cqTail = layout.cqTail >>> 2;
    this.#cqes = layout.cqes >>> 2;
    this.#baseLow = Number(target.addressBase & 0xffffffffn);
    this.#baseHigh = Number(target.addressBase >> 32n);
    for (let i = 0; i < entries; i++) this.#prepare(i, target);
  }

  /** Writes what all entries have in common (struct io_uring_sqe). */
  #prepare(i: number, { operation, fd }: UringTarget): void {
    const sqe = this.#sqes + (i * sqeBytes) / 4;
    this.#u32.fill(0, sqe, sqe + sqeBytes / 4);
    this.#u32[sqe] = operation;
    this.#u32[sqe + 1] = fd;
    this.#u32[sqe + 7] = RWF_NOWAIT;
  }

  /**
   * Frames first … first + n − 1 (n at most `entries`), in order. Leaves bytes or −errno in `results`. −EAGAIN also
   * means that the kernel did not look at the entry, −EINPROGRESS that it took the entry and did not report its end.
   */
  run(first: number, n: number, offsets: Uint32Array, lengths: Uint32Array, results: Int32Array): void {
    const u32 = this.#u32;
    let tail = u32[this.#sqTail];
    for (let k = first; k < first + n; k++) {
      const sqe = this.#sqes + (tail & this.#mask) * (sqeBytes / 4);
      const low = this.#baseLow + offsets[k];
      u32[sqe + 4] = low;
      u32[sqe + 5] = this.#baseHigh + (low > 0xffffffff ? 1 : 0);
      u32[sqe + 6] = lengths[k];
      u32[sqe + 8] = k;
      results[k] = -EINPROGRESS;
      tail = (tail + 1) >>> 0;
    }
    Atomics.store(u32, this.#sqTail, tail);
    const taken = Math.max(0, this.#enter(n));
    if (taken < n) {
      // Taken back: the kernel looks at the tail in `enter` only.
      Atomics.store(u32, this.#sqTail, Atomics.load(u32, this.#sqHead));
      results.fill(-EAGAIN, first + taken, first + n);
    }
    this.#complete(results);
  }

  #complete(results: Int32Array): void {
    const u32 = this.#u32;
    let head = u32[this.#cqHead];
    const ready = (Atomics.load(u32, this.#cqTail) - head) >>> 0;
    for (let i = 0; i < ready; i++) {
      const cqe = this.#cqes + (head & this.#completionMask) * (cqeBytes / 4);
      results[u32[cqe]] = this.#i32[cqe + 2];
      head = (head + 1) >>> 0;
    }
    Atomics.store(u32, this.#cqHead, head);
  }
}
