/**
 * Two agents that send to a third, each in a network namespace and a time namespace of its own: their clocks are thousands
 * of seconds apart, and by how much is known exactly. Every frame is one that the kernel counted at the bridge between.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { agentProcess, endProcesses, inNamespace, runIn } from "../support/fleet-processes.js";
import { natsPrograms, startNats } from "../support/nats.js";
import { inside, ip, makeNetns, makeVeth } from "../support/netns.js";
import { describeLab } from "../support/probe.js";
import { statistics } from "./interface-run.js";

const [program] = natsPrograms;
const hasTimeNamespaces = spawnSync("unshare", ["-T", "--monotonic", "1", "true"]).status === 0;
/** By host: how far its clock is ahead of this machine's. */
const hosts = { a1: 3_000, a2: 7_000, rx: 20_000 } as const;
type HostName = keyof typeof hosts;
const framesEach = 2_000;

afterEach(endProcesses);

interface Flow {
  readonly sent: number;
  readonly accepted: number;
  readonly lost: number;
  readonly strayed: readonly unknown[];
  readonly latencyNs: { readonly min: number; readonly p99: number };
  readonly clock: {
    readonly way: string;
    readonly boundNs: number;
    readonly before: { readonly offsetNs: number; readonly boundNs: number };
    readonly after: { readonly offsetNs: number; readonly boundNs: number };
  };
}

/** The host's namespace: a port on the bridge, and a way to the server beside it. */
function makeHost(hub: string, name: HostName, index: number): Disposable & { readonly name: string } {
  const host = makeNetns();
  makeVeth({ netns: hub, name }, { netns: host.name, name: "eth1" });
  ip(hub, "link", "set", "dev", name, "master", "br0");
  makeVeth({ netns: hub, name: `way${index}` }, { netns: host.name, name: "way" });
  ip(hub, "addr", "add", `198.18.${index}.1/30`, "dev", `way${index}`);
  ip(host.name, "addr", "add", `198.18.${index}.2/30`, "dev", "way");
  ip(host.name, "route", "add", "default", "via", `198.18.${index}.1`);
  return host;
}

/** Three frames of one sender for one of the other, to the frame, by what the kernel counted. */
async function weighted(hub: string, url: string): Promise<void> {
  const sentBefore = (["a1", "a2"] as const).map((name) => statistics({ netns: hub, name }).rxPackets);
  const folder = mkdtempSync(join(tmpdir(), "pktgen-ts-flows-"));
  const map = join(folder, "flows.yaml");
  writeFileSync(
    map,
    "- {from: a1/packet:eth1, to: rx/packet:eth1, weight: 3}\n- {from: a2/packet:eth1, to: rx/packet:eth1}\n",
  );
  const load = ["--sizes", "128", "--count", "2000", "--rate", "4kpps", "--warmup", "0ms", "--start-within", "10s"];
  const said = await runIn(hub, ["run", "--fleet", url, "--flow-map", map, ...load, "--json", "-"]);
  rmSync(folder, { recursive: true });
  const [trial] = JSON.parse(said).trials;
  expect(trial).toMatchObject({ sent: 2_000, received: 2_000, lost: 0, foreign: 0, stale: 0, intended: 2_000 });
  const flows = trial.fleet.flows as (Flow & { readonly share: string })[];
  expect(flows.map(({ share, sent, accepted, lost }) => [share, sent, accepted, lost])).toEqual([
    ["75 %", 1_500, 1_500, 0],
    ["25 %", 500, 500, 0],
  ]);
  const sent = (["a1", "a2"] as const).map((name) => statistics({ netns: hub, name }).rxPackets);
  expect(sent.map((frames, k) => frames - sentBefore[k]!)).toEqual([1_500, 500]);
}

describeLab("two agents that send to a third, by clocks of their own", ["netns"], () => {
  it.skipIf(program!.missing !== null || !hasTimeNamespaces)(
    "every frame is counted once, and latencies are within the bound of the truth",
    async () => {
      using hub = makeNetns();
      ip(hub.name, "link", "add", "br0", "up", "type", "bridge", "mcast_snooping", "0");
      inside(hub.name, "sysctl", "-qw", "net.ipv4.ip_forward=1");
      const made: Disposable[] = [];
      const nats = await startNats(program!, [], hub.name);
      try {
        for (const [at, name] of (Object.keys(hosts) as HostName[]).entries()) {
          const host = makeHost(hub.name, name, at + 1);
          made.push(host);
          await agentProcess(`nats://198.18.${at + 1}.1:${nats.port}`, name, {
            ports: ["packet:eth1"],
            before: [...inNamespace(host.name), "unshare", "-T", "--monotonic", `${hosts[name]}`],
            // The second sender compares no clocks by itself.
            more: ["--insecure", ...(name === "a2" ? [] : ["--clock-udp", `198.18.${at + 1}.2`])],
          });
        }
        const flows = ["--tx", "a1/packet:eth1,a2/packet:eth1", "--rx", "rx/packet:eth1"];
        const load = ["--sizes", "128", "--count", `${2 * framesEach}`, "--rate", "4kpps", "--warmup", "300ms"];
        const how = ["--start-within", "10s", "--json", "-"];
        const said = await runIn(hub.name, ["run", "--fleet", nats.url, ...flows, ...load, ...how]);
        const [trial] = JSON.parse(said).trials;
        expect(trial).toMatchObject({ sent: 2 * framesEach, received: 2 * framesEach, lost: 0, foreign: 0, stale: 0 });
        expect(trial.fleet).toMatchObject({ lost: [], left: [] });
        for (const [k, name] of (["a1", "a2"] as const).entries()) {
          const flow = trial.fleet.flows[k] as Flow;
          expect(flow).toMatchObject({ sent: framesEach, accepted: framesEach, lost: 0, strayed: [] });
          expect(statistics({ netns: hub.name, name }).rxPackets).toBe(framesEach);
          expect(flow.clock).toMatchObject({ way: name === "a1" ? "udp" : "messages", why: null });
          const trueNs = (hosts.rx - hosts[name]) * 1e9;
          for (const fit of [flow.clock.before, flow.clock.after]) {
            expect(Math.abs(fit.offsetNs - trueNs)).toBeLessThanOrEqual(fit.boundNs);
          }
          expect(flow.latencyNs.min).toBeGreaterThanOrEqual(0);
          expect(flow.latencyNs.p99).toBeLessThan(1e9);
        }
        const bounds = trial.fleet.flows.map(({ clock }: Flow) => clock.boundNs);
        expect(trial.latencyBoundNs).toBe(Math.ceil(Math.max(...bounds)));
        expect(statistics({ netns: hub.name, name: "rx" }).txPackets).toBe(2 * framesEach);
        await weighted(hub.name, nats.url);
      } finally {
        endProcesses();
        await nats.stop();
        for (const host of made) host[Symbol.dispose]();
      }
    },
    60_000,
  );
});
