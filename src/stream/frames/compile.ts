/**
 * Stream → frame program: each size is rendered once, and a cursor made by codegen.ts writes what changes over it.
 * interpret.ts says what the bytes are; here they are only made fast.
 */
import type { RingMemory } from "../../memory.js";
import { buildFrame, checksumPlaces, leadingTags } from "../../packet/index.js";
import { type FrameSize, fcsBytes } from "../../units.js";
import type { EachFrame } from "../program/frame.js";
import type { ProgramRegisters } from "../program/registers.js";
import { type BitPlace, putBits } from "../spec/modifier.js";
import { payloadBytes } from "../spec/payload.js";
import type { TrafficSpec } from "../spec/traffic.js";
import { checkSize, checkTraffic } from "../spec.js";
import { makeChecksumsRight } from "./checksums.js";
import type { CursorModel, Source } from "./codegen.js";
import { CompiledCursor } from "./cursor.js";
import { type ExpectedFrame, expectedFrames } from "./expected.js";
import { putPlace } from "./interpret.js";
import { factorsOf, sumBehind } from "./linear.js";
import type { FrameCursor, FrameProgram, FrameVariant, HeaderMarks, SigningCursor } from "./program.js";
import { marksOf, type Recogniser, recogniserOf } from "./recognise.js";
import { keptChecksums, type ResolvedStream, resolveStream } from "./resolve.js";
import { signatureBytes } from "./signature.js";

/** The programs of all streams for one of the spec's sizes (or any other that its headers fit into). */
export function compileTraffic(
  spec: TrafficSpec,
  size: FrameSize,
  programs: readonly (EachFrame | null)[] = [],
): readonly FrameProgram[] {
  checkTraffic(spec);
  checkSize(spec, size);
  return spec.streams.map(
    (_, index) => new CompiledProgram(resolveStream(spec, index, size, programs[index] ?? null), spec),
  );
}

/** The program of a spec with one stream. */
export const compileStream = (spec: TrafficSpec, size: FrameSize): FrameProgram => compileTraffic(spec, size)[0];

class CompiledProgram implements FrameProgram {
  readonly variants: readonly FrameVariant[];
  readonly pattern: Uint16Array;
  readonly signed: boolean;
  readonly changes: boolean;
  readonly seals: boolean;
  readonly headerBytes: number;
  readonly tags: number;
  /** Per variant, all bytes except the signature's. What changes is 0. */
  readonly #templates: readonly Uint8Array[];
  readonly #resolved: ResolvedStream;
  readonly #recogniser: Recogniser;
  readonly #modelOf: () => CursorModel;
  readonly #touchesPayload: boolean;
  #expected: ExpectedFrame | null = null;

