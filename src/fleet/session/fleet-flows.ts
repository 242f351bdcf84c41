/** The flows of a session over a fleet: their places, whose port sends them, and the numbers of their starts. */
import {
  type FlowCounters,
  type FlowNames,
  type FlowSpec,
  flowsNamed,
  type NumberedStart,
  SessionError,
} from "../../session/index.js";
import type { FleetPort } from "./fleet-parts.js";
import { FlowPlaces } from "./flow-places.js";

export interface FleetFlow {
  spec: FlowSpec;
  readonly slot: number;
  /** That sends it. */
  readonly port: FleetPort;
  /** Of the last start; 0: it was never started. */
  generation: number;
  /** Agents look out for its frames. */
  isAwaited: boolean;
}

export class FleetFlows {
  readonly #flows = new Map<string, FleetFlow>();
  readonly #places: FlowPlaces;

  constructor(capacity: number) {
    this.#places = new FlowPlaces(capacity);
  }

  get all(): readonly FleetFlow[] {
    return [...this.#flows.values()];
  }

  /** With a place each. @throws SessionError exists, full, unknown-port */
  plan(specs: readonly FlowSpec[], portOf: (name: string, where: string) => FleetPort): readonly FleetFlow[] {
    const names = new Set<string>();
    const ports = specs.map(({ name, from, to }) => {
      const where = `flow "${name}"`;
      if (this.#flows.has(name) || names.has(name)) {
        throw new SessionError("exists", `there is a flow "${name}" already`, { where });
      }
      names.add(name);
      for (const port of to) portOf(port, `${where} to`);
      return portOf(from, `${where} from`);
    });
    const slots = this.#places.take(specs.length);
    return specs.map((spec, k) => {
      const once = { ...spec, to: [...new Set(spec.to)] };
      return { spec: once, slot: slots[k]!, port: ports[k]!, generation: 0, isAwaited: false };
    });
  }

  add(flows: readonly FleetFlow[]): void {
    for (const flow of flows) this.#flows.set(flow.spec.name, flow);
  }

  giveBack(flows: readonly FleetFlow[]): void {
    this.#places.give(flows.map(({ slot }) => slot));
  }

  remove(flows: readonly FleetFlow[]): void {
    for (const { spec } of flows) this.#flows.delete(spec.name);
    this.giveBack(flows);
  }

  /** @throws SessionError unknown-flow */
  named(names: FlowNames): readonly FleetFlow[] {
    return flowsNamed(this.#flows, names);
  }

  numberStarts(flows: readonly FleetFlow[]): NumberedStart[] {
    return flows.map((flow) => {
      flow.generation++;
      flow.isAwaited = true;
      return { name: flow.spec.name, start: this.#places.nextStart(flow.slot), generation: flow.generation };
    });
  }

  /** Flows that nobody has to look out for any more. They are told once. */
  toRest(rows: readonly FlowCounters[]): string[] {
    const over = rows.filter(({ name, settled, generation }) => {
      const flow = this.#flows.get(name);
      return flow?.isAwaited === true && settled && flow.generation === generation;
    });
    for (const { name } of over) this.#flows.get(name)!.isAwaited = false;
    return over.map(({ name }) => name);
  }
}
