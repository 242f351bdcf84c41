/**
 * A fleet without a server: some generators in this process, over the bus in it. The code is the same as over a server.
 * Each has a built-in device, or a null: port, of its own.
 */
import { usageError } from "../errors.js";
import type { OpenBench } from "../measure/bench.js";
import type { RunPlan } from "../measure/plan.js";
import { Agent } from "./agent.js";
import { openAgentLab } from "./agent-bench.js";
import { openFleetBench } from "./fleet-bench.js";
import type { FleetSettings } from "./fleet-settings.js";
import { LocalHub } from "./local-bus.js";
import { embeddedPort } from "./part.js";

/** A port that can be opened as often as one likes, because nobody is behind it. */
function portsOfAll({ dut }: RunPlan): readonly string[] {
  if (dut.kind !== "external") return [embeddedPort];
  const ports = dut.rx === null ? [dut.tx] : [dut.tx, dut.rx];
  const shared = ports.find(({ kind }) => kind !== "null");
  if (shared === undefined) return ports.map(({ text }) => text);
  throw usageError(`the generators of one process cannot all open ${shared.text}`, {
    where: "--fleet",
    accepted: "local:N with the built-in device or with null: ports; agents at a server have ports of their own",
  });
}

/** Names of the generators: a1, a2 … */
const nameOf = (index: number): string => `a${index + 1}`;

/** The bench of so many generators in this process. */
export const openLocalFleet =
  (agents: number, settings: Omit<FleetSettings, "names" | "labels" | "force">): OpenBench =>
  async (plan, hooks, total) => {
    const ports = portsOfAll(plan);
    const hub = new LocalHub();
    const bus = hub.connect();
    const names = Array.from({ length: agents }, (_, index) => nameOf(index));
    const all = names.map((name) => {
      const offer = { ports, allowPrograms: true, yesThisInterface: plan.yesThisInterface, labs: agents };
      return new Agent(hub.connect(), { ...offer, name, labels: {}, maxPps: null, spool: null, open: openAgentLab });
    });
    const close = async (): Promise<void> => {
      for (const agent of all) await agent[Symbol.asyncDispose]();
      await bus[Symbol.asyncDispose]();
    };
    try {
      for (const agent of all) await agent.listen();
      const open = openFleetBench(bus, { ...settings, names, labels: {}, force: false });
      const bench = await open(plan, hooks, total);
      const closeBench = bench[Symbol.asyncDispose].bind(bench);
      return Object.assign(bench, {
        [Symbol.asyncDispose]: async (): Promise<void> => {
          await closeBench();
          await close();
        },
      });
    } catch (error) {
      await close();
      throw error;
    }
  };
