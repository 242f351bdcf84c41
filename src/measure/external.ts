/**
 * What a run is to a device that it did not start. Where addresses were given, the run is a neighbour of the device
 * and asks its gateways for their MAC addresses before the first frame.
 */
import type { ExternalSide } from "../dut/external/index.js";
import type { ResponderSetup } from "../engine/neighbour/index.js";
import type { Generator } from "../engine/trial/index.js";
import { environmentError } from "../errors.js";
import type { PortSpec } from "../port/kinds.js";
import { readOwnInterface } from "../port/own-interface.js";
import { reversePlain, reverseStream } from "../stream/reverse.js";
import { addressesOf, addressStreams, type RunAddresses } from "../stream/spec/addressing.js";
import type { PlainTraffic, TrafficSpec } from "../stream/spec/traffic.js";
import { trafficOf } from "../stream/spec.js";
import type { ExternalChoice, RunPlan } from "./plan.js";

/** Where a port's interface does not say: of the sending, of the receiving side. */
const usualMacs = ["02:00:00:00:00:01", "02:00:00:00:00:02"] as const;

export const externalPorts = ({ tx, rx }: ExternalChoice): readonly PortSpec[] => (rx === null ? [tx] : [tx, rx]);

/** The responder at each port. null: the port has no addresses, and does not answer. */
export function respondersOf(dut: ExternalChoice, traffic: TrafficSpec): (ResponderSetup | null)[] {
  return externalPorts(dut).map((spec, p): ResponderSetup | null => {
    const side = dut.sides?.[p];
    if (side === undefined || side.addresses.length === 0) return null;
    const of = (ip: 4 | 6): string[] => side.addresses.filter((each) => each.ip === ip).map(({ text }) => text);
    const given = p === 0 ? dut.keeps.srcMac : null;
    const mac = given ?? readOwnInterface(spec)?.mac ?? (dut.usualMacs ?? usualMacs)[p]!;
    return { mac, ipv4: of(4), ipv6: of(6), vlan: vlanOf(traffic) };
  });
}

/** The tag that questions and answers carry: the one that all frames have, if there is one. */
function vlanOf(traffic: TrafficSpec): number | null {
  const tags = traffic.streams.map(({ layers: [, tag, next], fields }) => {
    const isOne = tag?.protocol === "vlan" && next?.protocol !== "vlan" && tag.tpid === 0x8100;
    const changes = fields.some(({ target }) => "field" in target && target.field === "vlan.id");
    return isOne && !changes ? tag.id : null;
  });
  const [first = null] = tags;
  return tags.every((tag) => tag === first) ? first : null;
}

const addressOf = (side: ExternalSide | undefined, ip: 4 | 6): string | null =>
  side?.addresses.find((address) => address.ip === ip)?.text ?? null;

type Gateway = ExternalSide["gateways"][number];

/** The gateway for frames of this IP version. A gateway of the other version belongs to the same router. */
const gatewayFor = (side: ExternalSide, ip: 4 | 6 | null): Gateway | null =>
  side.gateways.find((each) => each.ip === ip) ?? side.gateways[0] ?? null;

/**
 * The streams of both directions, addressed as the sides are, with the gateways' MAC addresses; of one direction the
 * second is the first again.
 * @throws PktgenError (3): a gateway that does not answer.
 */
export async function neighbourStreams(
  dut: ExternalChoice,
  traffic: TrafficSpec,
  responders: readonly (ResponderSetup | null)[],
  generator: Pick<Generator, "resolve">,
  bidirectional: boolean,
): Promise<[forward: TrafficSpec, reverse: TrafficSpec]> {
  if (dut.sides === null) return [traffic, bidirectional ? reverseStream(traffic) : traffic];
  const versions = traffic.streams.map((stream) => addressesOf(stream).ip);
  const hops: NextHops[] = [];
  for (const [port, side] of dut.sides.slice(0, responders.length).entries()) {
    hops.push(await nextHops(side, port, versions, generator));
  }
  const macs = responders.map((responder) => responder?.mac ?? null);
  if (traffic.plain !== undefined) return plainStreams(dut, dut.sides, traffic.plain, macs, hops);
  const [here = null, there = null] = macs;
  const ips = { src: addressesBy(dut.sides[0]), dst: addressesBy(dut.sides[1]) };
  const forward = addressStreams(traffic, { ...ips, srcMac: same(here), dstMac: orElse(hops[0], there) });
  if (!bidirectional) return [forward, forward];
  // The destination of the forward frames is the source of the reverse ones, and the other way round.
  const turned = addressStreams(traffic, { ...ips, srcMac: orElse(hops[1], here), dstMac: same(there) });
  return [forward, reverseStream(turned)];
}

