/** One session: its state, its flows by name, what is done with them, and how it ends. */
import { didYouMean } from "../../nearest.js";
import type {
  FlowCounters,
  FlowDuration,
  FlowInfo,
  HostSpec,
  Session,
  SessionEvent,
  SessionSnapshot,
} from "../../session/index.js";
import { sleepNs } from "../../sys/sleep.js";
import { formatRate, parseRate } from "../../units.js";
import type { ErrorDetail, FlowFacts, HostBody, SessionBody, SessionFacts } from "../contract.js";
import { EventReaders } from "../events/readers.js";
import { exchangeInSession, isOfExchange } from "../exchange/in-session.js";
import type { ExchangeOrder } from "../exchange/order.js";
import type { ExchangeOutcome } from "../exchange/outcome.js";
import { RequestRefusal } from "../refusal.js";
import type { OrderedFlow } from "./flow-order.js";
import { ServedCaptures } from "./served-captures.js";
import { flowFigures, portFigures, stateWord, sumFigures } from "./session-figures.js";
import { SessionTeller } from "./session-teller.js";

/** On top of the time in which a flow settles: what a peer that hangs has in its ring is not awaited. */
const patienceMs = 1_000;
const lookEveryNs = 20e6;

export type SessionDeed = "start" | "stop" | "pause" | "resume";

interface ServedParts {
  readonly id: string;
  readonly body: SessionBody;
  readonly session: Session;
  readonly lineRateBps: number | null;
  readonly settleNs: number;
  /** Is told once, when its ports are free again. */
  readonly onEnd: () => void;
}

export class ServedSession {
  readonly id: string;
  readonly captures: ServedCaptures;
  readonly lineRateBps: number | null;
  readonly #parts: Omit<ServedParts, "session">;
  /** null: it has ended. Its memory is large, and goes with it. */
  #held: Session | null;
  readonly #teller: SessionTeller;
  readonly #readers: EventReaders;
  readonly #started = new Date();
  /** Rates as they were asked for, by flow: of all that there are. */
  readonly #rates = new Map<string, string>();
  #exchanges = 0;
  #hosts: readonly HostBody[] = [];
  #state: SessionFacts["state"] = "open";
  #ended: Date | null = null;
  #error: ErrorDetail | null = null;
  #last: SessionSnapshot | null = null;
  #lastPorts: SessionFacts["ports"] = [];
  #ending: Promise<void> | null = null;

