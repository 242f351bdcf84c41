/** Hosts of a fleet's agents in network namespaces of a test's own, around a hub that has the server and the switches. */
import { agentProcess, endProcesses, inNamespace } from "./fleet-processes.js";
import { type NatsProgram, startNats } from "./nats.js";
import { ip, makeNetns, makeVeth } from "./netns.js";

export interface FleetHosts extends AsyncDisposable {
  /** The namespaces. */
  readonly hub: string;
  readonly hosts: readonly string[];
  /** As the hub reaches it. */
  readonly url: string;
}

/** A switch of the hub. Bridges snoop no multicast, and so say nothing of their own. */
export function makeSwitch(hub: string, name: string): void {
  ip(hub, "link", "add", name, "up", "type", "bridge", "mcast_snooping", "0");
}

/**
 * Agents a1, a2 …, each on a host of its own, with the ports packet:tx and packet:rx. In the hub these are tx1, rx1, tx2 …
 * on the switch `sends` and on the switch `receives`, which may be one.
 */
export async function fleetHosts(
  program: NatsProgram,
  agents: number,
  { sends, receives }: { readonly sends: string; readonly receives: string },
): Promise<FleetHosts> {
  const hub = makeNetns();
  const hosts: ReturnType<typeof makeNetns>[] = [];
  const nats = await startNats(program, [], hub.name);
  const close = async (): Promise<void> => {
    endProcesses();
    await nats.stop();
    for (const host of [...hosts, hub]) host[Symbol.dispose]();
  };
  try {
    for (const name of new Set([sends, receives])) makeSwitch(hub.name, name);
    for (let index = 1; index <= agents; index++) {
      const host = makeNetns();
      hosts.push(host);
      for (const [port, on] of [
        ["tx", sends],
        ["rx", receives],
      ] as const) {
        const end = `${port}${index}`;
        makeVeth({ netns: hub.name, name: end }, { netns: host.name, name: port });
        ip(hub.name, "link", "set", "dev", end, "master", on);
      }
      makeVeth({ netns: hub.name, name: `way${index}` }, { netns: host.name, name: "way" });
      ip(hub.name, "addr", "add", `198.18.${index}.1/30`, "dev", `way${index}`);
      ip(host.name, "addr", "add", `198.18.${index}.2/30`, "dev", "way");
      await agentProcess(`nats://198.18.${index}.1:${nats.port}`, `a${index}`, {
        ports: ["packet:tx", "packet:rx"],
        before: inNamespace(host.name),
        more: ["--insecure"],
      });
    }
    return { hub: hub.name, hosts: hosts.map(({ name }) => name), url: nats.url, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}
