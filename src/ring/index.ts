/**
 * Shared-memory rings as pure code over one ArrayBuffer. There are split and packed virtqueues of virtio 1.2 (§2.7,
 * §2.8) with their driver and device sides, rings of packet and AF_XDP sockets, null rings, slot rings and io_uring.
 * There is no system call, no clock, nothing but typed arrays: `port` finds the memory, `engine` runs the loops. A
 * driver trusts itself and checks what the device wrote. A device checks everything (RingFault).
 */

export { type RingMemory, ringMemory } from "../memory.js";
export { copyFrame } from "./copy.js";
export { type FarRx, type FarTx, LoopSpace, loopRx, loopTx } from "./far-side.js";
export { type PacketRingGeometry, packetRingGeometry, packetRxReserve } from "./kernel/packet.js";
export type { FrameMover } from "./kernel/slot-ring.js";
export { UringBatch, type UringEnter, uringOperations } from "./kernel/uring.js";
export { initialiseXdpRing, takeBackXdpFrames, takeXdpCompletions, xdpFreeBytes } from "./kernel/xdp.js";
export { NullRx, NullTx } from "./null-ring.js";
export { initialiseDriverRing, type MoverMaker, openRxRing, openTxRing } from "./open.js";
export {
  burstFrames,
  type DeviceRingLayout,
  type DriverRingLayout,
  type MemoryRegion,
  type NullRingLayout,
  type PacketRingLayout,
  RingFault,
  type RingLayout,
  type RxRing,
  type SlotRingLayout,
  type TxRing,
  type UringLayout,
  type XdpKernelRing,
  type XdpRingLayout,
} from "./ring.js";
export { deviceSideOf } from "./virtqueue/device-side.js";
export {
  bufferStrideFor,
  type DriverRingOptions,
  driverRingEnd,
  driverRingLayout,
  freshStart,
  type NullRingOptions,
  nullRingEnd,
  nullRingLayout,
  ringScratchBytes,
} from "./virtqueue/layout.js";
export { longestFrameBytes, maxRingSize, virtqueueAreas } from "./virtqueue/virtqueue.js";
