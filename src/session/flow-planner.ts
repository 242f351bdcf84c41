/** From flows as they are asked for to what the table admits: their ports, their frames and their rates are checked. */
import type { Port } from "../port/index.js";
import { checkFrameLength, compileFlow, flowPps } from "./compile-flow.js";
import { checkFlowSchedule } from "./flow-schedule.js";
import type { FlowPlan } from "./flow-table.js";
import { SessionError } from "./session-error.js";
import type { FlowRate, FlowSpec, SessionPortSpec } from "./types.js";

/** While flows are compiled, the owner's thread gives way this often. */
const sliceMs = 8;

type Ends = Pick<FlowPlan, "from" | "to" | "lineRateBps" | "slot">;

/** One that several sessions share (shared-flows.ts). */
export interface SharedFlow {
  /** Its ports may be of other sessions. */
  readonly spec: FlowSpec;
  /** Its place in the tables of all. */
  readonly slot: number;
  /** Of the port that sends it: what percent is of. */
  readonly lineRateBps: number | null;
}

/** One whose ports are all of this session, or one that it shares. */
export type AddedFlow = { readonly spec: FlowSpec } | SharedFlow;

/** What a rate is of a flow's frames. Infinity: max. */
export const askedPps = (
  { spec, compiled, lineRateBps = null }: Pick<FlowPlan, "compiled" | "lineRateBps"> & { readonly spec: FlowSpec },
  rate: FlowRate,
): number => flowPps(rate, compiled.meanFrameBytes, lineRateBps, spec.name);

export class FlowPlanner {
  readonly #specs: readonly SessionPortSpec[];
  readonly #ports: readonly Port[];

  constructor(ports: readonly Port[], specs: readonly SessionPortSpec[]) {
    this.#specs = specs;
    this.#ports = ports;
  }

  /** The owner's thread gives way between. `check` throws where the session is over. */
  async plansOf(given: readonly AddedFlow[], check: () => void): Promise<readonly FlowPlan[]> {
    const plans: FlowPlan[] = [];
    let sliceEndMs = performance.now() + sliceMs;
    for (const one of given) {
      plans.push("slot" in one ? this.#planShared(one) : this.#planOwn(one.spec));
      if (performance.now() < sliceEndMs) continue;
      await new Promise((resolve) => setImmediate(resolve));
      check();
      sliceEndMs = performance.now() + sliceMs;
    }
    return plans;
  }

  /** @throws SessionError unknown-port */
  portOf(name: string, where: string): number {
    const index = this.#find(name);
    if (index >= 0) return index;
    const accepted = this.#specs.map((spec) => spec.name).join(", ");
    throw new SessionError("unknown-port", `there is no port "${name}"`, { where, accepted });
  }

  /** @throws SessionError */
  #planOwn(spec: FlowSpec): FlowPlan {
    const where = `flow "${spec.name}"`;
    const from = this.portOf(spec.from, `${where} tx`);
    const to = [...new Set(spec.to)].map((name) => this.portOf(name, `${where} rx`));
    return this.#plan(spec, { from, to, lineRateBps: this.#specs[from]!.lineRateBps ?? null });
  }

  /** Of ports that are not here, other sessions have the flow's other parts. @throws SessionError */
  #planShared({ spec, slot, lineRateBps }: SharedFlow): FlowPlan {
    const own = spec.to.filter((name) => this.#find(name) >= 0);
    const to = own.map((name) => this.#find(name));
    return this.#plan({ ...spec, to: own }, { from: this.#find(spec.from), to, lineRateBps, slot });
  }

  #plan(spec: FlowSpec, ends: Ends): FlowPlan {
    if (spec.name === "") throw new SessionError("bad-spec", "a flow has no name", { accepted: "a name for each" });
    checkFlowSchedule(spec);
    const compiled = compileFlow({ ...spec, to: [...new Set(spec.to)] });
    if (ends.from >= 0) checkFrameLength(compiled, this.#ports[ends.from]!.facts().maxFrameBytes);
    return { compiled, pps: askedPps({ spec, compiled, ...ends }, spec.rate), ...ends };
  }

  #find(name: string): number {
    return this.#specs.findIndex((spec) => spec.name === name);
  }
}