/** MAC addresses by the IP version of what is in a frame. */
type NextHops = RunAddresses["dstMac"];

const same = (mac: string | null): NextHops => ({ 4: mac, 6: mac, other: mac });
const orElse = (hops: NextHops | undefined, mac: string | null): NextHops => ({
  4: hops?.[4] ?? mac,
  6: hops?.[6] ?? mac,
  other: hops?.other ?? mac,
});
const addressesBy = (side: ExternalSide): Readonly<Record<4 | 6, string | null>> => ({
  4: addressOf(side, 4),
  6: addressOf(side, 6),
});

function plainStreams(
  { keeps }: ExternalChoice,
  sides: readonly [ExternalSide, ExternalSide],
  stream: PlainTraffic,
  [srcMac = null, otherMac = null]: readonly (string | null)[],
  hops: readonly NextHops[],
): [forward: TrafficSpec, reverse: TrafficSpec] {
  const [src, dst] = sides.map((side) => addressOf(side, stream.ip));
  const forward: PlainTraffic = {
    ...stream,
    srcMac: keeps.srcMac ?? srcMac ?? stream.srcMac,
    dstMac: keeps.dstMac ? stream.dstMac : (hops[0]?.[stream.ip] ?? otherMac ?? stream.dstMac),
    srcAddress: keeps.srcAddress ? stream.srcAddress : (src ?? stream.srcAddress),
    dstAddress: keeps.dstAddress ? stream.dstAddress : (dst ?? stream.dstAddress),
  };
  const back = reversePlain(forward);
  const srcMacBack = otherMac ?? back.srcMac;
  const dstMacBack = hops[1]?.[stream.ip] ?? srcMac ?? back.dstMac;
  return [trafficOf(forward), trafficOf({ ...back, srcMac: srcMacBack, dstMac: dstMacBack })];
}

/** Asks each gateway that some frames go to, once. */
async function nextHops(
  side: ExternalSide,
  port: number,
  versions: readonly (4 | 6 | null)[],
  generator: Pick<Generator, "resolve">,
): Promise<NextHops> {
  const known = new Map<Gateway, string>();
  const hops: Record<4 | 6 | "other", string | null> = { 4: null, 6: null, other: null };
  for (const ip of new Set(versions)) {
    const gateway = gatewayFor(side, ip);
    if (gateway === null) continue;
    const mac = known.get(gateway) ?? (await gatewayMac(side, gateway, port, generator));
    known.set(gateway, mac);
    hops[ip ?? "other"] = mac;
  }
  return hops;
}

async function gatewayMac(
  side: ExternalSide,
  { ip, text }: Gateway,
  port: number,
  generator: Pick<Generator, "resolve">,
): Promise<string> {
  // Options accept a gateway only with an address of the same version.
  const from = addressOf(side, ip)!;
  const mac = await generator.resolve(port, text, from);
  if (mac !== null) return mac;
  const asked = ip === 4 ? "ARP" : "neighbour discovery";
  throw environmentError(`the gateway ${text} does not answer ${asked} within 3 s`, {
    where: port === 0 ? "--gateway" : "--rx-gateway",
    hint: `has the device ${text} on the interface that faces this port, up and in the network of ${from}?`,
  });
}

/** As RunPlan has it; null: not external. */
export const externalOf = ({ dut }: RunPlan): ExternalChoice | null => (dut.kind === "external" ? dut : null);
