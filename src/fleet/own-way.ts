/**
 * The interface through which an agent reaches its server. Nothing is sent on it: test traffic would cut the agent off,
 * and nobody could stop it any more.
 */
import { createSocket } from "node:dgram";
import { lookup } from "node:dns/promises";
import { networkInterfaces } from "node:os";
import { usageError } from "../errors.js";
import { parsePortSpec } from "../port/index.js";
import { embeddedPort } from "./part.js";

/** The address of ours that packets to that host leave with; null: there is no way to it. Nothing is sent. */
async function ownAddress(host: string, port: number): Promise<string | null> {
  const found = await lookup(host.replace(/^\[|\]$/g, "")).catch(() => null);
  if (found === null) return null;
  const socket = createSocket(found.family === 6 ? "udp6" : "udp4");
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      socket.connect(port, found.address, resolve);
    });
    return socket.address().address;
  } catch {
    return null;
  } finally {
    socket.close();
  }
}

/** Names of the interfaces that lead to these servers. */
async function interfacesTo(servers: readonly string[]): Promise<readonly string[]> {
  const own = await Promise.all(
    servers.map((server) => {
      const at = server.lastIndexOf(":");
      return ownAddress(server.slice(0, at), Number(server.slice(at + 1)));
    }),
  );
  return Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses.some(({ address }) => own.includes(address)) ? [name] : [],
  );
}

/** @throws PktgenError (2): one of the ports is on such an interface. */
export async function refuseOwnWay(ports: readonly string[], servers: readonly string[]): Promise<void> {
  const ways = await interfacesTo(servers);
  for (const text of ports) {
    if (text === embeddedPort) continue;
    const spec = parsePortSpec(text);
    if (!("name" in spec) || !("netns" in spec) || spec.netns !== null || !ways.includes(spec.name)) continue;
    throw usageError(`the agent reaches its server through ${spec.name}, and test traffic would cut it off`, {
      where: `--port ${text}`,
      accepted: "another interface, or --yes-this-interface",
    });
  }
}
