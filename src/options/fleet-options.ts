/** Options of what runs over a fleet, of agents, and of the commands about fleets: how to reach it, and whom to use. */
import { type PktgenError, usageError } from "../errors.js";
import { parseRate } from "../units.js";
import { parseClockAddress } from "./clock-address.js";
import { type FleetPlace, type NatsAddress, parseFleetPlace, refuseInsecure } from "./fleet-address.js";
import {
  anyText,
  flag,
  list,
  type OptionsOf,
  type OptionTable,
  option,
  type Reader,
  readOptions,
  type TextsOf,
} from "./option.js";
import { count, duration } from "./option-values.js";

/** `a7,a8`, or `site=lab,rack=3`. */
export interface AgentNames {
  /** null: all. */
  readonly names: readonly string[] | null;
  readonly labels: Readonly<Record<string, string>>;
}

const word = /^[A-Za-z0-9_-]{1,64}$/;

const agentsExample = "names, e.g. a7,a8, or labels, e.g. site=lab,rack=3";

/** @throws PktgenError (2) */
const parseAgents: Reader<AgentNames> = (text, where) => {
  const pieces = text.split(",").map((piece) => piece.trim());
  const labels = pieces.filter((piece) => piece.includes("="));
  if (labels.length > 0 && labels.length < pieces.length) throw notAgents(text, where);
  if (labels.length > 0)
    return { names: null, labels: Object.fromEntries(labels.map((one) => parseLabel(one, where))) };
  if (!pieces.every((piece) => word.test(piece))) throw notAgents(text, where);
  return { names: [...new Set(pieces)], labels: {} };
};

const notAgents = (text: string, where: string): PktgenError =>
  usageError(`"${text}" names no agents`, { where, accepted: agentsExample });

/** `site=lab`. @throws PktgenError (2) */
export function parseLabel(text: string, where: string): readonly [key: string, value: string] {
  const match = /^([A-Za-z0-9_-]{1,64})=([\w.-]{1,64})$/.exec(text);
  if (match !== null) return [match[1]!, match[2]!];
  throw usageError(`"${text}" is no label`, { where, accepted: "name=value, e.g. site=lab" });
}

/** How the load is shared by the agents. */
const parseShare: Reader<"equal" | "capacity"> = (text, where) => {
  if (text === "equal" || text === "capacity") return text;
  throw usageError(`"${text}" says no share`, { where, accepted: "equal, capacity" });
};

/** A run as `fleet runs` names it. */
export const runName: Reader<string> = (text, where) => {
  if (word.test(text)) return text;
  throw usageError(`"${text}" names no run`, { where, accepted: "a name out of pktgen-ts fleet runs" });
};

/** The name of an agent: one word of a subject. */
export const agentName: Reader<string> = (text, where) => {
  if (word.test(text) && text !== "all") return text;
  const accepted = "at most 64 letters, digits, - and _, and not the word all";
  throw usageError(`"${text}" cannot be the name of an agent`, { where, accepted });
};

/** How to reach a fleet's server. */
export const serverOptions = {
  creds: option("--creds <file>", "credentials for the fleet's server, as nsc writes them", anyText),
  nkey: option("--nkey <file>", "seed of a user of the fleet's server", anyText),
  tlsCa: option("--tls-ca <file>", "certificates that sign the server's, for tls:// (default: the system's)", anyText),
  tlsCert: option("--tls-cert <file>", "certificate of this side, for a server that asks for one", anyText),
  tlsKey: option("--tls-key <file>", "the key of that certificate", anyText),
  insecure: flag("--insecure", "use a server that is not on this machine without TLS: whoever is on the way can send"),
} as const satisfies OptionTable;

/** Of run and of methods. */
export const fleetOptions = {
  fleet: option(
    "--fleet <where>",
    "one test over many generators: local:N in this process, or agents at a server, e.g. nats://127.0.0.1:4222 or " +
      "tls://hub.example/lab; --tx and --rx are then the ports of these names at each agent",
    parseFleetPlace,
  ),
  agents: option("--agents <list>", `which agents: ${agentsExample} (default: all that answer)`, parseAgents),
  flowMap: option(
    "--flow-map <file>",
    "YAML: who sends to whom, e.g. a list of {from: a1/packet:eth1, to: hub/packet:eth2}; of simple ones " +
      "--tx a1/packet:eth1,a2/packet:eth1 --rx hub/packet:eth2 says the same (default: each receives its own frames)",
    anyText,
  ),
  minAgents: option(
    "--min-agents <n>",
    "begin a trial with so many where others do not answer (default: all)",
    count(),
  ),
  startWithin: option(
    "--start-within <time>",
    "agents that begin further apart than this, or whose clocks leave it open, make a trial invalid (default: 1ms)",
    duration(0),
  ),
  share: option(
    "--share <how>",
    "equal: all agents have as much of the load; capacity: each by what its generator can do of these frames, and by its " +
      "--max-rate (default: equal)",
    parseShare,
  ),
  takeAgents: flag("--take-agents", "take agents that another run has claimed"),
  ...serverOptions,
} as const satisfies OptionTable;

export type FleetTexts = TextsOf<typeof fleetOptions>;
export type ServerTexts = TextsOf<typeof serverOptions>;
type FleetValues = OptionsOf<typeof fleetOptions>;

