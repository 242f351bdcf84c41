/**
 * Flows pinned to a receive queue through the choice of source ports. Receive-side scaling then puts them there
 * (packet/rss.ts says which scaling is assumed). A port in shared memory has no such scaling. There, frames stay on the
 * queue on which they were sent: f mod Q for flow f, if the number of flows is a multiple of Q.
 */
import { usageError } from "../../errors.js";
import {
  buildFrame,
  fieldPlaces,
  type Header,
  headersBytes,
  rssQueue,
  rssTableEntries,
  trailersBytes,
} from "../../packet/index.js";
import { getBits } from "./modifier.js";
import type { FieldModifier, TrafficStream } from "./traffic.js";

export interface Pin {
  /** 0 … of − 1 */
  readonly queue: number;
  /** The receive queues that the device spreads flows over. */
  readonly of: number;
}

/** What stays the same in all flows. */
export interface PinnedTuple {
  readonly src: Uint8Array;
  readonly dst: Uint8Array;
  readonly dstPort: number;
}

const lastPort = 0xffff;

export function checkPinQueues(queues: number, where: string): void {
  if (Number.isInteger(queues) && queues >= 1 && queues <= rssTableEntries) return;
  throw usageError(`flows cannot be pinned to ${queues} queues`, { where, accepted: `1 to ${rssTableEntries}` });
}

/** Source ports from `from` on, each once, that put flow f on queue f mod queues. */
export function pinnedPorts(
  tuple: PinnedTuple,
  { from, flows, queues }: { readonly from: number; readonly flows: number; readonly queues: number },
  where: string,
): number[] {
  checkPinQueues(queues, where);
  if (flows % queues !== 0) {
    const accepted = `a multiple of ${queues}, so that each has as many and leaves on a queue of its own`;
    throw usageError(`${flows} flows cannot be pinned to ${queues} queues`, { where, accepted });
  }
  const perQueue = flows / queues;
  const found = Array.from({ length: queues }, (): number[] => []);
  for (let srcPort = from; srcPort <= lastPort && found.some(({ length }) => length < perQueue); srcPort++) {
    const ports = found[rssQueue({ ...tuple, srcPort }, queues)];
    if (ports.length < perQueue) ports.push(srcPort);
  }
  const least = Math.min(...found.map(({ length }) => length));
  if (least < perQueue) {
    const what = `source ports from ${from} put only ${least} flows on one of ${queues} queues, not ${perQueue}`;
    throw usageError(what, { where, accepted: `up to ${least * queues} flows, or fewer queues` });
  }
  return Array.from({ length: flows }, (_, flow) => found[flow % queues][Math.floor(flow / queues)]);
}

/** The stream with those of its source ports that put it on the queue; with one that does, if its port does not change. */
export function pinStream(stream: TrafficStream, pin: Pin): TrafficStream {
  const { queue, of } = pin;
  const where = `stream "${stream.name}" pin`;
  checkPinQueues(of, where);
  if (!Number.isInteger(queue) || queue < 0 || queue >= of) {
    throw usageError(`there is no queue ${queue} of ${of}`, { where, accepted: `0 to ${of - 1}` });
  }
  const { layers } = stream;
  const ip = layers.findIndex(({ protocol }) => protocol === "ipv4" || protocol === "ipv6");
  const ports = portsBehind(layers, ip);
  if (ports < 0) {
    throw usageError("there are no ports that could be chosen", {
      where,
      accepted: "a packet with udp, tcp or sctp right behind its first IP header",
    });
  }
  const { src, dst } = layers[ip] as IpHeader;
  const tuple = { src, dst, dstPort: dstPortOf(layers, ports) };
  const suits = (srcPort: number): boolean => rssQueue({ ...tuple, srcPort }, of) === queue;
  const changing = tupleChanges(stream, ip, ports, where);
  const pinned = { pin, before: { layers, fields: stream.fields } };
  if (changing === null) {
    return { ...stream, layers: withPort(layers, ports, suits, `queue ${queue} of ${of}`, where), pinned };
  }
  const values = portsOf(changing, where);
  const chosen = values.filter(suits);
  if (chosen.length === 0) {
    const what = `none of the ${values.length} source ports puts a flow on queue ${queue} of ${of}`;
    throw usageError(what, { where, accepted: "more ports to choose from" });
  }
  const change: FieldModifier = { ...changing, change: { kind: "list", values: chosen } };
  return { ...stream, fields: stream.fields.map((field) => (field === changing ? change : field)), pinned };
}

