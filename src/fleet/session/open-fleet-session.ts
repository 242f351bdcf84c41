/** Opens a session whose ports are those of several agents: claims them all, or none, and opens the ports of each. */
import { drawnByChance } from "../../random.js";
import { SessionError, type SessionPortFacts, type TestSession } from "../../session/index.js";
import type { Bus } from "../bus.js";
import { Coordinator } from "../coordinator.js";
import { clockExchanges } from "./fleet-parts.js";
import { FleetSession } from "./fleet-session.js";
import { SessionLink } from "./session-link.js";

export interface FleetPortSpec {
  readonly name: string;
  readonly agent: string;
  /** As the agent offers it. */
  readonly port: string;
  readonly lineRateBps: number | null;
  /** With FCS. */
  readonly maxFrameBytes: number;
  readonly sendFrameBytes?: number;
}

export interface FleetSessionSpec {
  readonly ports: readonly FleetPortSpec[];
  /** Most flows at once: a power of two. */
  readonly capacity: number;
  readonly settleNs: number;
  readonly readyTimeoutMs: number;
  /** Takes agents from others. */
  readonly force: boolean;
}

const trialIds = 2 ** 24;

/** @throws PktgenError: an agent is not there, another run has it, or a port of it cannot be opened. Then nothing is open. */
export async function openFleetSession(bus: Bus, spec: FleetSessionSpec): Promise<TestSession> {
  checkPorts(spec);
  const names = [...new Set(spec.ports.map(({ agent }) => agent))];
  const coordinator = await Coordinator.claim(bus, { names, labels: {}, force: spec.force, where: "--port" });
  try {
    let session: FleetSession | null = null;
    const agents = coordinator.links.map((link) => new SessionLink(link, (gone, why) => session?.lose(gone, why)));
    if (agents.length > 1) await Promise.all(agents.map(({ link }) => link.compareClocks(clockExchanges)));
    const trial = drawnByChance(trialIds);
    const opened = new Map(
      await Promise.all(agents.map(async (agent) => [agent, await openPorts(agent, spec, trial)] as const)),
    );
    const epochUnixNs = Math.min(...[...opened.values()].map((own) => own.epochUnixNs));
    const agentOf = new Map(agents.map((agent) => [agent.name, agent]));
    const known = [...opened.values()].flatMap(({ ports }) => ports) as unknown as readonly SessionPortFacts[];
    session = new FleetSession({
      ...{ coordinator, agents, epochUnixNs, capacity: spec.capacity, settleNs: spec.settleNs },
      ports: spec.ports.map(({ name, agent, lineRateBps }) => ({ name, lineRateBps, agent: agentOf.get(agent)! })),
      facts: spec.ports.map(({ name }) => known.find((port) => port.name === name)!),
      shiftNs: new Map([...opened].map(([agent, own]) => [agent, own.epochUnixNs - epochUnixNs])),
    });
    return session;
  } catch (error) {
    await coordinator[Symbol.asyncDispose]();
    throw error;
  }
}

const openPorts = (agent: SessionLink, spec: FleetSessionSpec, trial: number) =>
  agent.do({
    ...{ do: "open", trial, capacity: spec.capacity },
    ...{ settleNs: spec.settleNs, readyTimeoutMs: spec.readyTimeoutMs },
    ports: spec.ports.filter((port) => port.agent === agent.name).map(({ agent: _, ...port }) => port),
  });

/** @throws SessionError exists */
function checkPorts({ ports }: FleetSessionSpec): void {
  const taken = new Set<string>();
  for (const { name, agent, port } of ports) {
    const place = `${agent}/${port}`;
    if (taken.has(place)) {
      throw new SessionError("exists", `two ports are ${place}`, { where: `port "${name}"` });
    }
    taken.add(place);
  }
}
