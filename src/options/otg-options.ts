/** Options of the Open Traffic Generator server: its ports, and where it listens. */
import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { usageError } from "../errors.js";
import { type NatsAddress, parseFleetPlace } from "./fleet-address.js";
import { serverOf, serverOptions } from "./fleet-options.js";
import { fleetPorts } from "./fleet-ports.js";
import { isLoopback } from "./listen-address.js";
import { anyText, flag, list, type OptionsOf, type OptionTable, option, readOptions, type TextsOf } from "./option.js";
import { count, parseWorkers } from "./option-values.js";
import { locationName, namedPorts, type ServePort } from "./serve-options.js";
import { awaitedPorts, waitInterfacesOption, withAwaited } from "./wait-interfaces.js";

const mostPort = 65_535;
const usualHttps = 8443;
const usualGrpc = 40_051;
const usualHost = "127.0.0.1";

export const otgOptions = {
  port: list(
    "--port <name=port>",
    "a port that configurations may name as a location, again for each, e.g. p1=packet:veth-a (see pktgen-ts ports), or " +
      "veth-a for veth-a=packet:veth-a; with --fleet of an agent, e.g. p1=a1/packet:eth1, or a1/eth1",
  ),
  fleet: option(
    "--fleet <where>",
    "ports are those of agents at a fleet's server, e.g. nats://127.0.0.1:4222 or tls://hub.example/lab",
    parseFleetPlace,
  ),
  takeAgents: flag("--take-agents", "take agents that another run or server has claimed"),
  creds: serverOptions.creds,
  nkey: serverOptions.nkey,
  tlsCa: serverOptions.tlsCa,
  insecure: serverOptions.insecure,
  waitInterfaces: waitInterfacesOption,
  https: option("--https <port>", `the TCP port of HTTPS (default: ${usualHttps}; 0: any)`, count(0, mostPort)),
  http: option("--http <port>", "plain HTTP as well, at this TCP port (0: any)", count(0, mostPort)),
  grpc: option("--grpc <port>", `the TCP port of gRPC (default: ${usualGrpc}; 0: any)`, count(0, mostPort)),
  listen: option("--listen <address>", `the address of all of these (default: ${usualHost})`, anyText),
  yesAnyone: flag(
    "--yes-anyone",
    "listen beyond this machine: the API has no tokens, whoever reaches it can send frames",
  ),
  tlsCert: option("--tls-cert <file>", "a certificate of your own (PEM); default: one that signs itself", anyText),
  tlsKey: option("--tls-key <file>", "its key (PEM)", anyText),
  workers: option(
    "--workers <n|auto>",
    "threads of a configuration, each with its part of the ports; at most one for each port (default: 1); auto: one for each CPU " +
      "but one",
    parseWorkers,
  ),
  innerFcs: flag(
    "--inner-fcs",
    "Ethernet frames in tunnels end with 4 bytes more, as if they had a check sequence; their flows have no signature",
  ),
  yesThisInterface: flag("--yes-this-interface", "also send on an interface that the machine lives by"),
} as const satisfies OptionTable;

export type OtgTexts = TextsOf<typeof otgOptions>;

interface Place {
  readonly host: string;
  readonly port: number;
}

/** Where the agents of its ports are. */
export interface OtgFleet {
  readonly address: NatsAddress;
  /** Takes agents from others. */
  readonly force: boolean;
}

export interface OtgOrder {
  /** With `agent` those of a fleet, and all of them then. */
  readonly ports: readonly (ServePort & { readonly agent?: string })[];
  /** null: the ports are this machine's. */
  readonly fleet: OtgFleet | null;
  /** Interfaces that have to be there and up before it answers. */
  readonly awaited: readonly string[];
  readonly https: Place;
  readonly http: Place | null;
  readonly grpc: Place;
  readonly credentials: { readonly key: string; readonly cert: string } | null;
  /** Names in `Host` that lead here, beside addresses and localhost; null: every name does. */
  readonly hostNames: readonly string[] | null;
  readonly yesThisInterface: boolean;
  /** Threads that share the ports of a configuration. */
  readonly workers: number | "auto";
  /** Ethernet frames in tunnels have room for a check sequence. */
  readonly innerFcs: boolean;
}

