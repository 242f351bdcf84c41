/**
 * A slow, obvious driver with everything ours leaves out: frames in several descriptors, indirect tables, unaligned
 * pieces, buffers of any size. Written from virtio 1.2 §2.7.13 and §2.8.21, sharing nothing with src/ring.
 */
import type { DeviceRingLayout } from "../../src/ring/index.js";

const NEXT = 1;
const WRITE = 2;
const INDIRECT = 4;
/** Memory of one buffer: pieces from the start, an indirect table in the second half. */
export const SLAB_BYTES = 8192;

interface Piece {
  readonly offset: number;
  readonly bytes: number;
}

interface Posted {
  readonly pieces: readonly Piece[];
  readonly descriptors: readonly number[];
}

export interface Completed {
  readonly id: number;
  readonly usedBytes: number;
  readonly pieces: readonly Piece[];
}

export class ReferenceDriver {
  readonly #view: DataView;
  readonly #layout: DeviceRingLayout;
  readonly #slabs: number;
  readonly #addressBase: bigint;
  readonly #posted = new Map<number, Posted>();
  /** Order in which buffers were posted: with IN_ORDER it is that in which they come back. */
  readonly #order: number[] = [];
  #freeDescriptors: number[];
  #freeIds: number[];
  #avail = 0;
  #used = 0;
  #position = 0;
  #wrap = 1;
  #usedPosition = 0;
  #usedWrap = 1;

  constructor(buffer: ArrayBuffer, layout: DeviceRingLayout, slabs: number, addressBase: bigint) {
    this.#view = new DataView(buffer);
    this.#layout = layout;
    this.#slabs = slabs;
    this.#addressBase = addressBase;
    this.#freeDescriptors = Array.from({ length: layout.size }, (_, i) => i);
    this.#freeIds = Array.from({ length: layout.size }, (_, i) => i);
  }

  /** Posts a buffer of these piece lengths (`gap` bytes apart); `fill` may write its content. False: no room. */
  post(lengths: readonly number[], gap: number, indirect: boolean, fill: (pieces: readonly Piece[]) => void): boolean {
    const needed = indirect ? 1 : lengths.length;
    if (this.#freeDescriptors.length < needed || this.#freeIds.length === 0) return false;
    const slab =
      this.#slabs + (this.#layout.format === "split" ? this.#freeDescriptors[0] : this.#freeIds[0]) * SLAB_BYTES;
    const pieces: Piece[] = [];
    let at = slab + gap;
    for (const bytes of lengths) {
      pieces.push({ offset: at, bytes });
      at += bytes + gap;
    }
    fill(pieces);
    if (this.#layout.format === "split") this.#postSplit(pieces, slab, indirect);
    else this.#postPacked(pieces, slab, indirect);
    return true;
  }

  #writeDescriptor(at: number, piece: Piece, last16: readonly [number, number]): void {
    this.#view.setBigUint64(at, this.#addressBase + BigInt(piece.offset), true);
    this.#view.setUint32(at + 8, piece.bytes, true);
    this.#view.setUint16(at + 12, last16[0], true);
    this.#view.setUint16(at + 14, last16[1], true);
  }

  get #direction(): number {
    return this.#layout.direction === "tx" ? WRITE : 0;
  }

