/** The flows of a configuration in the session: those that wait for a gateway's address are added when it is known. */
import { type FlowNames, type FlowRate, SessionError, type TestSession } from "../../session/index.js";
import { invalid, OtgRefusal } from "../refusal.js";
import { flowRefusal } from "../translate/flow-refusal.js";
import type { PlannedFlow } from "../translate/flows.js";
import type { Neighbours } from "./neighbours.js";

interface Held {
  readonly plan: PlannedFlow;
  isAdded: boolean;
  /** In the place of the plan's. */
  rate: FlowRate | null;
}

/** Flows that are added at once; the clients of others go on meanwhile. */
const batch = 256;
const mostSilent = 50;

export class FlowSet {
  readonly #session: TestSession;
  readonly #neighbours: Neighbours;
  readonly #held = new Map<string, Held>();
  /** All plans, while none comes or goes; and whether some of them have tags. */
  #plans: readonly PlannedFlow[] | null = null;
  #areTagged = false;
  #waiting = 0;

  constructor(session: TestSession, neighbours: Neighbours) {
    this.#session = session;
    this.#neighbours = neighbours;
  }

  /** Copies: they lie side by side in memory, where thousands of rows are made of them several times a second. */
  get plans(): readonly PlannedFlow[] {
    if (this.#plans === null) {
      this.#plans = [...this.#held.values()].map(({ plan }) => ({ ...plan, metrics: { ...plan.metrics } }));
      this.#areTagged = this.#plans.some(({ tags }) => tags !== null);
    }
    return this.#plans;
  }

  /** Those of them whose rows are told apart, and that do not wait. */
  taggedOf(plans: readonly PlannedFlow[]): readonly PlannedFlow[] {
    if (plans === this.#plans && !this.#areTagged) return [];
    return plans.filter((plan) => plan.tags !== null && this.isAdded(plan));
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
    const isThere = new Set(done);
    for (const { plan } of compiled) this.#hold({ plan, isAdded: isThere.has(plan.key), rate: this.#rateOf(plan) });
  }

  /** Others of the same names; where they cannot be, those before are there as they were. @throws OtgRefusal */
  async replace(old: readonly PlannedFlow[], plans: readonly PlannedFlow[]): Promise<void> {
    const rates = old.map((plan) => this.#rateOf(plan));
    await this.remove(old);
    try {
      await this.add(plans);
    } catch (error) {
      for (const [k, plan] of old.entries()) this.#hold({ plan, isAdded: false, rate: rates[k]! });
      await this.add(old);
      throw error;
    }
  }

  /** By their names of the request. */
  async remove(plans: readonly PlannedFlow[]): Promise<void> {
    const keys = plans.map(({ key }) => key);
    await this.#session.removeFlows(keys.filter((key) => this.#held.get(key)?.isAdded === true));
    for (const key of keys) this.#drop(key);
  }

  /** @throws SessionError */
  async setRate({ key }: PlannedFlow, rate: FlowRate): Promise<void> {
    const held = this.#held.get(key)!;
    if (held.isAdded) await this.#session.setRate([key], rate);
    held.rate = rate;
  }

  /** Their names in the session, which has no others. All of them must have been added. */
  namesOf(plans: readonly PlannedFlow[]): FlowNames {
    return plans === this.#plans ? "all" : plans.map(({ key }) => key);
  }

  /** Those that do not wait. */
  addedOf(plans: readonly PlannedFlow[]): FlowNames {
    return this.#waiting === 0 ? this.namesOf(plans) : this.namesOf(plans.filter((plan) => this.isAdded(plan)));
  }

  isAdded({ key }: PlannedFlow): boolean {
    return this.#held.get(key)?.isAdded === true;
  }

  /** Adds those of them that waited. @throws OtgRefusal: a gateway does not answer. */
  async complete(plans: readonly PlannedFlow[]): Promise<void> {
    if (this.#waiting === 0) return;
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

  #hold(held: Held): void {
    this.#drop(held.plan.key);
    this.#held.set(held.plan.key, held);
    if (!held.isAdded) this.#waiting++;
  }

  #drop(key: string): void {
    this.#plans = null;
    if (this.#held.get(key)?.isAdded === false) this.#waiting--;
    this.#held.delete(key);
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
    const rate = this.#rateOf(plan);
    return { spec: rate === null ? spec : { ...spec, rate }, origins };
  }

  #rateOf({ key }: PlannedFlow): FlowRate | null {
    return this.#held.get(key)?.rate ?? null;
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
      throw flowRefusal(error, one.plan.path, one.origins);
    }
  }
}
