/**
 * The live session that an agent has for whoever holds it: it opens ports that the agent offers, and does what it is told,
 * one thing after the other. A deed that is said again, because its answer was lost, is done once.
 */
import type { Clock } from "../../clock.js";
import { environmentError, PktgenError, usageError } from "../../errors.js";
import { parsePortSpec } from "../../port/index.js";
import {
  type FlowRate,
  type FlowSpec,
  type HostSpec,
  openSharedSession,
  SessionError,
  type SharedFlow,
  type SharedSession,
} from "../../session/index.js";
import { ChangedRows } from "./changed-rows.js";
import type { AgentDeed, AgentDeedOf } from "./deeds.js";

export interface AgentSessionSetup {
  /** As they were named at the agent's start. */
  readonly ports: readonly string[];
  readonly yesThisInterface: boolean;
  /** It sends no more frames per second; null: no limit. */
  readonly maxPps: number | null;
  readonly clock: Clock;
}

export interface DeedOrder {
  readonly run: string;
  readonly epoch: number;
  /** Counts up with each deed of the run. */
  readonly id: number;
  readonly deed: AgentDeed;
}

/** What it answers: plain data. */
export type DeedAnswer = { readonly kind: "done"; readonly result: object } | Readonly<Record<string, unknown>>;

/** Answers that are kept for whoever asks again. */
const keptAnswers = 256;

/** What was refused, and by which words: whoever asked makes the same error of it again. */
function failed(error: unknown): DeedAnswer {
  if (!(error instanceof PktgenError)) throw error;
  const code = error instanceof SessionError ? error.code : null;
  return { kind: "failed", code, exitCode: error.exitCode, what: error.message, ...error.details };
}

export class AgentSession {
  readonly #setup: AgentSessionSetup;
  #session: SharedSession | null = null;
  #changed = new ChangedRows();
  /** Counts what closes it: whoever opened it before that is overtaken. */
  #closings = 0;
  #last: Promise<unknown> = Promise.resolve();
  readonly #answers = new Map<string, Promise<DeedAnswer>>();

  constructor(setup: AgentSessionSetup) {
    this.#setup = setup;
  }

  get isOpen(): boolean {
    return this.#session !== null;
  }

  /** `check` throws where whoever ordered it has lost the agent meanwhile. */
  do({ run, epoch, id, deed }: DeedOrder, check: () => void): Promise<DeedAnswer> {
    const key = `${run} ${epoch} ${id}`;
    const known = this.#answers.get(key);
    if (known !== undefined) return known;
    // Looks and questions wait for nobody.
    const isFree = deed.do === "sample" || deed.do === "resolve" || deed.do === "ping";
    const work = async (): Promise<DeedAnswer> => {
      check();
      return { kind: "done", result: await this.#do(deed, check) };
    };
    const answer = (isFree ? work() : this.#inTurn(work)).catch(failed);
    // Samples are large, and looks may be done again.
    if (isFree) return answer;
    this.#answers.set(key, answer);
    const [oldest] = this.#answers.keys();
    if (this.#answers.size > keptAnswers) this.#answers.delete(oldest!);
    return answer;
  }

  /** What it sends ends, and its ports are given back. */
  close(): Promise<void> {
    this.#closings++;
    return this.#inTurn(() => this.#close());
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => {});
    return turn;
  }

  async #close(): Promise<void> {
    const session = this.#session;
    this.#session = null;
    await session?.close();
  }

  get #open(): SharedSession {
    if (this.#session === null) throw new SessionError("closed", "its session is not open");
    return this.#session;
  }

  async #do(deed: AgentDeed, check: () => void): Promise<object> {
    switch (deed.do) {
      case "open":
        return this.#openPorts(deed, check);
      case "close":
        await this.#close();
        return {};
      case "may-start":
        this.#checkRate(this.#open.shared.ppsIf(deed.names, null));
        return {};
      case "start":
        return this.#start(deed);
      case "rate":
        this.#checkRate(this.#open.shared.ppsIf(deed.names, deed.rate as FlowRate));
        await this.#open.setRate(deed.names, deed.rate as FlowRate);
        return {};
      case "resolve":
        return { mac: await this.#open.resolve(deed.host, deed.address, deed.timeoutMs) };
      case "ping":
        return this.#open.ping(deed.host, deed.address, deed.timeoutMs);
      case "sample":
        return this.#sample(deed);
      default:
        await this.#doPlainly(deed, this.#open);
        return {};
    }
  }

  /** What is answered with no more than that it is done. */
  #doPlainly(
    deed: Exclude<
      AgentDeed,
      AgentDeedOf<"open" | "close" | "may-start" | "start" | "rate" | "resolve" | "ping" | "sample">
    >,
    session: SharedSession,
  ): Promise<void> {
    switch (deed.do) {
      case "add":
        return session.shared.add(deed.flows.map(flowOf));
      case "remove":
        return session.removeFlows(deed.names);
      case "expect":
        return session.shared.expect(deed.starts);
      case "rest":
        return session.shared.rest(deed.names);
      case "stop":
      case "pause":
      case "resume":
        return session[deed.do](deed.names);
      case "hosts":
        return session.setHosts(deed.hosts as readonly HostSpec[]);
      case "link":
        return session.setLink(deed.port, deed.state);
    }
  }

