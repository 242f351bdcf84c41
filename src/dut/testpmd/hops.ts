/**
 * testpmd's counters as the ledger's hops. Per queue, each frame once:
 *
 * - rx and tx from the drivers (`show port xstats`): both net_vhost and net_virtio_user count every queue, in 64 bits,
 *   a frame when it is handed over. Reset by nothing here.
 * - dropped from the application (`show fwd stats all`), which counts what a sending queue did not take (fwd_dropped).
 *   With several queues it prints them per stream; with one queue per port it prints no streams, and the port's sum is
 *   the queue's. From 23.03 on that sum holds the driver's tx errors as well, and those of net_vhost are the very
 *   frames that fwd_dropped counts: they are taken out again.
 * - A driver's rx errors are frames that it took from the ring and threw away before it counted them.
 *
 * So rx and tx come from one place and dropped from another, and a residual means something. Pure.
 */
import type { DeviceHopCounters, DeviceHopQueueCounters } from "../dut.js";
import type { ForwardStats, PortXstats } from "./parse.js";
import { type DpdkVersion, isAtLeast } from "./version.js";

/** One testpmd's counters, read while nothing was in flight. */
export interface SideCounters {
  readonly version: DpdkVersion | null;
  readonly xstats: readonly PortXstats[];
  readonly forward: ForwardStats;
}

/** Absolute, but for a constant: only differences mean anything. null: a port has no counters, since it has no peer. */
export function testpmdHops(queues: number, host: SideCounters, container: SideCounters): DeviceHopCounters[] | null {
  const hops = [
    hop("host>", host, 0, 1, queues),
    hop("container", container, 0, 0, queues),
    hop("host<", host, 1, 0, queues),
  ];
  return hops.some((each) => each === null) ? null : (hops as DeviceHopCounters[]);
}

function hop(
  name: string,
  side: SideCounters,
  rxPort: number,
  txPort: number,
  queues: number,
): DeviceHopCounters | null {
  const rx = side.xstats.find(({ port }) => port === rxPort);
  const tx = side.xstats.find(({ port }) => port === txPort);
  if (rx === undefined || tx === undefined || rx.queues.length === 0 || tx.queues.length === 0) return null;
  const counters = Array.from({ length: queues }, (_, queue): DeviceHopQueueCounters => {
    const from = rx.queues.find((each) => each.queue === queue);
    const to = tx.queues.find((each) => each.queue === queue);
    const errors = from?.rxErrors ?? 0;
    return {
      queue,
      rxPackets: (from?.rxPackets ?? 0) + errors,
      txPackets: to?.txPackets ?? 0,
      rxBytes: from?.rxBytes ?? 0,
      txBytes: to?.txBytes ?? 0,
      dropped: errors + notTaken(side, rxPort, txPort, queue, queues),
      duplicated: 0,
      inside: 0,
      waiting: null,
    };
  });
  return { name, rxPort, txPort, queues: counters };
}

/** fwd_dropped. */
function notTaken(side: SideCounters, rxPort: number, txPort: number, queue: number, queues: number): number {
  const { streams, ports } = side.forward;
  if (queues > 1) {
    const stream = streams.find((each) => each.rxPort === rxPort && each.rxQueue === queue && each.txPort === txPort);
    return stream?.dropped ?? 0;
  }
  const dropped = ports.find(({ port }) => port === txPort)?.txDropped ?? 0;
  const twice = isAtLeast(side.version, "23.03") ? side.xstats.find(({ port }) => port === txPort) : undefined;
  return dropped - (twice?.counters.get("tx_errors") ?? 0);
}
