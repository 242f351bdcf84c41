/** Agents that send to each other: their trials are one simulation in lockstep (flow-sim.ts), each with a clock of its own. */
import type { SenderSkew } from "../../src/engine/loop/index.js";
import type { Agent } from "../../src/fleet/agent.js";
import type { AgentBench, OpenAgentBench } from "../../src/fleet/agent-bench.js";
import type { Bus } from "../../src/fleet/bus.js";
import { requestedOf } from "../../src/measure/trial-result.js";
import type { FlowList } from "../../src/options/fleet-flows.js";
import { planRun } from "../../src/options/run-plan.js";
import type { TrialReport } from "../../src/stats/trial-report.js";
import { sleepNs } from "../../src/sys/sleep.js";
import { flowTrial } from "./flow-sim.js";
import { baseOrder } from "./generator-sim.js";
import { simulatedAgent } from "./simulated-agents.js";

const port = "null:";
/** Two senders to one receiver. */
const flowHosts = { a1: { sends: 0, from: [] }, a2: { sends: 1, from: [] }, rx: { sends: null, from: [0, 1] } };
type FlowHost = keyof typeof flowHosts;
export const flowHostNames = Object.keys(flowHosts) as FlowHost[];
export const flowList: FlowList = ["a1", "a2"].map((agent) => ({ from: { agent, port }, to: { agent: "rx", port } }));
export const flowPlan = planRun(
  { dut: "external", tx: port, sizes: "64", seed: "1", runId: "77" },
  null,
  "pktgen-ts run",
);

/** What a test does to the hosts' clocks and trials. */
export interface FlowScript {
  /** ns; how far a host's clock is ahead just now. */
  readonly aheadNs?: (host: FlowHost) => number;
  /** The hosts' trial is over, and nobody has been told yet. */
  readonly afterTrial?: () => void | Promise<void>;
}

/** The network between the hosts: a trial of it is played once all are in it. */
export class FlowNetwork {
  readonly #script: FlowScript;
  #waiting = new Map<FlowHost, (report: TrialReport) => void>();
  readonly #skews = new Map<FlowHost, readonly SenderSkew[]>();

  constructor(script: FlowScript = {}) {
    this.#script = script;
  }

  agent(bus: Bus, name: FlowHost): Promise<Agent> {
    const clock = { id: `clock of ${name}`, nowNs: () => this.#nowNs(name) };
    return simulatedAgent(bus, name, {}, { ports: [port], open: this.#open(name), clock });
  }

  #nowNs(name: FlowHost): number {
    return Number(process.hrtime.bigint()) + (this.#script.aheadNs?.(name) ?? 0);
  }

  #open(name: FlowHost): OpenAgentBench {
    return async (plan): Promise<AgentBench> => {
      let told: () => void = () => {};
      const heard = new Promise<void>((resolve) => {
        told = resolve;
      });
      return {
        plan,
        ...{ settleNs: 1e6, notes: [], floorNs: () => null, skipIds: () => {} },
        dut: () => ({ kind: "simulated", version: null, ports: [] }),
        ...{ warmUp: async () => 0, learn: async () => 0, counters: async () => ({ moved: 0, sent: [] }) },
        tellFlow: async (command) => {
          if (command.kind === "skews") this.#skews.set(name, command.skews);
          else told();
        },
        ...{ progress: () => null, lost: async () => null, capacity: async () => 1e6 },
        trial: async (request, _index, { appointed }, signal) => {
          // What a test does to clocks after the trial is done after its beginning, too.
          await sleepNs((await appointed()) - this.#nowNs(name));
          const stopped = new Promise<null>((resolve) => signal.addEventListener("abort", () => resolve(null)));
          const report = await Promise.race([this.#trial(name), stopped]);
          if (report === null) throw new Error("it was stopped before the others were in the trial");
          // Nobody knows how long it takes at max: who only receives waits for the senders' word.
          if (request.pps === null && flowHosts[name].sends === null) await Promise.race([heard, stopped]);
          const own = { phase: request.phase, requested: requestedOf(request), spec: baseOrder, report, signed: true };
          return [{ ...own, disturbance: { stealMs: 0, switches: 0 } }];
        },
        [Symbol.asyncDispose]: async () => {},
      };
    };
  }

  async #trial(name: FlowHost): Promise<TrialReport> {
    const report = new Promise<TrialReport>((resolve) => this.#waiting.set(name, resolve));
    if (this.#waiting.size === flowHostNames.length) await this.#play();
    return report;
  }

  async #play(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = new Map();
    const reports = flowTrial({
      hosts: flowHostNames.map((host) => ({ ...flowHosts[host], aheadNs: 0 })),
      network: (frame) => [{ to: 2, frame }],
      skews: flowHostNames.map((host) => this.#skews.get(host) ?? []),
    });
    await this.#script.afterTrial?.();
    for (const [h, host] of flowHostNames.entries()) waiting.get(host)!(reports[h]!);
  }
}
