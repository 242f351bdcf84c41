/** Which agent sends to which, as people write it: `--tx a1/packet:eth1,a2/packet:eth1 --rx hub/packet:eth2`. Pure. */
import { type PktgenError, usageError } from "../errors.js";
import type { RunOptions } from "./run-options.js";

/** A port of an agent, as the agent offers it: `a1/packet:eth1`. */
export interface FlowEnd {
  readonly agent: string;
  readonly port: string;
}

export interface Flow {
  readonly from: FlowEnd;
  readonly to: FlowEnd;
  /** How much of the load it has, beside the other flows' weights; absent: 1. */
  readonly weight?: number;
}

/** Flow k is share k of the load. */
export type FlowList = readonly Flow[];

/** Of all flows together. */
const mostWeights = 10_000;

export const flowEndExample = "agent/port, e.g. a1/packet:eth1";

/** null: it names no agent. */
export function flowEndOf(text: string): FlowEnd | null {
  const match = /^([A-Za-z0-9_-]{1,64})\/(.+)$/.exec(text.trim());
  return match === null || match[1] === "all" ? null : { agent: match[1]!, port: match[2]! };
}

/** Where the next agent's port begins: options of a port have commas as well. */
const betweenEnds = /,(?=\s*[A-Za-z0-9_-]{1,64}\/)/;

function endsOf(text: string, where: string): FlowEnd[] {
  return text.split(betweenEnds).map((piece) => {
    const end = flowEndOf(piece);
    if (end !== null) return end;
    throw usageError(`"${piece}" names no port of an agent`, { where, accepted: flowEndExample });
  });
}

const namesAgents = (text: string | undefined): text is string => text !== undefined && flowEndOf(text) !== null;

/**
 * One receiver for all senders, or one for each in their order; null: no agent is named. @throws PktgenError (2)
 */
export function flowsOfPorts({ tx, rx }: Pick<RunOptions, "tx" | "rx">): FlowList | null {
  if (!namesAgents(tx) && !namesAgents(rx)) return null;
  if (!namesAgents(tx) || !namesAgents(rx)) {
    const accepted = `both with agents, e.g. --tx a1/packet:eth1,a2/packet:eth1 --rx hub/packet:eth2`;
    throw usageError("only one of --tx and --rx names agents", { where: "--tx, --rx", accepted });
  }
  const [senders, receivers] = [endsOf(tx, "--tx"), endsOf(rx, "--rx")];
  if (receivers.length !== 1 && receivers.length !== senders.length) {
    throw usageError(`${senders.length} senders and ${receivers.length} receivers are no pairs`, {
      where: "--rx",
      accepted: "one receiver for all senders, or one for each; --flow-map says everything else",
    });
  }
  const flows = senders.map((from, k): Flow => ({ from, to: receivers[receivers.length === 1 ? 0 : k]! }));
  return checkFlows(flows, "--tx, --rx");
}

/** @throws PktgenError (2): what a fleet cannot do. `where`: the option. */
export function checkFlows(flows: FlowList, where: string): FlowList {
  const cannot = (what: string, accepted: string): PktgenError => usageError(what, { where, accepted });
  if (flows.length === 0) throw cannot("there is no flow", "at least one");
  const weights = flows.reduce((sum, { weight = 1 }) => sum + weight, 0);
  if (weights > mostWeights) throw cannot(`weights of ${weights} in all`, `up to ${mostWeights}, e.g. 3 and 1`);
  for (const agent of agentsOf(flows)) {
    const out = flows.filter(({ from }) => from.agent === agent);
    if (out.length > 1) throw cannot(`${agent} sends in ${out.length} flows`, "one flow from each agent");
    const ports = new Set(flows.filter(({ to }) => to.agent === agent).map(({ to }) => to.port));
    if (ports.size > 1) throw cannot(`${agent} receives on ${[...ports].join(" and ")}`, "one port of each agent");
  }
  return flows;
}

/** Senders first, in the order of their shares; each once. */
export const agentsOf = (flows: FlowList): string[] => [
  ...new Set([...flows.map(({ from }) => from.agent), ...flows.map(({ to }) => to.agent)]),
];

/** What a plan is made of that is the same for all agents: the ports are each one's own. */
export function withoutAgents<Options extends RunOptions>(options: Options, flows: FlowList): Options {
  const { rx: _, ...rest } = options;
  return { ...rest, dut: options.dut ?? "external", tx: flows[0]!.from.port } as Options;
}
