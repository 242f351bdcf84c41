/**
 * What moves the frames of slot rings, by the kind of their order, a line each. A loop worker makes it of the order,
 * which is plain data of the port's owner.
 */
import type { RingMemory } from "../memory.js";
import type { FrameMover } from "../ring/kernel/slot-ring.js";
import type { SlotRingLayout } from "../ring/ring.js";
import { type PacketMoverOrder, packetMover } from "./packet/mover.js";
import { rehearsePacketSend } from "./packet/rehearse.js";
import { type CaptureReaderOrder, type CaptureWriterOrder, captureReader, captureWriter } from "./pcap/mover.js";
import { type TapMoverOrder, tapMover } from "./tap/mover.js";

type MoverOrder = TapMoverOrder | PacketMoverOrder | CaptureWriterOrder | CaptureReaderOrder;

type Maker<Order> = (memory: RingMemory, order: Order, direction: "tx" | "rx") => FrameMover;

const makers: { readonly [Kind in MoverOrder["kind"]]: Maker<Extract<MoverOrder, { readonly kind: Kind }>> } = {
  "capture writer": captureWriter,
  "capture reader": captureReader,
  packet: packetMover,
  tap: tapMover,
};

/** The order must be one of a port of this process. */
export function moverOf(memory: RingMemory, layout: SlotRingLayout): FrameMover {
  const { direction } = layout;
  const order = layout.mover as MoverOrder;
  if (order.kind === "packet" && direction === "tx") rehearsePacketSend(memory, layout);
  const make = makers[order.kind] as Maker<MoverOrder>;
  return make(memory, order, direction);
}
