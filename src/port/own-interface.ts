/** The network interface that a port of ours sends on, where it has one: its address and the kernel's own counts. */
import { readInterface } from "../sys/netdev.js";
import { inNetns } from "../sys/netns.js";
import type { PortSpec } from "./port.js";

/** As `InterfaceStatistics` counts them, absolute. */
export interface OwnInterface {
  readonly name: string;
  /** aa:bb:cc:dd:ee:ff; null: it has none. */
  readonly mac: string | null;
  readonly txPackets: number;
  readonly txDropped: number;
}

/**
 * null: the port has no interface, or it is gone. A tap's is not the port's own: what we send, it receives.
 */
export function readOwnInterface(spec: PortSpec): OwnInterface | null {
  if (spec.kind !== "packet") return null;
  const facts = inNetns(spec.netns, spec.text, () => readInterface(spec.name));
  if (facts === null) return null;
  const { txPackets, txDropped } = facts.statistics;
  return { name: facts.name, mac: facts.mac, txPackets, txDropped };
}
