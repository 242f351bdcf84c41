/**
 * The frame that a program's `eachFrame` sees: an object per layer with a property per field, and any bytes by
 * offset. The frame starts each time as the spec has it; what the function does must follow from `index` alone, since
 * it may be called again for the same frame, and on another queue.
 */
import { usageError } from "../errors.js";
import { fieldPlaces, layerNames } from "../packet/index.js";
import type { BitPlace } from "./modifier.js";
import type { ResolvedStream } from "./resolve.js";

/** Called for each frame, with its number in the stream from 0. */
export type EachFrame = (frame: ProgramFrame, index: number) => void;

type Fields<Names extends string> = { [Name in Names]: number };

/** The layers that most programs touch, for completion; others are there by their names as well. */
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
  /** 2^bits: values lie below. */
  readonly limit: number;
  /** Where a compiled cursor keeps it; −1: nowhere yet. */
  register: number;
}

const targetOf = (name: string, bitOffset: number, bits: number): ProgramTarget => ({
  name,
  place: { bitOffset, bits, shift: 0 },
  limit: 2 ** bits,
  register: -1,
});

/** How a program's reads and writes are carried out. */
export interface FrameAccess {
  get(target: ProgramTarget): number;
  /** `value` fits into the target. */
  set(target: ProgramTarget, value: number): void;
}

/** The object for a stream's frames; slow to make, and as fast as `access` is. */
export function programFrame(resolved: ResolvedStream, access: FrameAccess): ProgramFrame {
  const { layers } = resolved.stream;
  const places = fieldPlaces(layers);
  const frame: Record<string, unknown> = {};
  for (const [layer, name] of layerNames(layers).entries()) {
    const fields = {};
    for (const field of places.filter((place) => place.layer === layer)) {
      // Checksums follow from what a program sets.
      if (field.derived === "checksum") continue;
      const bits = Math.min(32, field.bits);
      const bitOffset = field.frameBitOffset + field.bits - bits;
      const target = targetOf(field.path, bitOffset, bits);
      Object.defineProperty(fields, field.name, {
        enumerable: true,
        get: () => access.get(target),
        set: (value: number) => access.set(target, checkedValue(target, value)),
      });
    }
    frame[name] = Object.freeze(fields);
  }
  for (const bits of [8, 16, 32]) {
    const known: ProgramTarget[] = [];
    const at = (offset: number): ProgramTarget => {
      known[offset] ??= bytesTarget(resolved, offset, bits);
      return known[offset];
    };
    frame[`get${bits}`] = (offset: number) => access.get(at(offset));
    frame[`set${bits}`] = (offset: number, value: number) => {
      const target = at(offset);
      access.set(target, checkedValue(target, value));
    };
  }
  return Object.freeze(frame) as unknown as ProgramFrame;
}

/** Throws for a write outside of the frame, or into its signature. */
export function bytesTarget(resolved: ResolvedStream, offset: number, bits: number): ProgramTarget {
  const most = resolved.changeableBytes - bits / 8;
  if (!Number.isInteger(offset) || offset < 0 || offset > most) {
    throw usageError(`${bits / 8} bytes at ${offset} lie outside of what a program may touch`, {
      where: `stream "${resolved.stream.name}"`,
      accepted: `offsets 0 to ${most}, in the smallest frame and before its signature`,
    });
  }
  return targetOf(`${bits} bits at byte ${offset}`, offset * 8, bits);
}

export function checkedValue(target: ProgramTarget, value: number): number {
  if (value >>> 0 === value && value < target.limit) return value;
  throw usageError(`${value} does not fit into ${target.name}`, { accepted: `0 to ${2 ** target.place.bits - 1}` });
}
