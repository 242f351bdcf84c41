/**
 * A bench that is spread over agents: runs and methods measure on it as on a lab of their own. Every trial is prepared
 * everywhere, begun at one appointed moment, and put together from what all report.
 */
import { environmentError } from "../errors.js";
import type { Bench, OpenBench } from "../measure/bench.js";
import type { BesideTrialsTally } from "../measure/lab.js";
import type { MeasureRequest } from "../measure/measurer.js";
import type { RunHooks, RunPlan } from "../measure/plan.js";
import { trafficWords } from "../measure/traffic-words.js";
import { agentsOf } from "../options/fleet-flows.js";
import type { RunResult, Trial } from "../result/run-result.js";
import { faultReason, interruptedReason, type Reason } from "../stats/cause.js";
import { trialAfter } from "../stream/frames/signature.js";
import { hostFacts } from "../sys/host.js";
import { packageVersion } from "../sys/version.js";
import { usualTolerances } from "../tolerances.js";
import { goingEvent, preparedEvent } from "./agent-answers.js";
import type { AgentLink, ReportPart } from "./agent-link.js";
import { Appointments } from "./appointment.js";
import type { Bus } from "./bus.js";
import { combineFlows } from "./combined-flows.js";
import { type AgentReport, type CombinedTrial, combineTrial, inFleetTime, type MemberClock } from "./combined-trial.js";
import { Coordinator, whoWeAre } from "./coordinator.js";
import { fetchReport } from "./fetch-report.js";
import type { FleetSettings } from "./fleet-settings.js";
import { checkFlowPlan, type FlowWork, flowParts } from "./flow-work.js";
import { capacitiesOf, LoadShares } from "./load-shares.js";
import { subjectOf } from "./names.js";
import { nobodyReported, notBegun, unknownClock } from "./not-begun.js";
import { agentFacts, dutOfAll, type Opened } from "./opened-agents.js";
import { announces, toldPlans } from "./part.js";
import { answers, messages, protocolVersion } from "./protocol.js";
import { RunHops } from "./run-hops.js";
import { RunJournal } from "./run-journal.js";
import { TotalsReminder } from "./totals-reminder.js";
import { type DrivenTrial, TrialDriver, type TrialWork } from "./trial-driver.js";
import { type Blamed, interruptedWord, type Member, usualTrialTimes } from "./trial-events.js";
import { lastsNsOf } from "./trial-length.js";
import { watchTrial } from "./trial-watch.js";
import { openFlowWork } from "./udp-clocks.js";

/** A warm-up takes its time. */
const [openMs, warmUpMs] = [30_000, 60_000];
/** Ids that a warm-up or learning frames may need of each agent. */
const idsOfTask = 16;
/** A search that loses agents in so many trials in a row is given up. */
const mostLostInRow = 3;
/** RFC 2544 §23 shows some, and a second may be lost. Linux's bridge forgets after 300 s by itself. */
const [announcingFrames, announceEveryMs] = [2, 60_000];
/** Answers to the appointment are taken so long before it is too late for them. */
const answersNs = 10e6;

/** Opens a bench on the agents that the settings choose. The bus stays open. */
export const openFleetBench =
  (bus: Bus, settings: FleetSettings): OpenBench =>
  async (plan, hooks, total) => {
    // What no fleet does is refused before anybody is claimed.
    toldPlans(plan, 1);
    const { flows = null } = settings;
    if (flows !== null) checkFlowPlan(plan);
    const coordinator = await Coordinator.claim(
      bus,
      flows === null ? settings : { ...settings, names: agentsOf(flows) },
    );
    try {
      const { links } = coordinator;
      const names = links.map(({ name }) => name);
      const told = flows === null ? toldPlans(plan, links.length) : flowParts(plan, flows, names);
      const opened = await Promise.all(
        links.map((link, i) => link.must("open", { part: told[i] }, answers.open, openMs)),
      );
      await Promise.all(coordinator.links.map((link) => link.compareClocks(clockExchanges.first)));
      const openings = opened.map(({ settleNs, dut, notes }): Opened => ({ settleNs, notes, dut: dut as never }));
      const shares = new LoadShares(settings.share === "capacity" ? await capacitiesOf(links, plan) : null);
      const work = flows === null ? null : await openFlowWork(flows, links);
      const bench = new FleetBench({ bus, settings, coordinator, plan, hooks, total, flows: work, shares }, openings);
      await bench.watchEnd();
      return bench;
    } catch (error) {
      await coordinator[Symbol.asyncDispose]();
      throw error;
    }
  };

