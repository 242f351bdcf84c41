/** A driver's memory as its memory table describes it, mapped here; translation of its addresses. */
import { environmentError, PktgenError } from "../../errors.js";
import type { MemoryRegion } from "../../ring/ring.js";
import { protocolError, type TableRegion } from "./message.js";

/** The part of the arena that this needs. */
export interface MemoryMapper {
  readonly bytes: number;
  mapPeer(fd: number, fileOffset: number, bytes: number): { readonly offset: number };
  release(offset: number): void;
}

interface MappedRegion extends MemoryRegion {
  readonly userAddress: bigint;
  /** Where the whole mapping starts. */
  readonly mapping: number;
}

export class DriverMemory implements Disposable {
  readonly #mapper: MemoryMapper;
  #regions: readonly MappedRegion[] = [];

  constructor(mapper: MemoryMapper) {
    this.#mapper = mapper;
  }

  /** For descriptors, which speak of guest addresses. */
  get regions(): readonly MemoryRegion[] {
    return this.#regions.map(({ guestAddress, bytes, offset }) => ({ guestAddress, bytes, offset }));
  }

  /**
   * Maps a new table in place of the old one. Nobody may be using the old memory. Either all regions are mapped or
   * none is left. The descriptors stay the caller's.
   */
  replace(request: number, table: readonly TableRegion[], fds: readonly number[]): void {
    this[Symbol.dispose]();
    const mapped: MappedRegion[] = [];
    try {
      for (const [i, region] of table.entries()) mapped.push(this.#map(request, i, region, fds[i]!));
    } catch (error) {
      for (const { mapping } of mapped) this.#mapper.release(mapping);
      throw error;
    }
    this.#regions = mapped;
  }

  /** From the file's start on, as the protocol's users do: files of huge pages can be mapped in no other way. */
  #map(request: number, i: number, region: TableRegion, fd: number): MappedRegion {
    const wholeBytes = region.mmapOffset + region.bytes;
    if (wholeBytes > this.#mapper.bytes) {
      const accepted = `at most ${this.#mapper.bytes} can be mapped`;
      throw protocolError(request, `region ${i} memory_size`, `${wholeBytes} bytes from its file's start; ${accepted}`);
    }
    const mapping = this.#mapRegion(request, i, fd, Number(wholeBytes));
    return {
      guestAddress: region.guestAddress,
      userAddress: region.userAddress,
      bytes: Number(region.bytes),
      offset: mapping + Number(region.mmapOffset),
      mapping,
    };
  }

  #mapRegion(request: number, i: number, fd: number, bytes: number): number {
    try {
      return this.#mapper.mapPeer(fd, 0, bytes).offset;
    } catch (cause) {
      if (!(cause instanceof PktgenError)) throw cause;
      const what = protocolError(request, `region ${i}`, cause.message);
      const hint = cause.hint === undefined ? {} : { hint: cause.hint };
      throw environmentError(what.message, { where: what.where!, cause, ...hint });
    }
  }

  /** The offset in our memory of `bytes` at a userspace address; null unless they lie inside one region. */
  find(userAddress: bigint, bytes: number): number | null {
    for (const region of this.#regions) {
      const at = userAddress - region.userAddress;
      if (at >= 0n && at + BigInt(bytes) <= BigInt(region.bytes)) return region.offset + Number(at);
    }
    return null;
  }

  [Symbol.dispose](): void {
    for (const { mapping } of this.#regions) this.#mapper.release(mapping);
    this.#regions = [];
  }
}
