/** What each agent does where frames go from host to host. Pure. */
import type { FlowRole } from "../engine/loop/index.js";
import type { Flow, FlowEnd, FlowList } from "../options/fleet-flows.js";
import { type Share, sharesOf } from "../stream/share.js";

export const endWord = ({ agent, port }: FlowEnd): string => `${agent}/${port}`;

/** For reasons and notes. */
export const flowWord = ({ from, to }: Flow): string => `${from.agent} to ${to.agent}`;

/** By flow. */
export const weightsOfFlows = (flows: FlowList): number[] => flows.map(({ weight = 1 }) => weight);

export interface AgentRole {
  /** Who only receives has the first share's place, and sends nothing. */
  readonly share: Share;
  readonly flow: FlowRole;
}

export function roleOf(flows: FlowList, agent: string): AgentRole {
  const own = flows.findIndex(({ from }) => from.agent === agent);
  const from = flows.flatMap(({ to }, share) => (to.agent === agent ? [share] : []));
  const shares = sharesOf(flows.length, weightsOfFlows(flows));
  return { share: shares[Math.max(0, own)]!, flow: { sends: own >= 0, from } };
}

/** The ports that an agent opens. `rx` null: it has one for all that it does. */
export function flowPortsOf(flows: FlowList, agent: string): { readonly tx: string; readonly rx: string | null } {
  const out = flows.find(({ from }) => from.agent === agent)?.from.port;
  const into = flows.find(({ to }) => to.agent === agent)?.to.port;
  const tx = out ?? into!;
  return { tx, rx: into === undefined || into === tx ? null : into };
}
