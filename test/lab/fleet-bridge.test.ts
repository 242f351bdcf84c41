/**
 * Four agents, each in a network namespace of its own, on one Linux bridge. Each has its own addresses there, so that the
 * bridge knows where each frame belongs. The kernel's counters of the bridge's ports are a hop of the run's ledger.
 */
import { afterEach, expect, it } from "vitest";
import { agentProcess, endProcesses, inNamespace, runIn } from "../support/fleet-processes.js";
import { natsPrograms, startNats } from "../support/nats.js";
import { ip, makeNetns, makeVeth } from "../support/netns.js";
import { describeLab } from "../support/probe.js";

const [program] = natsPrograms;
const agents = [1, 2, 3, 4];
const framesEach = 100_000;

afterEach(endProcesses);

/** The agent's namespace: two ports on the bridge, and a way to the server beside it. */
function makeHost(hub: string, index: number): Disposable & { readonly name: string } {
  const host = makeNetns();
  for (const port of ["tx", "rx"]) {
    const end = `${port}${index}`;
    makeVeth({ netns: hub, name: end }, { netns: host.name, name: port });
    ip(hub, "link", "set", "dev", end, "master", "switch");
  }
  makeVeth({ netns: hub, name: `way${index}` }, { netns: host.name, name: "way" });
  ip(hub, "addr", "add", `198.18.${index}.1/30`, "dev", `way${index}`);
  ip(host.name, "addr", "add", `198.18.${index}.2/30`, "dev", "way");
  return host;
}

describeLab("four agents through one bridge", ["netns"], () => {
  it.skipIf(program!.missing !== null)(
    "have addresses of their own there, and count to the frame what the ports of the bridge count",
    async () => {
      using hub = makeNetns();
      const hosts: Disposable[] = [];
      const nats = await startNats(program!, [], hub.name);
      try {
        ip(hub.name, "link", "add", "switch", "up", "type", "bridge", "mcast_snooping", "0");
        for (const index of agents) {
          const host = makeHost(hub.name, index);
          hosts.push(host);
          await agentProcess(`nats://198.18.${index}.1:${nats.port}`, `a${index}`, {
            ports: ["packet:tx", "packet:rx"],
            before: inNamespace(host.name),
            more: ["--insecure"],
          });
        }
        const sums = (port: string): string => agents.map((index) => `netdev:${port}${index}`).join(" + ");
        const hop = ["--hop", `bridge,rx=${sums("tx")},tx=${sums("rx")}`];
        const ports = ["--dut", "external", "--tx", "packet:tx", "--rx", "packet:rx", ...hop];
        const load = ["--sizes", "128", "--count", `${framesEach * agents.length}`, "--rate", "max"];
        const how = ["--warmup", "0ms", "--start-within", "10s", "--json", "-"];
        const result = JSON.parse(await runIn(hub.name, ["run", "--fleet", nats.url, ...ports, ...load, ...how]));
        const [trial] = result.trials;
        const all = framesEach * agents.length;
        expect(trial).toMatchObject({ sent: all, received: all, accepted: all, lost: 0, foreign: 0, stale: 0 });
        expect(trial).toMatchObject({ verdict: "pass", unaccounted: 0, ledger: [] });
        expect(trial.hops).toMatchObject([{ name: "bridge", rx: all, tx: all, dropped: 0 }]);
        expect(trial.fleet).toMatchObject({ lost: [], left: [] });
        for (const [at, index] of agents.entries()) {
          expect(trial.fleet.agents[at]).toMatchObject({ name: `a${index}`, sent: framesEach, accepted: framesEach });
        }
        // From both ports of each agent, before the trial: the bridge knows all addresses since.
        expect(result.besideTrials).toMatchObject({ learning: 2 * agents.length });
      } finally {
        endProcesses();
        await nats.stop();
        for (const host of hosts) host[Symbol.dispose]();
      }
    },
  );
});
