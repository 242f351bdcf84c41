/**
 * One agent of a session over a fleet: what it is told, once each, and that it is gone when it does not answer any more.
 * An agent that is gone stays so: what became of its session nobody knows.
 */
import type { z } from "zod";
import { type ExitCode, exitCodes, PktgenError } from "../../errors.js";
import { SessionError, type SessionErrorCode } from "../../session/index.js";
import type { AgentLink } from "../agent-link.js";
import { answers } from "../protocol.js";
import { type AgentDeed, deedAnswers } from "./deeds.js";

/** An agent that lost its way to the server may be back within this time. */
const goneMs = 5_000;
const attemptMs = 2_500;
const againMs = 250;

/** Ports are opened, peers waited for, code compiled. Whoever does not answer that it is closed is released. */
const slowMs = 30_000;
const slowDeeds: readonly AgentDeed["do"][] = ["open", "add"];

type AnswerOf<K extends AgentDeed["do"]> = K extends keyof typeof deedAnswers
  ? z.infer<(typeof deedAnswers)[K]>
  : z.infer<(typeof deedAnswers)["done"]>;

export class SessionLink {
  readonly link: AgentLink;
  readonly #told: (why: string) => void;
  #ids = 0;
  #lost: string | null = null;

  /** `told` hears once that it is gone. */
  constructor(link: AgentLink, told: (link: SessionLink, why: string) => void) {
    this.link = link;
    this.#told = (why) => told(this, why);
  }

  get name(): string {
    return this.link.name;
  }

  /** Why it is gone; null: it is there. */
  get lost(): string | null {
    return this.#lost;
  }

  /** @throws SessionError: it refuses; ended: it is gone. */
  async do<D extends AgentDeed>(deed: D): Promise<AnswerOf<D["do"]>> {
    this.check();
    const id = ++this.#ids;
    const timeoutMs = slowDeeds.includes(deed.do) ? slowMs : timeOf(deed);
    const endMs = performance.now() + Math.max(goneMs, timeoutMs);
    for (;;) {
      const asked = await this.link.ask("session", { id, deed }, answers.session, timeoutMs);
      if (asked.kind === "answer") {
        if (asked.value.kind === "failed") throw this.#failure(asked.value);
        const schema = deedAnswers[deed.do as keyof typeof deedAnswers] ?? deedAnswers.done;
        const read = schema.safeParse(asked.value.result);
        if (!read.success) throw this.#lose(unreadable(deed.do, read.error.issues));
        return read.data as AnswerOf<D["do"]>;
      }
      if (asked.kind === "refused") throw this.#refused(asked.error);
      if (this.#lost !== null || performance.now() >= endMs) throw this.#lose("it does not answer any more");
      await new Promise((resolve) => setTimeout(resolve, againMs));
    }
  }

  /** @throws SessionError ended: it is gone. */
  check(): void {
    if (this.#lost !== null) throw new SessionError("ended", this.#lost, { where: `agent ${this.name}` });
  }

  #lose(why: string): SessionError {
    const isNew = this.#lost === null;
    this.#lost ??= why;
    if (isNew) this.#told(why);
    return new SessionError("ended", this.#lost, { where: `agent ${this.name}` });
  }

  /** An order that it cannot read is an error of the order. Else it is somebody else's now. */
  #refused(error: PktgenError): PktgenError {
    if (error.exitCode !== exitCodes.usage) return this.#lose(error.message);
    return new SessionError("bad-spec", error.message, { where: `agent ${this.name}` });
  }

  /** A session that is over does not come back. */
  #failure(failed: Failed): PktgenError {
    const { code, what } = failed;
    return code === "closed" || code === "ended" ? this.#lose(what) : this.#errorOf(failed);
  }

  #errorOf({ code, exitCode, what, where, accepted, hint }: Failed): PktgenError {
    const details = {
      where: where ?? `agent ${this.name}`,
      ...(accepted === undefined ? {} : { accepted }),
      ...(hint === undefined ? {} : { hint }),
    };
    if (code === null) return new PktgenError(exitCode as ExitCode, `${what} (agent ${this.name})`, details);
    return new SessionError(code as SessionErrorCode, what, details);
  }
}

type Failed = Extract<z.infer<typeof answers.session>, { readonly kind: "failed" }>;

/** What it did nobody knows. */
function unreadable(what: AgentDeed["do"], [first]: readonly z.core.$ZodIssue[]): string {
  const where = first === undefined || first.path.length === 0 ? "" : `${first.path.join(".")}: `;
  return `its answer to "${what}" cannot be read: ${where}${first?.message}`;
}

/** Questions to neighbours take the time that they are given. */
const timeOf = (deed: AgentDeed): number => attemptMs + ("timeoutMs" in deed ? deed.timeoutMs : 0);