const usualStartWithinNs = 1e6;

/** A fleet, decided. */
export interface FleetOrder extends AgentNames {
  readonly place: FleetPlace;
  readonly minAgents: number | null;
  readonly startWithinNs: number;
  readonly force: boolean;
  readonly share: "equal" | "capacity";
  /** As it was written, without what is secret. */
  readonly address: string;
}

/** null: there is no fleet. @throws PktgenError (2) */
export function fleetOf(texts: FleetTexts): FleetOrder | null {
  const given = readOptions(fleetOptions, texts);
  if (given.fleet === undefined) {
    refuseWithout(given);
    return null;
  }
  checkServer(given.fleet, given.insecure === true);
  if (given.fleet.kind === "local" && given.agents !== undefined) {
    throw usageError("generators of this process have no names", { where: "--agents", accepted: "local:N alone" });
  }
  if (given.flowMap !== undefined) refuseWithFlows(given, "--flow-map");
  const { agents = { names: null, labels: {} }, minAgents = null, startWithin = usualStartWithinNs } = given;
  return {
    ...agents,
    ...{ place: given.fleet, minAgents, startWithinNs: startWithin, force: given.takeAgents === true },
    share: given.share ?? "equal",
    address: addressWords(given.fleet),
  };
}

/** Where flows name the agents. `where`: what says it. @throws PktgenError (2) */
export function refuseWithFlows({ fleet, agents, minAgents, share }: FleetValues, where: string): void {
  const refused = (what: string, accepted: string): PktgenError => usageError(what, { where, accepted });
  if (fleet?.kind === "local") throw refused("generators of this process have no names", "agents at a server");
  if (agents !== undefined) throw refused("the flows name the agents, and --agents does as well", "one of them");
  if (share !== undefined) throw refused("the flows share the load, and --share does as well", "weights in --flow-map");
  if (minAgents !== undefined) throw refused("a flow needs both its agents", "no --min-agents");
}

/** @throws PktgenError (2): the way to the server is open. */
export function checkServer(place: FleetPlace, insecure: boolean): void {
  if (place.kind === "nats") refuseInsecure(place.address, insecure, "--fleet");
}

function addressWords(place: FleetPlace): string {
  if (place.kind === "local") return `local:${place.agents}`;
  const { servers, encrypted, fleet } = place.address;
  return `${encrypted ? "tls" : "nats"}://${servers.join(",")}/${fleet}`;
}

/** Options about a fleet where there is none do nothing, and the user thinks that they do. */
function refuseWithout(given: FleetValues): void {
  const [first] = Object.keys(given) as (keyof FleetValues)[];
  if (first === undefined) return;
  const where = fleetOptions[first].flags.split(" ")[0]!;
  throw usageError(`${where} is about a fleet, and there is none`, { where, accepted: "with --fleet" });
}

/** Of the command agent. */
export const agentOptions = {
  fleet: option(
    "--fleet <where>",
    "the fleet's server, e.g. nats://127.0.0.1:4222 or tls://hub.example/lab",
    parseFleetPlace,
  ),
  name: option("--name <name>", "its name in the fleet (default: the host's)", agentName),
  label: list("--label <name=value>", "a label that --agents can choose it by, again for each"),
  port: list(
    "--port <port>",
    "a port that runs may use, again for each (see pktgen-ts ports), or embedded: a built-in device",
  ),
  maxRate: option("--max-rate <rate>", "it sends no more than this, e.g. 2Mpps (default: no limit)", parseRate),
  spool: option(
    "--spool <folder>",
    "where reports are written until the run has them (default: memory alone)",
    anyText,
  ),
  allowPrograms: flag("--allow-programs", "run what profiles bring as programs: whoever uses the agent can run code"),
  yesThisInterface: flag(
    "--yes-this-interface",
    "let runs send on an interface that carries the default route, an SSH connection, or the way to the fleet's server",
  ),
  clockUdp: option(
    "--clock-udp <address>",
    "compare clocks with other agents by UDP at this address of the host, e.g. 192.0.2.7 or 192.0.2.7:9000, while a " +
      "run has the agent: latency between hosts gets a tighter bound (default: no socket is opened)",
    parseClockAddress,
  ),
  readyFile: option("--ready-file <file>", "a file that is there while the agent answers", anyText),
  ...serverOptions,
} as const satisfies OptionTable;

export type AgentTexts = TextsOf<typeof agentOptions>;

/** Of the commands about a fleet. */
export const fleetCommandOptions = {
  fleet: option(
    "--fleet <where>",
    "the fleet's server, e.g. nats://127.0.0.1:4222 or tls://hub.example/lab",
    parseFleetPlace,
  ),
  ...serverOptions,
} as const satisfies OptionTable;

export type FleetCommandTexts = TextsOf<typeof fleetCommandOptions>;

/** @throws PktgenError (2): there is none, or the way to it is open. */
export function serverOf(place: FleetPlace | undefined, insecure: boolean): NatsAddress {
  if (place === undefined || place.kind === "local") {
    const what = place === undefined ? "which fleet?" : "a fleet of one process is nobody else's to reach";
    throw usageError(what, { where: "--fleet", accepted: "a server, e.g. nats://127.0.0.1:4222" });
  }
  checkServer(place, insecure);
  return place.address;
}