/** In a warm-up an agent sends to itself: all code runs, and no frame leaves it. */
const ownRole = { share: { index: 0, of: 1 }, flow: { sends: true, from: [0] } } as const;

/** Between trials a few tell whether a clock was set, and where it was, many more are needed. Latencies need some, too. */
const clockExchanges = { first: 32, trial: 2, flows: 8, anew: 16 } as const;

interface FleetParts {
  readonly bus: Bus;
  readonly settings: FleetSettings;
  readonly coordinator: Coordinator;
  readonly plan: RunPlan;
  readonly hooks: RunHooks;
  readonly total: number;
  /** null: each agent receives its own frames. */
  readonly flows: FlowWork | null;
  readonly shares: LoadShares;
}

class FleetBench implements Bench {
  readonly beside: BesideTrialsTally = { warmUp: 0, learning: 0, probes: 0 };
  readonly settleNs: number;
  readonly #parts: FleetParts;
  readonly #openings: readonly Opened[];
  readonly #links: ReadonlyMap<string, AgentLink>;
  #idsGiven = 0;
  #trialsRun = 0;
  #lostInRow = 0;
  readonly #appointments = new Appointments();
  #ended: Reason | null = null;
  #end: Disposable | null = null;
  /** Those that a trial began without: they stay away, so that no further trial waits for them. */
  readonly #left = new Map<string, Blamed>();
  readonly #journal: RunJournal;
  readonly #hops: RunHops;
  readonly #flows: FlowWork | null;
  #announcedMs = Number.NEGATIVE_INFINITY;

  constructor(parts: FleetParts, openings: readonly Opened[]) {
    this.#parts = parts;
    this.#journal = new RunJournal(parts.bus.journal, parts.coordinator.run);
    this.#openings = openings;
    this.#hops = new RunHops(parts.plan, parts.coordinator.links);
    this.#links = new Map(parts.coordinator.links.map((link) => [link.name, link]));
    this.#flows = parts.flows;
    this.settleNs = Math.max(...openings.map(({ settleNs }) => settleNs));
    const { besideTrials: _, ...frame } = this.#frame([], new Date());
    const method = parts.settings.method ?? null;
    const about = { by: whoWeAre(), plan: parts.plan, ...(method === null ? {} : { method }) };
    this.#journal.opened({ ...about, settleNs: this.settleNs, frame });
  }

