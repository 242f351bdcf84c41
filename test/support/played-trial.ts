/** A trial of a fleet, played against its machine: no bus, no agents, a clock of its own. */
import { expect } from "vitest";
import {
  type Member,
  type TrialEffect,
  type TrialEvent,
  type TrialOutcome,
  type TrialSetup,
  usualTrialTimes,
} from "../../src/fleet/trial-events.js";
import { beginTrial, reduceTrial, type TrialState, wakeNs } from "../../src/fleet/trial-machine.js";

const ms = 1e6;
const s = 1e9;
export const names = ["a", "b", "c"];
export const membersOf = (agents: readonly string[]): Member[] =>
  agents.map((agent) => ({ agent, incarnation: `${agent}1` }));

export const setup: TrialSetup = {
  members: membersOf(names),
  minAgents: 3,
  lastsNs: 10 * s,
  endsWhenSilent: false,
  hasEnd: true,
  followers: [],
  times: { ...usualTrialTimes, overtimeNs: 2e9 },
};

/** A trial, told event by event at moments of a clock that only goes on. */
export class Played {
  readonly effects: TrialEffect[] = [];
  state: TrialState;
  nowNs = 0;

  constructor(change: Partial<TrialSetup> = {}) {
    const step = beginTrial({ ...setup, ...change }, 0);
    this.state = step.state;
    this.effects.push(...step.effects);
  }

  /** What follows from that event. */
  tell(event: TrialEvent): readonly TrialEffect[] {
    const step = reduceTrial(this.state, event, this.nowNs);
    this.state = step.state;
    this.effects.push(...step.effects);
    return step.effects;
  }

  each(kind: "armed" | "going", agents = names): this {
    for (const agent of agents) this.tell({ kind, agent, attempt: this.state.attempt });
    return this;
  }

  of(kind: "beat" | "done" | "report", agents = names): this {
    const { attempt } = this.state;
    for (const agent of agents) this.tell({ kind, agent, incarnation: `${agent}1`, attempt });
    return this;
  }

  /** Ticks whenever the trial wants one, until that moment. */
  until(nowNs: number): this {
    for (let ticks = 0; this.state.phase !== "over" && wakeNs(this.state) <= nowNs; ticks++) {
      if (ticks > 1_000) throw new Error("it wants a tick without end");
      this.nowNs = Math.max(this.nowNs, wakeNs(this.state));
      this.tell({ kind: "tick" });
    }
    this.nowNs = Math.max(this.nowNs, nowNs);
    return this;
  }

  running(): this {
    this.each("armed").each("going");
    expect(this.state.phase).toBe("running");
    return this.until(200 * ms);
  }

  get outcome(): TrialOutcome | null {
    const last = this.effects.at(-1);
    return last?.kind === "over" ? last.outcome : null;
  }

  get attempts(): number[] {
    return this.effects.flatMap((effect) => (effect.kind === "prepare" ? [effect.attempt] : []));
  }

  get stops(): string[] {
    return this.effects.flatMap((effect) => (effect.kind === "stop" ? [effect.why] : []));
  }

  /** How often those were asked for their report. */
  get asked(): string[] {
    return this.effects.flatMap((effect) => (effect.kind === "ask report" ? effect.agents : []));
  }
}
