/** Carries out what trial-machine.ts says: asks agents over the bus, tells it what they answer, and wakes it in time. */
import { sleepNs } from "../sys/sleep.js";
import type { AgentLink, ReportPart } from "./agent-link.js";
import type { Member, TrialEffect, TrialEvent, TrialOutcome, TrialSetup } from "./trial-events.js";
import { beginTrial, reduceTrial, type TrialState, type TrialStep, wakeNs } from "./trial-machine.js";

/** What a trial needs of its run. */
export interface TrialWork {
  readonly links: ReadonlyMap<string, AgentLink>;
  nowNs(): number;
  /** Of an attempt, with its members' shares in their order. Resolves when all were asked. */
  prepare(link: AgentLink, attempt: number, members: readonly Member[], index: number): Promise<TrialEvent | null>;
  /** Tells all; an event for each that answered before that moment. */
  go(attempt: number, startNs: number, members: readonly Member[], untilNs: number): Promise<readonly TrialEvent[]>;
  /** Tells all that it begins. Resolves with those of them that said in this time that they heard it. */
  confirm(attempt: number, agents: readonly string[], withinMs: number): Promise<ReadonlySet<string>>;
  stop(attempt: number, why: string): void;
  report(link: AgentLink, attempt: number): Promise<ReportPart | TrialEvent | null>;
}

export interface DrivenTrial {
  readonly outcome: TrialOutcome;
  readonly attempt: number;
  readonly parts: ReadonlyMap<string, ReportPart>;
}

/** A timer that is later than this: the process was stopped, or had no CPU. */
const asleepNs = 2e9;

/** An agent holds the pieces of four answers. */
const mostAsking = 3;

export class TrialDriver {
  readonly #work: TrialWork;
  /** By agent: questions for its report that are under way. */
  readonly #asking = new Map<string, number>();
  readonly #parts = new Map<string, ReportPart>();
  readonly #over: Promise<DrivenTrial>;
  #resolve: (driven: DrivenTrial) => void = () => {};
  #reject: (error: unknown) => void = () => {};
  #state: TrialState;
  #timer: NodeJS.Timeout | undefined;
  #pause: NodeJS.Timeout | undefined;

  constructor(work: TrialWork, setup: TrialSetup) {
    this.#work = work;
    this.#over = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#over.catch(() => {});
    const step = beginTrial(setup, work.nowNs());
    this.#state = step.state;
    this.#take(step);
  }

  /** `signal`: an interrupt. */
  async run(signal: AbortSignal): Promise<DrivenTrial> {
    const interrupt = (): void => this.tell({ kind: "interrupt" });
    signal.addEventListener("abort", interrupt, { once: true });
    if (signal.aborted) interrupt();
    return this.#over.finally(() => {
      signal.removeEventListener("abort", interrupt);
      clearTimeout(this.#timer);
      clearTimeout(this.#pause);
    });
  }

  tell(event: TrialEvent): void {
    this.#take(reduceTrial(this.#state, event, this.#work.nowNs()));
  }

  #take({ state, effects }: TrialStep): void {
    this.#state = state;
    for (const effect of effects) this.#carryOut(effect);
    clearTimeout(this.#timer);
    if (this.#state.phase === "over") return;
    const nowNs = this.#work.nowNs();
    // Timers take no more than 2^31 ms; an earlier tick changes nothing.
    const ms = Math.min(Math.ceil(Math.max(0, (wakeNs(this.#state) - nowNs) / 1e6)), 2 ** 30);
    this.#timer = setTimeout(() => this.#woken(nowNs + ms * 1e6), ms);
  }

  #woken(dueNs: number): void {
    const byNs = this.#work.nowNs() - dueNs;
    this.tell(byNs < asleepNs ? { kind: "tick" } : { kind: "overslept", byNs });
  }

  #carryOut(effect: TrialEffect): void {
    switch (effect.kind) {
      case "prepare":
        this.#prepareSoon(effect.attempt, effect.members);
        return;
      case "go":
        this.#go(effect.attempt, effect.startNs, effect.members).catch(this.#reject);
        return;
      case "confirm":
        this.#confirm(effect.attempt).catch(this.#reject);
        return;
      case "stop":
        this.#work.stop(effect.attempt, effect.why);
        return;
      case "ask report":
        for (const agent of effect.agents) this.#ask(agent).catch(this.#reject);
        return;
      case "over":
        this.#resolve({ outcome: effect.outcome, attempt: this.#state.attempt, parts: this.#parts });
    }
  }

  /** Whoever was not there the last time gets a moment, e.g. where the server was started again just now. */
  #prepareSoon(attempt: number, members: readonly Member[]): void {
    clearTimeout(this.#pause);
    const pauseMs = this.#state.setup.times.askAgainNs / 1e6;
    if (attempt === 1) this.#prepare(attempt, members);
    else this.#pause = setTimeout(() => this.#prepare(attempt, members), pauseMs);
  }

  #prepare(attempt: number, members: readonly Member[]): void {
    members.forEach((member, index) => {
      const link = this.#work.links.get(member.agent)!;
      const prepared = this.#work.prepare(link, attempt, members, index);
      prepared.then((event) => event && this.tell(event)).catch(this.#reject);
    });
  }

  async #go(attempt: number, startNs: number, members: readonly Member[]): Promise<void> {
    const untilNs = startNs - this.#state.setup.times.marginNs;
    for (const event of await this.#work.go(attempt, startNs, members, untilNs)) this.tell(event);
  }

  /** Whoever was cut off just then is told again. */
  async #confirm(attempt: number): Promise<void> {
    let missing = this.#state.members.map(({ agent }) => agent);
    const everyMs = this.#state.setup.times.askAgainNs / 1e6;
    while (missing.length > 0 && this.#state.phase !== "over" && this.#state.attempt === attempt) {
      const waited = sleepNs(everyMs * 1e6);
      const heard = await this.#work.confirm(attempt, missing, everyMs);
      missing = missing.filter((agent) => !heard.has(agent));
      if (missing.length > 0) await waited;
    }
  }

  /** A question may be lost, and a large report takes longer than the time until it is asked for again. */
  async #ask(agent: string): Promise<void> {
    const asking = this.#asking.get(agent) ?? 0;
    if (asking === mostAsking) return;
    const link = this.#work.links.get(agent)!;
    this.#asking.set(agent, asking + 1);
    const answer = await this.#work
      .report(link, this.#state.attempt)
      .finally(() => this.#asking.set(agent, this.#asking.get(agent)! - 1));
    if (answer === null) return;
    if (answer.kind !== "part") return this.tell(answer);
    const { incarnation } = answer;
    if (incarnation !== link.facts.incarnation) return this.tell({ kind: "beat", agent, incarnation });
    if (this.#parts.has(agent)) return;
    this.#parts.set(agent, answer);
    this.tell({ kind: "report", agent, incarnation });
  }
}
