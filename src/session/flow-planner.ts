/** From flows as they are asked for to what the table admits: their ports, their frames and their rates are checked. */
import type { Port } from "../port/index.js";
import { checkFrameLength, compileFlow, flowPps } from "./compile-flow.js";
import { checkFlowSchedule } from "./flow-schedule.js";
import type { FlowPlan, TableFlow } from "./flow-table.js";
import { SessionError } from "./session-error.js";
import type { FlowRate, FlowSpec, SessionPortSpec } from "./types.js";

/** While flows are compiled, the owner's thread gives way this often. */
const sliceMs = 8;

export class FlowPlanner {
  readonly #ports: readonly Port[];
  readonly #specs: readonly SessionPortSpec[];

  constructor(ports: readonly Port[], specs: readonly SessionPortSpec[]) {
    this.#ports = ports;
    this.#specs = specs;
  }

  /** @throws SessionError unknown-port */
  portOf(name: string, where: string): number {
    const index = this.#specs.findIndex((spec) => spec.name === name);
    if (index >= 0) return index;
    const accepted = this.#specs.map((spec) => spec.name).join(", ");
    throw new SessionError("unknown-port", `there is no port "${name}"`, { where, accepted });
  }

  /** `check` throws where the session has ended meanwhile. */
  async plansOf(specs: readonly FlowSpec[], check: () => void): Promise<FlowPlan[]> {
    const plans: FlowPlan[] = [];
    const longest = this.#ports.map((port) => port.facts().maxFrameBytes);
    let sliceEndMs = performance.now() + sliceMs;
    for (const spec of specs) {
      plans.push(this.#planOf(spec, longest));
      if (performance.now() < sliceEndMs) continue;
      await new Promise((resolve) => setImmediate(resolve));
      check();
      sliceEndMs = performance.now() + sliceMs;
    }
    return plans;
  }

  /** What a rate is of a flow's frames. Infinity: max. */
  ppsOf({ spec, compiled }: Pick<TableFlow, "spec" | "compiled">, rate: FlowRate): number {
    const { lineRateBps = null } = this.#specs[this.portOf(spec.from, "")]!;
    return flowPps(rate, compiled.meanFrameBytes, lineRateBps, spec.name);
  }

  /** `longest`: frames that each port has room for, without FCS. */
  #planOf(spec: FlowSpec, longest: readonly number[]): FlowPlan {
    const where = `flow "${spec.name}"`;
    if (spec.name === "") throw new SessionError("bad-spec", "a flow has no name", { accepted: "a name for each" });
    const from = this.portOf(spec.from, `${where} from`);
    const to = [...new Set(spec.to)].map((name) => this.portOf(name, `${where} to`));
    checkFlowSchedule(spec);
    const compiled = compileFlow({ ...spec, to: [...new Set(spec.to)] });
    checkFrameLength(compiled, longest[from]!);
    return { compiled, pps: this.ppsOf({ spec, compiled }, spec.rate), from, to };
  }
}
