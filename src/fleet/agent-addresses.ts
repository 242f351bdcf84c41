/**
 * The addresses of each agent's frames. Agents often meet on one switch, and it must be able to tell them apart. So what
 * the run leaves open follows from the agent's place in the run: a MAC address for each of its two ports, and an address
 * at each end of its frames. What the run or its profile names stays. Port addresses count up from agent to agent. Pure.
 */
import { type ExternalSide, parseSide, type SideAddress, sharesPrefix } from "../dut/external/index.js";
import { type PktgenError, usageError } from "../errors.js";
import type { ExternalChoice, RunPlan } from "../measure/plan.js";
import { countedUp } from "../packet/address.js";
import { addressStreams } from "../stream/spec/addressing.js";
import type { PlainTraffic, TrafficSpec } from "../stream/spec/traffic.js";
import { flowsPerAddress, plainTraffic, trafficOf } from "../stream/spec.js";

/** More would leave 198.18.0.0/16 with one address each. */
const mostAgents = 65_534;

/** Of its sending and of its receiving port: locally administered, with the agent's place in the fourth and fifth byte. */
export function macsOf(agent: number): readonly [tx: string, rx: string] {
  const byte = (value: number): string => value.toString(16).padStart(2, "0");
  const head = `02:00:00:${byte(agent >> 8)}:${byte(agent & 0xff)}`;
  return [`${head}:01`, `${head}:02`];
}

/**
 * The plan as the agent in this place has it (from 0). `receiver`: whose receiving port its frames go to.
 * @throws PktgenError (2): there is no address for it.
 */
export function planOfAgent(plan: RunPlan, agent: number, receiver = agent): RunPlan {
  const { dut } = plan;
  if (dut.kind !== "external") return plan;
  const sides = sidesOfAgent(dut.sides, agent);
  const usualMacs = macsOf(agent);
  return {
    ...plan,
    dut: { ...dut, sides, usualMacs },
    stream: addressed(plan.stream, { ...dut, sides }, { agent, receiver }),
  };
}

/** Places of a sender and of whoever has the port that it sends to. */
interface Ends {
  readonly agent: number;
  readonly receiver: number;
}

function addressed(stream: TrafficSpec, dut: ExternalChoice, ends: Ends): TrafficSpec {
  if (stream.plain !== undefined) return trafficOf(plainOfAgent(stream.plain, dut, ends));
  const [srcMac, dstMac] = [macsOf(ends.agent)[0], macsOf(ends.receiver)[1]];
  const [near, far] = dut.sides ?? [none, none];
  const has = ({ addresses }: ExternalSide, ip: 4 | 6): boolean => addresses.some((each) => each.ip === ip);
  const always = (mac: string | null) => ({ 4: mac, 6: mac, other: mac });
  const place = (ip: 4 | 6, end: "src" | "dst"): string =>
    countedUp(usualAddresses[ip][end], placeFor(end === "src" ? ends.agent : ends.receiver, 1));
  return addressStreams(stream, {
    // Where the ports have addresses, the agent knows better ones.
    srcMac: always(near.addresses.length > 0 ? null : srcMac),
    dstMac: always(near.gateways.length + far.addresses.length > 0 ? null : dstMac),
    src: { 4: has(near, 4) ? null : place(4, "src"), 6: has(near, 6) ? null : place(6, "src") },
    dst: { 4: has(far, 4) ? null : place(4, "dst"), 6: has(far, 6) ? null : place(6, "dst") },
  });
}

const none: ExternalSide = { addresses: [], gateways: [] };

const usualAddresses = {
  4: { src: "198.18.0.1", dst: "198.19.0.1" },
  6: { src: "2001:2::1", dst: "2001:2:0:8000::1" },
} as const;

/** Many flows have several source addresses. Those of the next agent begin behind them. */
function plainOfAgent(plain: PlainTraffic, { keeps }: ExternalChoice, { agent, receiver }: Ends): PlainTraffic {
  const [srcMac, dstMac] = [macsOf(agent)[0], macsOf(receiver)[1]];
  const block = Math.ceil(plain.flows / flowsPerAddress);
  return plainTraffic({
    ...plain,
    ...(keeps.srcMac === null ? { srcMac } : {}),
    ...(keeps.dstMac ? {} : { dstMac }),
    ...(keeps.srcAddress ? {} : { srcAddress: countedUp(plain.srcAddress, placeFor(agent, block)) }),
    ...(keeps.dstAddress ? {} : { dstAddress: countedUp(plain.dstAddress, placeFor(receiver, 1)) }),
  });
}

/** Of its first address among all. */
function placeFor(agent: number, block: number): number {
  if ((agent + 1) * block <= mostAgents) return agent * block;
  throw usageError(`there are no addresses for agent ${agent + 1}`, {
    where: "--agents",
    accepted: `up to ${Math.floor(mostAgents / block)} agents, of which each needs ${block}`,
  });
}

/** null: the ports have none. */
function sidesOfAgent(sides: ExternalChoice["sides"], agent: number): ExternalChoice["sides"] {
  if (sides === null) return null;
  const [near, far] = sides;
  return [sideOfAgent(near, agent, "--tx-address"), sideOfAgent(far, agent, "--rx-address")];
}

function sideOfAgent({ addresses, gateways }: ExternalSide, agent: number, where: string): ExternalSide {
  if (addresses.length === 0) return { addresses, gateways };
  const own = addresses.map((address) => nextInNetwork(address, agent, where));
  const taken = gateways.find(({ text }) => own.some((address) => address.startsWith(`${text}/`)));
  if (taken !== undefined) throw sharedAddress(taken.text, "is the gateway's, and an agent would have it, too");
  const gateway = gateways.map(({ text }) => text).join(",");
  return parseSide(own.join(","), gateway === "" ? undefined : gateway, { address: where, gateway: "--gateway" });
}

function nextInNetwork({ text, bytes, prefixBits }: SideAddress, agent: number, where: string): string {
  const own = countedUp(text, agent);
  const [parsed] = parseSide(`${own}/${prefixBits}`, undefined, { address: where, gateway: where }).addresses;
  if (sharesPrefix(bytes, parsed!.bytes, prefixBits)) return `${own}/${prefixBits}`;
  throw usageError(`agent ${agent + 1} would have ${own}, which is not in the network of ${text}/${prefixBits}`, {
    where,
    accepted: "a network with an address for each agent, which count up from the one that is given",
  });
}

/** All ports of all agents, and their gateways, have addresses of their own. @throws PktgenError (2) */
export function refuseSharedAddresses(plans: readonly RunPlan[]): void {
  const sides = plans.flatMap(({ dut }) => (dut.kind === "external" ? (dut.sides ?? []) : []));
  const gateways = new Set(sides.flatMap((side) => side.gateways.map(({ text }) => text)));
  const seen = new Set<string>();
  for (const { text } of sides.flatMap(({ addresses }) => addresses)) {
    if (!seen.has(text) && !gateways.has(text)) {
      seen.add(text);
      continue;
    }
    throw sharedAddress(
      text,
      gateways.has(text) ? "is a gateway's, and an agent would have it, too" : "would be two ports'",
    );
  }
}

const sharedAddress = (text: string, what: string): PktgenError =>
  usageError(`${text} ${what}: addresses count up from agent to agent`, {
    where: "--tx-address, --rx-address",
    accepted: "ranges that do not meet, with an address for each agent",
  });
