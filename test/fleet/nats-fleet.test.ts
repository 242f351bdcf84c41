/** A fleet over a real server that goes away and comes back, and agents in processes of their own that are killed. */
import { spawnSync } from "node:child_process";
import { afterEach, describe, expect, it } from "vitest";
import type { Bus } from "../../src/fleet/bus.js";
import { openFleetBench } from "../../src/fleet/fleet-bench.js";
import { connectNats } from "../../src/fleet/nats/nats-bus.js";
import { parseNatsAddress } from "../../src/options/fleet-address.js";
import { agentProcess, endProcesses } from "../support/fleet-processes.js";
import { agentSends, fleetPlan, fleetRequest, fleetRig, trialRuns } from "../support/fleet-rig.js";
import { natsPrograms, type RunningNats, startNats } from "../support/nats.js";
import { shortTimes, simulatedAgent, simulatedSettings } from "../support/simulated-agents.js";

const { keep } = fleetRig();

const [program] = natsPrograms;
const signal = new AbortController().signal;
const settings = { ...simulatedSettings, times: shortTimes, names: ["a1", "a2"] };

afterEach(endProcesses);

async function server(): Promise<{ nats: RunningNats; connect(name: string): Promise<Bus> }> {
  const nats = await startNats(program!);
  keep({ [Symbol.asyncDispose]: () => nats.stop() });
  const address = parseNatsAddress(nats.url, "--fleet");
  return { nats, connect: async (name) => keep(await connectNats({ address, name })) };
}

/** A clock that is ahead of this process's by so many seconds. */
const clockAhead = (seconds: number): string[] => [
  "unshare",
  "-T",
  "--monotonic",
  String(seconds),
  "--fork",
  "--kill-child",
];

const hasTimeNamespaces = spawnSync("unshare", ["-T", "--monotonic", "1", "true"]).status === 0;

describe.skipIf(program!.missing !== null)(
  `over a server${program!.missing === null ? "" : ` (${program!.missing})`}`,
  () => {
    it("the server is killed in the trial and started again: the trial is whole", async () => {
      const { nats, connect } = await server();
      let back: () => void = () => {};
      const isBack = new Promise<void>((resolve) => {
        back = resolve;
      });
      const behaviour = { holds: () => isBack };
      for (const name of settings.names) keep(await simulatedAgent(await connect(name), name, behaviour));
      const bus = await connect("run");
      const bench = keep(await openFleetBench(bus, settings)(fleetPlan, { signal }, 1));
      const running = trialRuns(bus);
      const measuring = bench.trial(fleetRequest, 0);
      await running;
      await nats.restart();
      back();
      const [trial] = await measuring;
      expect(trial).toMatchObject({ verdict: "pass", sent: 1_000, accepted: 1_000, lost: 0 });
      expect(trial!.fleet).toMatchObject({ lost: [], left: [] });
    });

    it("an agent's process is killed in the trial: it is named, and the other one's figures are there", async () => {
      const { nats, connect } = await server();
      const [, victim] = [await agentProcess(nats.url, "a1"), await agentProcess(nats.url, "a2")];
      const bus = await connect("run");
      const bench = keep(await openFleetBench(bus, settings)(fleetPlan, { signal }, 1));
      const request = { ...fleetRequest, rateText: "1kpps", pps: 1_000, count: 3_000 };
      const sending = agentSends(bus, "a2");
      const measuring = bench.trial(request, 0);
      await sending;
      victim!.kill("SIGKILL");
      const [trial] = await measuring;
      expect(trial!.verdict).toBe("invalid");
      expect(trial!.fleet!.lost.map(({ agent }) => agent)).toEqual(["a2"]);
      expect(trial!.reasons.join()).toContain("a2 was lost");
      expect(trial!.fleet!.agents.map(({ name, sent, lost }) => [name, sent, lost])).toEqual([["a1", 1_500, 0]]);
    });

    it("an agent's process that is told to end stops, and gives its report first", async () => {
      const { nats, connect } = await server();
      const [, ended] = [await agentProcess(nats.url, "a1"), await agentProcess(nats.url, "a2")];
      const bus = await connect("run");
      const bench = keep(await openFleetBench(bus, settings)(fleetPlan, { signal }, 1));
      const request = { ...fleetRequest, rateText: "1kpps", pps: 1_000, count: 10_000 };
      const sending = agentSends(bus, "a2");
      const measuring = bench.trial(request, 0);
      await sending;
      const exit = new Promise((resolve) => ended!.removeAllListeners("exit").once("exit", resolve));
      ended!.kill("SIGTERM");
      const [trial] = await measuring;
      expect(trial!.verdict).toBe("invalid");
      expect(trial!.fleet!.lost).toEqual([]);
      expect(trial!.reasons).toContain("a2: it was stopped: the agent ends");
      expect(await exit).toBe(0);
    });

    it.skipIf(!hasTimeNamespaces)(
      "agents with clocks of their own: how far these are ahead is known within its bound",
      async () => {
        const { nats, connect } = await server();
        const ahead = { a1: 5_000, a2: 77 };
        for (const [name, seconds] of Object.entries(ahead))
          await agentProcess(nats.url, name, { before: clockAhead(seconds) });
        const loose = { ...settings, startWithinNs: 1e9 };
        const bench = keep(await openFleetBench(await connect("run"), loose)(fleetPlan, { signal }, 1));
        const request = { ...fleetRequest, rateText: "1kpps", pps: 1_000, count: 500 };
        const trials = await bench.trial(request, 0);
        expect(trials[0]).toMatchObject({ sent: 500, accepted: 500, unaccounted: 0 });
        expect(trials[0]!.latencyNs!.max).toBeLessThan(1e9);
        const { fleet } = await bench.document(trials, new Date(0));
        for (const { name, clock } of fleet!.agents) {
          const trueNs = ahead[name as keyof typeof ahead] * 1e9;
          expect(Math.abs(clock!.offsetNs - trueNs)).toBeLessThanOrEqual(clock!.boundNs + 1);
          expect(clock).toMatchObject({ way: "messages" });
        }
      },
    );
  },
);
