/** The flows of a configuration in the session: those that wait for a gateway's address are added when it is known. */
import { type FlowRate, type Session, SessionError } from "../../session/index.js";
import { invalid, OtgRefusal } from "../refusal.js";
import type { PlannedFlow } from "../translate/flows.js";
import type { Neighbours } from "./neighbours.js";

interface Held {
  readonly plan: PlannedFlow;
  isAdded: boolean;
  /** In the place of the plan's, of one that waits. */
  rate?: FlowRate;
}

const fieldPattern = /^flow ".*" fields\[(\d+)\]/s;
const partPattern = /^flow ".*" (\w+)/s;
const parts: Readonly<Record<string, string>> = {
  size: "size",
  rate: "rate",
  duration: "duration",
  delayNs: "duration",
  packet: "packet",
};

/** What a session refuses of a flow, with the path of the request. */
function refusalOf(error: unknown, { path }: PlannedFlow, origins: readonly string[]): OtgRefusal {
  if (!(error instanceof SessionError)) throw error;
  const where = error.where ?? "";
  const field = fieldPattern.exec(where)?.[1];
  const part = parts[partPattern.exec(where)?.[1] ?? ""];
  const at = field === undefined ? (part === undefined ? path : `${path}.${part}`) : (origins[Number(field)] ?? path);
  const accepted = error.accepted === undefined ? "" : `; accepted: ${error.accepted}`;
  return invalid(`${at}: ${error.message}${accepted}`);
}

/** Flows that are added at once; the clients of others go on meanwhile. */
const batch = 256;
const mostSilent = 50;

export class FlowSet {
  readonly #session: Session;
  readonly #neighbours: Neighbours;
  readonly #held = new Map<string, Held>();

  constructor(session: Session, neighbours: Neighbours) {
    this.#session = session;
    this.#neighbours = neighbours;
  }

  get plans(): readonly PlannedFlow[] {
    return [...this.#held.values()].map(({ plan }) => plan);
  }

  /** All or none. @throws OtgRefusal */
  async add(plans: readonly PlannedFlow[]): Promise<void> {
    const compiled = plans.map((plan) => ({ plan, ...this.#compile(plan) }));
    const ready = compiled.filter(({ plan }) => this.#isReady(plan));
    const done: string[] = [];
    try {
      for (let at = 0; at < ready.length; at += batch) {
        const some = ready.slice(at, at + batch);
        await this.#addBatch(some);
        done.push(...some.map(({ plan }) => plan.key));
      }
    } catch (error) {
      await this.#session.removeFlows(done);
      throw error;
    }
    for (const { plan } of compiled) this.#held.set(plan.key, { plan, isAdded: this.#isReady(plan) });
  }

  /** By their names of the request. */
  async remove(plans: readonly PlannedFlow[]): Promise<void> {
    const keys = plans.map(({ key }) => key);
    await this.#session.removeFlows(keys.filter((key) => this.#held.get(key)?.isAdded === true));
    for (const key of keys) this.#held.delete(key);
  }

  /** @throws SessionError */
  async setRate({ key }: PlannedFlow, rate: FlowRate): Promise<void> {
    const held = this.#held.get(key);
    if (held?.isAdded === false) held.rate = rate;
    else await this.#session.setRate([key], rate);
  }

  isAdded({ key }: PlannedFlow): boolean {
    return this.#held.get(key)?.isAdded === true;
  }

  /** Adds those of them that waited. @throws OtgRefusal: a gateway does not answer. */
  async complete(plans: readonly PlannedFlow[]): Promise<void> {
    const waiting = plans.filter((plan) => !this.isAdded(plan));
    if (waiting.length === 0) return;
    await this.#neighbours.ask(waiting.flatMap(({ gateways }) => gateways));
    const silent = waiting.filter((plan) => !this.#isReady(plan));
    if (silent.length > 0)
      throw new OtgRefusal(
        "internal",
        silent.slice(0, mostSilent).map((plan) => this.#why(plan)),
      );
    await this.add(waiting);
  }

  /** It cannot start. */
  #why({ path, gateways }: PlannedFlow): string {
    const { gateway, name } = gateways.find((one) => !this.#neighbours.gatewayMacs.has(one.name))!;
    const what = `${path}.tx_rx.device: gateway ${gateway} of ${name}`;
    if (this.#neighbours.isOn) return `${what} does not answer`;
    return `${what} is not known: the devices are not started; start them with the protocol state start`;
  }

  #compile(plan: PlannedFlow): ReturnType<PlannedFlow["compile"]> {
    const { spec, origins } = plan.compile(this.#neighbours.gatewayMacs);
    const rate = this.#held.get(plan.key)?.rate;
    return { spec: rate === undefined ? spec : { ...spec, rate }, origins };
  }

  #isReady({ gateways }: PlannedFlow): boolean {
    return gateways.every(({ name }) => this.#neighbours.gatewayMacs.has(name));
  }

  async #addBatch(
    some: readonly (ReturnType<PlannedFlow["compile"]> & { readonly plan: PlannedFlow })[],
  ): Promise<void> {
    try {
      await this.#session.addFlows(some.map(({ spec }) => spec));
    } catch (error) {
      if (error instanceof SessionError && error.code === "full") throw invalid(`flows: ${error.toLine()}`);
      const name = error instanceof SessionError ? /^flow "(.*?)"(?: |$)/s.exec(error.where ?? "")?.[1] : undefined;
      const one = some.find(({ spec }) => spec.name === name) ?? some[0]!;
      throw refusalOf(error, one.plan, one.origins);
    }
  }
}