type IpHeader = Extract<Header, { protocol: "ipv4" | "ipv6" }>;
type PortsHeader = Extract<Header, { protocol: "udp" | "tcp" | "sctp" }>;

/** The destination port as it is sent. A tunnel's port follows from its content. */
function dstPortOf(layers: readonly Header[], ports: number): number {
  const frame = buildFrame(layers, headersBytes(layers) + trailersBytes(layers));
  const place = fieldPlaces(layers).find(({ layer, name }) => layer === ports && name === "dstPort")!;
  return getBits(frame, place.frameBitOffset, place.bits);
}

/** −1: the protocol right behind the IP header has no ports. */
function portsBehind(layers: readonly Header[], ip: number): number {
  const next = ip < 0 ? undefined : layers[ip + 1]?.protocol;
  return next === "udp" || next === "tcp" || next === "sctp" ? ip + 1 : -1;
}

/** The change of the source port, or null. Throws if any other hashed field changes. */
function tupleChanges(stream: TrafficStream, ip: number, ports: number, where: string): FieldModifier | null {
  if (stream.program !== null) {
    throw usageError("what a program sets cannot be foreseen", { where, accepted: "a stream without eachFrame" });
  }
  const hashed = fieldPlaces(stream.layers).filter(
    ({ layer, name }) =>
      (layer === ip && (name === "src" || name === "dst")) ||
      (layer === ports && (name === "srcPort" || name === "dstPort")),
  );
  let found: FieldModifier | null = null;
  for (const field of stream.fields) {
    const { target } = field;
    const place = hashed.find((each) =>
      "field" in target
        ? each.path === target.field
        : target.offset * 8 < each.frameBitOffset + each.bits &&
          each.frameBitOffset < (target.offset + target.bytes) * 8,
    );
    if (place === undefined) continue;
    if (place.name !== "srcPort" || !("field" in target)) {
      const what = `ports cannot be chosen while ${place.path} changes as well`;
      throw usageError(what, { where, accepted: "changes of the source port alone" });
    }
    found = field;
  }
  return found;
}

/** The values of a source port, in order. */
function portsOf({ change, perQueue }: FieldModifier, where: string): number[] {
  if (change.kind === "random" || perQueue != null) {
    const what = `source ports ${change.kind === "random" ? "drawn at random" : "with counts per queue"}`;
    throw usageError(`${what} cannot be chosen from`, { where, accepted: "increment, decrement, list" });
  }
  if (change.kind === "list") return change.values.map(Number);
  const { kind, min, max, step } = change;
  const [low, high] = [Number(min), Number(max)];
  const count = Math.max(0, Math.floor((high - low) / step) + 1);
  return Array.from({ length: count }, (_, k) => (kind === "increment" ? low + k * step : high - k * step));
}

function withPort(
  layers: readonly Header[],
  ports: number,
  suits: (port: number) => boolean,
  target: string,
  where: string,
): readonly Header[] {
  const header = layers[ports] as PortsHeader;
  for (let srcPort = header.srcPort; srcPort <= lastPort; srcPort++) {
    if (suits(srcPort)) return layers.map((layer, i) => (i === ports ? { ...header, srcPort } : layer));
  }
  throw usageError(`no source port from ${header.srcPort} puts the flow on ${target}`, {
    where,
    accepted: "a lower source port to begin with",
  });
}
