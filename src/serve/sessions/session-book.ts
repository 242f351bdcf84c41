/** All sessions of a server: those that are open, and the last ones that ended. */
import { sessionWorkers } from "../../options/workers.js";
import type { OpenPortOptions } from "../../port/index.js";
import { openSession, type Session } from "../../session/index.js";
import { parseDuration, parseLineRate } from "../../units.js";
import type { PortClaims } from "../claims.js";
import type { SessionBody, SessionFacts } from "../contract.js";
import { idStamp } from "../id-stamp.js";
import { portNamed } from "../named-port.js";
import { RequestRefusal } from "../refusal.js";
import type { ServeSetup } from "../setup.js";
import { mayUseThisInterface } from "../this-interface.js";
import { flowOrders } from "./flow-order.js";
import { ServedSession } from "./served-session.js";

const mostAtOnce = 16;
const mostKept = 20;
const usualSettleNs = 2e9;
const usualWaitNs = 10e9;
/** A request is not answered before its ports are there. */
const longestWaitNs = 60e9;

export class SessionBook {
  readonly #sessions = new Map<string, ServedSession>();
  readonly #opening = new Set<Promise<unknown>>();
  readonly #controller = new AbortController();
  readonly #setup: ServeSetup;
  readonly #claims: PortClaims;
  #number = 0;

  constructor(setup: ServeSetup, claims: PortClaims) {
    this.#setup = setup;
    this.#claims = claims;
  }

  get open(): readonly ServedSession[] {
    return [...this.#sessions.values()].filter(({ isOver }) => !isOver);
  }

  /** Newest first. */
  list(): SessionFacts[] {
    return [...this.#sessions.values()].reverse().map((session) => session.info());
  }

  /** @throws RequestRefusal (404) */
  ask(id: string): ServedSession {
    const session = this.#sessions.get(id);
    if (session !== undefined) return session;
    throw new RequestRefusal("not-found", `there is no session "${id}"`, { where: "id" });
  }

  /** Opens its ports and waits for their peers. Where that fails nothing is left. @throws RequestRefusal (403, 409, 429) */
  async begin(body: SessionBody): Promise<ServedSession> {
    if (this.open.length + this.#opening.size >= mostAtOnce)
      throw new RequestRefusal("too-many", `${mostAtOnce} sessions are open`, { hint: "close one" });
    const opening = this.#begin(body);
    this.#opening.add(opening);
    try {
      return await opening;
    } finally {
      this.#opening.delete(opening);
    }
  }

  /** Ends it; one that has ended is forgotten. */
  async end(id: string): Promise<SessionFacts> {
    const session = this.ask(id);
    if (session.isOver) this.#sessions.delete(id);
    else await session.end("somebody closed it");
    return session.info();
  }

  async close(): Promise<void> {
    this.#controller.abort();
    await Promise.allSettled(this.#opening);
    await Promise.all(this.open.map((session) => session.end("the server ends")));
  }

  async #begin(body: SessionBody): Promise<ServedSession> {
    const spec = this.#specOf(body);
    const lineRateBps = body.lineRate === undefined ? null : parseLineRate(body.lineRate, "lineRate");
    const orders = await flowOrders(body.flows ?? [], { setup: this.#setup, lineRateBps });
    const id = `s-${idStamp(new Date())}-${++this.#number}`;
    this.#claims.take(body.ports, { kind: "session", id });
    const onEnd = (): void => this.#claims.release(id);
    let session: Session | null = null;
    try {
      session = await openSession(
        { ...spec, ports: spec.ports.map((port) => ({ ...port, lineRateBps })) },
        this.#controller.signal,
      );
      const served = new ServedSession({ id, body, session, lineRateBps, settleNs: spec.settleNs, onEnd });
      this.#sessions.set(id, served);
      if (orders.length > 0) await served.add(orders);
      this.#forgetOldest();
      return served;
    } catch (error) {
      const served = this.#sessions.get(id);
      this.#sessions.delete(id);
      if (served !== undefined) await served.end("it could not be begun");
      else await session?.close();
      this.#claims.release(id);
      throw error;
    }
  }

  #specOf({ ports, maxFrame, settle, waitPeer, yesThisInterface, workers }: SessionBody) {
    const { ports: named } = this.#setup;
    const isAllowed = mayUseThisInterface(yesThisInterface === true, this.#setup);
    if (new Set(ports).size < ports.length)
      throw new RequestRefusal("invalid", "a port is named twice", { where: "ports", accepted: "each port once" });
    const frames = maxFrame === undefined ? {} : { maxFrameBytes: maxFrame, sendFrameBytes: maxFrame };
    const options: Partial<OpenPortOptions> = { ...frames, yesThisInterface: isAllowed };
    const waitNs = waitPeer === undefined ? usualWaitNs : parseDuration(waitPeer, "waitPeer");
    return {
      ports: ports.map((name) => ({ name, port: portNamed(name, named, "ports").spec, options })),
      workers: typeof workers === "object" ? workers : this.#workersOf(workers, ports.length),
      readyTimeoutMs: Math.ceil(Math.min(waitNs, longestWaitNs) / 1e6),
      settleNs: settle === undefined ? usualSettleNs : parseDuration(settle, "settle"),
    };
  }

  /** A number that was asked for is refused where it is too many; the server's own is a limit. */
  #workersOf(asked: number | "auto" | undefined, ports: number): number {
    return typeof asked === "number" ? asked : sessionWorkers(asked ?? this.#setup.workers ?? 1, ports);
  }

  #forgetOldest(): void {
    const over = [...this.#sessions.values()].filter(({ isOver }) => isOver);
    for (const { id } of over.slice(0, Math.max(0, over.length - mostKept))) this.#sessions.delete(id);
  }
}
