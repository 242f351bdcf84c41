/**
 * Where a ring's parts lie in our own memory. This is pure arithmetic and writes nothing. virtio 1.2 §2.7 and §2.8 give
 * the least alignment of each area. Here each area starts on a new cache line, so that driver and device do not write
 * to the same one.
 */
import { cacheLine } from "../area.js";
import type { DriverRingLayout, NullRingLayout } from "../ring.js";
import { virtqueueAreas, wrapBit } from "./virtqueue.js";

/** Areas written by different sides lie this far apart: x86 fetches lines in pairs. */
const areaAlignment = 128;
/**
 * Buffers begin one header before a page, so that a frame starts on a cache line. A frame of 64 bytes is then one line
 * that moves between the cores. Its header lies in another line, which stays as it is in both.
 */
const pageBytes = 4096;
/** Header of all but legacy peers. Theirs is two bytes shorter, but buffers should stay aligned to four. */
const headerBytes = 12;

/** Scratch memory that every ring can work with: three of the longest frames, and room for many short ones. */
export const ringScratchBytes = 256 * 1024;

const alignUp = (value: number, alignment: number): number => Math.ceil(value / alignment) * alignment;

/** The base of an unused ring, as in SET_VRING_BASE. */
export function freshStart(format: "split" | "packed"): number {
  return format === "split" ? 0 : wrapBit;
}

/**
 * Distance between buffers of `bufferBytes`: an odd number of whole cache lines. At an even number, buffers would begin
 * in the same few cache sets and push each other out.
 */
export function bufferStrideFor(bufferBytes: number): number {
  const lines = Math.ceil(bufferBytes / cacheLine);
  return (lines % 2 === 1 ? lines : lines + 1) * cacheLine;
}

export interface DriverRingOptions {
  readonly format: "split" | "packed";
  readonly direction: "tx" | "rx";
  readonly vring: number;
  readonly size: number;
  readonly headerBytes: 10 | 12;
  readonly inOrder: boolean;
  readonly mergeable: boolean;
  /** Bytes of one buffer, with the virtio-net header. */
  readonly bufferBytes: number;
  readonly addressBase: bigint;
  /** Default: that of a fresh ring. */
  readonly start?: number;
}

/** A driver ring with its buffers and scratch memory, in our memory from byte `at` (rounded up to a page) on. */
export function driverRingLayout(options: DriverRingOptions, at: number): DriverRingLayout {
  const { format, size, bufferBytes } = options;
  const areas = virtqueueAreas(format, size);
  const descriptors = alignUp(at, pageBytes);
  const driverArea = alignUp(descriptors + areas.descriptors.bytes, areaAlignment);
  const deviceArea = alignUp(driverArea + areas.driverArea.bytes, areaAlignment);
  const buffers = alignUp(deviceArea + areas.deviceArea.bytes, pageBytes) + cacheLine - headerBytes;
  const bufferStride = bufferStrideFor(bufferBytes);
  return {
    role: "driver",
    format,
    direction: options.direction,
    vring: options.vring,
    size,
    descriptors,
    driverArea,
    deviceArea,
    headerBytes: options.headerBytes,
    inOrder: options.inOrder,
    mergeable: options.mergeable,
    start: options.start ?? freshStart(format),
    buffers,
    bufferStride,
    bufferBytes,
    addressBase: options.addressBase,
    scratch: alignUp(buffers + size * bufferStride, cacheLine),
    scratchBytes: options.direction === "rx" && options.mergeable ? ringScratchBytes : 0,
  };
}

/** The first byte after everything a driver ring needs. */
export function driverRingEnd(layout: DriverRingLayout): number {
  return layout.scratch + layout.scratchBytes;
}

export interface NullRingOptions {
  readonly direction: "tx" | "rx";
  readonly vring: number;
  readonly size: number;
  readonly bufferBytes: number;
}

/** Buffers for frames that go nowhere, in our memory from byte `at` (rounded up to a page) on. */
export function nullRingLayout(options: NullRingOptions, at: number): NullRingLayout {
  return {
    format: "null",
    direction: options.direction,
    vring: options.vring,
    size: options.size,
    // Offset 0 means "no room" in TxRing.place.
    buffers: Math.max(alignUp(at, pageBytes), cacheLine),
    bufferStride: bufferStrideFor(options.bufferBytes),
    bufferBytes: options.bufferBytes,
  };
}

/** The first byte after everything a null ring needs. */
export function nullRingEnd(layout: NullRingLayout): number {
  return layout.buffers + layout.size * layout.bufferStride;
}
