/**
 * What a run has to do more where frames go from host to host: each agent has a role. Receivers are told how the clocks of
 * their senders stand, and when all of them are done. Clocks are compared before and after each trial.
 */
import type { SenderSkew, SenderTotal } from "../engine/loop/index.js";
import { type PktgenError, usageError } from "../errors.js";
import type { RunPlan } from "../measure/plan.js";
import type { FlowList } from "../options/fleet-flows.js";
import { isSigned } from "../stream/spec.js";
import { frameSizeName } from "../units.js";
import type { AgentLink, ReportPart } from "./agent-link.js";
import type { CombinedFlows } from "./combined-flows.js";
import type { CombinedTrial } from "./combined-trial.js";
import { type AgentRole, flowPortsOf, roleOf } from "./flow-map.js";
import { type ComparedPair, type PairClock, pairClockOf, skewsOf, type TrialSpan } from "./pair-clocks.js";
import { toldPlans } from "./part.js";
import { answers } from "./protocol.js";
import type { BegunTrial } from "./run-journal.js";

/** Compares the clocks of agents that reach each other. By flow: what was asked so far; null: they do not. */
export interface DirectClocks {
  compare(exchanges: number): Promise<void>;
  of(share: number): ComparedPair["direct"];
}

const drainMs = 3_000;

const refused = (what: string, where: string, accepted: string): PktgenError =>
  usageError(`${what} cannot be done between agents yet`, { where, accepted });

/** @throws PktgenError (2): what one plan for senders and receivers of different hosts would get wrong. */
export function checkFlowPlan({ bidirectional, dut, workers = 1, stream, sizes }: RunPlan): void {
  if (bidirectional) throw refused("both directions", "--bidirectional", "a flow for each direction");
  if (dut.kind !== "external") throw refused("a device of each agent", "--dut", "external, and a device between them");
  if (dut.sides !== null) {
    const accepted = "none of these: each agent has addresses of its own by its place in the run";
    throw refused("addresses of ports", "--tx-address, --rx-address, --gateway, --rx-gateway", accepted);
  }
  if (workers > 1) throw refused("several threads of a generator", "--workers", "1");
  const small = sizes.find((size) => !isSigned(stream, size));
  if (small === undefined) return;
  throw usageError(`frames of ${frameSizeName(small)} bytes have no room to say who sent them`, {
    where: "--sizes",
    accepted: "frames with a signature: longer ones, or with shorter headers",
  });
}

/** By agent: its part of the plan, with its own ports and addresses. @throws PktgenError (2) */
export function flowParts(
  plan: RunPlan,
  flows: FlowList,
  agents: readonly string[],
): readonly Readonly<Record<string, unknown>>[] {
  /** All who send to one receiver send to one address, which it announces: that of the first of them. */
  const firstTo = (agent: string): number => flows.findIndex(({ to }) => to.agent === agent);
  const parts = toldPlans(
    plan,
    flows.map(({ to }) => firstTo(to.agent)),
  );
  return agents.map((agent) => {
    const sends = flows.findIndex(({ from }) => from.agent === agent);
    const receives = firstTo(agent);
    const { dut, ...part } = parts[sends >= 0 ? sends : receives]!;
    const incoming = sends >= 0 && receives >= 0 ? { incoming: parts[receives]!["stream"] } : {};
    return { ...part, ...incoming, learns: true, dut: { ...(dut as object), ...flowPortsOf(flows, agent) } };
  });
}

/** All who send in an attempt have ended: how much each sent. */
export interface EndedSenders {
  readonly attempt: number;
  readonly totals: readonly SenderTotal[];
}

export class FlowWork {
  readonly flows: FlowList;
  readonly #links: ReadonlyMap<string, AgentLink>;
  readonly #direct: DirectClocks | null;
  #claimed: { readonly pairs: readonly ComparedPair[]; readonly span: Omit<TrialSpan, "endNs"> } | null = null;
  readonly #sent = new Map<number, number>();

  constructor(flows: FlowList, links: ReadonlyMap<string, AgentLink>, direct: DirectClocks | null) {
    this.flows = flows;
    this.#links = links;
    this.#direct = direct;
  }

  /** Of orders to prepare. */
  roleOf(agent: string): AgentRole {
    return roleOf(this.flows, agent);
  }

  /** Learning frames say where receivers are. */
  receives(agent: string): boolean {
    return this.flows.some(({ to }) => to.agent === agent);
  }

  /** Senders take what a device sent to all before it knew where receivers are: it is of no trial. */
  async drain(): Promise<void> {
    await Promise.all([...this.#links.values()].map((link) => link.ask("counters", {}, answers.counters, drainMs)));
  }

  async compare(exchanges: number): Promise<void> {
    await this.#direct?.compare(exchanges);
  }

  #pairs(): ComparedPair[] {
    return this.flows.map((flow, share): ComparedPair => {
      const [sender, receiver] = [flow.from, flow.to].map(({ agent }) => this.#links.get(agent)!.compared);
      return { flow, sender: sender!, receiver: receiver!, direct: this.#direct?.of(share) ?? null };
    });
  }

  /** For whoever collects the run. */
  get kept(): Pick<BegunTrial, "flows"> {
    const oneClock = this.#pairs().map(({ sender, receiver }) => sender.clockId === receiver.clockId);
    return { flows: { map: this.flows, oneClock } };
  }

  /** An attempt begins at these times. What its receivers add to times of their senders. */
  appoint(span: Omit<TrialSpan, "endNs">): Record<string, SenderSkew[]> {
    const pairs = this.#pairs();
    this.#sent.clear();
    this.#claimed = { pairs, span };
    return skewsOf(this.flows, pairs, span);
  }

  /** Agents that end when the senders have. */
  get followers(): string[] {
    return [...this.#links.keys()].filter((agent) => !this.flows.some(({ from }) => from.agent === agent));
  }

  /** An agent reported. null: somebody still sends. Who receives as well reports too late for anybody. */
  endedWith(agent: string, { inputs }: ReportPart, attempt: number): EndedSenders | null {
    const share = this.flows.findIndex(({ from }) => from.agent === agent);
    const sent = inputs[0]?.report.transmit.queues ?? [];
    const frames = sent.reduce((sum, queue) => sum + queue.published - queue.outstanding, 0);
    if (share >= 0) this.#sent.set(share, frames);
    if (share < 0 || this.#sent.size < this.flows.length) return null;
    return { attempt, totals: [...this.#sent].map(([of, total]) => ({ share: of, frames: total })) };
  }

  /** The trial that was appointed last. `endNs`: everything was over by then. */
  combined(trial: CombinedTrial, endNs: number): CombinedFlows {
    const { pairs: claimed, span } = this.#claimed!;
    const clocks = this.#pairs().map((pair, share) => pairClockOf(claimed[share]!, pair, { ...span, endNs }));
    return { ...trial, flows: this.flows, clocks };
  }
}

/** Of a run whose coordinator was lost: nobody compared clocks after the trial. */
export const clocksOfLostRun = (oneClock: readonly boolean[]): PairClock[] =>
  oneClock.map((isOne) => ({
    ...(isOne ? { way: "same", boundNs: 0, why: null } : { way: "messages", boundNs: null, why: notCompared }),
    ...{ before: null, after: null },
  }));

const notCompared = "the run was lost, and nobody compared the clocks after the trial";
