/**
 * Ports: opened with system calls by one owner, used as rings by loop workers. One folder a kind; kinds.ts lists them,
 * port.ts is the interface. May import ring, pcap, sys and the leaves.
 */
import { openerOf, type PortSpec } from "./kinds.js";
import { defaultPortOptions, type OpenPortOptions } from "./options.js";
import type { Port } from "./port.js";

export type { AnyPortSpec, PortKind, PortOption } from "./kind.js";
export { type PortSpec, portKinds } from "./kinds.js";
export type { OpenPortOptions } from "./options.js";
export type { Port, PortFacts, PortObserver, PortRings, QueueRings } from "./port.js";
export { parsePortSpec } from "./spec.js";

/**
 * Opens a port: a server listens from then on, a client is connected. The peer may still have to come: `ready`.
 * @throws PktgenError: no such socket or interface, nobody listens, no permission, no memory (3); the path is too long,
 *   the interface must not be sent on (2).
 */
export async function openPort(spec: PortSpec, options: Partial<OpenPortOptions> = {}): Promise<Port> {
  const open = await openerOf(spec);
  return open(spec, { ...defaultPortOptions, ...options });
}
