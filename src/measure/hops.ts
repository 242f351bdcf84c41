/** A DUT's absolute counters to what the ledger takes: differences over a trial. Pure. */
import type { DeviceHopCounters as Reading, DeviceHopQueueCounters as ReadingQueue } from "../dut/dut.js";
import type { HopCounters, HopQueueCounters } from "../stats/ledger.js";

/** Empty where the DUT has no counters. Hops are matched by name, queues by number. */
export function hopDifferences(before: readonly Reading[] | null, after: readonly Reading[] | null): HopCounters[] {
  if (after === null) return [];
  return after.map((hop) => {
    const start = before?.find(({ name }) => name === hop.name);
    const queues = hop.queues.map((queue) =>
      queueDifference(start?.queues.find((other) => other.queue === queue.queue) ?? null, queue),
    );
    const total = (key: Exclude<keyof HopQueueCounters, "queue">): number =>
      queues.reduce((sum, queue) => sum + queue[key], 0);
    return {
      name: hop.name,
      rx: total("rx"),
      tx: total("tx"),
      dropped: total("dropped"),
      duplicated: total("duplicated"),
      inRing: total("inRing"),
      queues,
    };
  });
}

/** Frames that a hop holds back at the end count as not handed on for a known reason. */
function queueDifference(before: ReadingQueue | null, after: ReadingQueue): HopQueueCounters {
  const inside = after.inside - (before?.inside ?? 0);
  return {
    queue: after.queue,
    rx: after.rxPackets - (before?.rxPackets ?? 0),
    tx: after.txPackets - (before?.txPackets ?? 0),
    dropped: after.dropped - (before?.dropped ?? 0) + inside,
    duplicated: after.duplicated - (before?.duplicated ?? 0),
    inRing: (after.waiting ?? 0) - (before?.waiting ?? 0),
  };
}