  constructor({ session, ...parts }: ServedParts) {
    const { id, body } = parts;
    this.#parts = parts;
    this.id = id;
    this.lineRateBps = parts.lineRateBps;
    this.#held = session;
    this.captures = new ServedCaptures(session);
    const told = { id, name: body.name ?? "", ports: body.ports, started: this.#started };
    this.#teller = new SessionTeller(
      told,
      () => this.snapshot(),
      (flow) => (this.isOver ? null : this.#session.histogramsOf(flow)),
    );
    this.#teller.state("open");
    session.onEvent((event) => this.#take(event));
    this.#readers = new EventReaders(body.stopWithClient === true ? (why) => void this.end(why) : null);
  }

  get isOver(): boolean {
    return this.#state === "done" || this.#state === "failed";
  }

  get journal(): SessionTeller["journal"] {
    return this.#teller.journal;
  }

  get ports(): readonly string[] {
    return this.#parts.body.ports;
  }

  addReader(): () => void {
    return this.#readers.add();
  }

  /** The engine's, while it is there. @throws RequestRefusal (409) */
  get engine(): Session {
    if (this.#state === "open") return this.#session;
    throw new RequestRefusal(
      "wrong-state",
      `session ${this.id} ${this.#state === "closing" ? "closes" : "has ended"}`,
      {
        accepted: "a session that is open",
      },
    );
  }

  /** While it is not over. */
  get #session(): Session {
    if (this.#held === null) throw new Error(`session ${this.id} is over`);
    return this.#held;
  }

  /** The last one where it has ended. */
  snapshot(): SessionSnapshot {
    return this.#last ?? ownFlows(this.#session.snapshot());
  }

  #sample(): SessionSnapshot {
    return ownFlows(this.#session.sample());
  }

  info(): SessionFacts {
    const snapshot = this.snapshot();
    const { flows } = snapshot;
    return {
      ...{ id: this.id, name: this.#parts.body.name ?? "", state: this.#state },
      started: this.#started.toISOString(),
      ended: this.#ended?.toISOString() ?? null,
      ports: this.portFacts(),
      flows: flows.length,
      running: flows.filter(({ state }) => state === "running").length,
      settled: flows.every(({ settled, generation }) => settled || generation === 0),
      live: sumFigures(snapshot, this.#teller.between),
      error: this.#error,
    };
  }

  portFacts(): SessionFacts["ports"] {
    if (this.#last !== null) return this.#lastPorts;
    const links = this.#session.linkStates();
    return this.snapshot().ports.map((port) => {
      const link = links.find((one) => one.port === port.name);
      return { name: port.name, up: port.link === "up", why: link?.why ?? null, figures: portFigures(port) };
    });
  }

  portFact(name: string): SessionFacts["ports"][number] {
    const found = this.portFacts().find((port) => port.name === name);
    if (found !== undefined) return found;
    throw new RequestRefusal("not-found", `session ${this.id} has no port "${name}"`, {
      where: "port",
      accepted: this.ports.join(", "),
    });
  }

  async setLink(name: string, up: boolean): Promise<SessionFacts["ports"][number]> {
    await this.engine.setLink(this.portFact(name).name, up ? "up" : "down");
    return this.portFact(name);
  }

  /** All or none. */
  async add(orders: readonly OrderedFlow[]): Promise<FlowFacts[]> {
    await this.engine.addFlows(orders.map(({ spec }) => spec));
    for (const { spec, rate } of orders) this.#rates.set(spec.name, rate);
    this.#teller.added(orders.map(({ spec }) => spec));
    const started = orders.filter(({ start }) => start).map(({ spec }) => spec.name);
    if (started.length > 0) await this.act("start", started);
    return this.flows(orders.map(({ spec }) => spec.name));
  }

  /** In the order in which they were added; with names: those. @throws RequestRefusal (404) */
  flows(names?: readonly string[]): FlowFacts[] {
    if (names === undefined) return (this.#last ?? this.#sample()).flows.map((flow) => this.#factsOf(flow));
    for (const name of names) this.#know(name);
    const flows = this.#last?.flows ?? this.#session.countersOf(names);
    const known = new Map(flows.map((flow) => [flow.name, flow]));
    return names.map((name) => this.#factsOf(known.get(name)!));
  }

  /** Of a session that has ended, the flows that it had then. @throws RequestRefusal (404) */
  #know(name: string): void {
    const known = this.#last?.flows.map((flow) => flow.name) ?? [...this.#rates.keys()];
    if (known.includes(name)) return;
    throw new RequestRefusal("not-found", `there is no flow "${name}"`, {
      where: "flow",
      accepted: known.slice(0, 20).join(", ") || "none: there are no flows",
      ...didYouMean(name, known),
    });
  }

  /** Of a session that is open. @throws RequestRefusal (404) */
  histogramsOf(name: string): { readonly histogram: number[][]; readonly gaps: number[][] } {
    this.#know(name);
    if (this.#state !== "open") return { histogram: [], gaps: [] };
    const { latency, gaps } = this.#session.histogramsOf(name);
    return { histogram: latency.map((bucket) => [...bucket]), gaps: gaps.map((bucket) => [...bucket]) };
  }

  /** The flow as it was at last. */
  async remove(name: string): Promise<FlowFacts> {
    const { engine } = this;
    this.#know(name);
    await engine.stop([name]);
    const [last] = this.flows([name]);
    await engine.removeFlows([name]);
    this.#rates.delete(name);
    this.#teller.deed("flow", "removed", [name]);
    this.#teller.removed([name]);
    return last!;
  }

  async setRate(name: string, rate: string): Promise<void> {
    const { engine } = this;
    this.#know(name);
    const read = parseRate(rate, "rate");
    await engine.setRate([name], read);
    this.#rates.set(name, formatRate(read));
    this.#teller.deed("rate", `rate ${formatRate(read)}`, [name]);
  }

  /** Paused flows alone are resumed. `names` null: all. `duration`: of a start, from which on it is theirs. @throws SessionError unknown-flow, RequestRefusal (422) */
  async act(deed: SessionDeed, names: readonly string[] | null, duration?: FlowDuration): Promise<void> {
    const { engine } = this;
    const states = new Map(
      engine.flows().flatMap(({ spec, state }) => (isOfExchange(spec.name) ? [] : [[spec.name, state]])),
    );
    const asked = names ?? [...states.keys()];
    const isMeant = (name: string): boolean => deed !== "resume" || (states.get(name) ?? "paused") === "paused";
    const flows = asked.filter(isMeant);
    if (flows.length === 0) return;
    if (duration !== undefined) refuseBursts(engine.flows(), flows);
    if (deed === "start") await engine.start(flows, duration);
    else await engine[deed](flows);
    this.#teller.deed(deed, deed, flows);
  }

  /** Frames out of one of its ports, and what comes back on one. @throws RequestRefusal (404, 409, 422) */
  async exchange(order: ExchangeOrder, signal: AbortSignal): Promise<ExchangeOutcome> {
    const { engine } = this;
    for (const port of [order.tx, order.rx]) this.portFact(port);
    const giveBack = this.captures.lend(order.rx);
    try {
      this.#teller.mark("note", `exchange: ${order.frames.length} frames out of ${order.tx}`);
      return await exchangeInSession(engine, order, ++this.#exchanges, signal);
    } finally {
      giveBack();
    }
  }

  get hosts(): readonly HostBody[] {
    return this.#hosts;
  }

  async setHosts(hosts: readonly HostBody[]): Promise<void> {
    await this.engine.setHosts(
      hosts.map(
        ({ name, port, mac, ipv4 = [], ipv6 = [], vlan = null }): HostSpec => ({
          ...{ name, port, mac, ipv4, ipv6, vlan },
        }),
      ),
    );
    this.#hosts = hosts;
  }

  /** Stops all flows, awaits what is under way, and closes; idempotent. `why`: for those who read the events. */
  end(why: string): Promise<void> {
    this.#ending ??= this.#end(why);
    return this.#ending;
  }

  async #end(why: string): Promise<void> {
    if (this.isOver) return;
    this.#readers.end();
    this.#teller.mark("stop", why);
    this.#state = "closing";
    this.#teller.state("closing");
    try {
      await this.#session.stop("all");
      await this.#settle();
      await this.#close("done");
    } catch (error) {
      await this.#fail(error instanceof Error ? error.message : String(error));
    }
  }

  async #settle(): Promise<void> {
    const untilMs = performance.now() + this.#parts.settleNs / 1e6 + patienceMs;
    const isSettled = ({ settled, generation }: FlowCounters): boolean => settled || generation === 0;
    while (performance.now() < untilMs && !this.#sample().flows.every(isSettled)) await sleepNs(lookEveryNs);
  }

  #take(event: SessionEvent): void {
    if (this.isOver || (event.kind === "flow" && isOfExchange(event.flow))) return;
    this.#teller.take(event);
    if (event.kind === "ended") void this.#fail(event.message);
  }

  /** The loop is gone. */
  async #fail(message: string): Promise<void> {
    if (this.isOver) return;
    this.#error = { message: `the session has ended: ${message}` };
    await this.#close("failed");
  }

  async #close(state: "done" | "failed"): Promise<void> {
    const last = this.#sample();
    if (state === "done") this.#teller.histograms(last);
    this.#lastPorts = this.portFacts();
    this.#last = last;
    this.#readers.end();
    this.#state = state;
    this.#ended = new Date();
    try {
      await this.#session.close();
    } finally {
      this.#held = null;
      this.captures.close();
      this.#teller.end(last, { state, stopped: state === "done", error: this.#error });
      this.#parts.onEnd();
    }
  }

  #factsOf(flow: FlowCounters): FlowFacts {
    const { name, from, to, generation, settled, signed } = flow;
    return {
      ...{ index: this.#teller.indexOf(name), name, tx: from, rx: [...to], generation, settled, signed },
      state: stateWord(flow),
      rate: this.#rates.get(name) ?? "",
      figures: flowFigures(flow, this.#teller.lostPps(name)),
    };
  }
}

/** @throws RequestRefusal (422): flows in bursts would be steady from then on. */
function refuseBursts(flows: readonly FlowInfo[], names: readonly string[]): void {
  const asked = new Set(names);
  const one = flows.find(({ spec }) => asked.has(spec.name) && spec.duration?.kind === "bursts");
  if (one === undefined) return;
  throw new RequestRefusal("invalid", `flow "${one.spec.name}" has bursts, which say how long it sends`, {
    where: "flows",
    accepted: "flows without bursts, or no count and no duration",
  });
}

/** Without the flows that exchanges are made of. */
function ownFlows(snapshot: SessionSnapshot): SessionSnapshot {
  const flows = snapshot.flows.filter(({ name }) => !isOfExchange(name));
  return flows.length === snapshot.flows.length ? snapshot : { ...snapshot, flows };
}
