/**
 * An agent: a generator that a fleet's runs may use. It offers the ports that it was started with, does its share of
 * each trial at the appointed moment, and holds its report until the run has it. It stops by itself when nobody renews
 * its claim.
 */
import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { environmentError, type PktgenError } from "../errors.js";
import type { MeasureRequest } from "../measure/measurer.js";
import type { TrialInputs } from "../measure/trial-result.js";
import { monotonicClock } from "../sys/clock.js";
import { allowedCpus } from "../sys/thread.js";
import { packageVersion } from "../sys/version.js";
import type { AgentBench } from "./agent-bench.js";
import { AgentLab } from "./agent-lab.js";
import { type NameHolder, refuseTakenName, watchName } from "./agent-name.js";
import { AgentReports } from "./agent-reports.js";
import type { AgentClock, AgentSetup } from "./agent-setup.js";
import { AgentTask, isSameTask, type TaskId, type TaskSteps } from "./agent-task.js";
import { refusal, withoutTraffic } from "./agent-words.js";
import type { Bus, BusMessage } from "./bus.js";
import { Claims } from "./claim.js";
import { ClaimWatch } from "./claim-watch.js";
import { ClockEnd } from "./clock-end.js";
import { clockId } from "./clock-id.js";
import { checkCap } from "./load-cap.js";
import { type AgentVerb, subjectOf } from "./names.js";
import { planOf } from "./part.js";
import { type FleetMessage, messages, protocolVersion, readMessage } from "./protocol.js";
import { AgentSession } from "./session/agent-session.js";
import { endsByStopOnly } from "./trial-length.js";
import { WireText } from "./wire.js";

/** In a trial of very many agents, each of them says less often that it is there. */
const beatMs = { idle: 1_000, busy: 250, eachAgent: 5 } as const;
const lateNs = 0;
/** A trial that is confirmed later than this has not begun here. Before, its start is late, and its report says so. */
const mostLateNs = 10e9;

/** What is text already says of itself who it is from. */
type Answer = Readonly<Record<string, unknown>> | WireText;

export class Agent implements AsyncDisposable {
  readonly incarnation = randomBytes(8).toString("hex");
  /** Resolves where another agent has its name, which began earlier. */
  readonly taken: Promise<PktgenError>;
  readonly #since = new Date().toISOString();
  #tellTaken: (error: PktgenError) => void = () => {};
  readonly #setup: AgentSetup;
  readonly #bus: Bus;
  readonly #clock: AgentClock;
  readonly #claims = new Claims();
  readonly #claimWatch: ClaimWatch;
  readonly #subscriptions: Disposable[] = [];
  readonly #reports: AgentReports;
  readonly #lab: AgentLab;
  readonly #session: AgentSession;
  readonly #pairClock: ClockEnd;
  #beats: NodeJS.Timeout | undefined;
  #lastBeatMs = 0;
  #closed = false;

