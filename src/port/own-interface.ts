/** The network interface that one of our ports sends on: its address and the kernel's counts. */
import { readInterface } from "../sys/net/netdev.js";
import { inNetns } from "../sys/net/netns.js";
import { kindOf, type PortSpec } from "./kinds.js";

export interface OwnInterface {
  /** aa:bb:cc:dd:ee:ff; null: it has none. */
  readonly mac: string | null;
  /** As rtnetlink names it, e.g. macvlan; null: a card, or not known. */
  readonly kind: string | null;
  /** Frames that it sent, or dropped on the way out, since it exists. null: it does not count all frames that we send. */
  readonly sent: number | null;
}

/**
 * null: the port has no interface, or it is gone. A tap's interface does not count: it receives what we send.
 */
export function readOwnInterface(spec: PortSpec): OwnInterface | null {
  const { ownInterface } = kindOf(spec);
  if (ownInterface === undefined || !("name" in spec)) return null;
  const facts = inNetns(spec.netns, spec.text, () => readInterface(spec.name));
  if (facts === null) return null;
  const { txPackets, txDropped } = facts.statistics;
  // What goes past the network stack some drivers count, and others do not.
  return { mac: facts.mac, kind: facts.kind, sent: ownInterface === "counted" ? txPackets + txDropped : null };
}
