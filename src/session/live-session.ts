/** The session's face: checks what is asked, compiles, tells the loop, and shows samples of its counters. */
import { type Command, commandKind, type SessionHandle } from "../engine/session/index.js";
import type { Port } from "../port/index.js";
import { monotonicClock } from "../sys/clock.js";
import { Captures, type WallTime, wallTimeBefore } from "./captures.js";
import { Commander } from "./commander.js";
import { DropBook } from "./drop-book.js";
import { NamedFlows } from "./flow-names.js";
import { type AddedFlow, askedPps, FlowPlanner } from "./flow-planner.js";
import { checkFlowSchedule, checkTogether, scheduleOrders } from "./flow-schedule.js";
import { FlowTable, type TableFlow } from "./flow-table.js";
import { LinkBook } from "./link-book.js";
import { NeighbourBook } from "./neighbour-book.js";
import { RateBook } from "./rate-book.js";
import { Sampler, stateOf } from "./sampler.js";
import { SessionError } from "./session-error.js";
import { SharedFlows } from "./shared-flows.js";
import { splitCounters } from "./split-reader.js";
import { StateWatch } from "./state-watch.js";
import type {
  CapturedFile,
  CaptureSpec,
  FlowCounters,
  FlowDuration,
  FlowHistograms,
  FlowInfo,
  FlowNames,
  FlowRate,
  FlowSpec,
  HostSpec,
  Neighbour,
  PingResult,
  Session,
  SessionEvent,
  SessionSnapshot,
  SessionSpec,
} from "./types.js";

const usualSettleNs = 2e9;
const tickMs = 100;
const sampleNs = 100e6;

export interface LiveSessionParts {
  readonly handle: SessionHandle;
  readonly ports: readonly Port[];
  readonly spec: SessionSpec;
}

type EventOf = SessionEvent extends infer E ? (E extends { readonly atNs: number } ? Omit<E, "atNs"> : never) : never;

export class LiveSession implements Session {
  /** Its part of flows that others have parts of. */
  readonly shared: SharedFlows;
  /** Its time 0 by the clock that all threads share. */
  epochNs = 0;
  readonly #handle: SessionHandle;
  readonly #specs: SessionSpec["ports"];
  readonly #openPorts: readonly Port[];
  readonly #planner: FlowPlanner;
  readonly #table: FlowTable;
  readonly #commander: Commander;
  readonly #neighbours: NeighbourBook;
  readonly #captures: Captures;
  readonly #links: LinkBook;
  readonly #drops: DropBook;
  readonly #rates: RateBook;
  readonly #sampler: Sampler;
  readonly #flows = new NamedFlows();
  readonly #listeners = new Set<(event: SessionEvent) => void>();
  readonly #states: StateWatch;
  readonly #clock = monotonicClock();
  #wall: WallTime = { seconds: 0, nanoseconds: 0 };
  #batch = 0;
  #last: SessionSnapshot | null = null;
  #timer: NodeJS.Timeout | null = null;
  #closing: Promise<void> | null = null;

