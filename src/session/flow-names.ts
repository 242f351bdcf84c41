/** The flows of a session by name, and names that are being added or removed. */
import { didYouMean } from "../nearest.js";
import type { TableFlow } from "./flow-table.js";
import { SessionError } from "./session-error.js";
import type { FlowNames } from "./types.js";

export class NamedFlows {
  readonly #flows = new Map<string, TableFlow>();
  readonly #reserved = new Set<string>();

  get all(): Iterable<TableFlow> {
    return this.#flows.values();
  }

  add(flows: readonly TableFlow[]): void {
    for (const flow of flows) this.#flows.set(flow.spec.name, flow);
  }

  /** Takes them out; their names stay reserved. */
  take(flows: readonly TableFlow[]): void {
    for (const { spec } of flows) {
      this.#flows.delete(spec.name);
      this.#reserved.add(spec.name);
    }
  }

  /** @throws SessionError exists */
  reserve(asked: readonly string[]): void {
    const names = new Set<string>();
    for (const name of asked) {
      if (this.#flows.has(name) || this.#reserved.has(name) || names.has(name)) {
        throw new SessionError("exists", `there is a flow "${name}" already`, { where: `flow "${name}"` });
      }
      names.add(name);
    }
    for (const name of names) this.#reserved.add(name);
  }

  giveBack(names: readonly string[]): void {
    for (const name of names) this.#reserved.delete(name);
  }

  /** @throws SessionError unknown-flow */
  named(names: FlowNames): readonly TableFlow[] {
    return flowsNamed(this.#flows, names);
  }
}

/** Those of the names, each once. @throws SessionError unknown-flow */
export function flowsNamed<Flow>(flows: ReadonlyMap<string, Flow>, names: FlowNames): readonly Flow[] {
  if (names === "all") return [...flows.values()];
  return [...new Set(names)].map((name) => {
    const flow = flows.get(name);
    if (flow !== undefined) return flow;
    const known = [...flows.keys()];
    const accepted = known.length === 0 ? "there is no flow" : known.slice(0, 20).join(", ");
    throw new SessionError("unknown-flow", `there is no flow "${name}"`, { accepted, ...didYouMean(name, known) });
  });
}
