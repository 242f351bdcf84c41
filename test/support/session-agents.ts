/** Agents of this process with live sessions of their own, whose ports are the two ends of one socket. */
import { Agent } from "../../src/fleet/agent.js";
import type { AgentSetup } from "../../src/fleet/agent-setup.js";
import type { Bus } from "../../src/fleet/bus.js";
import { LocalHub } from "../../src/fleet/local-bus.js";
import { type FleetSessionSpec, openFleetSession } from "../../src/fleet/session/open-fleet-session.js";
import type { TestSession } from "../../src/session/index.js";
import { temporaryFolder } from "./rings-cross.js";

const noBench = () => Promise.reject(new Error("these agents run no trials"));

export interface SessionAgents extends AsyncDisposable {
  readonly hub: LocalHub;
  readonly bus: Bus;
  readonly agents: readonly Agent[];
  /** As a process that is killed: nobody hears it any more, and it hears nobody. */
  kill(agent: number): Promise<void>;
  open(more?: Partial<FleetSessionSpec>): Promise<TestSession>;
}

/** Both are told at once, and one of them makes the socket. */
async function untilSocket(open: () => Promise<TestSession>): Promise<TestSession> {
  for (;;) {
    try {
      return await open();
    } catch (error) {
      if (!/no such socket/.test((error as Error).message)) throw error;
    }
  }
}

/** a1 has one end (`left`), a2 has the other one (`right`). */
export async function sessionAgents(more: Partial<AgentSetup> = {}): Promise<SessionAgents> {
  const folder = temporaryFolder();
  const ports = [`vhost:${folder.path}/s,server=on`, `virtio-user:${folder.path}/s`];
  const hub = new LocalHub();
  const bus = hub.connect();
  const buses = ports.map(() => hub.connect());
  const agents = ports.map(
    (port, k) =>
      new Agent(buses[k]!, {
        ...{ name: `a${k + 1}`, ports: [port], labels: {}, maxPps: null, spool: null, open: noBench },
        ...{ allowPrograms: false, yesThisInterface: false },
        ...more,
      }),
  );
  for (const agent of agents) await agent.listen();
  const spec: FleetSessionSpec = {
    ports: [
      { name: "left", agent: "a1", port: ports[0]!, lineRateBps: 1e9, maxFrameBytes: 1522 },
      { name: "right", agent: "a2", port: ports[1]!, lineRateBps: null, maxFrameBytes: 1522 },
    ],
    ...{ capacity: 16, settleNs: 100e6, readyTimeoutMs: 5_000, force: false },
  };
  return {
    ...{ hub, bus, agents },
    kill: (agent) => Promise.resolve(buses[agent]![Symbol.asyncDispose]()),
    open: (changes = {}) => untilSocket(() => openFleetSession(bus, { ...spec, ...changes })),
    [Symbol.asyncDispose]: async () => {
      for (const agent of agents) await agent[Symbol.asyncDispose]();
      await bus[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}