  constructor(bus: Bus, setup: AgentSetup) {
    this.#bus = bus;
    this.#setup = setup;
    this.#clock = setup.clock ?? { ...monotonicClock(), id: clockId() };
    const { name, spool, say = () => {} } = setup;
    this.#reports = new AgentReports({ agent: name, spool, journal: bus.journal, say });
    this.#lab = new AgentLab(setup.open);
    this.#session = new AgentSession({ ...setup, clock: this.#clock });
    this.#claimWatch = new ClaimWatch(
      () => this.#claims.leftMs(this.#nowMs()),
      () => void this.#expire(),
    );
    this.#pairClock = new ClockEnd(setup.clockUdp ?? null, () => this.#clock.nowNs());
    this.taken = new Promise((resolve) => {
      this.#tellTaken = resolve;
    });
  }

  get #holder(): NameHolder {
    return { from: this.#setup.name, incarnation: this.incarnation, host: hostname(), since: this.#since };
  }

  /** Resolves once it answers. @throws PktgenError (3): another agent has its name. */
  async listen(): Promise<void> {
    const { name } = this.#setup;
    await refuseTakenName(this.#bus, this.#holder);
    this.#subscriptions.push(await watchName(this.#bus, this.#holder, this.#tellTaken));
    const listen = async (subject: string, take: (message: BusMessage) => void): Promise<void> => {
      this.#subscriptions.push(await this.#bus.subscribe(subject, take));
    };
    for (const verb of Object.keys(this.#verbs) as AgentVerb[]) {
      await listen(subjectOf.agent(name, verb), (message) => void this.#answer(message, this.#verbs[verb]));
    }
    await listen(subjectOf.everybody("facts"), (message) => void this.#answer(message, this.#verbs.facts));
    await listen("run.*.go", (message) => void this.#answer(message, (data) => this.#go(data)));
    await listen("run.*.confirm", (message) => void this.#answer(message, (data) => this.#confirm(data)));
    await listen("run.*.totals", (message) => void this.#answer(message, (data) => this.#totals(data)));
    await listen("run.*.stop", (message) => void this.#answer(message, (data) => this.#stop(data)));
    await listen("run.*.renew", (message) => void this.#answer(message, (data) => this.#renew(data)));
    await listen("run.*.kept", (message) => void this.#answer(message, (data) => this.#forget(data)));
    this.#subscriptions.push(this.#bus.onLink((isUp) => isUp && this.#reconnected()));
    this.#beats = setInterval(() => this.#beat(), beatMs.busy);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    clearInterval(this.#beats);
    this.#claimWatch[Symbol.dispose]();
    await this.#close("the agent ends");
    for (const subscription of this.#subscriptions) subscription[Symbol.dispose]();
  }

  readonly #verbs: Readonly<Record<AgentVerb, (data: unknown) => Answer | Promise<Answer>>> = {
    facts: () => this.#facts(),
    clock: () => {
      const t2 = this.#clock.nowNs();
      return { t2, t3: this.#clock.nowNs() };
    },
    "clock-open": (data) => {
      const { key } = this.#ofHolder(readMessage(messages.clockOpen, data, "clock-open"));
      return this.#pairClock.open(key);
    },
    "clock-ask": async (data) => {
      const { address, port, exchanges } = this.#ofHolder(readMessage(messages.clockAsk, data, "clock-ask"));
      return { exchanges: await this.#pairClock.ask(address, port, exchanges) };
    },
    claim: (data) => this.#claim(data),
    release: (data) => this.#release(data),
    open: (data) => this.#open(data),
    capacity: (data) => this.#capacity(data),
    prepare: (data) => this.#prepare(data),
    report: (data) => this.#report(data),
    counters: (data) => this.#counters(data),
    session: async (data) => {
      const order = this.#ofHolder(readMessage(messages.session, data, "session"));
      return this.#session.do(order, () => void this.#ofHolder(order));
    },
    close: async (data) => {
      this.#ofHolder(readMessage(messages.close, data, "close"));
      await this.#close("the run ended");
      return {};
    },
  };

  #nowMs(): number {
    return this.#clock.nowNs() / 1e6;
  }

  /** Whatever goes wrong is an answer, too. null: a message to all that is not for this agent. */
  async #answer(message: BusMessage, verb: (data: unknown) => Answer | null | Promise<Answer | null>): Promise<void> {
    const own = { v: protocolVersion, from: this.#setup.name };
    try {
      const answer = await verb(message.data);
      if (answer !== null) message.reply(answer instanceof WireText ? answer : { ...own, ...answer });
    } catch (error) {
      if (!this.#closed) message.reply({ ...own, ...refusal(error) });
    }
  }

  #facts(): Answer {
    const { ports, labels, maxPps } = this.#setup;
    const holder = this.#claims.holder(this.#nowMs());
    const { bench, task } = this.#lab;
    const isBusy = task !== null && !task.isOver;
    return {
      version: packageVersion(),
      node: process.version,
      ...this.#holder,
      clockId: this.#clock.id,
      cpus: allowedCpus().length,
      lastEpoch: this.#claims.lastEpoch,
      state: holder === null ? "idle" : isBusy ? "busy" : bench === null && !this.#session.isOpen ? "claimed" : "open",
      holder: holder?.by ?? null,
      run: holder?.run ?? null,
      ...{ ports, labels, maxPps, clockUdp: this.#pairClock.isOffered },
    };
  }

  #claim(data: unknown): Answer {
    const order = readMessage(messages.claim, data, "claim");
    const before = this.#claims.holder(this.#nowMs());
    const answer = this.#claims.claim(order, this.#nowMs());
    if (answer.kind === "granted") {
      if (before !== null && before.epoch !== order.epoch) this.#closeSoon(`${order.by} took the agent`);
      this.#claimWatch.begin();
    }
    return { ...answer, incarnation: this.incarnation };
  }

  async #release(data: unknown): Promise<Answer> {
    const { run, epoch, force = false } = readMessage(messages.release, data, "release");
    if (this.#claims.release({ run, epoch }, force)) await this.#close("the agent was released");
    return {};
  }

  /** Nobody renews: an endless trial ends, a bounded one ends as planned, and then the ports are given back. */
  async #expire(): Promise<void> {
    const { task } = this.#lab;
    if (task !== null && (!task.isConfirmed || task.isEndless)) task.stop("nobody renewed the claim");
    await task?.done;
    if (this.#claims.leftMs(this.#nowMs()) > 0) return this.#claimWatch.begin();
    this.#claims.end();
    this.#closeSoon("nobody renewed the claim");
  }

  /** Gives back what the run had. */
  async #close(why: string): Promise<void> {
    this.#pairClock.close();
    await Promise.all([this.#lab.close(why), this.#session.close()]);
  }

  /** Nobody waits for it. A port that cannot be closed is said, and ends no process. */
  #closeSoon(why: string): void {
    this.#close(why).catch((error: unknown) => this.#setup.say?.(`its ports were not closed: ${String(error)}`));
  }

  /** The order of the run that has this agent. @throws PktgenError (3): of another one. */
  #ofHolder<Order extends { readonly run: string; readonly epoch: number }>(order: Order): Order {
    this.#claims.check(order, this.#nowMs());
    return order;
  }

  async #open(data: unknown): Promise<Answer> {
    const order = this.#ofHolder(readMessage(messages.open, data, "open"));
    const plan = planOf(order.part, this.#setup);
    const bench = await this.#lab.open(plan, () => void this.#ofHolder(order));
    const { settleNs, notes } = bench;
    return { kind: "opened", settleNs, notes, floorNs: bench.floorNs(), dut: bench.dut() };
  }

  async #capacity(data: unknown): Promise<Answer> {
    const { request } = this.#ofHolder(readMessage(messages.capacity, data, "capacity"));
    const { bench } = this.#lab;
    if (bench === null) throw environmentError("its ports are not open");
    const pps = await bench.capacity(request as unknown as MeasureRequest);
    return { pps: Math.min(pps, this.#setup.maxPps ?? pps) };
  }

  async #prepare(data: unknown): Promise<Answer> {
    const order = this.#ofHolder(readMessage(messages.prepare, data, "prepare"));
    const request = order.request as unknown as MeasureRequest;
    const task = await this.#lab.begin(order, (bench) => {
      if (order.task === "trial") checkCap(bench.plan, request, order.share, this.#setup.maxPps);
      bench.skipIds(order.idsGiven);
      const isEndless = order.task === "trial" && endsByStopOnly(request, order.flow);
      const begun = new AgentTask(order, (steps) => this.#run(bench, order, steps), isEndless, order.share.of);
      begun.done
        .then((inputs) => this.#finished(order, begun, inputs))
        .catch((error: unknown) => this.#setup.say?.(`a report was lost: ${String(error)}`));
      return begun;
    });
    await task.armed;
    if (order.task !== "trial") await task.done;
    return { kind: "armed", floorNs: this.#lab.bench?.floorNs() ?? null, sent: task.sent };
  }

  async #counters(data: unknown): Promise<Answer> {
    this.#ofHolder(readMessage(messages.counters, data, "counters"));
    const { task } = this.#lab;
    if (task?.isConfirmed === false) task.stop("another trial is prepared");
    await task?.done;
    const { bench } = this.#lab;
    if (bench === null) throw environmentError("its ports are not open");
    return bench.counters();
  }

  async #run(
    bench: AgentBench,
    { task, request: asked, index, share, flow, learningFrames = 0 }: FleetMessage<"prepare">,
    { signal, appointed, sent }: TaskSteps,
  ): Promise<readonly TrialInputs[]> {
    const request = asked as unknown as MeasureRequest;
    if (task === "trial") {
      return bench.trial(request, index, { share, appointed, ...(flow === undefined ? {} : { flow }) }, signal);
    }
    const work =
      task === "warm-up" ? bench.warmUp(request, signal, flow) : bench.learn(request, learningFrames, signal);
    sent(await work);
    return [];
  }

  /** Everybody's start; this agent's is in the clock of this host. */
  #go(data: unknown): Answer | null {
    const order = readMessage(messages.go, data, "go");
    const startNs = order.startNs[this.#setup.name];
    const task = this.#taskOf(order);
    if (startNs === undefined || task === null) return null;
    const leadNs = startNs - this.#clock.nowNs();
    if (task.startNs === null && leadNs <= lateNs) {
      task.stop("the start was heard of too late");
      return { kind: "late", byNs: -leadNs };
    }
    const skews = order.skews?.[this.#setup.name];
    // Its thread hears this before the moment; nobody waits for it. A thread that is gone says so by itself.
    if (skews !== undefined) this.#lab.bench?.tellFlow({ kind: "skews", skews }).catch(() => {});
    task.go(startNs);
    return { kind: "going", leadNs };
  }

  /** Everybody goes. Long after the moment it would be in nobody's trial any more. */
  #confirm(data: unknown): Answer | null {
    const task = this.#taskOf(readMessage(messages.confirm, data, "confirm"));
    if (task === null || task.startNs === null) return null;
    const lateNs = this.#clock.nowNs() - task.startNs;
    if (lateNs < mostLateNs) task.confirm();
    else task.stop(`it heard ${Math.round(lateNs / 1e6)} ms too late that all begin`);
    return {};
  }

  /** A host that only receives knows now that no more is sent. */
  async #totals(data: unknown): Promise<null> {
    const { totals, ...order } = readMessage(messages.totals, data, "totals");
    if (this.#taskOf(order)?.isOver === false) await this.#lab.bench?.tellFlow({ kind: "totals", totals });
    return null;
  }

  #stop(data: unknown): Answer | null {
    const order = readMessage(messages.stop, data, "stop");
    const task = this.#taskOf(order);
    task?.stop(order.why);
    return task === null ? null : {};
  }

  #renew(data: unknown): Answer | null {
    const { run, epoch, ttlMs } = readMessage(messages.renew, data, "renew");
    this.#claims.renew({ run, epoch }, ttlMs, this.#nowMs());
    return null;
  }

  /** null: it is of another run, an earlier epoch, or another trial. */
  #taskOf({ run, epoch, trial, attempt }: TaskId & { readonly run: string; readonly epoch: number }): AgentTask | null {
    const holder = this.#claims.holder(this.#nowMs());
    const { task } = this.#lab;
    if (holder?.run !== run || holder.epoch !== epoch || task === null) return null;
    return isSameTask(task.id, { trial, attempt }) ? task : null;
  }

  /** The report is kept before anybody is told that there is one. */
  async #finished(
    order: FleetMessage<"prepare">,
    { startNs, stopped }: AgentTask,
    inputs: readonly TrialInputs[] | null,
  ): Promise<void> {
    if (order.task !== "trial" || inputs === null) return;
    const { run, epoch, trial, attempt } = order;
    const { name } = this.#setup;
    const lost = await this.#lab.bench?.lost();
    const part = { inputs: inputs.map(withoutTraffic), startNs, stopped, lost: lost ?? null };
    const own = { v: protocolVersion, from: name, incarnation: this.incarnation };
    const report = new WireText({ ...own, kind: "report", trial, attempt, part });
    this.#reports.keep(run, { trial, attempt }, report);
    this.#bus.publish(subjectOf.event(run, name), { ...own, run, epoch, trial, attempt, kind: "done" });
  }

  /** Asked again, it says the same again. */
  #report(data: unknown): Answer {
    const { run, trial, attempt } = readMessage(messages.report, data, "report");
    return this.#reports.find(run, { trial, attempt }) ?? { kind: "none", incarnation: this.incarnation };
  }

  #forget(data: unknown): null {
    const { run, trial, attempt, agents } = readMessage(messages.kept, data, "kept");
    if (agents.includes(this.#setup.name)) this.#reports.forget(run, { trial, attempt });
    return null;
  }

  #reconnected(): void {
    this.#reports.keepAgain();
    const holder = this.#claims.holder(this.#nowMs());
    const { task } = this.#lab;
    if (holder === null || task === null) return;
    const { trial, attempt } = task.id;
    const { run, epoch } = holder;
    const own = { v: protocolVersion, from: this.#setup.name, incarnation: this.incarnation };
    const event = { ...own, run, epoch, trial, attempt, kind: "reconnected" };
    this.#bus.publish(subjectOf.event(run, this.#setup.name), event);
  }

  #beat(): void {
    const nowMs = this.#nowMs();
    const { bench, task: latest } = this.#lab;
    const task = latest?.isOver === false ? latest : null;
    const busyMs = Math.min(beatMs.idle, (task?.agents ?? 0) * beatMs.eachAgent);
    if (nowMs - this.#lastBeatMs < (task === null ? beatMs.idle : busyMs)) return;
    this.#lastBeatMs = nowMs;
    this.#bus.publish(subjectOf.beat(this.#setup.name), {
      ...{ v: protocolVersion, ...this.#holder },
      run: this.#claims.holder(nowMs)?.run ?? null,
      trial: task?.id.trial ?? null,
      progress: task?.isConfirmed === true ? (bench?.progress() ?? null) : null,
    });
  }
}
