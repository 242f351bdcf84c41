/**
 * The counters page of a forwarder: for each port and queue eight Float64 slots, with testpmd's meanings. One writer
 * (the forwarder's thread); they only grow, except `inside`, which is the number held at present.
 *
 * A hop is a receiving and a sending port: its rx stands at the first, everything else at the second, as testpmd
 * books fwd_dropped at the sending port.
 */

/** Slots within one port and queue. Bytes are bufferBytes: without FCS, without virtio-net header. */
export const forwardSlot = {
  rxPackets: 0,
  rxBytes: 1,
  txPackets: 2,
  txBytes: 3,
  /** Received and not sent: no room in the outgoing ring, nobody there, too long for the peer, discarded, or a fault. */
  dropped: 4,
  /** Sent once more than received, by a fault. */
  duplicated: 5,
  /** Held by a delay, a rate limit or a reordering. */
  inside: 6,
} as const;

const slotsPerQueue = 8;

/** Where the slots of a port's queue begin; `queues` is the forwarder's. */
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
