/** A fleet of simulated agents in one process, closed again after each test. */
import { afterEach } from "vitest";
import type { Agent } from "../../src/fleet/agent.js";
import type { AgentSetup } from "../../src/fleet/agent-setup.js";
import type { Bus } from "../../src/fleet/bus.js";
import { openFleetBench } from "../../src/fleet/fleet-bench.js";
import type { FleetSettings } from "../../src/fleet/fleet-settings.js";
import { LocalHub } from "../../src/fleet/local-bus.js";
import type { Bench } from "../../src/measure/bench.js";
import type { MeasureRequest } from "../../src/measure/measurer.js";
import { planRun } from "../../src/options/run-plan.js";
import { fixedSize } from "../../src/units.js";
import { type SimulatedBehaviour, simulatedAgent, simulatedSettings } from "./simulated-agents.js";

export const fleetPlan = planRun({ sizes: "64", seed: "1", runId: "77" }, null, "pktgen-ts run");
export const fleetRequest: MeasureRequest = {
  size: fixedSize(64),
  phase: "rate",
  rateText: "100kpps",
  pps: 100_000,
  durationNs: Number.POSITIVE_INFINITY,
  count: 1_000,
};

/**
 * Resolves once a trial that is measured over this bus runs: all its agents have said that they begin. To be called before
 * the trial.
 */
export function trialRuns(bus: Bus): Promise<void> {
  const gather = bus.gather.bind(bus);
  return new Promise((resolve) => {
    bus.gather = async (subject, data, expected, timeoutMs) => {
      const said = await gather(subject, data, expected, timeoutMs);
      if (subject.endsWith(".confirm") && said.size === expected?.length) setImmediate(resolve);
      return said;
    };
  });
}

/** Past the appointed moment of a trial that is appointed now. */
export const afterStart = (): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, simulatedSettings.times!.leadNs! / 1e6 + 100));

/** Resolves once the agent says that it has sent frames of a trial. To be called before the trial. */
export const agentSends = (bus: Bus, agent: string): Promise<void> =>
  new Promise((resolve) => {
    void bus.subscribe(`beat.${agent}`, ({ data }) => {
      const { progress } = data as { readonly progress: { readonly published: number } | null };
      if (progress !== null && progress.published > 0) resolve();
    });
  });

export interface SimulatedFleet {
  readonly hub: LocalHub;
  readonly bus: Bus;
  readonly agents: Agent[];
  /** As a process that is killed: nobody hears it any more, and it hears nobody. */
  kill(agent: number): Promise<void>;
}

export interface FleetRig {
  /** Closes it after the test. */
  keep<T extends AsyncDisposable>(one: T): T;
  fleetOf(behaviours: readonly SimulatedBehaviour[], more?: Partial<AgentSetup>): Promise<SimulatedFleet>;
  benchOn(bus: Bus, more?: Partial<FleetSettings>, signal?: AbortSignal): Promise<Bench>;
}

/** To be called once in a file of tests: what is opened in a test is closed after it. */
export function fleetRig(): FleetRig {
  const opened: AsyncDisposable[] = [];
  /** Of the fleet that was made last: then nobody has to be looked for. */
  let names: readonly string[] = [];
  afterEach(async () => {
    for (const one of opened.splice(0).reverse()) await one[Symbol.asyncDispose]();
  });
  const keep: FleetRig["keep"] = (one) => {
    opened.push(one);
    return one;
  };
  return {
    keep,
    fleetOf: async (behaviours, more = {}) => {
      const hub = new LocalHub();
      const agents: Agent[] = [];
      const buses = behaviours.map(() => keep(hub.connect()));
      names = behaviours.map((_, i) => `a${i + 1}`);
      for (const [i, behaviour] of behaviours.entries()) {
        agents.push(keep(await simulatedAgent(buses[i]!, names[i]!, behaviour, more)));
      }
      const kill = (agent: number): Promise<void> => Promise.resolve(buses[agent]![Symbol.asyncDispose]());
      return { hub, bus: keep(hub.connect()), agents, kill };
    },
    benchOn: async (bus, more = {}, signal = new AbortController().signal) => {
      const open = openFleetBench(bus, { ...simulatedSettings, names, ...more });
      return keep(await open(fleetPlan, { signal }, 1));
    },
  };
}

export const failureOf = (work: Promise<unknown>): Promise<{ message: string; exitCode: number; hint?: string }> =>
  work.then(
    () => {
      throw new Error("it did not fail");
    },
    (error) => error,
  );