  async #openPorts(order: AgentDeedOf<"open">, check: () => void): Promise<object> {
    await this.#close();
    const closings = this.#closings;
    const { yesThisInterface } = this.#setup;
    const { capacity, trial, settleNs, readyTimeoutMs } = order;
    const ports = order.ports.map(({ name, port, lineRateBps, maxFrameBytes, sendFrameBytes }) => ({
      ...{ name, lineRateBps, port: parsePortSpec(this.#offered(port)) },
      options: { maxFrameBytes, yesThisInterface, ...(sendFrameBytes === undefined ? {} : { sendFrameBytes }) },
    }));
    const session = await openSharedSession({ ports, capacity, trial, settleNs, readyTimeoutMs, percentiles: false });
    try {
      check();
      if (closings !== this.#closings) throw environmentError("it was closed while its ports were opened");
    } catch (error) {
      await session.close();
      throw error;
    }
    this.#session = session;
    this.#changed = new ChangedRows();
    return { epochUnixNs: session.epochUnixNs, ports: session.ports };
  }

  /** As it was named at the agent's start. @throws PktgenError (2) */
  #offered(text: string): string {
    const { ports } = this.#setup;
    if (ports.includes(text) && text !== "embedded") return text;
    throw usageError(`it does not offer ${text}`, {
      where: "--port",
      accepted: ports.filter((one) => one !== "embedded").join(", ") || "no port",
    });
  }

  #sample({ since }: AgentDeedOf<"sample">): object {
    const { flows, ...snapshot } = this.#open.sample();
    return { snapshot, changes: this.#changed.since(since, flows), links: this.#open.linkStates() };
  }

  async #start({ starts, atNs }: AgentDeedOf<"start">): Promise<object> {
    const session = this.#open;
    this.#checkRate(
      session.shared.ppsIf(
        starts.map(({ name }) => name),
        null,
      ),
    );
    const leadNs = atNs === null ? null : atNs - this.#setup.clock.nowNs();
    await session.shared.start(starts, atNs === null ? 0 : Math.max(0, Math.round(atNs - session.epochNs)));
    return { leadNs };
  }

  #checkRate(pps: number): void {
    const { maxPps } = this.#setup;
    if (maxPps === null || pps <= maxPps) return;
    const asked = Number.isFinite(pps) ? `${Math.round(pps)} frames per second` : "flows at max";
    throw new SessionError("not-possible", `the agent was started to send less than ${asked}`, {
      where: "rate",
      accepted: `up to ${maxPps} frames per second of all its flows together (--max-rate of the agent)`,
    });
  }
}

/** Nothing of it is more than plain data. What its layers and fields are is checked when it is compiled. */
const flowOf = ({ spec, slot, lineRateBps }: AgentDeedOf<"add">["flows"][number]): SharedFlow => ({
  spec: spec as unknown as FlowSpec,
  slot,
  lineRateBps,
});