  constructor(resolved: ResolvedStream, { plain }: TrafficSpec) {
    const { order, signed, changes, eachFrame } = resolved;
    const { layers } = resolved.stream;
    this.variants = order.frameBytes.map((frameBytes) => ({ frameBytes, bufferBytes: frameBytes - fcsBytes }));
    this.pattern = order.pattern;
    this.signed = signed;
    this.changes = changes.length > 0 || eachFrame !== null;
    this.headerBytes = resolved.headerBytes;
    this.#resolved = resolved;
    const headerBits = resolved.headerBytes * 8;
    const places = changes.flatMap((change) => change.places);
    this.#touchesPayload = eachFrame !== null || places.some(({ bitOffset, bits }) => bitOffset + bits > headerBits);
    this.seals = checksumPlaces(layers, this.variants[0].bufferBytes).some(({ algorithm }) => algorithm === "crc32c");
    const frames = this.variants.map(({ bufferBytes }) => zeroFrame(resolved, bufferBytes));
    this.tags = leadingTags(new DataView(frames[0].buffer, frames[0].byteOffset), 0, frames[0].length);
    this.#templates = frames.map((frame) => frame.slice(0, frame.length - (signed ? signatureBytes : 0)));
    this.#recogniser = recogniserOf(plain, resolved, this.variants, frames[0]);
    let model: CursorModel | null = null;
    this.#modelOf = () => {
      model ??= modelOf(resolved, this.variants, frames);
      return model;
    };
  }

  template(variant: number): Uint8Array {
    return this.#templates[variant];
  }

  render(memory: RingMemory, offset: number, variant: number): void {
    memory.u8.set(this.#templates[variant], offset);
  }

  model(): CursorModel | null {
    return this.#resolved.eachFrame === null ? this.#modelOf() : null;
  }

  expected(index: number, variant: number): Uint8Array {
    if (!this.#touchesPayload) return this.#templates[variant];
    this.#expected ??= expectedFrames(this.#resolved, this.#templates);
    return this.#expected(index, variant);
  }

  cursor(queue: number, queues: number): FrameCursor {
    return this.#cursor(queue, queues, null);
  }

  signingCursor(queue: number, queues: number): SigningCursor {
    return this.#cursor(queue, queues, this.variants[0].bufferBytes);
  }

  #cursor(queue: number, queues: number, signedBytes: number | null): CompiledCursor {
    const { eachFrame } = this.#resolved;
    const model = this.#modelOf();
    return new CompiledCursor({
      resolved: this.#resolved,
      eachFrame,
      templates: this.#templates,
      pattern: this.pattern,
      signedBytes,
      model,
      modelWith: (registers) => withRegisters(this.#resolved, this.variants, model, registers),
      queue,
      queues,
    });
  }

  seal(memory: RingMemory, offset: number, variant: number): void {
    const { bufferBytes } = this.variants[variant];
    const frame = memory.u8.subarray(offset, offset + bufferBytes);
    makeChecksumsRight(frame, keptChecksums(this.#resolved, bufferBytes));
  }

  marks(): HeaderMarks {
    return marksOf(this.#resolved, this.variants, zeroFrame(this.#resolved, this.variants[0].bufferBytes));
  }

  recognises(memory: RingMemory, offset: number, bytes: number): boolean {
    return this.#recogniser(memory.view, offset, bytes);
  }
}

/** A frame with 0 wherever something changes and, where signed, the simplest signature: words that sum to 0xffff. */
function zeroFrame(resolved: ResolvedStream, bufferBytes: number): Uint8Array {
  const { stream, headerBytes, signed, patches, changes } = resolved;
  const payload = payloadBytes(stream.payload, bufferBytes - headerBytes);
  if (signed) {
    payload.fill(0, payload.length - signatureBytes);
    payload.fill(0xff, payload.length - 2);
  }
  const frame = buildFrame(stream.layers, bufferBytes, payload);
  if (changes.length === 0 && patches.length === 0) return frame;
  for (const { bitOffset, bits, value } of patches) putBits(frame, bitOffset, bits, value);
  for (const place of changes.flatMap((change) => change.places)) putPlace(frame, place, 0);
  makeChecksumsRight(frame, keptChecksums(resolved, bufferBytes));
  return frame;
}

function modelOf(
  resolved: ResolvedStream,
  variants: readonly FrameVariant[],
  frames: readonly Uint8Array[],
): CursorModel {
  const edges = edgesOf(resolved, variants[0].bufferBytes);
  const sources = resolved.changes.map(
    ({ places, value, every, period, perQueue }): Source => ({
      places: places.flatMap((place) => splitPlace(place, edges)),
      from: { kind: "change", value, every, period, perQueue },
    }),
  );
  return {
    sources,
    sums: sumsOf(resolved, variants, frames, sources),
    leastBufferBytes: Math.min(...variants.map(({ bufferBytes }) => bufferBytes)),
    program: resolved.eachFrame === null ? null : { computed: [] },
  };
}

function sumsOf(
  resolved: ResolvedStream,
  variants: readonly FrameVariant[],
  frames: readonly Uint8Array[],
  sources: readonly Source[],
): CursorModel["sums"] {
  const kept = variants.map(({ bufferBytes }) => keptChecksums(resolved, bufferBytes));
  const sums = kept[0].map((place, k) => ({ place, k })).filter(({ place }) => place.algorithm === "internet");
  const bySource = sources.map(({ places }) =>
    factorsOf(
      frames[0],
      sums.map(({ place }) => place),
      kept[0],
      places,
    ),
  );
  return sums.map(({ place, k }, n) => ({
    at: place.at,
    neverZero: place.zeroIsNone,
    bases: frames.map((frame, variant) => sumBehind(frame, kept[variant][k])),
    factors: bySource.map((factors) => factors[n]),
  }));
}

/** The same with a program's registers behind the declared changes; checksums over what the program can set, too. */
function withRegisters(
  resolved: ResolvedStream,
  variants: readonly FrameVariant[],
  model: CursorModel,
  { written, computed }: ProgramRegisters,
): CursorModel {
  const edges = edgesOf(resolved, variants[0].bufferBytes);
  const frames = variants.map(({ bufferBytes }) => {
    const frame = zeroFrame(resolved, bufferBytes);
    for (const { place } of written) putPlace(frame, place, 0);
    makeChecksumsRight(frame, keptChecksums(resolved, bufferBytes));
    return frame;
  });
  const registers = written.map(
    (register): Source => ({ places: splitPlace(register.place, edges), from: { kind: "register", ...register } }),
  );
  const sources = [...model.sources, ...registers];
  return { ...model, sources, sums: sumsOf(resolved, variants, frames, sources), program: { computed } };
}

/** Where the coverage of a checksum begins or ends, in bits: a place on both sides is two places to it. */
function edgesOf(resolved: ResolvedStream, bufferBytes: number): readonly number[] {
  const edges = checksumPlaces(resolved.stream.layers, bufferBytes).flatMap(({ start, end, at, pseudo }) => [
    start,
    end,
    at,
    at + 2,
    ...(pseudo?.ranges ?? []).flatMap((range) => [range.start, range.end]),
  ]);
  return [...new Set(edges)].map((byte) => byte * 8).sort((a, b) => a - b);
}

/** In parts that lie between edges and in at most four bytes. */
function splitPlace(place: BitPlace, edges: readonly number[]): readonly BitPlace[] {
  const end = place.bitOffset + place.bits;
  const fiveBytes = (place.bitOffset & 7) + place.bits > 32 ? [(place.bitOffset | 7) + 1] : [];
  const cut = [...edges, ...fiveBytes].find((edge) => edge > place.bitOffset && edge < end);
  if (cut === undefined) return [place];
  const rest = end - cut;
  const first = { bitOffset: place.bitOffset, bits: place.bits - rest, shift: place.shift + rest };
  return [...splitPlace(first, edges), ...splitPlace({ bitOffset: cut, bits: rest, shift: place.shift }, edges)];
}
