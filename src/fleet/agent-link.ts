/** One agent as a run sees it: what it is asked, what it answers, and how far its clock is ahead of ours. */
import type { z } from "zod";
import { environmentError, type PktgenError } from "../errors.js";
import type { TrialInputs } from "../measure/trial-result.js";
import { type ClockExchange, fitLatest, offsetAt } from "../stats/index.js";
import type { Bus } from "./bus.js";
import { type AgentVerb, subjectOf } from "./names.js";
import type { ComparedAgent } from "./pair-clocks.js";
import { type AgentFacts, answers, protocolVersion, readMessage, refusalOf } from "./protocol.js";

/** Who asks: a run, in an epoch. */
export interface Asking {
  readonly bus: Bus;
  readonly from: string;
  readonly run: string;
  readonly epoch: number;
  nowNs(): number;
}

export interface ReportPart {
  readonly kind: "part";
  readonly incarnation: string;
  readonly inputs: readonly TrialInputs[];
  /** When its trial began, by its own clock. */
  readonly startNs: number;
  /** Why the agent's trial was stopped; null: it was not. */
  readonly stopped: string | null;
  /** Why no other trial may follow; null: one may. */
  readonly lost: string | null;
}

export type Asked<T> =
  | { readonly kind: "answer"; readonly value: T }
  | { readonly kind: "absent" | "slow" }
  | { readonly kind: "refused"; readonly error: PktgenError; readonly lasting: boolean };

/** How far an agent's clock is ahead of ours. */
export interface LinkClock {
  readonly way: "same" | "messages";
  readonly offsetNs: number;
  readonly boundNs: number;
  readonly exchanges: number;
  readonly minRttNs: number;
}

const sameClock: LinkClock = { way: "same", offsetNs: 0, boundNs: 0, exchanges: 0, minRttNs: 0 };
const clockMs = 1_000;
/** Questions in a row: it is not there, and the trial says so sooner. */
const mostUnanswered = 2;
/** Exchanges that are kept: those of some minutes. */
const mostExchanges = 512;

export class AgentLink {
  readonly facts: AgentFacts;
  readonly #asking: Asking;
  readonly #ownClock: string;
  #exchanges: ClockExchange[] = [];
  #minRttNs = Number.POSITIVE_INFINITY;

  constructor(asking: Asking, facts: AgentFacts, ownClock: string) {
    this.#asking = asking;
    this.facts = facts;
    this.#ownClock = ownClock;
  }

  get name(): string {
    return this.facts.from;
  }

  async ask<S extends z.ZodType>(
    verb: AgentVerb,
    fields: object,
    schema: S,
    timeoutMs: number,
  ): Promise<Asked<z.infer<S>>> {
    const { bus, from, run, epoch } = this.#asking;
    const message = { v: protocolVersion, from, run, epoch, ...fields };
    const answer = await bus.request(subjectOf.agent(this.name, verb), message, timeoutMs);
    if (answer.kind !== "answer") return answer;
    const refused = answers.refused.safeParse(answer.data);
    if (refused.success) {
      return { kind: "refused", error: refusalOf(answer.data, this.name)!, lasting: refused.data.lasting };
    }
    return { kind: "answer", value: readMessage(schema as never, answer.data, this.name) as z.infer<S> };
  }

  /** The answer itself. @throws PktgenError: there is none. */
  async must<S extends z.ZodType>(verb: AgentVerb, fields: object, schema: S, timeoutMs: number): Promise<z.infer<S>> {
    const asked = await this.ask(verb, fields, schema, timeoutMs);
    if (asked.kind === "answer") return asked.value;
    if (asked.kind === "refused") throw asked.error;
    const what = asked.kind === "absent" ? "nobody answers at its name any more" : "it does not answer";
    throw environmentError(what, { where: this.name, hint: "pktgen-ts fleet ls shows who is there" });
  }

  /** Asks for its time, one question after the other. Where it reads our clock, nothing has to be asked. */
  async compareClocks(exchanges: number): Promise<void> {
    if (this.facts.clockId === this.#ownClock) return;
    const { nowNs } = this.#asking;
    let unanswered = 0;
    for (let i = 0; i < exchanges && unanswered < mostUnanswered; i++) {
      const t1Ns = nowNs();
      const asked = await this.ask("clock", { t1: t1Ns }, answers.clock, clockMs);
      const t4Ns = nowNs();
      unanswered = asked.kind === "answer" ? 0 : unanswered + 1;
      if (asked.kind !== "answer") continue;
      const { t2: t2Ns, t3: t3Ns } = asked.value;
      this.#exchanges.push({ t1Ns, t2Ns, t3Ns, t4Ns });
      this.#minRttNs = Math.min(this.#minRttNs, t4Ns - t1Ns - (t3Ns - t2Ns));
    }
    this.#exchanges = this.#exchanges.slice(-mostExchanges);
  }

  /** At a time of ours; null: nobody knows, e.g. because one of the clocks was stepped. */
  clockAt(atNs: number): LinkClock | null {
    if (this.facts.clockId === this.#ownClock) return sameClock;
    const { fit } = fitLatest(this.#exchanges);
    if (fit === null) return null;
    const { minRttNs, exchanges } = fit;
    return { way: "messages", ...offsetAt(fit, atNs), exchanges, minRttNs };
  }

  /** What is known of its clock by now: nothing was asked where it reads ours. What is asked later is not in it. */
  get compared(): ComparedAgent {
    return { clockId: this.facts.clockId, exchanges: [...this.#exchanges] };
  }

  get minRttNs(): number {
    return Number.isFinite(this.#minRttNs) ? this.#minRttNs : 0;
  }
}
