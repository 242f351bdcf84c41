/**
 * The headers of a flow → layers, and the bits that change. Constants go into the layers. What a layer computes otherwise,
 * and what changes from frame to frame, is written over them.
 */

import { PktgenError } from "../../errors.js";
import {
  buildFrame,
  checkStack,
  headersBytes,
  type Header as Layer,
  raw,
  readBytes,
  trailersBytes,
  wideBitsAt,
} from "../../packet/index.js";
import { compileStream, type FieldModifier, plainStream, signatureBytes } from "../../stream/index.js";
import { fcsBytes, fixedSize, minFrameBytes } from "../../units.js";
import type { OtgHeader, Pattern } from "../model.js";
import { invalid, OtgRefusal } from "../refusal.js";
import { messageNamed, type PatternFacts } from "../schema/index.js";
import { withDefaults } from "../wire/read-value.js";
import { type FirstValues, type HeaderForm, type Slot, slotBytes } from "./header-form.js";
import { headerForms } from "./headers.js";
import { constantOf, type FieldValues, firstOf, modifiersOf, valuesOf } from "./pattern.js";

export interface Packet {
  readonly layers: readonly Layer[];
  readonly fields: readonly FieldModifier[];
  /** By modifier: the path of what it came from. */
  readonly origins: readonly string[];
}

/** What a field is that is not given, or `auto`; undefined: what the header's form says. */
export type AutoValues = (header: string, index: number, field: string) => FieldValues | undefined;

interface Placed {
  /** In the request. */
  readonly path: string;
  readonly slot: Slot;
  /** null: computed. */
  readonly values: FieldValues | null;
  readonly checksum: "bad" | "custom" | null;
}

interface Made {
  readonly index: number;
  readonly before: number;
  readonly placed: readonly Placed[];
  readonly layer: Layer;
}

const words = (path: string): readonly string[] => path.split(".");
const listed = /^(\w+)\[(\d+)\]$/;

/** The pattern's message, by the path of a field in its header's. */
function messageAt(message: string, path: string): string {
  let name = message;
  for (const word of words(path)) {
    const field = messageNamed(name).byName.get(listed.exec(word)?.[1] ?? word)!;
    name = (field.type as { readonly message: string }).message;
  }
  return name;
}

export function givenAt(given: Readonly<Record<string, unknown>>, path: string): Pattern | undefined {
  let value: unknown = given;
  for (const word of words(path)) {
    const match = listed.exec(word);
    const part = (value as Readonly<Record<string, unknown>> | undefined)?.[match?.[1] ?? word];
    value = match === null ? part : (part as readonly unknown[] | undefined)?.[Number(match[2])];
  }
  return value as Pattern | undefined;
}

/** Where the models have no default of their own for what is computed, or where nothing follows. */
function usualValues(form: HeaderForm, facts: PatternFacts, message: string, slot: string, isLast: boolean) {
  if (form.computed?.includes(slot.replaceAll(/\[\d+\]/g, "[]")) === true) return null;
  if (form.next === slot) return isLast ? valuesOf(facts, { choice: "value", value: facts.byDefault }, "") : null;
  if (facts.isAuto && facts.kind === "uint") return null;
  return valuesOf(facts, withDefaults(message, { choice: "value" }) as unknown as Pattern, "");
}

function placeSlot(
  { message, form }: { readonly message: string; readonly form: HeaderForm },
  given: Readonly<Record<string, unknown>>,
  slot: Slot,
  path: string,
  auto: FieldValues | undefined,
  isLast: boolean,
): Placed {
  const own = `${path}.${slot.path}`;
  const name = messageAt(message, slot.path!);
  const { pattern: facts } = messageNamed(name);
  const pattern = givenAt(given, slot.path!);
  if (facts === null) {
    if (pattern?.choice === "custom") {
      const values = constantOf(BigInt(pattern.custom ?? 0));
      return { path: own, slot, values, checksum: "custom" };
    }
    return { path: own, slot, values: null, checksum: pattern?.generated === "bad" ? "bad" : null };
  }
  if (form.shapes?.includes(slot.path!) === true && pattern !== undefined && pattern.choice !== "value") {
    throw invalid(`${own}.choice: it decides which fields the header has; accepted: value`);
  }
  const isSaid = pattern !== undefined && pattern.choice !== "auto";
  const values = isSaid ? valuesOf(facts, pattern, own) : (auto ?? usualValues(form, facts, name, slot.path!, isLast));
  return { path: own, slot, values, checksum: null };
}

