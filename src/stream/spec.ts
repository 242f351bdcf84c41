/**
 * Plain traffic: UDP over IPv4 or IPv6, with or without a VLAN tag, in any number of flows. It is what options and plain
 * profiles say. `trafficOf` makes the traffic spec of it, at the door: inside, traffic is always a spec of streams.
 */
import { usageError } from "../errors.js";
import {
  ethernet,
  formatIpv4,
  formatIpv6,
  type Header,
  headersBytes,
  type Ipv4Address,
  type Ipv6Address,
  ipv4,
  ipv6,
  parseIpv4,
  parseIpv6,
  parseMac,
  trailersBytes,
  udp,
  vlan,
} from "../packet/index.js";
import { checkFrameBytes, type FrameSize, fcsBytes, fixedSize, minFrameBytes, planSizes } from "../units.js";
import { checkSchedule } from "./departures/loads.js";
import { checkListTotal } from "./frames/changes.js";
import { resolveStream } from "./frames/resolve.js";
import { signatureBytes } from "./frames/signature.js";
import { pinnedPorts } from "./spec/pin.js";
import { sizeOrder } from "./spec/sizes.js";
import {
  type FieldModifier,
  type PlainTraffic,
  plainStream,
  type TrafficSpec,
  type TrafficStream,
} from "./spec/traffic.js";

export type { PlainTraffic } from "./spec/traffic.js";

/** Flows that differ by source port alone; the next has the next source address. */
export const flowsPerAddress = 32_768;
const mostFlows = 2 ** 24;

/**
 * The plan's frame, between addresses set aside for benchmarks (RFC 2544 Appendix C.2.2: 198.18.0.0/15), to the
 * discard port (RFC 863).
 */
export const defaultPlainTraffic: PlainTraffic = {
  ip: 4,
  srcMac: "02:00:00:00:00:01",
  dstMac: "00:11:22:33:44:10",
  srcAddress: "198.18.0.1",
  dstAddress: "198.19.0.1",
  srcPort: 1024,
  dstPort: 9,
  vlan: null,
  flows: 1,
  pinQueues: null,
  sizes: planSizes.map(fixedSize),
  seed: 1,
};

/** RFC 5180 §8: 2001:2::/48. */
const ipv6Defaults = { srcAddress: "2001:2::1", dstAddress: "2001:2:0:8000::1" } as const;

/** The default with changes, validated; throws a usage error that names the field. */
export function plainTraffic(changes: Partial<PlainTraffic> = {}): PlainTraffic {
  const spec = { ...defaultPlainTraffic, ...(changes.ip === 6 ? ipv6Defaults : {}), ...changes };
  checkPlainTraffic(spec);
  return spec;
}

/** Throws a usage error, with the field as `where`, for a spec that no frame can be made of. */
export function checkPlainTraffic(spec: PlainTraffic): void {
  const refuse = (where: string, what: string, accepted: string) => usageError(what, { where, accepted });
  if (spec.vlan !== null && !(Number.isInteger(spec.vlan) && spec.vlan >= 0 && spec.vlan <= 4094)) {
    throw refuse("vlan", `VLAN id ${spec.vlan} does not exist`, "0 to 4094");
  }
  if (!Number.isInteger(spec.flows) || spec.flows < 1 || spec.flows > mostFlows) {
    throw refuse("flows", `${spec.flows} flows cannot be made`, `1 to ${mostFlows}`);
  }
  const ports = Math.min(spec.flows, flowsPerAddress);
  if (spec.srcPort + ports - 1 > 0xffff) {
    const what = `${ports} source ports from ${spec.srcPort} end above 65535`;
    throw refuse("srcPort", what, `at most ${0x10000 - ports} for ${spec.flows} flows`);
  }
  if (sourceLow32(spec) + Math.ceil(spec.flows / flowsPerAddress) - 1 > 0xffff_ffff) {
    throw refuse("srcAddress", `${spec.flows} flows from ${spec.srcAddress} run out of addresses`, "a lower one");
  }
  // Constructors check the rest: addresses, ports.
  layersOf(spec, 0);
  if (spec.pinQueues !== null) portsOfPlain(spec, spec.pinQueues);
  for (const size of spec.sizes) checkSize({ plain: spec }, size);
}

/** The chosen source port of each flow. Throws where no ports fit. */
function portsOfPlain(spec: PlainTraffic, queues: number): number[] {
  const parse = spec.ip === 4 ? parseIpv4 : parseIpv6;
  const { flows, srcPort: from, dstPort } = spec;
  return pinnedPorts(
    { src: parse(spec.srcAddress), dst: parse(spec.dstAddress), dstPort },
    { from, flows, queues },
    "pinQueues",
  );
}

/** The last 32 bits of flow 0's source address. */
export function sourceLow32(spec: PlainTraffic): number {
  const bytes = spec.ip === 4 ? parseIpv4(spec.srcAddress, "srcAddress") : parseIpv6(spec.srcAddress, "srcAddress");
  return new DataView(bytes.buffer).getUint32(bytes.length - 4);
}

/** The headers of a flow, outermost first. */
export function layersOf(spec: PlainTraffic, flow: number): readonly Header[] {
  const srcPort = spec.srcPort + (flow % flowsPerAddress);
  const low32 = sourceLow32(spec) + Math.floor(flow / flowsPerAddress);
  return [
    ethernet({ dst: parseMac(spec.dstMac, "dstMac"), src: parseMac(spec.srcMac, "srcMac") }),
    ...(spec.vlan === null ? [] : [vlan({ id: spec.vlan })]),
    spec.ip === 4 ? ipv4Layer(spec, low32) : ipv6Layer(spec, low32),
    udp({ srcPort, dstPort: spec.dstPort }),
  ];
}

