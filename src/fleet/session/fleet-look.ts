/** Samples of all agents of a session, put together: the same for all who ask within 100 ms. */
import type { FlowCounters, LinkState, PortCounters, SessionSnapshot } from "../../session/index.js";
import { changedRows, type RowChanges } from "./changed-rows.js";
import type { FleetFlow, FleetFlows } from "./fleet-flows.js";
import type { FleetSessionParts } from "./fleet-parts.js";
import { lostFlowRow, lostPortRow, mergedRow, type PartRow } from "./merged-rows.js";
import type { SessionLink } from "./session-link.js";

/** What one agent said. */
interface Sample {
  readonly atNs: number;
  /** The next one is asked for what changed since. */
  readonly number: number;
  readonly ports: readonly PortCounters[];
  readonly flows: ReadonlyMap<string, FlowCounters>;
  readonly links: readonly LinkState[];
  readonly overNs: number;
  readonly loop: SessionSnapshot["loop"];
}

/** What came in was read before what was sent. */
interface Look {
  readonly came: ReadonlyMap<SessionLink, Sample>;
  readonly sent: ReadonlyMap<SessionLink, Sample>;
  readonly lookNs: number;
}

const freshMs = 100;

const nothing: SessionSnapshot = {
  ...{ atNs: 0, number: 0, overNs: 0, ports: [], flows: [] },
  loop: { turnsLongestNs: 0, late: 0, sleeps: 0 },
};

export class FleetLook {
  /** What is shown. */
  last = nothing;
  links: readonly LinkState[] = [];
  readonly #parts: FleetSessionParts;
  readonly #flows: FleetFlows;
  /** By agent, the last one. Of an agent that is gone it stays. */
  readonly #samples = new Map<SessionLink, Sample>();
  #tookMs = Number.NEGATIVE_INFINITY;
  /** How often something was ordered; and that number when the last look began. */
  #orders = 0;
  #seenOrders = 0;
  #looking: Promise<SessionSnapshot> | null = null;
  #next: Promise<SessionSnapshot> | null = null;

  constructor(parts: FleetSessionParts, flows: FleetFlows) {
    this.#parts = parts;
    this.#flows = flows;
  }

  /** Something was done: who looks next sees it. */
  ordered(): void {
    this.#orders++;
  }

  /** `isNew`: one that begins now. Else one that is going on, or is not old, if nothing was ordered since it began. */
  look(isNew: boolean): Promise<SessionSnapshot> {
    const isOld = isNew || this.#seenOrders !== this.#orders;
    if (!isOld && this.#looking !== null) return this.#looking;
    if (!isOld && performance.now() - this.#tookMs < freshMs) return Promise.resolve(this.last);
    if (this.#looking === null) return this.#begin();
    // All who ask while one goes on get the next one.
    this.#next ??= this.#looking.then(
      () => this.#begin(),
      () => this.#begin(),
    );
    return this.#next;
  }

  #begin(): Promise<SessionSnapshot> {
    this.#next = null;
    this.#seenOrders = this.#orders;
    const looking = this.#take().finally(() => {
      if (this.#looking === looking) this.#looking = null;
    });
    this.#looking = looking;
    return looking;
  }

