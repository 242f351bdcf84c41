/**
 * Ports: opened with system calls by one owner, used as rings by loop workers. One kind per file; port.ts is the
 * interface, this is the table. May import ring, sys and the leaves.
 */
import { openLibpcapPort } from "./libpcap/port.js";
import { openNull } from "./null/port.js";
import { defaultPortOptions, type OpenPortOptions } from "./options.js";
import { PacketPort } from "./packet/port.js";
import { openCapturePort } from "./pcap/port.js";
import type { Port, PortSpec } from "./port.js";
import { openRawPort } from "./raw/port.js";
import { openTapPort } from "./tap/port.js";
import { VhostPort } from "./vhost-user/port.js";
import { VirtioUserPort } from "./virtio-user/port.js";
import { XdpPort } from "./xdp/port.js";

export type { OpenPortOptions } from "./options.js";
export type { Port, PortFacts, PortObserver, PortRings, PortSpec, QueueRings } from "./port.js";
export { type PortKind, type PortOption, parsePortSpec, portKinds } from "./spec.js";

/**
 * Opens a port: a server listens from then on, a client is connected. The peer may still have to come: `ready`.
 * @throws PktgenError: no such socket or interface, nobody listens, no permission, no memory (3); the path is too long,
 *   the interface must not be sent on (2).
 */
export async function openPort(spec: PortSpec, options: Partial<OpenPortOptions> = {}): Promise<Port> {
  const all = { ...defaultPortOptions, ...options };
  switch (spec.kind) {
    case "virtio-user":
      return VirtioUserPort.open(spec, all);
    case "vhost":
      return VhostPort.open(spec, all);
    case "packet":
      return PacketPort.open(spec, all);
    case "xdp":
      return XdpPort.open(spec, all);
    case "null":
      return openNull(spec, all);
    case "pcap":
      return openCapturePort(spec, all);
    case "libpcap":
      return openLibpcapPort(spec, all);
    case "raw":
      return openRawPort(spec, all);
    case "tap":
      return openTapPort(spec, all);
  }
}
