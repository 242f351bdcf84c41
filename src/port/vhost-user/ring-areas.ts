/** Where a driver's ring lies in our memory, after every check that keeps a device from reading outside of it. */
import { maxRingSize, virtqueueAreas, wrapBit } from "../../ring/virtqueue/virtqueue.js";
import type { DriverMemory } from "./driver-memory.js";
import { features } from "./features.js";
import { protocolError, requestCodes, type VringAddresses } from "./message.js";

export interface RingAreas {
  readonly format: "split" | "packed";
  readonly size: number;
  readonly start: number;
  /** Offsets in our memory. */
  readonly descriptors: number;
  readonly driverArea: number;
  readonly deviceArea: number;
}

interface RingSettings {
  readonly size: number;
  readonly base: number;
  readonly addresses: VringAddresses | null;
}

/** The protocol's names of the areas, for errors. */
const fieldNames = { descriptors: "descriptor", driverArea: "available", deviceArea: "used" } as const;

/**
 * Checks size, base and addresses of a ring that is about to start.
 * @throws PktgenError (3) that names the message which set the bad value, and the field.
 */
export function ringAreasIn(memory: DriverMemory, negotiated: bigint, vring: number, ring: RingSettings): RingAreas {
  const format = (negotiated & features.packed) === 0n ? "split" : "packed";
  checkSize(format, vring, ring);
  const { addresses } = ring;
  if (addresses === null) {
    throw protocolError(requestCodes.SET_VRING_KICK, "index", `vring ${vring} has no addresses (SET_VRING_ADDR) yet`);
  }
  const areas = virtqueueAreas(format, ring.size);
  const place = (name: keyof typeof fieldNames): number => {
    const offset = memory.find(addresses[name], areas[name].bytes);
    const field = `${fieldNames[name]} address of vring ${vring}`;
    const range = `0x${addresses[name].toString(16)} + ${areas[name].bytes} bytes`;
    if (offset === null) {
      throw protocolError(
        requestCodes.SET_VRING_ADDR,
        field,
        `${range} does not lie inside one region of the memory table`,
      );
    }
    if (offset % areas[name].alignment !== 0) {
      throw protocolError(requestCodes.SET_VRING_ADDR, field, `${range} is not aligned to ${areas[name].alignment}`);
    }
    return offset;
  };
  return {
    format,
    size: ring.size,
    start: ring.base,
    descriptors: place("descriptors"),
    driverArea: place("driverArea"),
    deviceArea: place("deviceArea"),
  };
}

function checkSize(format: "split" | "packed", vring: number, { size, base }: RingSettings): void {
  const accepted = format === "split" ? `powers of two up to ${maxRingSize}` : `1 to ${maxRingSize}`;
  if (size < 1 || size > maxRingSize || (format === "split" && (size & (size - 1)) !== 0)) {
    throw protocolError(
      requestCodes.SET_VRING_NUM,
      "num",
      `${size} descriptors in vring ${vring}; accepted: ${accepted}`,
    );
  }
  const index = base & (wrapBit - 1);
  if (format === "packed" && index >= size) {
    throw protocolError(requestCodes.SET_VRING_BASE, "num", `index ${index} in vring ${vring} of ${size} descriptors`);
  }
}
