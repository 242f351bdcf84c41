/**
 * The other side of any ring in private memory, for code that is both ends of a port. The same thread does what the
 * peer or the kernel would do, between two turns of the near side.
 */
import { type RingMemory, ringMemory } from "../memory.js";
import { cacheLine } from "./area.js";
import { packetRingGeometry } from "./kernel/packet.js";
import { PacketKernelRx, PacketKernelTx } from "./kernel/packet-kernel.js";
import { SlotSink, SlotSource } from "./kernel/slot-far-side.js";
import { SlotRx, SlotTx } from "./kernel/slot-ring.js";
import { initialiseXdpRing, xdpFreeBytes } from "./kernel/xdp.js";
import { XdpKernelRx, XdpKernelTx } from "./kernel/xdp-kernel.js";
import { initialiseDriverRing, openRxRing, openTxRing } from "./open.js";
import type {
  DeviceRingLayout,
  DriverRingLayout,
  PacketRingLayout,
  RingLayout,
  RxRing,
  SlotRingLayout,
  TxRing,
  XdpKernelRing,
  XdpRingLayout,
} from "./ring.js";
import { deviceSideOf } from "./virtqueue/device-side.js";
import { driverRingEnd, driverRingLayout, ringScratchBytes } from "./virtqueue/layout.js";

/** Takes what the near side sent, oldest first; releases all of a poll before the next one. */
export type FarTx = Pick<RxRing, "poll" | "offsets" | "lengths" | "release">;
/** Gives frames to the near side. */
export type FarRx = Pick<TxRing, "reclaim" | "place" | "publish">;

const slots = 256;
const headerBytes = 12;
const pageBytes = 4096;

/** AF_XDP's chunks are a power of two long, 2,048 at the least. */
const chunkBytesFor = (maxFrameBytes: number): number => 2 ** Math.max(11, Math.ceil(Math.log2(maxFrameBytes)));
/** More than any of the rings below needs together with its other side. Memory that is not touched costs nothing. */
const mostBytes = (maxFrameBytes: number): number =>
  slots * (2 * chunkBytesFor(maxFrameBytes) + 1024) + 2 * ringScratchBytes + 64 * pageBytes;

/** Private memory for `rings` rings with their other sides, handed out piece by piece. */
export class LoopSpace {
  readonly memory: RingMemory;
  readonly maxFrameBytes: number;
  #end = pageBytes;

  /** `maxFrameBytes`: without FCS. `spareBytes`: for other uses than rings. */
  constructor(rings: number, maxFrameBytes: number, spareBytes = 0) {
    this.memory = ringMemory(new ArrayBuffer(2 * pageBytes + rings * mostBytes(maxFrameBytes) + spareBytes));
    this.maxFrameBytes = maxFrameBytes;
  }

