/**
 * Flows of a stream: its combinations of addresses and ports. The flow of frame i is a pure function of i, and repeats
 * after `period` frames. So a receiver knows it from the number in the signature, whatever a device rewrote.
 */
import { dissect, fieldPlaces, formatIpv4, formatIpv6, formatMac, type Header } from "../../packet/index.js";
import type { FrameSize } from "../../units.js";
import { type BitPlace, type ResolvedChange, valueAt } from "../spec/modifier.js";
import type { TrafficSpec } from "../spec/traffic.js";
import { resolvedFrame } from "./interpret.js";
import { type ResolvedStream, resolveStream } from "./resolve.js";

export interface FlowMap {
  /** Frame i is of flow `flowOf[i mod length]`. */
  readonly flowOf: Uint16Array;
  readonly flows: number;
  /** `198.18.0.1:1024 > 198.19.0.1:9`. Slow: for reports. */
  nameOf(flow: number): string;
}

/** Frames after which flows may begin again. */
const longestPeriod = 65_536;
const tupleFields: ReadonlySet<string> = new Set(["src", "dst", "srcPort", "dstPort"]);
const tupleLayers: ReadonlySet<string> = new Set(["ethernet", "ipv4", "ipv6", "udp", "tcp", "sctp"]);

/** null where flows cannot be told apart: more than `most`, drawn without end, or a program's. */
export function flowMap(spec: TrafficSpec, index: number, size: FrameSize, most: number): FlowMap | null {
  if (spec.streams[index].program !== null) return null;
  const resolved = resolveStream(spec, index, size);
  const changes = resolved.changes.filter((change) => change.places.some((place) => isInTuple(resolved, place)));
  const period = changes.reduce((all, change) => leastCommonMultiple(all, periodOf(change)), 1);
  if (!(period <= longestPeriod)) return null;
  const known = new Map<string, number>();
  const firsts: number[] = [];
  const flowOf = new Uint16Array(period);
  for (let i = 0; i < period; i++) {
    const key = changes.map((change) => valueAt(change, i)).join();
    let flow = known.get(key);
    if (flow === undefined) {
      flow = firsts.push(i) - 1;
      if (flow >= most) return null;
      known.set(key, flow);
    }
    flowOf[i] = flow;
  }
  const innermost = Math.max(-1, ...changes.flatMap((change) => change.places.map((at) => layerOf(resolved, at))));
  return { flowOf, flows: firsts.length, nameOf: (flow) => nameOf(resolved, firsts[flow], innermost) };
}

const placesOf = ({ stream }: ResolvedStream) =>
  fieldPlaces(stream.layers).filter(
    ({ layer, name }) => tupleLayers.has(stream.layers[layer].protocol) && tupleFields.has(name),
  );

/** The layer with the address or port that contains these bits; −1: none. */
function layerOf(resolved: ResolvedStream, { bitOffset, bits }: BitPlace): number {
  const found = placesOf(resolved).find(
    (field) => bitOffset < field.frameBitOffset + field.bits && field.frameBitOffset < bitOffset + bits,
  );
  return found?.layer ?? -1;
}

const isInTuple = (resolved: ResolvedStream, place: BitPlace): boolean => layerOf(resolved, place) >= 0;

/** Frames after which a change begins again; Infinity: never. */
function periodOf({ value, every, period, perQueue }: ResolvedChange): number {
  if (perQueue !== null) return perQueue.length * perQueue.reduce(leastCommonMultiple, 1);
  if (period !== null) return period;
  if (value.kind === "steps") return every * value.count;
  if (value.kind === "list") return every * value.values.length;
  return value.limit === null ? Number.POSITIVE_INFINITY : every * value.limit;
}

function leastCommonMultiple(a: number, b: number): number {
  if (!(a <= longestPeriod) || !(b <= longestPeriod)) return Number.POSITIVE_INFINITY;
  let [x, y] = [a, b];
  while (y > 0) [x, y] = [y, x % y];
  return (a / x) * b;
}

/** Of the IP packet around what changes: the outermost where nothing does. */
function nameOf(resolved: ResolvedStream, index: number, innermost: number): string {
  const frame = resolvedFrame(resolved, index, { trial: 0, stream: 0, sequence: 0, timeNs: 0 });
  const { stream } = resolved;
  const headers = dissect(frame, stream.layers[0].protocol).layers.map(({ header }) => header);
  const isIp = ({ protocol }: Header): boolean => protocol === "ipv4" || protocol === "ipv6";
  const within = innermost < 0 ? headers.findIndex(isIp) : headers.slice(0, innermost + 1).findLastIndex(isIp);
  const ip = headers[within];
  if (ip?.protocol === "ipv4") return withPorts(headers, within, formatIpv4(ip.src), formatIpv4(ip.dst));
  if (ip?.protocol === "ipv6") return withPorts(headers, within, `[${formatIpv6(ip.src)}]`, `[${formatIpv6(ip.dst)}]`);
  const [first] = headers;
  return first?.protocol === "ethernet" ? `${formatMac(first.src)} > ${formatMac(first.dst)}` : stream.name;
}

function withPorts(headers: readonly Header[], ip: number, src: string, dst: string): string {
  const behind = headers.slice(ip + 1);
  const end = behind.findIndex(({ protocol }) => protocol === "ipv4" || protocol === "ipv6" || protocol === "ethernet");
  const ports = behind.slice(0, end < 0 ? behind.length : end).find((header) => "srcPort" in header);
  if (ports === undefined || !("srcPort" in ports)) return `${src} > ${dst}`;
  return `${src}:${ports.srcPort} > ${dst}:${ports.dstPort}`;
}
