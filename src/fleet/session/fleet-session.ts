/**
 * A live session whose ports are those of several agents. Each of them has a session of its own ports, and knows all flows:
 * of each it sends the frames, or awaits them. Starts are known wherever frames may come before the first one leaves.
 */
import {
  type FlowInfo,
  type FlowNames,
  type FlowRate,
  type FlowSpec,
  type HostSpec,
  type LinkState,
  type PingResult,
  SessionError,
  type SessionEvent,
  type SessionPortFacts,
  type SessionSnapshot,
  type SplitCounters,
  type TestSession,
} from "../../session/index.js";
import { type FleetFlow, FleetFlows } from "./fleet-flows.js";
import { FleetLook } from "./fleet-look.js";
import { clockExchanges, type FleetPort, type FleetSessionParts } from "./fleet-parts.js";
import type { SessionLink } from "./session-link.js";

/** A start of several agents is appointed so far ahead, and as much as questions took. */
const leadNs = 50e6;
const leadRtts = 4;
const watchMs = 1_000;

export class FleetSession implements TestSession {
  readonly epochUnixNs: number;
  readonly ports: readonly SessionPortFacts[];
  readonly #parts: FleetSessionParts;
  readonly #flows: FleetFlows;
  readonly #look: FleetLook;
  readonly #listeners = new Set<(event: SessionEvent) => void>();
  readonly #watch: NodeJS.Timeout;
  #hosts: ReadonlyMap<string, SessionLink> = new Map();
  #last: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | null = null;

  constructor(parts: FleetSessionParts) {
    this.#parts = parts;
    this.epochUnixNs = parts.epochUnixNs;
    this.ports = parts.facts;
    this.#flows = new FleetFlows(parts.capacity);
    this.#look = new FleetLook(parts, this.#flows);
    this.#watch = setInterval(() => void this.#watchOver().catch(() => {}), watchMs);
  }

