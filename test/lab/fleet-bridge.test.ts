/**
 * Four agents, each in a network namespace of its own, on Linux bridges of one namespace: one for each, since all send the
 * same addresses. Every frame that the run counts is one that the kernel counted at a bridge.
 */
import { afterEach, expect, it } from "vitest";
import { agentProcess, endProcesses, inNamespace, runIn } from "../support/fleet-processes.js";
import { natsPrograms, startNats } from "../support/nats.js";
import { ip, makeNetns, makeVeth } from "../support/netns.js";
import { describeLab } from "../support/probe.js";
import { statistics } from "./interface-run.js";

const [program] = natsPrograms;
const agents = [1, 2, 3, 4];
const framesEach = 10_000;

afterEach(endProcesses);

/** The agent's namespace: two ports on its bridge, and a way to the server beside it. */
function makeHost(hub: string, index: number): Disposable & { readonly name: string } {
  const host = makeNetns();
  ip(hub, "link", "add", `br${index}`, "up", "type", "bridge", "mcast_snooping", "0");
  for (const port of ["tx", "rx"]) {
    const end = `${port}${index}`;
    makeVeth({ netns: hub, name: end }, { netns: host.name, name: port });
    ip(hub, "link", "set", "dev", end, "master", `br${index}`);
  }
  makeVeth({ netns: hub, name: `way${index}` }, { netns: host.name, name: "way" });
  ip(hub, "addr", "add", `198.18.${index}.1/30`, "dev", `way${index}`);
  ip(host.name, "addr", "add", `198.18.${index}.2/30`, "dev", "way");
  return host;
}

describeLab("four agents through bridges", ["netns"], () => {
  it.skipIf(program!.missing !== null)("count to the frame what the ports of the bridges count", async () => {
    using hub = makeNetns();
    const hosts: Disposable[] = [];
    const nats = await startNats(program!, [], hub.name);
    try {
      for (const index of agents) {
        const host = makeHost(hub.name, index);
        hosts.push(host);
        await agentProcess(`nats://198.18.${index}.1:${nats.port}`, `a${index}`, {
          ports: ["packet:tx", "packet:rx"],
          before: inNamespace(host.name),
          more: ["--insecure"],
        });
      }
      const ports = ["--dut", "external", "--tx", "packet:tx", "--rx", "packet:rx"];
      const load = ["--sizes", "128", "--count", `${framesEach * agents.length}`, "--rate", "8kpps"];
      const how = ["--warmup", "0ms", "--start-within", "10s", "--json", "-"];
      const said = await runIn(hub.name, ["run", "--fleet", nats.url, ...ports, ...load, ...how]);
      const [trial] = JSON.parse(said).trials;
      const all = framesEach * agents.length;
      expect(trial).toMatchObject({ sent: all, received: all, accepted: all, lost: 0, foreign: 0 });
      expect(trial.fleet).toMatchObject({ lost: [], left: [] });
      for (const [at, index] of agents.entries()) {
        const one = { name: `a${index}`, sent: framesEach, accepted: framesEach };
        expect(trial.fleet.agents[at]).toMatchObject(one);
        expect(statistics({ netns: hub.name, name: `tx${index}` }).rxPackets).toBe(framesEach);
        expect(statistics({ netns: hub.name, name: `rx${index}` }).txPackets).toBe(framesEach);
      }
    } finally {
      endProcesses();
      await nats.stop();
      for (const host of hosts) host[Symbol.dispose]();
    }
  });
});
