/**
 * A peer's addresses, turned into offsets in our memory, and the pieces ("segments") of a frame that lies in several
 * descriptors. Everything that a peer writes is checked here before use (virtio 1.2 §2.7.5, §2.8.6). Addresses are
 * handled as two 32-bit halves, so that no BigInt is made per frame.
 */
import type { RingMemory } from "../../memory.js";
import { type DeviceRingLayout, type MemoryRegion, RingFault } from "../ring.js";
import { DESC_INDIRECT, DESC_NEXT, DESC_WRITE, descriptorBytes } from "./virtqueue.js";

/** Regions by number; `select` puts one into `PeerMemory`'s fields. */
interface Region {
  readonly low: number;
  readonly high: number;
  readonly bytes: number;
  readonly offset: number;
}

function checkedRegion(memory: RingMemory, region: MemoryRegion, index: number): Region {
  const { guestAddress, bytes, offset } = region;
  if (
    !Number.isInteger(bytes) ||
    bytes < 0 ||
    bytes > 2 ** 32 ||
    offset < 0 ||
    offset + bytes > memory.buffer.byteLength
  ) {
    throw new RingFault("region.bytes", `region ${index} (${bytes} bytes at offset ${offset}) is not in memory`);
  }
  if (guestAddress < 0n || guestAddress + BigInt(bytes) > 2n ** 64n) {
    throw new RingFault("region.address", `region ${index} ends after 2^64`);
  }
  return {
    low: Number(guestAddress & 0xffff_ffffn),
    high: Number(guestAddress >> 32n),
    bytes,
    offset,
  };
}

/** Translates descriptor addresses; remembers the last region, since most frames of a ring lie in one. */
export class PeerMemory {
  readonly #regions: readonly Region[];
  /** The last region, its address as two signed halves: small integers, where a double would be boxed. */
  #low = 0;
  #high = 0;
  #bytes = 0;
  #offset = 0;

  constructor(memory: RingMemory, regions: readonly MemoryRegion[]) {
    this.#regions = regions.map((region, index) => checkedRegion(memory, region, index));
    if (this.#regions.length > 0) this.#select(this.#regions[0]);
  }

  #select(region: Region): void {
    this.#low = region.low | 0;
    this.#high = region.high | 0;
    this.#bytes = region.bytes;
    this.#offset = region.offset;
  }

