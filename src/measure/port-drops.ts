/** What our own ports lost, and by what name: read before and after a trial, shown as the difference. */
import type { Port, PortDrop } from "../port/port.js";

export interface PortDrops {
  /** Frames that arrived and that our own ports had no room for. */
  readonly received: number;
  /** Frames that our own ports' interfaces did not send. */
  readonly sent: number;
  /** These and further losses, by name, whatever caused them. */
  readonly named: readonly PortDrop[];
}

/** Since the ports were opened. */
export const readPortDrops = (ports: readonly Port[]): PortDrops => ({
  received: ports.reduce((sum, port) => sum + (port.receiveDrops?.() ?? 0), 0),
  sent: ports.reduce((sum, port) => sum + (port.sendDrops?.() ?? 0), 0),
  named: ports.flatMap((port) => port.namedDrops?.() ?? []),
});

/** `named`: only what grew. */
export function portDropsBetween(before: PortDrops, after: PortDrops): PortDrops {
  const earlier = (what: string): number => before.named.find((drop) => drop.what === what)?.frames ?? 0;
  return {
    received: after.received - before.received,
    sent: after.sent - before.sent,
    named: after.named
      .map(({ what, frames }) => ({ what, frames: frames - earlier(what) }))
      .filter(({ frames }) => frames > 0),
  };
}
