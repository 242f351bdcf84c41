/**
 * Agents with simulated generators in one process, for bench/fleet.ts: `fleet-agents.ts <server> <count> <clocks>`. A
 * simulated generator takes the time that a trial takes, and its report has every figure of a real one: the engine
 * makes it, with a clock of its own. It sends nothing anywhere.
 */

import { Agent } from "../src/fleet/agent.js";
import type { AgentBench, OpenAgentBench } from "../src/fleet/agent-bench.js";
import { connectNats } from "../src/fleet/nats/nats-bus.js";
import type { TrialInputs } from "../src/measure/trial-result.js";
import { parseNatsAddress } from "../src/options/fleet-address.js";
import { monotonicClock } from "../src/sys/clock.js";
import { simulatedOpen } from "../test/support/simulated-agents.js";
import { fleetLoad, fleetPlan } from "./fleet-load.js";

const [url = "", count = "1", clocks = "one"] = process.argv.slice(2);
const clock = monotonicClock();
const address = parseNatsAddress(url, "server");

const signal = new AbortController().signal;
const sleepUntil = (ns: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, Math.max(0, (ns - clock.nowNs()) / 1e6)));

/** What the engine says of each share. Simulating it is not what the benchmark measures. */
const simulated = await simulatedOpen({ turnNs: 100_000 })(fleetPlan, signal);
const reports: (readonly TrialInputs[])[] = [];
for (let index = 0; index < Number(count); index++) {
  const share = { index, of: Number(count) };
  reports.push(await simulated.trial(fleetLoad, 0, { share, appointed: async () => 0 }, signal));
}

/** Only time passes. `aheadNs`: of the agent's clock. */
const open =
  (aheadNs: number): OpenAgentBench =>
  async (plan) => {
    const trial: AgentBench["trial"] = async ({ durationNs }, _index, { share, appointed }) => {
      const startNs = (await appointed()) - aheadNs;
      await sleepUntil(startNs);
      const begunLateNs = Math.max(0, clock.nowNs() - startNs);
      await sleepUntil(startNs + durationNs + simulated.settleNs);
      return reports[share.index]!.map((one) => ({ ...one, report: { ...one.report, begunLateNs } }));
    };
    return Object.assign(Object.create(simulated) as AgentBench, { plan, trial });
  };

for (let i = 1; i <= Number(count); i++) {
  const name = `a${i}`;
  const aheadNs = clocks === "own" ? i * 1e12 : 0;
  const agent = new Agent(await connectNats({ address, name }), {
    ...{ name, labels: {}, maxPps: null, spool: null, open: open(aheadNs) },
    ...{ ports: ["embedded"], allowPrograms: false, yesThisInterface: false },
    ...(clocks === "own" ? { clock: { id: `host ${name}`, nowNs: () => clock.nowNs() + aheadNs } } : {}),
  });
  await agent.listen();
}
process.on("SIGINT", () => process.exit(0));
process.stdout.write("ready\n");
