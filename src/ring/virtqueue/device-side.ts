/**
 * The other side of a driver ring, for code that is both sides: the layout of the device that serves it, in the same
 * memory.
 */
import type { RingMemory } from "../../memory.js";
import type { DeviceRingLayout, DriverRingLayout } from "../ring.js";
import { ringScratchBytes } from "./layout.js";

/** `scratch`: ringScratchBytes of memory for the device. Addresses in the ring are offsets from its `addressBase`. */
export function deviceSideOf(driver: DriverRingLayout, scratch: number, memory: RingMemory): DeviceRingLayout {
  const { format, vring, size, descriptors, driverArea, deviceArea, headerBytes, inOrder, mergeable, start } = driver;
  const regions = [{ guestAddress: driver.addressBase, bytes: memory.buffer.byteLength, offset: 0 }];
  const geometry = { format, vring, size, descriptors, driverArea, deviceArea, headerBytes, inOrder, mergeable, start };
  const direction = driver.direction === "tx" ? "rx" : "tx";
  return { ...geometry, role: "device", direction, regions, indirect: false, scratch, scratchBytes: ringScratchBytes };
}
