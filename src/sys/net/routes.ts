/**
 * What the machine needs an interface for: its default route, or SSH connections, above all the one that we were started
 * over. Test traffic there would cut people off.
 */
import { isIP } from "node:net";
import { parseIpv4, parseIpv6 } from "../../packet/address.js";
import { type InterfaceFacts, listInterfaces } from "./netdev.js";
import { askNetlink, netlinkAttribute, netlinkAttributes, netlinkUint32 } from "./netlink.js";
import { type SshPeer, sshPeers } from "./ssh-peers.js";

const AF_INET = 2;
const AF_INET6 = 10;
const RTM_GETROUTE = 26;
/** linux/rtnetlink.h: struct rtmsg and its attributes. */
const rtmsgBytes = 12;
const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_MULTIPATH = 9;
const RTN_UNICAST = 1;

/** Interfaces (by index) that a route message leads out of. */
function routeInterfaces(message: DataView): number[] {
  const attributes = netlinkAttributes(message, rtmsgBytes);
  const out = netlinkUint32(attributes, RTA_OIF);
  const found = out === null ? [] : [out];
  const hops = attributes.get(RTA_MULTIPATH);
  // struct rtnexthop: length, flags, hops, interface.
  for (let at = 0; hops !== undefined && at + 8 <= hops.byteLength; at += (hops.getUint16(at, true) + 3) & ~3) {
    if (hops.getUint16(at, true) < 8) break;
    found.push(hops.getInt32(at + 4, true));
  }
  return found;
}

/** The interfaces of all default routes, IPv4 and IPv6, in any table. */
function defaultRouteInterfaces(): number[] {
  return [AF_INET, AF_INET6].flatMap((family) => {
    const request = new Uint8Array(rtmsgBytes);
    request[0] = family;
    const { messages } = askNetlink(RTM_GETROUTE, [request], true);
    return messages
      .filter((route) => route.getUint8(1) === 0 && route.getUint8(7) === RTN_UNICAST)
      .flatMap(routeInterfaces);
  });
}

/** The interface by which packets to `address` leave; null: there is no route. */
function routeTo(address: string): number | null {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
  const version = isIP(mapped);
  if (version === 0) return null;
  const destination = version === 4 ? parseIpv4(mapped) : parseIpv6(mapped);
  const request = new Uint8Array(rtmsgBytes);
  request[0] = version === 4 ? AF_INET : AF_INET6;
  request[1] = 8 * destination.length;
  const answer = askNetlink(RTM_GETROUTE, [request, netlinkAttribute(RTA_DST, destination)], false);
  const route = answer.errno === 0 ? answer.messages[0] : undefined;
  return route === undefined ? null : (routeInterfaces(route)[0] ?? null);
}

/** The interface towards a peer. A link-local one names it. */
function sshInterface(peer: SshPeer, all: readonly InterfaceFacts[]): number | null {
  const [address = "", zone] = peer.address.split("%");
  if (zone !== undefined) return all.find(({ name }) => name === zone)?.index ?? null;
  return routeTo(address);
}

/** `index` and every interface through which its frames pass: below a VLAN, the ports of a bridge or bond. */
function withLower(index: number, all: readonly InterfaceFacts[], seen = new Set<number>()): Set<number> {
  if (seen.has(index)) return seen;
  seen.add(index);
  const own = all.find((facts) => facts.index === index);
  // A veth is linked to its other end, which is not below it.
  if (own?.link != null && own.kind !== "veth") withLower(own.link, all, seen);
  for (const { index: port, master } of all) if (master === index) withLower(port, all, seen);
  return seen;
}

/**
 * Why traffic on this interface would disturb the machine, as the end of a sentence; null: it would not. Looks at the
 * calling thread's namespace. Loopback carries nothing that leaves. `environment` has SSH_CONNECTION.
 */
export function whatItCarries(
  facts: InterfaceFacts,
  environment: Readonly<Record<string, string | undefined>>,
): string | null {
  if (facts.loopback) return null;
  const all = listInterfaces();
  const carries = (index: number): boolean => withLower(index, all).has(facts.index);
  if (defaultRouteInterfaces().some(carries)) return "carries this machine's default route";
  const peer = sshPeers(environment).find((each) => {
    const ssh = sshInterface(each, all);
    return ssh !== null && carries(ssh);
  });
  if (peer === undefined) return null;
  return peer.ours ? "carries the SSH connection that this program was started over" : "carries an SSH connection";
}

/** The interface of the default route in the calling thread's namespace; null: it has none. */
export function defaultRouteInterface(): string | null {
  const indices = defaultRouteInterfaces();
  return listInterfaces().find(({ index, loopback }) => !loopback && indices.includes(index))?.name ?? null;
}