  /** `fleet stop` ends the run from outside: the agents' trial stops, and no other one follows. */
  async watchEnd(): Promise<void> {
    const { bus, coordinator } = this.#parts;
    this.#end = await bus.subscribe(subjectOf.run(coordinator.run, "end"), ({ data }) => {
      const end = messages.end.safeParse(data);
      if (end.success) this.#ended ??= faultReason(`the run was stopped by ${end.data.by}`);
    });
  }

  async warmUp(like: MeasureRequest): Promise<void> {
    this.beside.warmUp += await this.#everywhere("warm-up", like, {});
  }

  async learn(like: MeasureRequest, frames: number): Promise<void> {
    this.beside.learning += await this.#everywhere("learn", like, { learningFrames: frames });
    this.#announcedMs = performance.now();
  }

  /** A switch between the agents forgets where they are, and sends their frames to all. */
  async #announce(request: MeasureRequest): Promise<void> {
    const isFresh = performance.now() - this.#announcedMs < announceEveryMs;
    if (isFresh || !(this.#flows !== null || announces(this.#parts.plan, this.#links.size))) return;
    await this.learn(request, announcingFrames);
    await this.#flows?.drain();
  }

  async ended(): Promise<Reason | null> {
    return this.#ended;
  }

  async trial(request: MeasureRequest, index: number): Promise<readonly Trial[]> {
    if (request.resetAtNs !== undefined) {
      throw environmentError("a reset cannot be measured over a fleet yet", { hint: "measure it without --fleet" });
    }
    await this.#compareClocks();
    await this.#announce(request);
    await this.#hops.begin(
      1,
      this.#present.map(({ name }) => name),
    );
    const work = this.#workOf(request, index);
    const driver = new TrialDriver(work.work, this.#setupOf(request));
    const { bus, coordinator, hooks, total } = this.#parts;
    const agents = new Set(this.#links.keys());
    const watched = { bus, agents, request, index, total, hooks, run: coordinator.run, trial: this.#trialsRun - 1 };
    using _watch = await watchTrial(watched, (event) => {
      if (event.kind === "beat") work.ended.remind();
      driver.tell(event);
    });
    const driven = await driver.run(hooks.signal);
    return this.#trialsOf(request, driven, work.idsOf(driven.attempt));
  }

  async #compareClocks(): Promise<void> {
    await Promise.all(
      this.#present.map(async (link) => {
        await link.compareClocks(this.#flows === null ? clockExchanges.trial : clockExchanges.flows);
        await this.#knowClock(link);
      }),
    );
    await this.#flows?.compare(clockExchanges.flows);
  }

  /** It may have been out of reach when the others were asked. */
  async #knowClock(link: AgentLink): Promise<void> {
    if (link.clockAt(this.#parts.coordinator.asking.nowNs()) === null) await link.compareClocks(clockExchanges.anew);
  }

  async document(trials: readonly Trial[], started: Date): Promise<Omit<RunResult, "verdict">> {
    return this.#frame(trials, started);
  }

  #frame(trials: readonly Trial[], started: Date): Omit<RunResult, "verdict"> {
    const { plan, settings, shares, coordinator } = this.#parts;
    const nowNs = coordinator.asking.nowNs();
    return {
      tool: { name: "pktgen-ts", version: packageVersion(), node: process.version },
      host: { ...hostFacts() },
      started: started.toISOString(),
      command: plan.commandLine,
      dut: dutOfAll(this.#openings),
      seed: plan.seed,
      tolerances: { ...(plan.tolerances ?? usualTolerances) },
      runId: plan.runId,
      traffic: trafficWords(plan.stream),
      besideTrials: { ...this.beside, neighbours: 0 },
      fleet: {
        ...{ address: settings.address, run: coordinator.run, startWithinNs: settings.startWithinNs },
        agents: [...this.#links.values()].map((link) => agentFacts(link, nowNs, shares.capacities)),
      },
      trials: [...trials],
    };
  }

  /** What was in the way stands in the trials, agent by agent. */
  advised(result: RunResult): RunResult {
    return result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end?.[Symbol.dispose]();
    await this.#journal.ended();
    await this.#hops[Symbol.asyncDispose]();
    await this.#parts.coordinator[Symbol.asyncDispose]();
  }

  /** Without those that a trial began without. */
  get #present(): AgentLink[] {
    return this.#parts.coordinator.links.filter(({ name }) => !this.#left.has(name));
  }

  /** One task for all, at the same time; whoever cannot do it ends the run. Resolves with the frames that were sent. */
  async #everywhere(task: "warm-up" | "learn", request: MeasureRequest, more: object): Promise<number> {
    const links = this.#present;
    const trial = this.#trialsRun++;
    const fields = (index: number) => ({
      ...{ task, request, trial, attempt: 1, index: 0, idsGiven: this.#idsGiven },
      ...(this.#flows === null ? { share: { index, of: links.length } } : ownRole),
      ...more,
    });
    const asked = links.filter(({ name }) => task === "warm-up" || this.#flows?.receives(name) !== false);
    const armed = await Promise.all(asked.map((link, i) => link.must("prepare", fields(i), answers.prepare, warmUpMs)));
    this.#idsGiven += idsOfTask;
    return armed.reduce((sum, { sent }) => sum + sent, 0);
  }

  #setupOf(request: MeasureRequest) {
    const { settings, coordinator } = this.#parts;
    const members = this.#present.map(({ name, facts }): Member => ({ agent: name, incarnation: facts.incarnation }));
    const worstRttNs = Math.max(...coordinator.links.map(({ minRttNs }) => minRttNs));
    const times = { ...usualTrialTimes, ...settings.times };
    const leadNs = this.#appointments.leadNs(times, worstRttNs, members.length, settings.times?.leadNs !== undefined);
    return {
      members,
      // Nobody takes over what a receiver was to receive.
      minAgents: this.#flows === null ? (settings.minAgents ?? coordinator.links.length) : members.length,
      lastsNs: lastsNsOf(request, this.settleNs),
      endsWhenSilent: request.lossGoals !== undefined,
      hasEnd: request.count !== null || Number.isFinite(request.durationNs),
      followers: this.#flows?.followers ?? [],
      times: { ...times, leadNs },
    };
  }

  #workOf(request: MeasureRequest, index: number) {
    const { bus, coordinator } = this.#parts;
    const { asking } = coordinator;
    const trial = this.#trialsRun++;
    const ids = new Map<number, number>();
    const idsOf = (attempt: number): number => {
      const given = ids.get(attempt) ?? this.#idsGiven++;
      ids.set(attempt, given);
      return given;
    };
    const { from, run, epoch, nowNs } = asking;
    const message = (attempt: number) => ({ v: protocolVersion, from, run, epoch, trial, attempt });
    const ended = new TotalsReminder(({ attempt, totals }) =>
      bus.publish(subjectOf.run(run, "totals"), { ...message(attempt), totals }),
    );
    const work: TrialWork = {
      links: this.#links,
      nowNs,
      prepare: async (link, attempt, members, at) => {
        const role = this.#flows?.roleOf(link.name) ?? { share: this.#parts.shares.of(members).shares[at]! };
        const fields = { trial, attempt, task: "trial", request, index, ...role, idsGiven: idsOf(attempt) };
        const names = members.map(({ agent }) => agent);
        const counted = this.#hops.begin(attempt, names).then(() => this.#hops.whyNot(link.name));
        return preparedEvent(
          link,
          attempt,
          fields,
          this.#knowClock(link).then(() => counted),
        );
      },
      go: async (attempt, startNs, members, untilNs) => {
        const clocked = members.map((member) => ({ ...member, ...this.#clockOf(member.agent, startNs) }));
        const unknown = clocked.filter(({ offsetNs }) => offsetNs === null);
        if (unknown.length > 0) return unknown.map(({ agent }) => unknownClock(agent, attempt));
        const own = clocked.map(({ agent, offsetNs }) => [agent, Math.round(startNs + (offsetNs ?? 0))] as const);
        const skews = this.#flows?.appoint({ startNs, ownStart: new Map(own) });
        const order = { ...message(attempt), startNs: Object.fromEntries(own), ...(skews && { skews }) };
        const begun = { trial, attempt, request, idsGiven: idsOf(attempt), startNs, members: clocked };
        this.#journal.begun({ ...begun, ...this.#parts.shares.weightsOf(members), ...this.#flows?.kept });
        const ms = Math.max(1, (untilNs - answersNs - nowNs()) / 1e6);
        const names = members.map(({ agent }) => agent);
        const toldNs = nowNs();
        const said = await bus.gather(subjectOf.run(run, "go"), order, names, ms);
        if (said.size === names.length) this.#appointments.tookNs(nowNs() - toldNs);
        return [...said].map(([agent, data]) => goingEvent(agent, attempt, data));
      },
      confirm: async (attempt, agents, withinMs) =>
        new Set((await bus.gather(subjectOf.run(run, "confirm"), message(attempt), agents, withinMs)).keys()),
      stop: (attempt, why) => bus.publish(subjectOf.run(run, "stop"), { ...message(attempt), why }),
      report: async (link, attempt) => {
        const directions = this.#parts.plan.bidirectional ? 2 : 1;
        const part = await fetchReport(link, this.#journal, { trial, attempt }, directions);
        if (part?.kind === "part") ended.note(this.#flows?.endedWith(link.name, part, attempt) ?? null);
        ended.remind();
        return part;
      },
    };
    return { work, idsOf, ended };
  }

  async #trialsOf(request: MeasureRequest, driven: DrivenTrial, idsGiven: number): Promise<readonly Trial[]> {
    const { plan, settings, hooks, coordinator } = this.#parts;
    const { outcome, parts, attempt } = driven;
    if (outcome.kind === "not begun") throw notBegun(outcome.blamed, hooks.signal.aborted);
    const { members, startNs, lost, silent, stopped } = outcome;
    for (const one of outcome.left) this.#left.set(one.agent, one);
    const left = [...this.#left.values()];
    const endNs = coordinator.asking.nowNs();
    if (this.#flows !== null) await this.#compareClocks();
    const reports = members.flatMap(({ agent }): AgentReport[] => {
      const part = lost.some((one) => one.agent === agent) ? undefined : parts.get(agent);
      return part === undefined ? [] : [inFleetTime(agent, part, this.#clockOf(agent, startNs), startNs)];
    });
    this.#noteEnds(lost, parts);
    if (reports.length === 0) throw nobodyReported(lost);
    await this.#hops.end(lost.length === 0);
    const interrupted = hooks.signal.aborted ? [interruptedReason] : [];
    const stops = stopped === null || stopped === interruptedWord ? [] : [faultReason(stopped)];
    const faults = [...interrupted, ...stops];
    const combined: CombinedTrial = {
      ...{ plan, request, reports, idsGiven, lost, left, silent, faults, appointedNs: startNs },
      agents: members.map(({ agent }) => agent),
      ...this.#parts.shares.weightsOf(members),
      settleNs: this.settleNs,
      trial: trialAfter(plan.runId, idsGiven),
      startWithinNs: settings.startWithinNs,
      hopsOf: (direction, byAgent) => this.#hops.of(direction, byAgent),
    };
    const trials = this.#flows === null ? combineTrial(combined) : combineFlows(this.#flows.combined(combined, endNs));
    this.#journal.merged({ trial: this.#trialsRun - 1, attempt, trials, left, silent, faults });
    const { bus } = this.#parts;
    const { from, run, epoch } = coordinator.asking;
    const agents = reports.map(({ agent }) => agent);
    bus.publish(subjectOf.run(run, "kept"), {
      ...{ v: protocolVersion, from, run, epoch, trial: this.#trialsRun - 1, attempt, agents },
    });
    return trials;
  }

  #clockOf(agent: string, atNs: number): MemberClock {
    const clock = this.#links.get(agent)!.clockAt(atNs);
    return { offsetNs: clock?.offsetNs ?? null, boundNs: clock?.boundNs ?? null };
  }

  #noteEnds(lost: readonly Blamed[], parts: ReadonlyMap<string, ReportPart>): void {
    this.#lostInRow = lost.length === 0 ? 0 : this.#lostInRow + 1;
    const gone = [...parts].flatMap(([agent, part]) => (part.lost === null ? [] : [`${agent}: ${part.lost}`]));
    if (gone.length > 0) this.#ended ??= faultReason(gone.join("; "));
    if (this.#lostInRow < mostLostInRow) return;
    const names = lost.map(({ agent }) => agent).join(", ");
    this.#ended ??= faultReason(`agents were lost in ${this.#lostInRow} trials in a row, at last ${names}`);
  }
}
