/** What agents say of themselves when their ports are open. */
import type { DutResult, RunResult } from "../result/run-result.js";
import type { AgentLink } from "./agent-link.js";

export interface Opened {
  readonly settleNs: number;
  readonly dut: DutResult;
  readonly notes: readonly string[];
}

/** Ports of all, of what is one kind of device. */
export function dutOfAll(openings: readonly Opened[]): DutResult {
  const [first] = openings;
  return { ...first!.dut, ports: openings.flatMap(({ dut }) => dut.ports) } as DutResult;
}

type AgentFactsResult = NonNullable<RunResult["fleet"]>["agents"][number];

/** As results have it, with its clock at this time of the run's. `capacities`: as LoadShares has them. */
export function agentFacts(
  link: AgentLink,
  atNs: number,
  capacities: ReadonlyMap<string, number> | null,
): AgentFactsResult {
  const { host, version, node, cpus, ports, labels, maxPps } = link.facts;
  const capacityPps = capacities?.get(link.name);
  const capacity = capacityPps === undefined ? {} : { capacityPps };
  return { name: link.name, host, version, node, cpus, ports, labels, maxPps, clock: link.clockAt(atNs), ...capacity };
}
