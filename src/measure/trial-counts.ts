/** Frames of a trial: what became of them, by queue and by hop. Pure. */
import type { TrialReport } from "../engine/loop/index.js";
import type { Trial } from "../result/run-result.js";
import { type ForeignCounters, type HopCounters, ledger, type TrialCounts } from "../stats/ledger.js";
import { ratesOf, receiveRates } from "../stats/rates.js";

export function countsOf({ transmit, receive }: TrialReport, signed: boolean): TrialCounts {
  const sent = transmit.queues.reduce((sum, queue) => sum + queue.published - queue.outstanding, 0);
  // Without a signature a duplicate cannot be told. Frames beyond those sent must be duplicates.
  const extra = signed ? 0 : Math.max(0, receive.accepted - sent);
  const accepted = receive.accepted - extra;
  // Which frames the damaged ones were cannot be told. So many of them as numbers are missing stand in these frames'
  // places; where there are more, the rest can only be copies of frames that came back whole as well.
  const copies = Math.max(0, receive.corrupt - (sent - accepted));
  const corrupt = receive.corrupt - copies;
  return {
    intended: transmit.intended,
    late: transmit.late,
    missed: transmit.missed,
    blocked: transmit.blocked,
    sent,
    received: receive.received,
    accepted,
    lost: sent - accepted - corrupt,
    duplicate: receive.duplicate + extra + copies,
    reordered: receive.reordered,
    corrupt,
    tooOld: receive.tooOld,
    stale: receive.stale,
    foreign: receive.foreign,
    ...(receive.staleOfOthers === 0 ? {} : { staleOfOthers: receive.staleOfOthers }),
    ...(copies === 0 ? {} : { damagedCopies: copies }),
  };
}

export function ratesOfTrial(
  { transmit, receive }: TrialReport,
  counts: TrialCounts,
): Pick<Trial, "txPps" | "txBpsL1" | "txBpsL2" | "rxPps" | "rxBpsL1" | "rxBpsL2"> {
  const sentBytes = transmit.queues.reduce((sum, queue) => sum + queue.sentBytes, 0);
  const tx = ratesOf(counts.sent, sentBytes, transmit.windowNs);
  const rx = receiveRates(
    {
      ...{ frames: receive.received, bufferBytes: receive.receivedBytes },
      ...{ firstNs: receive.firstArrivalNs, lastNs: receive.lastArrivalNs, inWindow: receive.inWindow },
    },
    transmit.windowNs,
  );
  return {
    ...{ txPps: tx.pps, txBpsL1: tx.bpsL1, txBpsL2: tx.bpsL2 },
    ...{ rxPps: rx.pps, rxBpsL1: rx.bpsL1, rxBpsL2: rx.bpsL2 },
  };
}

export function queuesSeen({ transmit, receive }: TrialReport): Trial["queuesSeen"] {
  return transmit.queues.map(({ queue, published, outstanding }) => {
    const sent = published - outstanding;
    const accepted = receive.acceptedByQueue[queue];
    // Which queue a damaged frame was sent on is not known for sure: it counts where it came in.
    return { queue, sent, accepted, lost: Math.max(0, sent - accepted - (receive.corruptByQueue[queue] ?? 0)) };
  });
}

/** Per queue: what the peer took, and every frame that came back. */
export function ledgerOf(
  { transmit, receive }: TrialReport,
  hops: readonly HopCounters[],
  foreign: ForeignCounters | undefined,
): ReturnType<typeof ledger> {
  const entered = foreign?.entered ?? 0;
  const queues = Math.max(transmit.queues.length, receive.queues.length);
  const generator = Array.from({ length: queues }, (_, queue) => {
    const sender = transmit.queues[queue];
    return {
      queue,
      sent:
        sender === undefined ? 0 : sender.published - sender.outstanding + sender.carried + (queue === 0 ? entered : 0),
      arrived: receive.queues[queue]?.packets ?? 0,
      inRing: 0,
    };
  });
  return foreign === undefined ? ledger(generator, hops) : ledger(generator, hops, foreign);
}

export function hopsOf(hops: readonly HopCounters[]): Trial["hops"] {
  return hops.map(({ name, rx, tx, dropped, duplicated, queues }) => ({
    name,
    rx,
    tx,
    dropped,
    duplicated,
    queues: queues.map((queue) => ({
      queue: queue.queue,
      rx: queue.rx,
      tx: queue.tx,
      dropped: queue.dropped,
      duplicated: queue.duplicated,
    })),
  }));
}
