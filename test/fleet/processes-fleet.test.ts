/** The command, its agents and the server as processes: stopped and continued, killed, cut off, and two runs at once. */
import { type ChildProcess, spawn } from "node:child_process";
import { afterEach, describe, expect, it } from "vitest";
import type { Bus } from "../../src/fleet/bus.js";
import { findAgents } from "../../src/fleet/coordinator.js";
import { openFleetBench } from "../../src/fleet/fleet-bench.js";
import { connectNats } from "../../src/fleet/nats/nats-bus.js";
import { parseNatsAddress } from "../../src/options/fleet-address.js";
import { agentProcess, endProcesses, inNamespace, runIn } from "../support/fleet-processes.js";
import { agentSends, fleetPlan, fleetRequest, fleetRig } from "../support/fleet-rig.js";
import { natsPrograms, type RunningNats, startNats } from "../support/nats.js";
import { ip, makeNetns, makeVeth } from "../support/netns.js";
import { describeLab } from "../support/probe.js";
import { builtMain, runCli } from "../support/run-cli.js";
import { simulatedSettings } from "../support/simulated-agents.js";

const { keep } = fleetRig();
afterEach(endProcesses);

const [program] = natsPrograms;
const signal = new AbortController().signal;
const settings = { ...simulatedSettings, names: ["a1", "a2"], startWithinNs: 10e9, times: { leadNs: 400e6 } };
/** Three seconds, so that there is a middle. */
const request = { ...fleetRequest, rateText: "1kpps", pps: 1_000, count: 3_000 };

interface Running {
  readonly nats: RunningNats;
  readonly bus: Bus;
  readonly agents: readonly ChildProcess[];
}

async function serverWith(names: readonly string[]): Promise<Running> {
  const nats = await startNats(program!);
  keep({ [Symbol.asyncDispose]: () => nats.stop() });
  const bus = keep(await connectNats({ address: parseNatsAddress(nats.url, "--fleet"), name: "test" }));
  const agents: ChildProcess[] = [];
  for (const name of names) agents.push(await agentProcess(nats.url, name));
  return { nats, bus, agents };
}

const statesOf = async (bus: Bus): Promise<string[]> => (await findAgents(bus, ["a1", "a2"])).map(({ state }) => state);

