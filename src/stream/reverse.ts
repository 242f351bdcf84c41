/** The stream of the opposite direction, between the same two ends. */
import { usageError } from "../errors.js";
import { fieldPlace, type Header, layerNames } from "../packet/index.js";
import type { ModifierTarget, TrafficStream } from "./spec/traffic.js";
import { isPlain, type Traffic } from "./spec.js";

/** Stream numbers of the reverse direction start here (of 2^24), so that each side knows the frames that are for it. */
export const reverseFirstStream = 2 ** 23;

export const isReverse = (stream: number): boolean => stream >= reverseFirstStream;

/** MAC and IP addresses swapped; ports stay, since the source port tells flows apart. */
export function reverseStream<T extends Traffic>(spec: T): T {
  if (!isPlain(spec)) return { ...spec, streams: spec.streams.map(reverseOne) };
  return {
    ...spec,
    srcMac: spec.dstMac,
    dstMac: spec.srcMac,
    srcAddress: spec.dstAddress,
    dstAddress: spec.srcAddress,
  };
}

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
