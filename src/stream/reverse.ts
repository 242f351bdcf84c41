/** The stream of the opposite direction, between the same two ends. */
import { usageError } from "../errors.js";
import { fieldPlace, type Header, layerNames } from "../packet/index.js";
import type { ModifierTarget, PlainTraffic, TrafficSpec, TrafficStream } from "./spec/traffic.js";
import { trafficOf } from "./spec.js";

/** Stream numbers of the reverse direction start here (of 2^24), so that each side knows the frames that are for it. */
export const reverseFirstStream = 2 ** 23;

export const isReverse = (stream: number): boolean => stream >= reverseFirstStream;

/** MAC and IP addresses swapped; ports stay, since the source port tells flows apart. */
export function reverseStream(spec: TrafficSpec): TrafficSpec {
  const { plain, streams } = spec;
  return plain === undefined ? { ...spec, streams: streams.map(reverseOne) } : trafficOf(reversePlain(plain));
}

export const reversePlain = (plain: PlainTraffic): PlainTraffic => ({
  ...plain,
  srcMac: plain.dstMac,
  dstMac: plain.srcMac,
  srcAddress: plain.dstAddress,
  dstAddress: plain.srcAddress,
});

function reverseOne(stream: TrafficStream): TrafficStream {
  if (stream.program !== null) {
    throw usageError("a program's traffic cannot be turned round", {
      where: `stream "${stream.name}"`,
      accepted: "declared fields, for traffic in both directions",
    });
  }
  const layers = stream.layers.map(reverseHeader);
  const fields = stream.fields.map((change) => ({ ...change, target: reverseTarget(stream, change.target) }));
  return { ...stream, layers, fields };
}

/** A header whose two addresses are swapped. */
function reverseHeader<H extends Header>(header: H): H {
  return "src" in header && "dst" in header ? { ...header, src: header.dst, dst: header.src } : header;
}

function reverseTarget({ layers }: TrafficStream, target: ModifierTarget): ModifierTarget {
  if (!("field" in target)) return target;
  const { layer, name } = fieldPlace(layers, target.field);
  if (name !== "src" && name !== "dst") return target;
  const header = layers[layer];
  const names = layerNames(layers);
  const both = "src" in header && "dst" in header;
  return both ? { field: `${names[layer]}.${name === "src" ? "dst" : "src"}` } : target;
}
