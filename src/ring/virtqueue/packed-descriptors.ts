/**
 * Packed descriptors as a driver sees them (virtio 1.2 §2.8): flags by lap, addresses by buffer, descriptors still out.
 */
import { type DriverRingLayout, RingFault } from "../ring.js";
import { DESC_AVAIL, DESC_USED, ownerFlags, wrapBit } from "./virtqueue.js";

/** Marks buffers that the device owns. */
export const deviceOwns = 1;
/** Not a buffer id: the address in the descriptor is unknown and must be written. */
export const noBuffer = 0xffff;

/** Flags of a descriptor made available, and of one used, in a lap with this wrap counter. */
export const availableFlags = (wrap: number): number => (wrap === 1 ? DESC_AVAIL : DESC_USED);
export const usedFlags = (wrap: number): number => (wrap === 1 ? ownerFlags : 0);

/** Descriptor addresses by buffer id, as the two 32-bit halves that are written. */
export class BufferAddresses {
  readonly low: Uint32Array;
  readonly high: Uint32Array;

  constructor(layout: DriverRingLayout) {
    this.low = new Uint32Array(layout.size);
    this.high = new Uint32Array(layout.size);
    for (let id = 0; id < layout.size; id++) {
      const address = layout.addressBase + BigInt(layout.buffers + id * layout.bufferStride);
      this.low[id] = Number(address & 0xffff_ffffn);
      this.high[id] = Number((address >> 32n) & 0xffff_ffffn);
    }
  }
}

/** Descriptors that the device still owns, found behind a transmit position: where they begin and which buffers. */
export function outstandingBehind(
  u16: Uint16Array,
  layout: DriverRingLayout,
): { used: number; usedWrap: number; owned: Uint8Array; count: number } {
  const { size, start } = layout;
  const flags16 = (layout.descriptors >>> 1) + 7;
  let used = start & (wrapBit - 1);
  let usedWrap = start >>> 15;
  let count = 0;
  for (; count < size; count++) {
    const before = used === 0 ? size - 1 : used - 1;
    const wrap = used === 0 ? usedWrap ^ 1 : usedWrap;
    if ((u16[flags16 + (before << 3)] & ownerFlags) !== availableFlags(wrap)) break;
    used = before;
    usedWrap = wrap;
  }
  if (layout.inOrder && count > 0 && count < size) {
    // A used descriptor may stand for a batch that reaches past it; its id is the batch's last position (§2.8.4).
    const before = used === 0 ? size - 1 : used - 1;
    const wrap = used === 0 ? usedWrap ^ 1 : usedWrap;
    const covered = (u16[flags16 + (before << 3) - 1] - before + size) % size;
    if ((u16[flags16 + (before << 3)] & ownerFlags) === usedFlags(wrap) && covered <= count) {
      count -= covered;
      used += covered;
      if (used >= size) {
        used -= size;
        usedWrap ^= 1;
      }
    }
  }
  const owned = new Uint8Array(size);
  for (let c = 0; c < count; c++) {
    const position = (used + c) % size;
    const id = layout.inOrder ? position : u16[flags16 + (position << 3) - 1];
    if (id >= size || owned[id] === deviceOwns)
      throw new RingFault("descriptor.id", `buffer ${id} cannot be outstanding`);
    owned[id] = deviceOwns;
  }
  return { used, usedWrap, owned, count };
}