/** Asks again until it is so; the test's own limit ends it otherwise. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 200));
}

describe.skipIf(program!.missing !== null)(
  `processes of a fleet${program!.missing === null ? "" : ` (${program!.missing})`}`,
  () => {
    it("an agent is stopped in the trial and continued: its report counts, and its silence is noted", async () => {
      const { bus, agents } = await serverWith(["a1", "a2"]);
      const times = { ...settings.times, silentNs: 1e9 };
      const bench = keep(await openFleetBench(bus, { ...settings, times })(fleetPlan, { signal }, 1));
      const sending = agentSends(bus, "a2");
      const measuring = bench.trial(request, 0);
      await sending;
      agents[1]!.kill("SIGSTOP");
      // Longer than the time after which somebody is silent.
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      agents[1]!.kill("SIGCONT");
      const [trial] = await measuring;
      expect(trial!.fleet!.lost).toEqual([]);
      expect(trial!.fleet!.agents.map(({ name }) => name)).toEqual(["a1", "a2"]);
      expect(trial!.fleet!.silent.map(({ agent }) => agent)).toContain("a2");
      expect(trial!.notes.join()).toMatch(/nothing was heard of a2 from .* to .*; its report came/);
      expect(trial!.fleet!.agents[0]).toMatchObject({ sent: 1_500, accepted: 1_500 });
    });

    it("two runs at once: the second is refused, and says who has the agents", async () => {
      const { nats, bus } = await serverWith(["a1"]);
      const first = keep(await openFleetBench(bus, { ...settings, names: ["a1"] })(fleetPlan, { signal }, 1));
      const { code, stderr } = await runCli(["run", "--fleet", nats.url, "--sizes", "64", "--count", "10"]);
      expect(code).toBe(3);
      expect(stderr).toMatch(new RegExp(`a1 is in use by .*pid ${process.pid}\\), for \\d+ s more unless it goes on`));
      const [trial] = await first.trial({ ...request, count: 100 }, 0);
      expect(trial).toMatchObject({ sent: 100, accepted: 100 });
    });

    it("the run is killed in a trial: agents end it and are free; it can be collected, the open trial invalid", async () => {
      const { nats, bus } = await serverWith(["a1", "a2"]);
      const load = ["--sizes", "64,128", "--count", "3000", "--rate", "1kpps", "--start-within", "10s"];
      const run = spawn(process.execPath, [builtMain(), "run", "--fleet", nats.url, ...load], { stdio: "ignore" });
      const trials = new Set<number>();
      let hasBegun: () => void = () => {};
      const second = new Promise<void>((resolve) => {
        hasBegun = resolve;
      });
      await bus.subscribe("beat.a1", ({ data }) => {
        const { trial, progress } = data as { trial: number | null; progress: { published: number } | null };
        if (trial !== null && progress !== null && progress.published > 0) trials.add(trial);
        if (trials.size === 2) hasBegun();
      });
      await second;
      run.kill("SIGKILL");
      await until(async () => (await statesOf(bus)).every((state) => state === "idle"));
      const listed = await runCli(["fleet", "runs", "--fleet", nats.url]);
      const name = /\n(\S+) .* a1,a2 +2 +coordinator lost /.exec(listed.stdout)?.[1];
      expect(name).toBeDefined();
      const collected = await runCli(["fleet", "collect", name!, "--fleet", nats.url, "--json", "-"]);
      expect(collected.code).toBe(4);
      const { verdict, trials: rows } = JSON.parse(collected.stdout);
      expect(verdict).toBe("invalid");
      expect(rows.map((row: { sent: number; accepted: number }) => [row.sent, row.accepted])).toEqual([
        [3_000, 3_000],
        [3_000, 3_000],
      ]);
      expect(rows[0].reasons).not.toContain("the coordinator was lost");
      expect(rows[1].reasons).toContain("the coordinator was lost");
    }, 60_000);
  },
);

describeLab("an agent whose way to the server is cut in the trial, and mended", ["netns"], () => {
  it.skipIf(program!.missing !== null)(
    "goes on; its report counts, and its silence is noted",
    async () => {
      using far = makeNetns();
      using hub = makeNetns();
      makeVeth({ netns: hub.name, name: "hub" }, { netns: far.name, name: "way" });
      ip(hub.name, "addr", "add", "198.18.0.1/30", "dev", "hub");
      ip(far.name, "addr", "add", "198.18.0.2/30", "dev", "way");
      const nats = await startNats(program!, [], hub.name);
      keep({ [Symbol.asyncDispose]: () => nats.stop() });
      await agentProcess(`nats://198.18.0.1:${nats.port}`, "a1", {
        before: inNamespace(far.name),
        more: ["--insecure"],
      });
      const load = ["--sizes", "64", "--rate", "1kpps", "--duration", "8s", "--start-within", "10s", "--json", "-"];
      const said = runIn(hub.name, ["run", "--fleet", nats.url, "--warmup", "0ms", ...load]);
      await until(async () => / busy\b/.test(await runIn(hub.name, ["fleet", "ls", "--fleet", nats.url])));
      // Into the middle of the trial, for which it is busy.
      await new Promise((resolve) => setTimeout(resolve, 2_500));
      ip(far.name, "link", "set", "way", "down");
      await new Promise((resolve) => setTimeout(resolve, 5_000));
      ip(far.name, "link", "set", "way", "up");
      const [trial] = JSON.parse(await said).trials;
      expect(trial).toMatchObject({ sent: 8_000, accepted: 8_000, lost: 0, unaccounted: 0 });
      expect(trial.fleet).toMatchObject({ lost: [], silent: [{ agent: "a1" }], agents: [{ name: "a1", sent: 8_000 }] });
    },
    60_000,
  );
});