  #postSplit(pieces: readonly Piece[], slab: number, indirect: boolean): void {
    const { descriptors, driverArea, size } = this.#layout;
    const own = this.#freeDescriptors.splice(0, indirect ? 1 : pieces.length);
    const table = slab + SLAB_BYTES / 2 + 1;
    pieces.forEach((piece, i) => {
      const more = i + 1 < pieces.length ? NEXT : 0;
      // Entries of a table are chained backwards but for the first, to see that `next` is followed (§2.7.5.3).
      const entry = (k: number): number => (k === 0 ? 0 : pieces.length - k);
      const at = indirect ? table + 16 * entry(i) : descriptors + 16 * own[i];
      const next = more === 0 ? 0 : indirect ? entry(i + 1) : own[i + 1];
      this.#writeDescriptor(at, piece, [more | this.#direction, next]);
    });
    if (indirect) {
      this.#writeDescriptor(descriptors + 16 * own[0], { offset: table, bytes: 16 * pieces.length }, [INDIRECT, 0]);
    }
    this.#posted.set(own[0], { pieces, descriptors: own });
    this.#order.push(own[0]);
    this.#view.setUint16(driverArea + 4 + 2 * (this.#avail % size), own[0], true);
    this.#avail = (this.#avail + 1) & 0xffff;
    this.#view.setUint16(driverArea + 2, this.#avail, true);
  }

  #postPacked(pieces: readonly Piece[], slab: number, indirect: boolean): void {
    const { descriptors, size } = this.#layout;
    const id = this.#freeIds.shift() as number;
    const table = slab + SLAB_BYTES / 2 + 1;
    if (indirect) {
      pieces.forEach((piece, i) => {
        this.#writeDescriptor(table + 16 * i, piece, [0, this.#direction]);
      });
    }
    const parts = indirect ? [{ offset: table, bytes: 16 * pieces.length }] : pieces;
    const head = descriptors + 16 * this.#position;
    let headFlags = 0;
    parts.forEach((piece, i) => {
      const more = i + 1 < parts.length ? NEXT : 0;
      const flags = (indirect ? INDIRECT : this.#direction) | more | (this.#wrap === 1 ? 0x80 : 0x8000);
      if (i === 0) headFlags = flags;
      const at = descriptors + 16 * this.#position;
      // Only the last descriptor's id counts (§2.8.6).
      const ownId = more === 0 ? id : 0xeeee;
      const flagsNow = i === 0 ? this.#view.getUint16(at + 14, true) : flags;
      this.#writeDescriptor(at, piece, [ownId, flagsNow]);
      this.#position++;
      if (this.#position === size) {
        this.#position = 0;
        this.#wrap ^= 1;
      }
    });
    this.#view.setUint16(head + 14, headFlags, true);
    this.#posted.set(id, { pieces, descriptors: this.#freeDescriptors.splice(0, parts.length) });
    this.#order.push(id);
  }

  /** Takes all used buffers back, oldest first. */
  collect(): Completed[] {
    return this.#layout.format === "split" ? this.#collectSplit() : this.#collectPacked();
  }

  #complete(id: number, usedBytes: number): Completed {
    const posted = this.#posted.get(id);
    if (posted === undefined) throw new Error(`used id ${id} was not outstanding`);
    this.#posted.delete(id);
    this.#order.splice(this.#order.indexOf(id), 1);
    this.#freeDescriptors.push(...posted.descriptors);
    if (this.#layout.format === "packed") this.#freeIds.push(id);
    return { id, usedBytes, pieces: posted.pieces };
  }

  #collectSplit(): Completed[] {
    const { deviceArea, size } = this.#layout;
    const done: Completed[] = [];
    while (this.#used !== this.#view.getUint16(deviceArea + 2, true)) {
      const at = deviceArea + 4 + 8 * (this.#used % size);
      done.push(this.#complete(this.#view.getUint32(at, true), this.#view.getUint32(at + 4, true)));
      this.#used = (this.#used + 1) & 0xffff;
    }
    return done;
  }

  #collectPacked(): Completed[] {
    const { descriptors, size, inOrder } = this.#layout;
    const done: Completed[] = [];
    for (;;) {
      const at = descriptors + 16 * this.#usedPosition;
      const flags = this.#view.getUint16(at + 14, true);
      const both = this.#usedWrap === 1 ? 0x8080 : 0;
      if ((flags & 0x8080) !== both || this.#posted.size === 0) return done;
      const id = this.#view.getUint16(at + 12, true);
      const usedBytes = this.#view.getUint32(at + 8, true);
      // In order: everything posted up to and with this id (§2.8.4).
      const batch = inOrder ? this.#order.slice(0, this.#order.indexOf(id) + 1) : [id];
      for (const own of batch) {
        this.#usedPosition += this.#posted.get(own)?.descriptors.length ?? 0;
        done.push(this.#complete(own, usedBytes));
      }
      if (this.#usedPosition >= size) {
        this.#usedPosition -= size;
        this.#usedWrap ^= 1;
      }
    }
  }
}
