/** Numbers and memory geometry of virtqueues, as in virtio 1.2 §2.7 (split) and §2.8 (packed). Plain data, no state. */
import type { RingMemory } from "../../memory.js";
import { type AreaGeometry, checkArea } from "../area.js";
import { type DeviceRingLayout, type DriverRingLayout, RingFault } from "../ring.js";

/** Descriptor flags (§2.7.5, §2.8.1). */
export const DESC_NEXT = 1;
export const DESC_WRITE = 2;
export const DESC_INDIRECT = 4;
export const DESC_AVAIL = 0x80;
export const DESC_USED = 0x8000;
/** Both ownership bits of a packed descriptor. */
export const ownerFlags = DESC_AVAIL | DESC_USED;

/**
 * A loop over packed descriptors loads the first one's flags with Atomics.load (a call of 6 ns). What it reads of a
 * descriptor must not be older than that descriptor's flags. x86 keeps loads in order, so it loads the flags of the
 * others plainly. Other processors (arm64) may load a descriptor's address before its flags. There, Atomics.load loads
 * each descriptor's flags.
 */
export const loadsStayInOrder = process.arch === "x64";

/** Bytes of a descriptor, of either format and in indirect tables. */
export const descriptorBytes = 16;

/** avail.flags / used.flags: the other side need not notify (§2.7.6, §2.7.8). */
export const NO_NOTIFY = 1;
/** Packed event structures: RING_EVENT_FLAGS_ENABLE and _DISABLE (§2.8.14). */
export const EVENT_ENABLE = 0;
export const EVENT_DISABLE = 1;

/** The longest frame a driver may send or receive (§5.1.6.2: 65,550 is the largest buffer asked for). */
export const longestFrameBytes = 65_550;

/** Scratch areas start on a cache line. */
export const scratchAlignment = 64;

/** Largest queue size (§2.7, §2.8). */
export const maxRingSize = 32_768;

/** Bit 15 of a packed ring position is the wrap counter, the rest the index (§2.8.1). */
export const wrapBit = 0x8000;

/** Descriptor, driver and device area of a virtqueue: split §2.7 table, packed §2.8 table. */
export function virtqueueAreas(
  format: "split" | "packed",
  size: number,
): { descriptors: AreaGeometry; driverArea: AreaGeometry; deviceArea: AreaGeometry } {
  const descriptors = { bytes: descriptorBytes * size, alignment: 16 };
  return format === "split"
    ? {
        descriptors,
        driverArea: { bytes: 6 + 2 * size, alignment: 2 },
        deviceArea: { bytes: 6 + 8 * size, alignment: 4 },
      }
    : { descriptors, driverArea: { bytes: 4, alignment: 4 }, deviceArea: { bytes: 4, alignment: 4 } };
}

/** Throws a RingFault unless size, start, alignment and bounds of the ring's areas can be used safely. */
export function checkGeometry(memory: RingMemory, layout: DriverRingLayout | DeviceRingLayout): void {
  const { format, size, start } = layout;
  if (!Number.isInteger(size) || size < 1 || size > maxRingSize) {
    throw new RingFault("ring.size", `${size} descriptors, not 1 to ${maxRingSize}`);
  }
  if (format === "split" && (size & (size - 1)) !== 0) {
    throw new RingFault("ring.size", `${size} descriptors in a split ring, not a power of two`);
  }
  if (!Number.isInteger(start) || start < 0 || start > 0xffff) {
    throw new RingFault("ring.base", `${start} is not a 16-bit position`);
  }
  if (format === "packed" && (start & (wrapBit - 1)) >= size) {
    throw new RingFault("ring.base", `index ${start & (wrapBit - 1)} in a ring of ${size}`);
  }
  const areas = virtqueueAreas(format, size);
  for (const name of ["descriptors", "driverArea", "deviceArea"] as const) {
    checkArea(memory, `ring.${name}`, layout[name], areas[name]);
  }
}