function bytesIn(value: bigint, bits: number): Uint8Array {
  const length = bits / 8;
  return Uint8Array.from({ length }, (_, i) => Number(BigInt.asUintN(8, value >> BigInt(8 * (length - 1 - i)))));
}

function firstValues(placed: readonly Placed[], isLast: boolean): FirstValues {
  const by = new Map(placed.map((field) => [field.slot.path!, field]));
  const first = (path: string): bigint | undefined => {
    const values = by.get(path)?.values ?? null;
    return values === null ? undefined : firstOf(values);
  };
  return {
    isLast,
    number: (path) => {
      const value = first(path);
      return value === undefined ? undefined : Number(value);
    },
    bytes: (path) => {
      const value = first(path);
      return value === undefined ? undefined : bytesIn(value, by.get(path)!.slot.bits);
    },
  };
}

function customBytes(header: OtgHeader, path: string): Uint8Array {
  const { bytes } = header["custom"] as { readonly bytes: string };
  const read = readBytes(bytes);
  if (read === null || read.length === 0) {
    throw invalid(`${path}.custom.bytes: "${bytes.slice(0, 40)}" is not accepted; accepted: pairs of hex digits`);
  }
  return read;
}

/** A header of the packet as a layer, and its fields where they lie in it. @throws OtgRefusal */
export function madeOf(headers: readonly OtgHeader[], index: number, path: string, auto: AutoValues): Made {
  const header = headers[index]!;
  const { choice } = header;
  if (choice === "custom") {
    return { index, before: 0, placed: [], layer: raw(customBytes(header, path)) };
  }
  const known = headerForms[choice];
  if (known === undefined) throw invalid(`${path}.${choice}: not supported: no such header is built`);
  const given = (header[choice] ?? {}) as Readonly<Record<string, unknown>>;
  const after = headers[index + 1]?.choice;
  const isLast = after === undefined || after === "custom";
  const own = `${path}.${choice}`;
  const slots = known.form.slots(given);
  const etherType = choice === "ethernet" ? headerForms[after ?? ""]?.form.etherType : undefined;
  const autoOf = (of: string): FieldValues | undefined =>
    of === "ether_type" && etherType !== undefined ? constantOf(BigInt(etherType)) : auto(choice, index, of);
  const placed = slots
    .filter((slot) => slot.path !== null)
    .map((slot) => placeSlot(known, given, slot, own, autoOf(slot.path!), isLast));
  const first = firstValues(placed, isLast);
  const layer = known.form.layer?.(first, given) ?? raw(slotBytes(slots, first));
  return { index, before: known.form.before ?? 0, placed: withOffsets(slots, placed), layer };
}

/** Each slot knows its bit in the header: fillers count. */
function withOffsets(slots: readonly Slot[], placed: readonly Placed[]): readonly Placed[] {
  let at = 0;
  let k = 0;
  const found: Placed[] = [];
  for (const slot of slots) {
    if (slot.path !== null) found.push({ ...placed[k++]!, slot: { ...slot, value: at } });
    at += slot.bits;
  }
  return found;
}

/** Bytes of one's own next to each other are one layer. Their places stay as they are. */
function stackOf(made: readonly Made[], path: string): readonly Layer[] {
  const stack: Layer[] = [];
  for (const { layer, index } of made) {
    const last = stack.at(-1);
    if (last?.protocol === "raw" && layer.protocol === "raw") {
      stack[stack.length - 1] = raw(Uint8Array.of(...last.bytes, ...layer.bytes));
      continue;
    }
    if (last !== undefined) checkNext(last, layer, `${path}[${index}]`);
    stack.push(layer);
  }
  const [first] = stack;
  if (first!.protocol !== "ethernet" && first!.protocol !== "raw") {
    throw invalid(`${path}[0]: a frame cannot begin with ${first!.protocol}; accepted: ethernet, custom`);
  }
  return stack;
}

function checkNext(outer: Layer, inner: Layer, path: string): void {
  try {
    checkStack([outer, inner]);
  } catch (error) {
    if (!(error instanceof PktgenError)) throw error;
    throw invalid(`${path}: ${error.message}; accepted: ${error.accepted ?? "another header"}`);
  }
}

interface Change {
  readonly path: string;
  readonly at: number;
  readonly bits: number;
  readonly values: FieldValues;
}

/** What the layers do not have of themselves. */
function changesOf(made: readonly Made[], frames: readonly Uint8Array[]): readonly Change[] {
  const changes: Change[] = [];
  let start = 0;
  for (const { placed, layer, before } of made) {
    for (const { path, slot, values, checksum } of placed) {
      if (values === null) continue;
      const at = start * 8 - before + slot.value!;
      const isThere =
        values.kind === "constant" &&
        checksum === null &&
        frames.every((frame) => wideBitsAt(frame, at, slot.bits) === values.value);
      if (!isThere) changes.push({ path, at, bits: slot.bits, values });
    }
    start += headersBytes([layer]);
  }
  return changes;
}