  addFlows(specs: readonly FlowSpec[]): Promise<void> {
    return this.#inTurn(async () => {
      for (const spec of specs) checkShared(spec);
      this.#checkAll();
      const added = this.#flows.plan(specs, (name, where) => this.#portOf(name, where));
      const flows = added.map(({ spec, slot, port }) => ({ spec, slot, lineRateBps: port.lineRateBps }));
      const names = specs.map(({ name }) => name);
      const done: SessionLink[] = [];
      try {
        await this.#atAll(async (agent) => {
          await agent.do({ do: "add", flows: flows as never });
          done.push(agent);
        });
      } catch (error) {
        await Promise.allSettled(done.map((agent) => agent.do({ do: "remove", names })));
        this.#flows.giveBack(added);
        throw error;
      }
      this.#flows.add(added);
    });
  }

  /** At agents that are gone there is nothing to remove. */
  removeFlows(names: FlowNames): Promise<void> {
    return this.#inTurn(async () => {
      const flows = this.#flows.named(names);
      if (flows.length === 0) return;
      const removed = flows.map(({ spec }) => spec.name);
      await this.#atAll((agent) => agent.do({ do: "remove", names: removed }));
      this.#flows.remove(flows);
    });
  }

  start(names: FlowNames): Promise<void> {
    return this.#inTurn(() => this.#start(this.#flows.named(names)));
  }

  stop(names: FlowNames): Promise<void> {
    return this.#inTurn(() => this.#halt(names, "stop"));
  }

  pause(names: FlowNames): Promise<void> {
    return this.#inTurn(() => this.#halt(names, "pause"));
  }

  /** Which of them are paused is asked first. */
  resume(names: FlowNames): Promise<void> {
    return this.#inTurn(async () => {
      const flows = this.#flows.named(names);
      const { flows: rows } = await this.look(true);
      const states = new Map(rows.map(({ name, state }) => [name, state]));
      const inState = (state: string) => flows.filter(({ spec }) => states.get(spec.name) === state);
      const paused = inState("paused");
      this.#checkEnds(paused);
      await this.#atSenders(paused, (agent, own) => agent.do({ do: "resume", names: own }));
      await this.#start(inState("stopped"));
    });
  }

  /** Whoever sends is asked first: it may refuse. */
  setRate(names: FlowNames, rate: FlowRate): Promise<void> {
    return this.#inTurn(async () => {
      const flows = this.#flows.named(names);
      this.#checkEnds(flows);
      const all = flows.map(({ spec }) => spec.name);
      await this.#rateAtSenders(flows, rate);
      await this.#atAll((agent) => agent.do({ do: "rate", names: all, rate }));
      for (const flow of flows) flow.spec = { ...flow.spec, rate };
    });
  }

  /** As they were at the last look. */
  flows(): readonly FlowInfo[] {
    const states = new Map(this.#look.last.flows.map(({ name, state }) => [name, state]));
    return this.#flows.all.map(({ spec }) => ({ spec, state: states.get(spec.name) ?? "stopped" }));
  }

  setHosts(hosts: readonly HostSpec[]): Promise<void> {
    return this.#inTurn(async () => {
      const owners = hosts.map(({ name, port }) => this.#portOf(port, `host "${name}"`).agent);
      await this.#atAll(async (agent) => {
        await agent.do({ do: "hosts", hosts: hosts.filter((_, k) => owners[k] === agent) as never });
      });
      this.#hosts = new Map(hosts.map(({ name }, k) => [name, owners[k]!]));
    });
  }

  async resolve(host: string, address: string, timeoutMs = 3_000): Promise<string | null> {
    return (await this.#hostOf(host).do({ do: "resolve", host, address, timeoutMs })).mac;
  }

  ping(host: string, address: string, timeoutMs = 3_000): Promise<PingResult> {
    return this.#hostOf(host).do({ do: "ping", host, address, timeoutMs });
  }

  startCapture(): Promise<void> {
    return Promise.reject(noCapture());
  }

  stopCapture(): Promise<void> {
    return Promise.reject(noCapture());
  }

  removeCapture(): Promise<void> {
    return Promise.reject(noCapture());
  }

  fetchCapture(): Promise<never> {
    return Promise.reject(noCapture());
  }

  linkStates(): readonly LinkState[] {
    return this.#look.links;
  }

  setLink(port: string, state: "up" | "down"): Promise<void> {
    return this.#inTurn(async () => {
      await this.#portOf(port, "link").agent.do({ do: "link", port, state });
    });
  }

  look(isNew = false): Promise<SessionSnapshot> {
    return this.#look.look(isNew);
  }

  snapshot(): SessionSnapshot {
    return this.#look.last;
  }

  splitOf(): readonly SplitCounters[] {
    return [];
  }

  agentOf(port: string): string {
    return this.#portOf(port, "port").agent.name;
  }

  lostPort(port: string): string | null {
    const { agent } = this.#portOf(port, "port");
    return agent.lost === null ? null : `agent ${agent.name}: ${agent.lost}`;
  }

  onEvent(listener: (event: SessionEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** An agent is gone: its ports are down. */
  lose(agent: SessionLink, why: string): void {
    const atNs = Date.now() * 1e6 - this.epochUnixNs;
    const message = `agent ${agent.name}: ${why}`;
    for (const { name, agent: owner } of this.#parts.ports) {
      if (owner === agent) this.#tell({ kind: "link", atNs, port: name, state: "down", why: message });
    }
    this.#sayTrouble(message);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    clearInterval(this.#watch);
    await this.#last;
    await Promise.allSettled(this.#present.map((agent) => agent.do({ do: "close" })));
    await this.#parts.coordinator[Symbol.asyncDispose]();
    this.#listeners.clear();
  }

  #tell(event: SessionEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  async #start(flows: readonly FleetFlow[]): Promise<void> {
    if (flows.length === 0) return;
    this.#checkEnds(flows);
    const senders = this.#sendersOf(flows);
    // What is refused later than this has cleared the counts of the start before, where frames come in.
    const limited = [...senders].filter(([{ link }]) => link.facts.maxPps !== null);
    await allOf(limited.map(([agent, own]) => agent.do({ do: "may-start", names: own })));
    const starts = this.#flows.numberStarts(flows);
    await this.#atAll((agent) => agent.do({ do: "expect", starts }));
    const atNs = senders.size > 1 ? await this.#appoint([...senders.keys()]) : null;
    const begun = [...senders].map(async ([agent, own]) => {
      const names = new Set(own);
      const some = starts.filter(({ name }) => names.has(name));
      const { leadNs } = await agent.do({ do: "start", starts: some, atNs: atNs?.get(agent) ?? null });
      if (leadNs !== null && leadNs < 0) this.#sayLate(agent, -leadNs);
    });
    try {
      await allOf(begun);
    } catch (error) {
      // All or none: what began elsewhere ends.
      const there = [...senders].filter(([agent]) => agent.lost === null);
      await Promise.allSettled(there.map(([agent, names]) => agent.do({ do: "stop", names })));
      throw error;
    }
  }

  /** By agent, the moment in its own clock. null: a clock is not known, and each begins when it hears of it. */
  async #appoint(agents: readonly SessionLink[]): Promise<ReadonlyMap<SessionLink, number> | null> {
    await Promise.all(agents.map(({ link }) => link.compareClocks(clockExchanges)));
    const rttNs = Math.max(...agents.map(({ link }) => link.minRttNs));
    const nowNs = this.#parts.coordinator.asking.nowNs();
    const startNs = nowNs + leadNs + leadRtts * rttNs;
    const moments = new Map<SessionLink, number>();
    for (const agent of agents) {
      const clock = agent.link.clockAt(startNs);
      if (clock === null) {
        this.#sayTrouble(`agent ${agent.name}: its clock is not known now; flows begin when each agent hears of it`);
        return null;
      }
      moments.set(agent, startNs + clock.offsetNs);
    }
    return moments;
  }

  #sayLate({ name }: SessionLink, lateNs: number): void {
    this.#sayTrouble(`agent ${name}: it heard ${Math.ceil(lateNs / 1e6)} ms too late that its flows begin`);
  }

  #sayTrouble(message: string): void {
    this.#tell({ kind: "trouble", atNs: Date.now() * 1e6 - this.epochUnixNs, port: null, message });
  }

  async #halt(names: FlowNames, how: "stop" | "pause"): Promise<void> {
    const there = this.#flows.named(names).filter(({ port }) => port.agent.lost === null);
    await this.#atSenders(there, (agent, own) => agent.do({ do: how, names: own }));
  }

  #sendersOf(flows: readonly FleetFlow[]): ReadonlyMap<SessionLink, string[]> {
    const senders = new Map<SessionLink, string[]>();
    for (const { spec, port } of flows) senders.set(port.agent, [...(senders.get(port.agent) ?? []), spec.name]);
    return senders;
  }

  async #atSenders(
    flows: readonly FleetFlow[],
    act: (agent: SessionLink, names: string[]) => Promise<unknown>,
  ): Promise<void> {
    await allOf([...this.#sendersOf(flows)].map(([agent, names]) => act(agent, names)));
  }

  /** All or none: where one sender refuses, the flows of the others have the rates again that they had. */
  async #rateAtSenders(flows: readonly FleetFlow[], rate: FlowRate): Promise<void> {
    const changed = new Set<SessionLink>();
    try {
      await this.#atSenders(flows, async (agent, names) => {
        await agent.do({ do: "rate", names, rate });
        changed.add(agent);
      });
    } catch (error) {
      const before = new Set(flows.map(({ spec }) => spec.rate));
      for (const old of before) {
        const own = flows.filter(({ spec, port: { agent } }) => spec.rate === old && changed.has(agent));
        await this.#atSenders(own, (agent, names) => agent.do({ do: "rate", names, rate: old })).catch(() => {});
      }
      throw error;
    }
  }

  /** At agents that are there. */
  async #atAll(act: (agent: SessionLink) => Promise<unknown>): Promise<void> {
    await allOf(this.#present.map(act));
  }

  get #present(): readonly SessionLink[] {
    return this.#parts.agents.filter(({ lost }) => lost === null);
  }

  /** @throws SessionError ended */
  #checkAll(): void {
    for (const agent of this.#parts.agents) agent.check();
  }

  /** Whoever sends them and whoever receives them is there. @throws SessionError ended */
  #checkEnds(flows: readonly FleetFlow[]): void {
    for (const { spec } of flows) {
      for (const name of [spec.from, ...spec.to]) this.#portOf(name, `flow "${spec.name}"`).agent.check();
    }
  }

  /** Flows that are settled are awaited no more. One that is gone is noticed, though nobody asks. */
  async #watchOver(): Promise<void> {
    await this.look();
    // Not between two steps of a start.
    const rested = this.#last.then(async () => {
      const over = this.#flows.toRest(this.#look.last.flows);
      if (over.length > 0) await this.#atAll((agent) => agent.do({ do: "rest", names: over }));
    });
    this.#last = rested.catch(() => {});
    await rested;
  }

  /** @throws SessionError unknown-port */
  #portOf(name: string, where: string): FleetPort {
    const found = this.#parts.ports.find((port) => port.name === name);
    if (found !== undefined) return found;
    const accepted = this.#parts.ports.map((port) => port.name).join(", ");
    throw new SessionError("unknown-port", `there is no port "${name}"`, { where, accepted });
  }

  #hostOf(name: string): SessionLink {
    const agent = this.#hosts.get(name);
    if (agent !== undefined) return agent;
    throw new SessionError("unknown-host", `there is no host "${name}"`, { where: "host" });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work).finally(() => this.#look.ordered());
    this.#last = turn.catch(() => {});
    return turn;
  }
}

/** Waits for all of them, so that it is known what was done, and throws what the first one did that failed. */
async function allOf(deeds: readonly Promise<unknown>[]): Promise<void> {
  const failed = (await Promise.allSettled(deeds)).find((one) => one.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

const noCapture = (): SessionError =>
  new SessionError("not-possible", "captures are not made over a fleet", {
    where: "capture",
    accepted: "none: capture at the agents' hosts, e.g. with tcpdump on their ports",
  });

/** @throws SessionError not-possible */
function checkShared({ name, split, law, frames }: FlowSpec): void {
  const where = `flow "${name}"`;
  const refuse = (what: string, part: string, accepted: string): SessionError =>
    new SessionError("not-possible", `${what} over a fleet`, { where: `${where} ${part}`, accepted });
  if (split !== undefined) throw refuse("frames are not told apart by tags", "split.sent", "flows without metric tags");
  if (law !== undefined && law.kind !== "steady")
    throw refuse("departures have no law", "rate", "a steady rate, bursts");
  if (frames.kind !== "stream") throw refuse("frames are not given as bytes", "packet", "headers");
}
