/** Where the fields of a stack of headers are, in bits from the frame's start. */
import { usageError } from "../errors.js";
import { nearest } from "../nearest.js";
import { type Header, headersBytes } from "../packet/index.js";

export type FieldKind = "number" | "mac" | "ipv4" | "ipv6" | "checksum";

export interface FieldPlace {
  /** `ipv4.src`; the second of its kind in a stack is `ipv4[1].src`. */
  readonly name: string;
  readonly bitOffset: number;
  readonly bits: number;
  readonly kind: FieldKind;
}

type Table = Readonly<Record<string, readonly [bitOffset: number, bits: number, kind?: FieldKind]>>;

const tables: Readonly<Record<string, Table>> = {
  ethernet: { dst: [0, 48, "mac"], src: [48, 48, "mac"], etherType: [96, 16] },
  vlan: { priority: [0, 3], dropEligible: [3, 1], id: [4, 12], etherType: [16, 16] },
  ipv4: {
    dscp: [8, 6],
    ecn: [14, 2],
    totalLength: [16, 16],
    identification: [32, 16],
    flags: [48, 3],
    fragmentOffset: [51, 13],
    ttl: [64, 8],
    ipProtocol: [72, 8],
    checksum: [80, 16, "checksum"],
    src: [96, 32, "ipv4"],
    dst: [128, 32, "ipv4"],
  },
  ipv6: {
    trafficClass: [4, 8],
    flowLabel: [12, 20],
    payloadLength: [32, 16],
    nextHeader: [48, 8],
    hopLimit: [56, 8],
    src: [64, 128, "ipv6"],
    dst: [192, 128, "ipv6"],
  },
  udp: { srcPort: [0, 16], dstPort: [16, 16], length: [32, 16], checksum: [48, 16, "checksum"] },
};

/** Names of the layers of a stack, unique: `ipv4`, `ipv4[1]`. */
export function layerNames(layers: readonly Header[]): readonly string[] {
  const seen = new Map<string, number>();
  return layers.map(({ protocol }) => {
    const before = seen.get(protocol) ?? 0;
    seen.set(protocol, before + 1);
    return before === 0 ? protocol : `${protocol}[${before}]`;
  });
}

/** All fields of layer `layer` of a stack. */
export function fieldsOfLayer(layers: readonly Header[], layer: number): readonly FieldPlace[] {
  const start = headersBytes(layers.slice(0, layer)) * 8;
  const name = layerNames(layers)[layer];
  return Object.entries(tables[layers[layer].protocol] ?? {}).map(([field, [bitOffset, bits, kind]]) => ({
    name: `${name}.${field}`,
    bitOffset: start + bitOffset,
    bits,
    kind: kind ?? "number",
  }));
}

/** The field by name; a usage error with the nearest name where there is none. */
export function fieldPlace(layers: readonly Header[], layer: number, field: string, where: string): FieldPlace {
  if (!(layer >= 0 && layer < layers.length)) {
    throw usageError(`there is no layer ${layer}`, { where, accepted: layerNames(layers).join(", ") });
  }
  const fields = fieldsOfLayer(layers, layer);
  const prefix = `${layerNames(layers)[layer]}.`;
  const found = fields.find(({ name }) => name === prefix + field);
  if (found !== undefined) return found;
  const names = fields.map(({ name }) => name.slice(prefix.length));
  const meant = nearest(field, names);
  throw usageError(`${layers[layer].protocol} has no field "${field}"`, {
    where,
    accepted: names.join(", "),
    ...(meant === null ? {} : { hint: `did you mean ${meant}?` }),
  });
}
