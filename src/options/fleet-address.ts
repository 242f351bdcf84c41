/**
 * Where a fleet is, as people write it: `local:4` in this process, or at a server: `nats://hub:4222`,
 * `tls://hub:4222,tls://hub2:4222/blue`. Pure.
 */
import { usageError } from "../errors.js";
import { parseCount } from "../units.js";

export type FleetPlace =
  /** So many generators in this process, without a server. */
  { readonly kind: "local"; readonly agents: number } | { readonly kind: "nats"; readonly address: NatsAddress };

export interface NatsAddress {
  /** `host:port`, at least one. */
  readonly servers: readonly string[];
  /** Several fleets can share a server. */
  readonly fleet: string;
  readonly encrypted: boolean;
  readonly user: { readonly name: string; readonly password: string } | null;
}

const usualFleet = "default";
const example = "e.g. local:4, nats://127.0.0.1:4222, tls://hub.example:4222/blue";
const mostLocal = 64;

/** @throws PktgenError (2) */
export function parseFleetPlace(text: string, where: string): FleetPlace {
  const local = /^local:(.*)$/.exec(text)?.[1];
  if (local !== undefined) return { kind: "local", agents: parseCount(local, where, 1, mostLocal) };
  return { kind: "nats", address: parseNatsAddress(text, where) };
}

/** One word of a subject. */
const isWordOfSubject = (text: string): boolean => /^[A-Za-z0-9_-]{1,64}$/.test(text);

/** @throws PktgenError (2) */
export function parseNatsAddress(text: string, where: string): NatsAddress {
  const urls = text.split(",").map((each) => parseUrl(each, where));
  const [first] = urls as [URL, ...URL[]];
  if (urls.some(({ protocol }) => protocol !== first.protocol)) {
    throw usageError("servers of one fleet with TLS and without it", { where, accepted: `one kind, ${example}` });
  }
  const fleet = urls.map(({ pathname }) => pathname.replace(/^\//, "")).find((name) => name !== "") ?? usualFleet;
  if (!isWordOfSubject(fleet)) {
    const accepted = "at most 64 letters, digits, - and _";
    throw usageError(`"${fleet}" cannot be the name of a fleet`, { where, accepted });
  }
  const encrypted = first.protocol === "tls:";
  const user = urls.find(({ username }) => username !== "");
  return {
    servers: urls.map(({ hostname, port }) => `${hostname}:${port === "" ? "4222" : port}`),
    fleet,
    encrypted,
    user:
      user === undefined
        ? null
        : { name: decodeURIComponent(user.username), password: decodeURIComponent(user.password) },
  };
}

function parseUrl(text: string, where: string): URL {
  const url = /^(nats|tls):\/\//.test(text) && URL.canParse(text) ? new URL(text) : null;
  if (url !== null && url.hostname !== "" && url.search === "" && url.hash === "") {
    if (url.protocol === "tls:") checkNamed(url, where);
    return url;
  }
  throw usageError(`"${text}" is no address of a server`, {
    where,
    accepted: `nats:// or tls:// with a host, ${example}`,
  });
}

/** The client checks a certificate against a name; of an address it would not. */
function checkNamed({ hostname }: URL, where: string): void {
  if (!/^(\d+\.\d+\.\d+\.\d+|\[.*\])$/.test(hostname)) return;
  throw usageError(`a certificate cannot be checked against ${hostname}`, {
    where,
    accepted: "tls:// with the server's name, as its certificate has it",
  });
}

const isLoopback = (server: string): boolean => /^(127\.\d+\.\d+\.\d+|localhost|\[::1\]):\d+$/.test(server);

/**
 * A server that is not this machine's own, without encryption: whoever is on the way can make generators send.
 * @throws PktgenError (2)
 */
export function refuseInsecure({ servers, encrypted }: NatsAddress, insecure: boolean, where: string): void {
  const open = servers.find((server) => !isLoopback(server));
  if (encrypted || insecure || open === undefined) return;
  throw usageError(`the way to ${open} is not encrypted, and whoever is on it could make the fleet send`, {
    where,
    accepted: `tls://${open}, or a server on this machine`,
    hint: "--insecure does it nevertheless, e.g. on a network of your own",
  });
}
