/**
 * Opens a ring from its layout. A driver's memory is made ready once, before the peer is told to look at it, by the
 * code that speaks to the peer. Workers only attach, and continue where the ring is.
 */
import type { RingMemory } from "../memory.js";
import { checkArea } from "./area.js";
import { PacketRx, PacketTx } from "./kernel/packet.js";
import { type FrameMover, SlotRx, SlotTx } from "./kernel/slot-ring.js";
import { XdpRx, XdpTx } from "./kernel/xdp.js";
import { NullRx, NullTx } from "./null-ring.js";
import {
  type DriverRingLayout,
  RingFault,
  type RingLayout,
  type RxRing,
  type SlotRingLayout,
  type TxRing,
} from "./ring.js";
import { PackedDeviceRx, PackedDeviceTx } from "./virtqueue/packed-device.js";
import { PackedDriverRx } from "./virtqueue/packed-driver-rx.js";
import { PackedDriverTx } from "./virtqueue/packed-driver-tx.js";
import { SplitDeviceRx, SplitDeviceTx } from "./virtqueue/split-device.js";
import { SplitDriverRx, SplitDriverTx } from "./virtqueue/split-driver.js";
import {
  checkGeometry,
  DESC_AVAIL,
  DESC_USED,
  DESC_WRITE,
  descriptorBytes,
  EVENT_DISABLE,
  NO_NOTIFY,
  ownerFlags,
  virtqueueAreas,
  wrapBit,
} from "./virtqueue/virtqueue.js";

/** Makes the movers of slot rings: pure code has no system calls. */
export type MoverMaker = (memory: RingMemory, layout: SlotRingLayout) => FrameMover;

const noMovers: MoverMaker = (_, { mover }) => {
  throw new RingFault("ring.mover", `nobody here moves frames by ${mover.kind}`);
};

/** Takes a layout's transmit ring up; throws RingFault if the layout cannot be used. */
export function openTxRing(memory: RingMemory, layout: RingLayout, moverOf: MoverMaker = noMovers): TxRing {
  if (layout.direction !== "tx") throw new RingFault("ring.direction", "a receive ring cannot transmit");
  if (layout.format === "slots") return new SlotTx(memory, layout, moverOf(memory, layout));
  if (layout.format === "null") return new NullTx(layout);
  if (layout.format === "xdp") return new XdpTx(memory, layout);
  if (layout.format === "packet") return new PacketTx(memory, layout);
  if (layout.role === "device") {
    return layout.format === "split" ? new SplitDeviceTx(memory, layout) : new PackedDeviceTx(memory, layout);
  }
  checkDriverRing(memory, layout);
  return layout.format === "split" ? new SplitDriverTx(memory, layout) : new PackedDriverTx(memory, layout);
}

/** Takes a layout's receive ring up; throws RingFault if the layout cannot be used. */
export function openRxRing(memory: RingMemory, layout: RingLayout, moverOf: MoverMaker = noMovers): RxRing {
  if (layout.direction !== "rx") throw new RingFault("ring.direction", "a transmit ring cannot receive");
  if (layout.format === "slots") return new SlotRx(memory, layout, moverOf(memory, layout));
  if (layout.format === "null") return new NullRx(layout);
  if (layout.format === "xdp") return new XdpRx(memory, layout);
  if (layout.format === "packet") return new PacketRx(memory, layout);
  if (layout.role === "device") {
    return layout.format === "split" ? new SplitDeviceRx(memory, layout) : new PackedDeviceRx(memory, layout);
  }
  checkDriverRing(memory, layout);
  return layout.format === "split" ? new SplitDriverRx(memory, layout) : new PackedDriverRx(memory, layout);
}

/**
 * Writes a driver ring as it is before its first use: descriptors, no notifications wanted (virtio 1.2 §2.7.7,
 * §2.8.14), virtio-net headers of zeros (§5.1.6.2: nothing offloaded). In a receive ring it makes all buffers
 * available. The device must not be looking yet.
 */
export function initialiseDriverRing(memory: RingMemory, layout: DriverRingLayout): void {
  checkDriverRing(memory, layout);
  const areas = virtqueueAreas(layout.format, layout.size);
  for (const name of ["descriptors", "driverArea", "deviceArea"] as const) {
    memory.u8.fill(0, layout[name], layout[name] + areas[name].bytes);
  }
  for (let id = 0; id < layout.size; id++) {
    const buffer = layout.buffers + id * layout.bufferStride;
    memory.u8.fill(0, buffer, buffer + layout.headerBytes);
    const descriptor = layout.descriptors + id * descriptorBytes;
    memory.view.setBigUint64(descriptor, BigInt.asUintN(64, layout.addressBase + BigInt(buffer)), true);
    if (layout.direction === "rx") memory.view.setUint32(descriptor + 8, layout.bufferBytes, true);
  }
  if (layout.format === "split") initialiseSplit(memory, layout);
  else initialisePacked(memory, layout);
}

function initialiseSplit(memory: RingMemory, layout: DriverRingLayout): void {
  const { view } = memory;
  const { size, start, driverArea } = layout;
  for (let id = 0; id < size; id++) {
    view.setUint16(layout.descriptors + id * descriptorBytes + 12, layout.direction === "rx" ? DESC_WRITE : 0, true);
    view.setUint16(driverArea + 4 + 2 * id, id, true);
  }
  view.setUint16(layout.deviceArea + 2, start, true);
  view.setUint16(driverArea, NO_NOTIFY, true);
  Atomics.store(memory.u16, (driverArea >>> 1) + 1, layout.direction === "rx" ? (start + size) & 0xffff : start);
}

function initialisePacked(memory: RingMemory, layout: DriverRingLayout): void {
  const { view } = memory;
  const index = layout.start & (wrapBit - 1);
  const wrap = layout.start >>> 15;
  for (let position = 0; position < layout.size; position++) {
    const descriptor = layout.descriptors + position * descriptorBytes;
    // From the start on, this lap's wrap counter; before it, the next lap's.
    const lap = position >= index ? wrap : wrap ^ 1;
    const available = DESC_WRITE | (lap === 1 ? DESC_AVAIL : DESC_USED);
    const notYet = lap === 1 ? 0 : ownerFlags;
    view.setUint16(descriptor + 12, position, true);
    view.setUint16(descriptor + 14, layout.direction === "rx" ? available : notYet, true);
  }
  view.setUint16(layout.driverArea + 2, EVENT_DISABLE, true);
}

function checkDriverRing(memory: RingMemory, layout: DriverRingLayout): void {
  checkGeometry(memory, layout);
  const { size, bufferStride, bufferBytes } = layout;
  if (bufferBytes <= layout.headerBytes || bufferBytes > bufferStride) {
    throw new RingFault("ring.bufferBytes", `${bufferBytes} bytes in slots of ${bufferStride}`);
  }
  checkArea(memory, "ring.buffers", layout.buffers, { bytes: size * bufferStride, alignment: 4 });
  checkArea(memory, "ring.scratch", layout.scratch, { bytes: layout.scratchBytes, alignment: 4 });
}