/** Checksums that are wrong in all frames: one value that is right in none. */
function badChecksums(
  made: readonly Made[],
  layers: readonly Layer[],
  fields: readonly FieldModifier[],
  sizes: readonly number[],
): readonly Change[] {
  const changes: Change[] = [];
  let start = 0;
  for (const { placed, layer } of made) {
    for (const { path, slot, checksum } of placed) {
      if (checksum !== "bad") continue;
      if (fields.length > 0) {
        throw invalid(`${path}.generated: a bad checksum of frames that change is not supported; accepted: good`);
      }
      const at = start * 8 + slot.value!;
      const stream = { ...plainStream("frames", layers), size: { kind: "list", frameBytes: sizes } as const };
      const program = compileStream({ name: "frames", streams: [stream], sizes: [], seed: 1 }, fixedSize(sizes[0]!));
      const right = new Set(sizes.map((_, variant) => wideBitsAt(program.template(variant), at, slot.bits)));
      let wrong = 1n;
      while (right.has(wrong)) wrong++;
      changes.push({ path, at, bits: slot.bits, values: constantOf(wrong) });
    }
    start += headersBytes([layer]);
  }
  return changes;
}

/** Of the flow. */
export interface PacketPlace {
  readonly path: string;
  /** Ethernet frames in tunnels have room for a check sequence. */
  readonly innerFcs: boolean;
}

export interface PacketOrder extends PacketPlace {
  /** All frame sizes, with FCS. */
  readonly sizes: readonly number[];
}

const inTunnel = ({ layer, index, ...made }: Made): Made => ({
  ...made,
  index,
  layer: layer.protocol === "ethernet" && index > 0 ? { ...layer, trailerBytes: fcsBytes } : layer,
});

interface Stacked {
  readonly made: readonly Made[];
  readonly layers: readonly Layer[];
  /** With FCS. */
  readonly leastBytes: number;
}

function stacked(given: readonly OtgHeader[], { path, innerFcs }: PacketPlace, auto: AutoValues): Stacked {
  const headers: readonly OtgHeader[] = given.length === 0 ? [{ choice: "ethernet", ethernet: {} }] : given;
  const plain = headers.map((_, index) => madeOf(headers, index, `${path}.packet[${index}]`, auto));
  const made = innerFcs ? plain.map(inTunnel) : plain;
  const layers = stackOf(made, `${path}.packet`);
  return { made, layers, leastBytes: headersBytes(layers) + trailersBytes(layers) + fcsBytes };
}

function told<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof OtgRefusal || !(error instanceof PktgenError)) throw error;
    throw invalid(`${path}.packet: ${error.toLine()}`);
  }
}

/**
 * The size of frames that have none given, with FCS: the models' own, or what longer headers need. Behind those is room for a
 * signature, if the flow has metrics and its frames can have one.
 * @throws OtgRefusal
 */
export function ownFrameBytes(given: readonly OtgHeader[], place: PacketPlace, hasMetrics: boolean, auto: AutoValues) {
  return told(place.path, () => {
    const { layers, leastBytes } = stacked(given, place, auto);
    if (leastBytes <= minFrameBytes) return minFrameBytes;
    return leastBytes + (hasMetrics && trailersBytes(layers) === 0 ? signatureBytes : 0);
  });
}

/** @throws OtgRefusal */
export function packetOf(given: readonly OtgHeader[], order: PacketOrder, auto: AutoValues): Packet {
  const { path, sizes } = order;
  return told(path, () => {
    const { made, layers, leastBytes } = stacked(given, order, auto);
    const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
    if (leastBytes > least) {
      throw invalid(`${path}.size: the headers need ${leastBytes} bytes, more than a frame of ${least}`);
    }
    const frames = [...new Set([least, most])].map((size) => buildFrame(layers, size - fcsBytes));
    const changes = changesOf(made, frames);
    const fields = changes.map(({ at, bits, values }) => modifiersOf(at, bits, values));
    const bad = badChecksums(made, layers, fields.flat(), sizes);
    const all = [...changes, ...bad];
    const modifiers = all.map(({ at, bits, values }) => modifiersOf(at, bits, values));
    return {
      layers,
      fields: modifiers.flat(),
      origins: all.flatMap((change, k) => modifiers[k]!.map(() => change.path)),
    };
  });
}
