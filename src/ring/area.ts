/** Parts of rings in memory: each must lie inside it and be aligned. */
import type { RingMemory } from "../memory.js";
import { RingFault } from "./ring.js";

/** x86 and arm64 move memory between cores in lines of this length. */
export const cacheLine = 64;

/** Length of one part of a ring, and the alignment that its specification requires. */
export interface AreaGeometry {
  readonly bytes: number;
  readonly alignment: number;
}

/** Throws a RingFault unless `bytes` at `offset` lie in memory and are aligned. */
export function checkArea(memory: RingMemory, field: string, offset: number, area: AreaGeometry): void {
  if (!Number.isInteger(offset) || offset < 0 || offset + area.bytes > memory.buffer.byteLength) {
    throw new RingFault(field, `${area.bytes} bytes at offset ${offset} are not in memory`);
  }
  if (offset % area.alignment !== 0) {
    throw new RingFault(field, `offset ${offset} is not a multiple of ${area.alignment}`);
  }
}
