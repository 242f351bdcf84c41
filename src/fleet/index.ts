/** One test over many generators: agents, and the bench that runs and methods measure on. */
import { type OpenBench, openLabBench } from "../measure/bench.js";
import type { NatsAddress } from "../options/fleet-address.js";
import type { FlowList } from "../options/fleet-flows.js";
import type { FleetOrder, ServerTexts } from "../options/fleet-options.js";
import type { AskedMethod } from "../options/measuring-commands.js";
import { Agent } from "./agent.js";
import { openAgentLab } from "./agent-bench.js";
import type { AgentSetup } from "./agent-setup.js";
import type { Bus } from "./bus.js";
import { openFleetBench } from "./fleet-bench.js";
import { openLocalFleet } from "./local-fleet.js";
import { refuseOwnWay } from "./own-way.js";
import { openSpool } from "./spool.js";

export { collectRun } from "./collect.js";
export { listAgents, listClocks, listRuns, releaseAgent, stopRun } from "./fleet-commands.js";
export { readFlows } from "./flow-file.js";
export { openFleetSession } from "./session/open-fleet-session.js";

/** An agent on the lab of this host. `spool`: a folder; null: reports are in memory alone. */
export async function startFleetAgent(
  bus: Bus,
  { servers }: NatsAddress,
  offer: Omit<AgentSetup, "spool" | "open">,
  spool: string | null,
): Promise<Agent> {
  if (!offer.yesThisInterface) await refuseOwnWay(offer.ports, servers);
  const kept = spool === null ? null : openSpool(spool, offer.name);
  const agent = new Agent(bus, { ...offer, spool: kept, open: openAgentLab });
  await agent.listen();
  return agent;
}

/** Connects to a server. The client is loaded then. */
export async function connectFleet(
  address: NatsAddress,
  { creds, nkey, tlsCa, tlsCert, tlsKey }: ServerTexts,
  name: string,
): Promise<Bus> {
  const { connectNats } = await import("./nats/nats-bus.js");
  return connectNats({
    ...{ address, name },
    ...(creds === undefined ? {} : { credsFile: creds }),
    ...(nkey === undefined ? {} : { nkeyFile: nkey }),
    ...(tlsCa === undefined ? {} : { tlsCaFile: tlsCa }),
    ...(tlsCert === undefined ? {} : { tlsCertFile: tlsCert }),
    ...(tlsKey === undefined ? {} : { tlsKeyFile: tlsKey }),
  });
}

/** What a run with `--fleet` measures on. null: without a fleet, on this machine. */
export function benchOf(
  order: FleetOrder | null,
  server: ServerTexts,
  flows: FlowList | null,
  method: AskedMethod | null,
): OpenBench {
  if (order === null) return openLabBench;
  const { place } = order;
  if (place.kind === "local") return openLocalFleet(place.agents, order);
  return async (plan, hooks, total) => {
    const bus = await connectFleet(place.address, server, "pktgen-ts run");
    try {
      const bench = await openFleetBench(bus, { ...order, flows, method })(plan, hooks, total);
      const closeBench = bench[Symbol.asyncDispose].bind(bench);
      return Object.assign(bench, {
        [Symbol.asyncDispose]: async (): Promise<void> => {
          await closeBench();
          await bus[Symbol.asyncDispose]();
        },
      });
    } catch (error) {
      await bus[Symbol.asyncDispose]();
      throw error;
    }
  };
}