function ipv4Layer(spec: PlainTraffic, low32: number): Header {
  const src = parseIpv4(spec.srcAddress, "srcAddress");
  new DataView(src.buffer).setUint32(0, low32);
  return ipv4({ src, dst: parseIpv4(spec.dstAddress, "dstAddress") });
}

function ipv6Layer(spec: PlainTraffic, low32: number): Header {
  const src = parseIpv6(spec.srcAddress, "srcAddress");
  new DataView(src.buffer).setUint32(12, low32);
  return ipv6({ src, dst: parseIpv6(spec.dstAddress, "dstAddress") });
}

/** The smallest frame, with FCS, that holds the headers: 64 UDP/IPv4, 66 UDP/IPv6; signed 64, VLAN 68, IPv6 84. */
export function smallestFrameBytes(spec: PlainTraffic, signed: boolean): number {
  const needed = headersBytes(layersOf(spec, 0)) + (signed ? signatureBytes : 0) + fcsBytes;
  return Math.max(minFrameBytes, needed);
}

/** The frame sizes of a fixed size or of a mix's parts. */
export const frameSizesOf = (size: FrameSize): readonly number[] =>
  size.kind === "fixed" ? [size.frameBytes] : size.parts.map((part) => part.frameBytes);

/** Has every frame room for a signature? */
export const isSigned = (spec: TrafficSpec, size: FrameSize): boolean =>
  spec.streams.every(({ size: own, layers }) => {
    const least = Math.min(...sizeOrder(own ?? size, spec.seed, "--sizes").frameBytes);
    return trailersBytes(layers) === 0 && least - fcsBytes >= headersBytes(layers) + signatureBytes;
  });

/** Throws a usage error for impossible frame sizes, and for plain frames that are too small for their headers. */
export function checkSize({ plain }: Pick<TrafficSpec, "plain">, size: FrameSize, where = "--sizes"): void {
  for (const frameBytes of frameSizesOf(size)) checkFrameBytes(frameBytes, where);
  if (plain === undefined) return;
  const least = smallestFrameBytes(plain, false);
  for (const frameBytes of frameSizesOf(size)) {
    if (frameBytes < least) {
      const stack = `UDP over IPv${plain.ip}${plain.vlan === null ? "" : " with a VLAN tag"}`;
      throw usageError(`${stack} does not fit into a frame of ${frameBytes} bytes`, {
        where,
        accepted: `from ${least} bytes for this traffic`,
      });
    }
  }
}

/** Throws a usage error for traffic of which no frame of any size can be made. */
export function checkTraffic({ streams, plain }: TrafficSpec): void {
  if (streams.length === 0) throw usageError("there is no stream", { accepted: "at least one stream" });
  if (plain !== undefined) checkPlainTraffic(plain);
}

function checkTiming({ name, rate, schedule }: TrafficStream): void {
  checkSchedule(schedule, `stream "${name}" schedule`);
  if (rate?.kind !== "max") return;
  throw usageError("max is no rate of a stream's own", {
    where: `stream "${name}" rate`,
    accepted: "a rate, e.g. 10kpps, or none and --rate max",
  });
}

/** Resolves every stream for every size of the spec, so that a mistake is found before anything is sent. */
export function checkStreams(spec: TrafficSpec): void {
  checkTraffic(spec);
  checkListTotal(spec);
  for (const stream of spec.streams) checkTiming(stream);
  for (const size of spec.sizes) spec.streams.forEach((_, index) => void resolveStream(spec, index, size));
}

/** Plain traffic as one stream: flows are its source ports, and after 32,768 of them the next source address. */
export function trafficOf(traffic: PlainTraffic): TrafficSpec {
  const { flows, sizes, seed } = traffic;
  const layers = layersOf(traffic, 0);
  const ports = Math.min(flows, flowsPerAddress);
  const port: FieldModifier = {
    target: { field: "udp.srcPort" },
    change: { kind: "increment", min: traffic.srcPort, max: traffic.srcPort + ports - 1, step: 1 },
    period: flows,
  };
  const address: FieldModifier = {
    target: { field: `ipv${traffic.ip}.src` },
    change: { kind: "increment", min: traffic.srcAddress, max: lastSource(traffic), step: 1 },
    after: 0,
    period: flows,
  };
  const pinned = (queues: number): FieldModifier => ({
    target: { field: "udp.srcPort" },
    change: { kind: "list", values: portsOfPlain(traffic, queues) },
  });
  const fields =
    traffic.pinQueues !== null
      ? [pinned(traffic.pinQueues)]
      : flows === 1
        ? []
        : flows <= flowsPerAddress
          ? [port]
          : [port, address];
  return {
    name: "plain",
    streams: [{ ...plainStream("plain", layers), fields }],
    sizes,
    seed,
    plain: traffic,
  };
}

/** The source address of the last flow. */
function lastSource(spec: PlainTraffic): string {
  const low32 = sourceLow32(spec) + Math.ceil(spec.flows / flowsPerAddress) - 1;
  const bytes = spec.ip === 4 ? parseIpv4(spec.srcAddress) : parseIpv6(spec.srcAddress);
  new DataView(bytes.buffer).setUint32(bytes.length - 4, low32);
  return spec.ip === 4 ? formatIpv4(bytes as Ipv4Address) : formatIpv6(bytes as Ipv6Address);
}