  /** The next piece from a multiple of `alignment` on. */
  take(bytes: number, alignment = pageBytes): number {
    const at = Math.ceil(this.#end / alignment) * alignment;
    this.#end = at + bytes;
    return at;
  }
}

/** A transmit ring of the kind of `like` (null: a packed driver ring), and the side that takes its frames. */
export function loopTx(space: LoopSpace, like: RingLayout | null): { readonly near: TxRing; readonly far: FarTx } {
  const { memory } = space;
  switch (like?.format) {
    case "packet": {
      const layout = packetLayout(space, like);
      return { near: openTxRing(memory, layout), far: new PacketKernelTx(memory, layout) };
    }
    case "xdp": {
      const layout = xdpLayout(space, "tx");
      return { near: openTxRing(memory, layout), far: new XdpKernelTx(memory, layout) };
    }
    case "slots": {
      const layout = slotLayout(space, like);
      const far = new SlotSink(memory, layout, space.take(slots * layout.bufferStride));
      return { near: new SlotTx(memory, layout, far), far };
    }
    default: {
      const { near, far } = virtqueue(space, like ?? null, "tx");
      return { near: openTxRing(memory, near), far: openRxRing(memory, far) };
    }
  }
}

/** A receive ring of the kind of `like`, and the side that fills it. */
export function loopRx(space: LoopSpace, like: RingLayout | null): { readonly near: RxRing; readonly far: FarRx } {
  const { memory } = space;
  switch (like?.format) {
    case "packet": {
      const layout = packetLayout(space, like);
      return { near: openRxRing(memory, layout), far: new PacketKernelRx(memory, layout) };
    }
    case "xdp": {
      const layout = xdpLayout(space, "rx");
      return { near: openRxRing(memory, layout), far: new XdpKernelRx(memory, layout) };
    }
    case "slots": {
      const layout = slotLayout(space, like);
      const far = new SlotSource(memory, layout, space.take(slots * layout.bufferStride));
      return { near: new SlotRx(memory, layout, far), far };
    }
    default: {
      const { near, far } = virtqueue(space, like ?? null, "rx");
      return { near: openRxRing(memory, near), far: openTxRing(memory, far) };
    }
  }
}

/** Both sides of a virtqueue. Its near side is a driver's or a device's, as in `like`. */
function virtqueue(
  space: LoopSpace,
  like: RingLayout | null,
  direction: "tx" | "rx",
): { readonly near: DriverRingLayout | DeviceRingLayout; readonly far: DriverRingLayout | DeviceRingLayout } {
  const of = like !== null && "role" in like ? like : null;
  const isDevice = of?.role === "device";
  const opposite = direction === "tx" ? "rx" : "tx";
  const options = {
    format: of?.format ?? "packed",
    direction: isDevice ? opposite : direction,
    vring: direction === "tx" ? 1 : 0,
    size: slots,
    headerBytes: of?.headerBytes ?? headerBytes,
    inOrder: of?.inOrder ?? true,
    mergeable: of?.mergeable ?? false,
    bufferBytes: space.maxFrameBytes + headerBytes,
    addressBase: 0n,
  } as const;
  const at = space.take(0);
  const layout = driverRingLayout(options, at);
  space.take(driverRingEnd(layout) - at);
  initialiseDriverRing(space.memory, layout);
  const other = deviceSideOf(layout, space.take(ringScratchBytes), space.memory);
  return isDevice ? { near: other, far: layout } : { near: layout, far: other };
}

function packetLayout(space: LoopSpace, like: PacketRingLayout): PacketRingLayout {
  const { maxFrameBytes } = space;
  const { blockBytes, blocks, slotBytes, slots: size } = packetRingGeometry(like.direction, slots, maxFrameBytes);
  const ring = space.take(blocks * blockBytes);
  const state = space.take(16, cacheLine);
  return { ...like, size, slotBytes, blockBytes, ring, state, maxFrameBytes, stampsAheadSeconds: null, start: 0 };
}

function slotLayout(space: LoopSpace, like: SlotRingLayout): SlotRingLayout {
  const bufferStride = Math.ceil(space.maxFrameBytes / cacheLine) * cacheLine;
  const buffers = space.take(slots * bufferStride);
  return { ...like, size: slots, buffers, bufferStride, bufferBytes: space.maxFrameBytes };
}

function xdpLayout(space: LoopSpace, direction: "tx" | "rx"): XdpRingLayout {
  const chunkBytes = chunkBytesFor(space.maxFrameBytes);
  const kernelRing = (entryBytes: number): XdpKernelRing => {
    const at = space.take(3 * cacheLine + slots * entryBytes);
    return { producer: at, consumer: at + cacheLine, flags: at + 2 * cacheLine, entries: at + 3 * cacheLine };
  };
  const layout: XdpRingLayout = {
    format: "xdp",
    direction,
    vring: direction === "tx" ? 1 : 0,
    size: slots,
    descriptors: kernelRing(16),
    addresses: kernelRing(8),
    umem: space.take(slots * chunkBytes, chunkBytes),
    chunkBytes,
    firstChunk: 0,
    maxFrameBytes: space.maxFrameBytes,
    free: space.take(xdpFreeBytes(slots)),
    start: 0,
  };
  initialiseXdpRing(space.memory, layout);
  return layout;
}
