/** A stream with everything looked up and checked: fields as bit offsets, values as numbers, sizes as an order. */
import { usageError } from "../errors.js";
import { type ChecksumPlace, checksumPlaces, headersBytes } from "../packet/index.js";
import { type FrameSize, fcsBytes } from "../units.js";
import { resolveChanges } from "./changes.js";
import type { BitPlace, ResolvedChange } from "./modifier.js";
import type { EachFrame } from "./program-frame.js";
import { signatureBytes } from "./signature.js";
import { type SizeOrder, sizeOrder } from "./sizes.js";
import type { TrafficSpec, TrafficStream } from "./traffic.js";

/** A constant that stands in every frame: what changes of a wide field leave out. */
export interface Patch {
  readonly bitOffset: number;
  readonly bits: number;
  readonly value: number;
}

export interface ResolvedStream {
  readonly stream: TrafficStream;
  readonly order: SizeOrder;
  readonly headerBytes: number;
  /** Every size has room for the signature behind the headers. */
  readonly signed: boolean;
  /** Of the smallest frame, without FCS and signature: what may change ends before. */
  readonly changeableBytes: number;
  readonly patches: readonly Patch[];
  readonly changes: readonly ResolvedChange[];
  readonly eachFrame: EachFrame | null;
}

/** Where in a spec something is, for errors: `stream "a"`. */
export const whereOf = (stream: TrafficStream): string => `stream "${stream.name}"`;

/** `eachFrame`: what the stream's program loads to. Throws usage errors that name the stream. */
export function resolveStream(
  spec: TrafficSpec,
  index: number,
  size: FrameSize,
  eachFrame: EachFrame | null = null,
): ResolvedStream {
  const stream = spec.streams[index];
  const where = whereOf(stream);
  const order = sizeOrder(stream.size ?? size, spec.seed, stream.size === null ? "--sizes" : `${where} size`);
  const headers = headersBytes(stream.layers);
  const least = Math.min(...order.frameBytes) - fcsBytes;
  if (headers > least) {
    const stack = stream.layers.map(({ protocol }) => protocol).join(" / ");
    throw usageError(`${stack} needs ${headers + fcsBytes} bytes with FCS, more than a frame of ${least + fcsBytes}`, {
      where,
      accepted: `sizes from ${headers + fcsBytes}`,
    });
  }
  const signed = headers + signatureBytes <= least;
  const changeableBytes = least - (signed ? signatureBytes : 0);
  const { changes, patches } = resolveChanges(spec, index);
  checkPlaces(where, changes, changeableBytes, least);
  return { stream, order, headerBytes: headers, signed, changeableBytes, patches, changes, eachFrame };
}

/** No place outside of the frame or in its signature, and no bit twice. */
function checkPlaces(where: string, changes: readonly ResolvedChange[], changeableBytes: number, least: number): void {
  const all = changes.flatMap(({ name, places }) => places.map((place) => ({ name, ...place })));
  for (const { name, bitOffset, bits } of all) {
    if (bitOffset + bits <= changeableBytes * 8) continue;
    const what =
      bitOffset + bits > least * 8
        ? `${name} lies outside of the smallest frame (${least} bytes without FCS)`
        : `${name} lies in the signature, the last ${signatureBytes} bytes`;
    throw usageError(what, { where, accepted: `bytes 0 to ${changeableBytes - 1}` });
  }
  const sorted = all.toSorted((a, b) => a.bitOffset - b.bitOffset);
  for (let i = 1; i < sorted.length; i++) {
    const [a, b] = [sorted[i - 1], sorted[i]];
    if (a.bitOffset + a.bits > b.bitOffset) {
      throw usageError(`${a.name} and ${b.name} change the same bits`, { where, accepted: "one change for each bit" });
    }
  }
}

/** The checksums that are kept right in a frame of this size: not those that a change writes itself. */
export function keptChecksums(resolved: ResolvedStream, bufferBytes: number): readonly ChecksumPlace[] {
  const places = resolved.changes.flatMap((change) => change.places);
  return checksumPlaces(resolved.stream.layers, bufferBytes).filter((sum) => !places.some(isIn(sum)));
}

const isIn =
  ({ at, algorithm }: ChecksumPlace) =>
  ({ bitOffset, bits }: BitPlace): boolean =>
    bitOffset < (at + (algorithm === "internet" ? 2 : 4)) * 8 && bitOffset + bits > at * 8;
