/** Agents whose generators are the engine with a clock of its own: trials take no time, and go as a test says. */
import { Agent } from "../../src/fleet/agent.js";
import type { AgentBench, OpenAgentBench } from "../../src/fleet/agent-bench.js";
import type { AgentSetup } from "../../src/fleet/agent-setup.js";
import type { Bus } from "../../src/fleet/bus.js";
import type { FleetSettings } from "../../src/fleet/fleet-settings.js";
import type { Lab } from "../../src/measure/lab.js";
import { TrialNumbers } from "../../src/measure/trial-numbers.js";
import { requestedOf } from "../../src/measure/trial-result.js";
import { specsFor } from "../../src/measure/trial-run.js";
import { interruptedReason } from "../../src/stats/cause.js";
import { reverseStream } from "../../src/stream/reverse.js";
import { type Device, echo, GeneratorSim } from "./generator-sim.js";

export interface SimulatedBehaviour {
  /** What its device does. Absent: everything comes back. */
  readonly device?: Device;
  /** How much time a turn of its loop takes. */
  readonly turnNs?: number;
  /** The trial is over once this is; absent: at once. */
  readonly holds?: () => Promise<void>;
  /** What it says that it can do. */
  readonly capacityPps?: number;
  readonly onOpen?: () => void | Promise<void>;
  readonly onClose?: () => void;
}

const megabytesOfQueue = 4;

const never = new Promise<void>(() => {});

/** Resolves with the promise, or when the signal is aborted. */
const unlessStopped = (wait: Promise<void>, signal: AbortSignal): Promise<void> =>
  Promise.race([
    wait,
    signal.aborted ? Promise.resolve() : new Promise<void>((r) => signal.addEventListener("abort", () => r())),
  ]);

export const simulatedOpen =
  ({
    device = echo,
    turnNs = 1_000,
    holds,
    onOpen,
    onClose,
    capacityPps = 1e6,
  }: SimulatedBehaviour = {}): OpenAgentBench =>
  async (plan) => {
    await onOpen?.();
    const lab = {
      streams: [plan.stream, reverseStream(plan.stream)],
      numbers: new TrialNumbers(plan.runId),
      settleNs: 1e6,
      cooperative: true,
    } as unknown as Lab;
    const bench: AgentBench = {
      plan,
      settleNs: 1e6,
      notes: [],
      floorNs: () => null,
      dut: () => ({ kind: "simulated", version: null, ports: [] }),
      skipIds: (given) => lab.numbers.skipTo(given),
      warmUp: async () => 0,
      learn: async () => 0,
      counters: async () => ({ moved: 0, sent: [] }),
      tellFlow: async () => {},
      progress: () => null,
      lost: async () => null,
      capacity: async () => capacityPps,
      async trial(request, _index, { share, appointed }, signal) {
        const specs = specsFor(plan, lab, request, share);
        // Many of them are there at once.
        const sim = new GeneratorSim({ queues: plan.queues }, undefined, megabytesOfQueue * plan.queues);
        sim.turnNs = turnNs;
        sim.readNs = turnNs / 50;
        sim.command({ kind: "trial", specs: specs });
        await appointed();
        sim.done = false;
        sim.command({ kind: "appoint", startAtNs: sim.nowNs + 1e6 });
        if (holds !== undefined) await unlessStopped(holds(), signal);
        if (signal.aborted) sim.command({ kind: "stop" });
        for (let turn = 0; turn < 2_000_000 && !sim.done; turn++)
          sim.turn((frames, queue) => device(frames, queue, sim.nowNs));
        return [
          {
            phase: request.phase,
            requested: requestedOf(request),
            spec: specs[0]!,
            report: sim.report(),
            signed: true,
            disturbance: { stealMs: 0, switches: 0 },
            faults: signal.aborted ? [interruptedReason] : [],
          },
        ];
      },
      [Symbol.asyncDispose]: async () => onClose?.(),
    };
    return bench;
  };

export async function simulatedAgent(
  bus: Bus,
  name: string,
  behaviour: SimulatedBehaviour = {},
  more: Partial<AgentSetup> = {},
): Promise<Agent> {
  const agent = new Agent(bus, {
    ...{ name, labels: {}, maxPps: null, spool: null, open: simulatedOpen(behaviour) },
    ...{ ports: ["embedded"], allowPrograms: false, yesThisInterface: false },
    ...more,
  });
  await agent.listen();
  return agent;
}

/** Where a report never comes, it is not waited for long. Other tests share the machine. */
export const shortTimes = {
  prepareNs: 20e9,
  overtimeNs: 1e9,
  collectNs: 1.5e9,
  reconnectNs: 10e9,
  askAgainNs: 0.2e9,
  leadNs: 1e9,
} as const;

export const simulatedSettings: FleetSettings = {
  names: null,
  labels: {},
  force: false,
  minAgents: null,
  startWithinNs: 1e6,
  address: "test",
  times: { ...shortTimes, overtimeNs: 5e9, collectNs: 10e9 },
};

export { never };