  async #take(): Promise<SessionSnapshot> {
    const flows = this.#flows.all;
    const beganMs = performance.now();
    // What came in is read before what was sent. One agent alone reads its own in that order.
    const came = this.#parts.agents.length > 1 ? await this.#sampleAll() : this.#samples;
    const sent = await this.#sampleAll();
    const lookNs = (performance.now() - beganMs) * 1e6;
    const before = new Map(this.last.flows.map((row) => [row.name, row]));
    const rows = flows.flatMap((flow) => this.#row(flow, { came, sent, lookNs }, before.get(flow.spec.name)) ?? []);
    this.links = this.#parts.ports.flatMap(({ name, agent }) => this.#link(name, agent, sent) ?? []);
    const samples = [...sent.values()];
    this.last = {
      ...{ atNs: Date.now() * 1e6 - this.#parts.epochUnixNs, number: this.last.number + 1, flows: rows },
      ports: this.#parts.ports.flatMap(({ name, agent }) => portRow(name, agent, sent) ?? []),
      overNs: Math.max(0, ...samples.map(({ overNs }) => overNs)),
      loop: {
        turnsLongestNs: Math.max(0, ...samples.map(({ loop }) => loop.turnsLongestNs)),
        late: samples.reduce((sum, { loop }) => sum + loop.late, 0),
        sleeps: samples.reduce((sum, { loop }) => sum + loop.sleeps, 0),
      },
    };
    this.#tookMs = performance.now();
    return this.last;
  }

  /** Of those that are gone, what they said last. */
  async #sampleAll(): Promise<ReadonlyMap<SessionLink, Sample>> {
    await Promise.all(
      this.#parts.agents.map(async (agent) => {
        if (agent.lost !== null) return;
        const before = this.#samples.get(agent);
        try {
          const { snapshot, changes, links } = await agent.do({ do: "sample", since: before?.number ?? null });
          const { atNs, ports, overNs, loop } = snapshot as unknown as SessionSnapshot;
          const flows = changedRows(before?.flows ?? new Map(), changes as unknown as RowChanges);
          this.#samples.set(agent, { atNs, ports, overNs, loop, flows, links, number: changes.number });
        } catch (error) {
          // What is known of an agent that is gone now stays. Any other error is one.
          if (agent.lost === null) throw error;
        }
      }),
    );
    return new Map(this.#samples);
  }

  /** null: nobody has told of it yet. */
  #row(flow: FleetFlow, { came, sent, lookNs }: Look, before: FlowCounters | undefined): FlowCounters | null {
    const { spec, port } = flow;
    if (port.agent.lost !== null) return before === undefined ? null : lostFlowRow(before);
    const sender = this.#part(port.agent, sent, spec.name);
    if (sender === null) return null;
    const owners = new Set(this.#parts.ports.filter(({ name }) => spec.to.includes(name)).map(({ agent }) => agent));
    const others = this.#parts.agents.filter((agent) => agent !== port.agent);
    const partsOf = (agents: readonly SessionLink[]): readonly PartRow[] =>
      agents.flatMap((agent) => this.#part(agent, came, spec.name) ?? []);
    return mergedRow({
      ...{ to: spec.to, delivery: spec.delivery ?? "any", settleNs: this.#parts.settleNs, lookNs, sender },
      receivers: partsOf(others.filter((agent) => owners.has(agent))),
      others: partsOf(others.filter((agent) => !owners.has(agent))),
      isKnown: [...owners].every(({ lost }) => lost === null),
      before: before ?? null,
    });
  }

  #part(agent: SessionLink, samples: ReadonlyMap<SessionLink, Sample>, flow: string): PartRow | null {
    const sample = samples.get(agent);
    const row = sample?.flows.get(flow);
    return row === undefined ? null : { row, atNs: sample!.atNs, shiftNs: this.#parts.shiftNs.get(agent)! };
  }

  #link(name: string, agent: SessionLink, samples: ReadonlyMap<SessionLink, Sample>): LinkState | null {
    const known = samples.get(agent)?.links.find(({ port }) => port === name);
    if (agent.lost !== null) {
      const since = this.links.find(({ port, why }) => port === name && why === agent.lost)?.sinceNs;
      return {
        port: name,
        state: "down",
        why: agent.lost,
        sinceNs: since ?? Date.now() * 1e6 - this.#parts.epochUnixNs,
      };
    }
    return known === undefined ? null : { ...known, sinceNs: known.sinceNs + this.#parts.shiftNs.get(agent)! };
  }
}

function portRow(name: string, agent: SessionLink, samples: ReadonlyMap<SessionLink, Sample>): PortCounters | null {
  const row = samples.get(agent)?.ports.find((one) => one.name === name);
  if (row === undefined) return null;
  return agent.lost === null ? row : lostPortRow(row);
}
