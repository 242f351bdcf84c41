/** How the load of a trial is shared by its agents: all have as much, or each by what it can do. */
import type { RunPlan } from "../measure/plan.js";
import { type Share, sharesOf, weightsOf } from "../stream/share.js";
import type { AgentLink } from "./agent-link.js";
import { answers } from "./protocol.js";

interface SharedLoad {
  /** Absent: all have as much. */
  readonly weights?: readonly number[];
  readonly shares: readonly Share[];
}

export class LoadShares {
  /** By agent: frames per second that it can do; null: all have as much. */
  readonly capacities: ReadonlyMap<string, number> | null;
  #latest: (SharedLoad & { readonly names: string }) | null = null;

  constructor(capacities: ReadonlyMap<string, number> | null) {
    this.capacities = capacities;
  }

  /** Of these agents, in their order. */
  of(members: readonly { readonly agent: string }[]): SharedLoad {
    const names = members.map(({ agent }) => agent).join();
    if (this.#latest?.names === names) return this.#latest;
    const weights =
      this.capacities === null ? undefined : weightsOf(members.map(({ agent }) => this.capacities?.get(agent) ?? 1));
    const shared = { ...(weights === undefined ? {} : { weights }), shares: sharesOf(members.length, weights) };
    this.#latest = { ...shared, names };
    return shared;
  }

  /** For whoever puts the trial together. */
  weightsOf(members: readonly { readonly agent: string }[]): { readonly weights?: readonly number[] } {
    const { weights } = this.of(members);
    return weights === undefined ? {} : { weights };
  }
}

const capacityMs = 30_000;

/** What each agent can do of the run's first frames, all asked at once, as they will send at once. */
export async function capacitiesOf(links: readonly AgentLink[], { sizes }: RunPlan): Promise<Map<string, number>> {
  const [size] = sizes;
  const fields = { phase: "capacity", rateText: "max", pps: null, durationNs: 1e9, count: null };
  const ask = (link: AgentLink) =>
    link.must("capacity", { request: { ...fields, size } }, answers.capacity, capacityMs);
  const all = await Promise.all(links.map(async (link) => [link.name, (await ask(link)).pps] as const));
  return new Map(all);
}