  constructor({ handle, ports, spec }: LiveSessionParts) {
    const { ports: specs, settleNs = usualSettleNs, percentiles } = spec;
    const { memory } = handle;
    this.#handle = handle;
    this.#specs = specs;
    this.#openPorts = ports;
    this.#planner = new FlowPlanner(ports, specs);
    this.#table = new FlowTable(memory);
    this.#commander = new Commander(handle.commands, this.#table);
    this.#captures = new Captures(memory, () => this.#wall);
    this.#links = new LinkBook(ports, specs, (change) => this.#tell({ kind: "link", ...change }));
    this.#rates = new RateBook(memory);
    this.#drops = new DropBook({
      ports,
      names: specs.map(({ name }) => name),
      movedAt: (port) => this.#rates.movedAt(port),
      tell: (port, message) => this.#tell({ kind: "trouble", port, message }),
    });
    this.#states = new StateWatch(memory);
    const samplerPorts = specs.map(({ name }, index) => ({
      name,
      isUp: () => this.#links.isUp(index),
      hasCapture: () => this.#captures.has(index),
      drops: () => this.#drops.of(index),
    }));
    this.#sampler = new Sampler(memory, samplerPorts, settleNs, percentiles);
    this.#neighbours = new NeighbourBook({
      order: (orders) => this.#commander.order(orders),
      portOf: (name, where) => this.#planner.portOf(name, where),
      ports: ports.length,
      nowNs: () => this.#nowNs(),
      tell: ({ host, address, mac }) => this.#tell({ kind: "neighbour", host, address, mac }),
    });
    this.shared = new SharedFlows({
      ...{ memory, commander: this.#commander, named: (names) => this.#named(names) },
      add: (flows) => this.#add(flows),
      sayStart: (flows, atNs) => this.#sayTo(flows, commandKind.start, [], atNs),
    });
  }

  /** The loop's time 0 by the clock that all threads share. */
  begin(epochNs: number): void {
    this.epochNs = epochNs;
    this.#wall = wallTimeBefore(this.#clock.nowNs() - epochNs);
    this.#links.begin(() => this.#nowNs());
    this.#tick();
    this.#timer = setInterval(() => this.#tick(), tickMs);
  }

  get epochUnixNs(): number {
    return this.#wall.seconds * 1e9 + this.#wall.nanoseconds;
  }

  get ports(): Session["ports"] {
    return this.#openPorts.map((port, index) => ({
      name: this.#specs[index]!.name,
      spec: port.spec.text,
      kind: port.spec.kind,
      facts: port.rings() === null ? null : port.facts(),
    }));
  }

  addFlows(specs: readonly FlowSpec[]): Promise<void> {
    return this.#add(specs.map((spec) => ({ spec })));
  }

  async #add(given: readonly AddedFlow[]): Promise<void> {
    this.#commander.check();
    const names = given.map(({ spec }) => spec.name);
    this.#flows.reserve(names);
    try {
      if (given.length > this.#table.free) {
        const what = `the session has room for ${this.#table.free} more flows, and these are ${given.length}`;
        throw new SessionError("full", what, { hint: "remove flows that are no longer needed" });
      }
      const plans = await this.#planner.plansOf(given, () => this.#commander.check());
      this.#flows.add(await this.#commander.admit(plans));
      this.#tell({ kind: "flows", added: names, removed: [] });
    } finally {
      this.#flows.giveBack(names);
    }
  }

  async removeFlows(names: FlowNames): Promise<void> {
    const flows = this.#named(names);
    const removed = flows.map(({ spec }) => spec.name);
    this.#flows.take(flows);
    // Nobody is shown a flow from now on that he cannot ask about.
    this.#last = null;
    try {
      await this.#commander.remove(flows);
      for (const { slot } of flows) {
        this.#rates.forget(slot);
        this.#states.forget(slot);
      }
      await this.#commander.order(this.#table.release(flows));
      this.#tell({ kind: "flows", added: [], removed });
    } finally {
      this.#flows.giveBack(removed);
    }
  }

  async start(names: FlowNames, duration?: FlowDuration): Promise<void> {
    if (duration === undefined) return this.#sayBatch(commandKind.start, names);
    const flows = this.#named(names);
    for (const { spec } of flows) checkFlowSchedule({ ...spec, duration });
    const changed = flows.map((flow) => ({ slot: flow.slot, spec: { ...flow.spec, duration } }));
    await this.#sayBatch(commandKind.start, names, scheduleOrders(changed));
    for (const flow of flows) flow.spec = { ...flow.spec, duration };
  }

  stop(names: FlowNames): Promise<void> {
    return this.#sayBatch(commandKind.stop, names);
  }

  pause(names: FlowNames): Promise<void> {
    return this.#sayBatch(commandKind.pause, names);
  }

  resume(names: FlowNames): Promise<void> {
    return this.#sayBatch(commandKind.resume, names);
  }

  async setRate(names: FlowNames, rate: FlowRate): Promise<void> {
    const flows = this.#named(names);
    for (const { spec } of flows) checkTogether({ ...spec, rate });
    const rates = flows.map((flow) => askedPps(flow, rate));
    for (const [k, flow] of flows.entries()) {
      flow.pps = rates[k]!;
      flow.spec = { ...flow.spec, rate };
    }
    await this.#commander.say(
      flows.map(({ slot }, k): Command => ({ kind: commandKind.rate, slot, value: rates[k]! })),
    );
    for (const [k, { spec }] of flows.entries()) {
      const pps = rates[k]!;
      this.#tell({ kind: "rate", flow: spec.name, pps: Number.isFinite(pps) ? pps : null });
    }
  }

  flows(): readonly FlowInfo[] {
    return [...this.#flows.all].map(({ spec, slot }) => ({ spec, state: stateOf(this.#handle.memory, slot) }));
  }

  setHosts(hosts: readonly HostSpec[]): Promise<void> {
    return this.#checked(() => this.#neighbours.setHosts(hosts));
  }

  resolve(host: string, address: string, timeoutMs?: number): Promise<string | null> {
    return this.#checked(() => this.#neighbours.resolve(host, address, timeoutMs));
  }

  neighbours(): readonly Neighbour[] {
    return this.#neighbours.list();
  }

  ping(host: string, address: string, timeoutMs?: number): Promise<PingResult> {
    return this.#checked(() => this.#neighbours.ping(host, address, timeoutMs));
  }

  async startCapture(capture: CaptureSpec): Promise<void> {
    this.#commander.check();
    const port = this.#planner.portOf(capture.port, "capture");
    const order = this.#captures.make(port, capture, this.#openPorts[port]!.facts().maxFrameBytes);
    await this.#captures.replace(port, order, () => this.#commander.order([{ kind: "capture", port, capture: order }]));
    this.#tell({ kind: "capture", port: capture.port, running: true });
  }

  async stopCapture(name: string): Promise<void> {
    const port = this.#captured(name);
    await this.#captures.change(port, () => this.#commander.order([{ kind: "captureEnd", port }]));
    this.#tell({ kind: "capture", port: name, running: false });
  }

  async removeCapture(name: string): Promise<void> {
    const port = this.#captured(name);
    await this.#captures.remove(port, () => this.#commander.order([{ kind: "captureEnd", port }]));
    this.#tell({ kind: "capture", port: name, running: false });
  }

  async fetchCapture(name: string, format: "pcap" | "pcapng" = "pcap"): Promise<CapturedFile> {
    const file = await this.#captures.fetch(this.#captured(name), format);
    this.#commander.check();
    return file;
  }

  linkStates(): ReturnType<Session["linkStates"]> {
    return this.#links.states();
  }

  setLink(name: string, state: "up" | "down"): Promise<void> {
    return this.#checked(async () => this.#links.set(this.#planner.portOf(name, "link"), state));
  }

  histogramsOf(name: string): FlowHistograms {
    return this.#sampler.histogramsOf(this.#named([name])[0]!);
  }

  snapshot(): SessionSnapshot {
    const last = this.#last;
    return last !== null && this.#nowNs() - last.atNs < sampleNs ? last : this.sample();
  }

  sample(): SessionSnapshot {
    this.#rates.look(this.#flows.all);
    this.#last = this.#sampler.sample(this.#flows.all, this.#nowNs(), this.#rates);
    return this.#last;
  }

  countersOf(names: FlowNames): readonly FlowCounters[] {
    return this.#sampler.rows(this.#named(names), this.#nowNs(), this.#rates);
  }

  splitOf(name: string): ReturnType<Session["splitOf"]> {
    const [flow] = this.#named([name]);
    return splitCounters(flow!, this.#handle.memory, this.#specs, () => this.countersOf([name])[0]!.sent);
  }

  onEvent(listener: (event: SessionEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The loop tells something. */
  take(event: Parameters<NeighbourBook["take"]>[0]): void {
    this.#neighbours.take(event, event.kind === "echo" ? event.atNs - this.epochNs : this.#nowNs());
  }

  trouble(message: string): void {
    this.#tell({ kind: "trouble", port: null, message });
  }

  /** The loop's thread is gone. */
  fail(error: Error): void {
    this.#commander.end(new SessionError("ended", `the session has ended: ${error.message}`, { cause: error }));
    this.#tell({ kind: "ended", message: error.message });
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#commander.end(new SessionError("closed", "the session was closed"));
    await this.#handle[Symbol.asyncDispose]();
    this.#captures.closeAll();
    for (const port of this.#openPorts.toReversed()) await port[Symbol.asyncDispose]();
    this.#listeners.clear();
  }

  async #checked<T>(act: () => Promise<T>): Promise<T> {
    this.#commander.check();
    return act();
  }

  async #sayBatch(
    kind: Command["kind"],
    names: FlowNames,
    before: ReturnType<typeof scheduleOrders> = [],
  ): Promise<void> {
    await this.#sayTo(this.#named(names), kind, before);
  }

  /** What another session sends is none of it. */
  async #sayTo(
    named: readonly TableFlow[],
    kind: Command["kind"],
    before: ReturnType<typeof scheduleOrders>,
    at = 0,
  ): Promise<void> {
    const flows = named.filter(({ isAwaited }) => !isAwaited);
    const batch = ++this.#batch;
    await this.#commander.order(
      before,
      flows.map(({ slot }, place): Command => ({ kind, slot, value: place, batch, at, length: flows.length })),
    );
    this.#lookAtStates();
  }

  /** @throws SessionError unknown-flow */
  #named(names: FlowNames): readonly TableFlow[] {
    this.#commander.check();
    return this.#flows.named(names);
  }

  /** @throws SessionError unknown-port, unknown-capture */
  #captured(name: string): number {
    this.#commander.check();
    const port = this.#planner.portOf(name, "capture");
    if (this.#captures.has(port)) return port;
    throw new SessionError("unknown-capture", `port "${name}" has no capture`, { where: "capture" });
  }

  #nowNs(): number {
    return this.epochNs === 0 ? 0 : this.#clock.nowNs() - this.epochNs;
  }

  #tick(): void {
    this.#rates.note(this.#flows.all, this.#nowNs());
    this.#links.look();
    this.#drops.look();
    this.#lookAtStates();
  }

  #lookAtStates(): void {
    const now = this.#nowNs();
    this.#states.look(this.#flows.all, (change) => this.#tell(change, now));
  }

  /** Who looks next sees it. */
  #tell(event: EventOf, atNs = this.#nowNs()): void {
    this.#last = null;
    for (const listener of this.#listeners) listener({ ...event, atNs } as SessionEvent);
  }
}
