/** A stream with everything looked up and checked: fields as bit offsets, values as numbers, sizes as a sequence. */
import { usageError } from "../../errors.js";
import { type ChecksumPlace, checksumPlaces, headersBytes, trailersBytes } from "../../packet/index.js";
import { type FrameSize, fcsBytes } from "../../units.js";
import type { EachFrame } from "../program/frame.js";
import type { BitPlace, Patch, ResolvedChange } from "../spec/modifier.js";
import { type SizeOrder, sizeOrder } from "../spec/sizes.js";
import type { TrafficSpec, TrafficStream } from "../spec/traffic.js";
import { changeWhere, resolveChanges } from "./changes.js";
import { signatureBytes } from "./signature.js";

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
  checkFirst(stream, where);
  const headers = headersBytes(stream.layers);
  const least = Math.min(...order.frameBytes) - fcsBytes;
  const trailers = trailersBytes(stream.layers);
  const needed = headers + trailers + fcsBytes;
  if (needed > least + fcsBytes) {
    throw usageError(
      `${stackInWords(stream)} needs ${needed} bytes with FCS, more than a frame of ${least + fcsBytes}`,
      {
        where: `${where} size`,
        accepted: `sizes from ${needed}`,
      },
    );
  }
  // Checksums count a signature as nothing only as a whole: half of it may not be in a trailer.
  const signed = stream.signed !== false && trailers === 0 && headers + signatureBytes <= least;
  const changeableBytes = least - (signed ? signatureBytes : 0);
  const { changes, patches } = resolveChanges(spec, index);
  checkPlaces(stream, changes, changeableBytes, least);
  return { stream, order, headerBytes: headers, signed, changeableBytes, patches, changes, eachFrame };
}

/** Every port carries Ethernet frames. */
function checkFirst({ layers }: TrafficStream, where: string): void {
  const first = layers[0]?.protocol;
  if (first === "ethernet" || first === "raw") return;
  const what = first === undefined ? "a frame without headers" : `a frame cannot begin with ${first}`;
  throw usageError(what, { where: `${where} packet[0]`, accepted: "ethernet first, or raw for bytes of your own" });
}

/** `ethernet / ipv4 / udp`; of very many the first. */
function stackInWords({ layers }: TrafficStream): string {
  const names = layers.map(({ protocol }) => protocol);
  const shown = names.length > 12 ? [...names.slice(0, 12), `… ${names.length - 12} more`] : names;
  return shown.join(" / ");
}

/** No place outside of the frame or in its signature, and no bit twice. */
function checkPlaces(
  stream: TrafficStream,
  changes: readonly ResolvedChange[],
  changeableBytes: number,
  least: number,
): void {
  const all = changes.flatMap(({ name, field, places }) =>
    places.map((place) => ({ name, where: changeWhere(stream, field), field, ...place })),
  );
  for (const { name, where, bitOffset, bits } of all) {
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
      // The later one in the text is the one too many.
      const { where } = a.field > b.field ? a : b;
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
