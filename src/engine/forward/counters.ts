/**
 * The counters page of a forwarder. Each queue of each port has eight Float64 slots, with testpmd's meanings. Only the
 * forwarder's thread writes them. They only grow, except `inside`: the number of frames held at present.
 *
 * A hop is a receiving and a sending port. The receiving port has the hop's rx counters, and the sending port all
 * others, as testpmd counts fwd_dropped at the sending port.
 */

/** Slots within one port and queue. Bytes are bufferBytes: without FCS, without virtio-net header. */
export const forwardSlot = {
  rxPackets: 0,
  rxBytes: 1,
  txPackets: 2,
  txBytes: 3,
  /**
   * Received and not sent: the outgoing ring was full or absent, the frame too long or discarded, or a fault took it.
   */
  dropped: 4,
  /** Sent once more than received, by a fault. */
  duplicated: 5,
  /** Held by a delay, a rate limit or a reordering. */
  inside: 6,
} as const;

const slotsPerQueue = 8;

/** Where the slots of a port's queue begin. Each port of the forwarder has `queues` of them. */
export const forwardSlotBase = (port: number, queue: number, queues: number): number =>
  (port * queues + queue) * slotsPerQueue;

/** How many slots a forwarder's page needs. */
export const forwardCounterSlots = (ports: number, queues: number): number => ports * queues * slotsPerQueue;

/** One queue of one port, read from the page. */
export interface ForwardQueueCounters {
  readonly port: number;
  readonly queue: number;
  readonly rxPackets: number;
  readonly rxBytes: number;
  readonly txPackets: number;
  readonly txBytes: number;
  readonly dropped: number;
  readonly duplicated: number;
  readonly inside: number;
}

export function readForwardCounters(
  page: Float64Array,
  port: number,
  queue: number,
  queues: number,
): ForwardQueueCounters {
  const base = forwardSlotBase(port, queue, queues);
  const at = (slot: number): number => page[base + slot]!;
  return {
    port,
    queue,
    rxPackets: at(forwardSlot.rxPackets),
    rxBytes: at(forwardSlot.rxBytes),
    txPackets: at(forwardSlot.txPackets),
    txBytes: at(forwardSlot.txBytes),
    dropped: at(forwardSlot.dropped),
    duplicated: at(forwardSlot.duplicated),
    inside: at(forwardSlot.inside),
  };
}