function textIn(file: string, where: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw usageError(`${file} cannot be read (${code})`, { where, accepted: "a PEM file", cause });
  }
}

/** @throws PktgenError (2) */
function checkPem(parts: { readonly cert?: string; readonly key?: string }, what: string, where: string): void {
  try {
    createSecureContext(parts);
  } catch (cause) {
    const reason = (cause as Error).message.split(":").at(-1)!.trim();
    throw usageError(`${what} (${reason})`, {
      where,
      accepted: "PEM: a certificate, and the private key of it",
      cause,
    });
  }
}

function credentialsOf(cert: string | undefined, key: string | undefined): OtgOrder["credentials"] {
  if (cert === undefined && key === undefined) return null;
  if (cert === undefined || key === undefined) {
    throw usageError("a certificate and its key go together", {
      where: cert === undefined ? "--tls-key" : "--tls-cert",
      accepted: "both of --tls-cert and --tls-key, or none",
    });
  }
  const texts = { cert: textIn(cert, "--tls-cert"), key: textIn(key, "--tls-key") };
  checkPem({ cert: texts.cert }, `${cert} is no certificate`, "--tls-cert");
  checkPem({ key: texts.key }, `${key} is no private key`, "--tls-key");
  checkPem(texts, `${key} is not the key of ${cert}`, "--tls-key");
  return texts;
}

/** What is of this machine, or of a fleet, is refused without it. @throws PktgenError (2) */
function otgFleet(given: OptionsOf<typeof otgOptions>): OtgFleet | null {
  const { fleet, takeAgents, creds, nkey, tlsCa, insecure, workers, waitInterfaces, yesThisInterface } = given;
  if (fleet === undefined) {
    const about = Object.entries({ takeAgents, creds, nkey, tlsCa, insecure }) as [keyof typeof otgOptions, unknown][];
    const first = about.find(([, value]) => value !== undefined)?.[0];
    if (first === undefined) return null;
    const where = otgOptions[first].flags.split(" ")[0]!;
    throw usageError(`${where} is about a fleet, and there is none`, { where, accepted: "with --fleet" });
  }
  const here = { workers, waitInterfaces, yesThisInterface };
  const [not] = Object.entries(here).find(([, value]) => value !== undefined) ?? [];
  if (not !== undefined) {
    const where = otgOptions[not as keyof typeof here].flags.split(" ")[0]!;
    const what = "the ports are those of agents, and this is about ports of this machine";
    throw usageError(what, {
      where,
      accepted: "without --fleet; options of pktgen-ts agent say it of an agent's ports",
    });
  }
  return { address: serverOf(fleet, insecure === true), force: takeAgents === true };
}

/** @throws PktgenError (2) */
export function otgOrder(texts: OtgTexts): OtgOrder {
  const given = readOptions(otgOptions, texts);
  const fleet = otgFleet(given);
  const awaited = awaitedPorts(given.waitInterfaces, process.env);
  const ports =
    fleet === null ? withAwaited(namedPorts(given.port ?? [], locationName), awaited) : fleetPorts(given.port ?? []);
  if (ports.length === 0) {
    throw usageError("there is no port", { where: "--port", accepted: "at least one, e.g. veth-a=packet:veth-a" });
  }
  // As in addresses of the web, [::1] is ::1.
  const host = (given.listen ?? usualHost).replace(/^\[(.*)\]$/, "$1");
  if (!isLoopback({ kind: "tcp", host, port: 0 }) && given.yesAnyone !== true) {
    throw usageError(`whoever reaches ${host} could send frames from here`, {
      where: "--listen",
      accepted: "an address of this machine alone, e.g. 127.0.0.1; others with --yes-anyone",
    });
  }
  const place = (port: number): Place => ({ host, port });
  return {
    ...{ ports, fleet, awaited: awaited.map(({ name }) => name) },
    ...{ yesThisInterface: given.yesThisInterface === true, innerFcs: given.innerFcs === true },
    workers: given.workers ?? 1,
    hostNames: given.yesAnyone === true ? null : [host],
    https: place(given.https ?? usualHttps),
    http: given.http === undefined ? null : place(given.http),
    grpc: place(given.grpc ?? usualGrpc),
    credentials: credentialsOf(given.tlsCert, given.tlsKey),
  };
}