  /**
   * Offset in memory of the `bytes` bytes at the peer's address `high · 2^32 + low`. A RingFault if they are not all in
   * one region.
   */
  offsetOf(low: number, high: number, bytes: number): number {
    const within = ((low | 0) - this.#low) >>> 0;
    const borrow = low >>> 0 < this.#low >>> 0 ? 1 : 0;
    if ((((high | 0) - borrow - this.#high) | 0) === 0 && within + bytes <= this.#bytes) return this.#offset + within;
    return this.#search(low, high, bytes);
  }

  #search(low: number, high: number, bytes: number): number {
    for (const region of this.#regions) {
      const within = (high - region.high) * 2 ** 32 + (low - region.low);
      if (within >= 0 && within + bytes <= region.bytes) {
        this.#select(region);
        return region.offset + within;
      }
    }
    const address = (BigInt(high) * 2n ** 32n + BigInt(low)).toString(16);
    throw new RingFault(
      "descriptor.address",
      `${bytes} bytes at 0x${address} are in none of the peer's memory regions`,
    );
  }
}

/**
 * A burst's list that is longer than this takes no further frame. Behind it there is always room for a buffer of any
 * shape: `size` descriptors of the ring and a table of `size` more (§2.7.5.1, §2.8.6).
 */
export const segmentsWaiting = 1024;

/** A list of pieces of memory, of fixed capacity; several frames' pieces lie one after the other. */
export class Segments {
  count = 0;
  readonly offsets: Uint32Array;
  readonly lengths: Uint32Array;
  readonly #u8: Uint8Array;
  readonly #view: DataView;
  readonly #peer: PeerMemory;
  readonly #size: number;
  readonly #indirect: boolean;
  /** WRITE where the device writes (receiveq), 0 where it reads (transmitq): what every descriptor must have. */
  readonly #direction: number;

  constructor(memory: RingMemory, layout: DeviceRingLayout, peer: PeerMemory) {
    const capacity = segmentsWaiting + 2 * layout.size;
    this.offsets = new Uint32Array(capacity);
    this.lengths = new Uint32Array(capacity);
    this.#u8 = memory.u8;
    this.#view = memory.view;
    this.#peer = peer;
    this.#size = layout.size;
    this.#indirect = layout.indirect;
    this.#direction = layout.direction === "tx" ? DESC_WRITE : 0;
  }

  /** One descriptor's piece, after its flags and address were checked. */
  add(low: number, high: number, bytes: number, flags: number): void {
    if ((flags & DESC_WRITE) !== this.#direction) {
      throw new RingFault(
        "descriptor.flags",
        `a buffer that the device ${this.#direction === 0 ? "reads" : "writes"} has ${flags}`,
      );
    }
    if (bytes === 0) return;
    if (this.count === this.offsets.length)
      throw new RingFault("descriptor.next", `more than ${this.count} descriptors`);
    this.offsets[this.count] = this.#peer.offsetOf(low, high, bytes);
    this.lengths[this.count] = bytes;
    this.count++;
  }

  /**
   * The pieces of an indirect table. Split tables are chained by `next` (§2.7.5.3). Entries of packed tables follow each
   * other; of their flags only WRITE has a meaning, all others are ignored (§2.8.7). WRITE is not looked at, either:
   * drivers/net/virtio of DPDK sets it in tables that the device only reads. The queue's direction is known without it,
   * and all memory of the table's entries is the driver's own.
   */
  addTable(low: number, high: number, bytes: number, flags: number, chained: boolean): void {
    if (!this.#indirect) throw new RingFault("descriptor.flags", "INDIRECT was not negotiated");
    if ((flags & DESC_NEXT) !== 0) throw new RingFault("descriptor.flags", "INDIRECT and NEXT together");
    const entries = bytes / descriptorBytes;
    if (bytes === 0 || bytes % descriptorBytes !== 0 || entries > this.#size) {
      throw new RingFault("descriptor.len", `an indirect table of ${bytes} bytes in a ring of ${this.#size}`);
    }
    const table = this.#peer.offsetOf(low, high, bytes);
    const view = this.#view;
    let entry = 0;
    if (!chained) {
      for (let at = table; at < table + bytes; at += descriptorBytes) this.#addEntry(at, this.#direction);
      return;
    }
    for (let seen = 1; ; seen++) {
      if (seen > entries)
        throw new RingFault("descriptor.next", `the chain in an indirect table of ${entries} has a loop`);
      const at = table + entry * descriptorBytes;
      const own = view.getUint16(at + 12, true);
      if ((own & DESC_INDIRECT) !== 0)
        throw new RingFault("descriptor.flags", "an indirect table in an indirect table");
      this.#addEntry(at, own);
      if ((own & DESC_NEXT) === 0) return;
      entry = view.getUint16(at + 14, true);
      if (entry >= entries) throw new RingFault("descriptor.next", `${entry} in an indirect table of ${entries}`);
    }
  }

  #addEntry(at: number, flags: number): void {
    const view = this.#view;
    this.add(view.getUint32(at, true), view.getUint32(at + 4, true), view.getUint32(at + 8, true), flags);
  }

  /** Bytes of all pieces from number `first` on. */
  bytesFrom(first: number): number {
    let bytes = 0;
    for (let s = first; s < this.count; s++) bytes += this.lengths[s];
    return bytes;
  }

  /** The offset of bytes [skip, skip + bytes) of the pieces from `first` on, if one piece has them all; else −1. */
  inOnePiece(first: number, skip: number, bytes: number): number {
    let before = 0;
    for (let s = first; s < this.count; s++) {
      const end = before + this.lengths[s];
      if (skip < end) return skip + bytes <= end ? this.offsets[s] + skip - before : -1;
      before = end;
    }
    return -1;
  }

  /** Copies all pieces from `first` on, one after the other, to `to`. */
  gather(first: number, to: number): void {
    let at = to;
    for (let s = first; s < this.count; s++) {
      this.#u8.copyWithin(at, this.offsets[s], this.offsets[s] + this.lengths[s]);
      at += this.lengths[s];
    }
  }

  /** Copies `bytes` bytes at `from` into the pieces from `first` on. */
  scatter(first: number, from: number, bytes: number): void {
    let left = bytes;
    for (let s = first, at = from; left > 0; s++) {
      const part = Math.min(left, this.lengths[s]);
      this.#u8.copyWithin(this.offsets[s], at, at + part);
      at += part;
      left -= part;
    }
  }
}
