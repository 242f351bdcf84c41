/** Ports of a fleet's agents, as a server names them: `tx=a1/packet:eth1`, or `a1/eth1` for `a1/eth1=a1/packet:eth1`. */
import { type PktgenError, usageError } from "../errors.js";
import type { PortSpec } from "../port/index.js";
import { flowEndExample, flowEndOf } from "./fleet-flows.js";
import { parsePort } from "./option-values.js";
import { locationName } from "./serve-options.js";

export interface NamedFleetPort {
  readonly name: string;
  readonly agent: string;
  /** As the agent offers it. */
  readonly spec: PortSpec;
}

const where = "--port";

const noPort = (text: string): PktgenError =>
  usageError(`"${text}" names no port of an agent`, {
    where,
    accepted: `name=${flowEndExample}, or an agent and its interface, e.g. a1/eth1`,
  });

function fleetPort(text: string): NamedFleetPort {
  const [, name = text, place = text] = locationName.exec(text) ?? [];
  const end = flowEndOf(place);
  if (end === null) throw noPort(text);
  // An interface alone is a packet port on it, as without a fleet.
  const port = end.port.includes(":") ? end.port : `packet:${end.port}`;
  return { name, agent: end.agent, spec: parsePort(port, where) };
}

/** @throws PktgenError (2) */
export function fleetPorts(texts: readonly string[]): readonly NamedFleetPort[] {
  const ports = texts.map(fleetPort);
  for (const [k, { name, agent, spec }] of ports.entries()) {
    const others = ports.slice(0, k);
    if (others.some((other) => other.name === name)) {
      throw usageError(`two ports are called "${name}"`, { where, accepted: "a name of its own for each" });
    }
    if (others.some((other) => other.agent === agent && other.spec.text === spec.text)) {
      throw usageError(`${agent}/${spec.text} is named twice`, { where, accepted: "each port of an agent once" });
    }
  }
  return ports;
}
