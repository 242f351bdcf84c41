/**
 * The frame that a program's `eachFrame` sees: an object per layer with a property per field, and any bytes by offset.
 * The frame starts each time as the spec has it. What the function does must follow from `index` alone, since it may be
 * called again for the same frame, and on another queue.
 */
import { usageError } from "../../errors.js";
import { fieldPlaces, layerNames } from "../../packet/index.js";
import type { BitPlace } from "../spec/modifier.js";
import type { TrafficStream } from "../spec/traffic.js";

/** Called for each frame, with its number in the stream from 0. */
export type EachFrame = (frame: ProgramFrame, index: number) => void;

export type Fields<Names extends string> = { [Name in Names]: number };

/** The layers that most programs touch, for an editor's completion. Other layers can be used by their names, too. */
export interface KnownLayers {
  readonly ethernet: Fields<"dst" | "src" | "etherType">;
  readonly vlan: Fields<"priority" | "dropEligible" | "id" | "etherType">;
  readonly ipv4: Fields<"dscp" | "ecn" | "identification" | "flags" | "fragmentOffset" | "ttl" | "src" | "dst">;
  readonly ipv6: Fields<"trafficClass" | "flowLabel" | "hopLimit" | "src" | "dst">;
  readonly udp: Fields<"srcPort" | "dstPort">;
  readonly tcp: Fields<"srcPort" | "dstPort">;
}

/**
 * Bytes by offset from the frame's start, big-endian; and a property for each layer. A field wider than 32 bits is its
 * last 32.
 */
export interface ProgramFrame extends KnownLayers {
  get8(offset: number): number;
  get16(offset: number): number;
  get32(offset: number): number;
  set8(offset: number, value: number): void;
  set16(offset: number, value: number): void;
  set32(offset: number, value: number): void;
  readonly [layer: string]: unknown;
}

/** A field or bytes that a program may set: up to 32 bits. Wider fields are set in their last 32. */
export interface ProgramTarget {
  readonly name: string;
  readonly place: BitPlace;
}

/** A field of a layer. Checksums are left out, as they follow from what a program sets. */
export interface FieldTarget extends ProgramTarget {
  /** As the frame's property: `ipv4`, `ipv4[1]`. */
  readonly layer: string;
  readonly field: string;
}

const targetOf = (name: string, bitOffset: number, bits: number): ProgramTarget => ({
  name,
  place: { bitOffset, bits, shift: 0 },
});

/** What a program's frame needs of a resolved stream (frames/resolve.ts). */
interface ProgrammedStream {
  readonly stream: TrafficStream;
  /** Of the smallest frame, without FCS and signature. */
  readonly changeableBytes: number;
}

/** All fields of a stream that a program sees, outermost first. */
export function fieldTargets({ stream: { layers } }: Pick<ProgrammedStream, "stream">): readonly FieldTarget[] {
  const names = layerNames(layers);
  return fieldPlaces(layers)
    .filter(({ derived }) => derived !== "checksum")
    .map(({ path, name, layer, bits, frameBitOffset }) => {
      const seen = Math.min(32, bits);
      return { ...targetOf(path, frameBitOffset + bits - seen, seen), layer: names[layer], field: name };
    });
}

/** How a program's reads and writes are carried out. */
export interface FrameAccess {
  get(target: ProgramTarget): number;
  /** `value` fits into the target. */
  set(target: ProgramTarget, value: number): void;
}

/** The object for a stream's frames, in the slow and obvious way. object.ts has the fast one. */
export function programFrame(resolved: ProgrammedStream, access: FrameAccess): ProgramFrame {
  const frame: Record<string, unknown> = {};
  for (const name of layerNames(resolved.stream.layers)) frame[name] = {};
  for (const target of fieldTargets(resolved)) {
    Object.defineProperty(frame[target.layer], target.field, {
      get: () => access.get(target),
      set: (value: number) => access.set(target, checkedValue(target, value)),
    });
  }
  for (const layer of Object.values(frame)) Object.freeze(layer);
  for (const bits of [8, 16, 32]) {
    frame[`get${bits}`] = (offset: number) => access.get(bytesTarget(resolved, offset, bits));
    frame[`set${bits}`] = (offset: number, value: number) => {
      const target = bytesTarget(resolved, offset, bits);
      access.set(target, checkedValue(target, value));
    };
  }
  return Object.freeze(frame) as unknown as ProgramFrame;
}

/** Throws for bytes outside the frame, or in its signature. */
export function bytesTarget(resolved: ProgrammedStream, offset: number, bits: number): ProgramTarget {
  const most = resolved.changeableBytes - bits / 8;
  if (!Number.isInteger(offset) || offset < 0 || offset > most) {
    throw usageError(`${bits / 8} bytes at ${offset} lie outside of what a program may touch`, {
      where: `stream "${resolved.stream.name}"`,
      accepted: `offsets 0 to ${most}, in the smallest frame and before its signature`,
    });
  }
  return targetOf(`${bits} bits at byte ${offset}`, offset * 8, bits);
}

export function checkedValue({ name, place }: ProgramTarget, value: number): number {
  const limit = 2 ** place.bits;
  if (value >>> 0 === value && value < limit) return value;
  throw usageError(`${value} does not fit into ${name}`, { accepted: `0 to ${limit - 1}` });
}
