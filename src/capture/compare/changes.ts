/** What is different between two frames, field by field, named by protocol and field. */

import { formatField, readField } from "../../packet/field.js";
import { type Dissection, dissect, layerNames } from "../../packet/index.js";
import { Outline, outline } from "../../packet/outline.js";
import { protocolNamed } from "../../packet/protocols.js";
import type { FieldDifference } from "../../result/compare-result.js";
import type { FrameEntry } from "./entry.js";

type Layer = Dissection["layers"][number];

/** The most differences that are listed for one frame. */
const mostChanges = 64;
/** The most bytes of the payload that are shown. */
const shownBytes = 16;

/** The frame without the VLAN tags that it begins with, or the frame itself if it has none. */
export function withoutTags(bytes: Uint8Array): Uint8Array {
  const { cut, rest } = untagged(bytes);
  return cut === 0 ? bytes : rest;
}

/** The VLAN tags in words, and the frame without them. */
function untagged(bytes: Uint8Array): { readonly cut: number; readonly words: string; readonly rest: Uint8Array } {
  const { tags } = outlineOf(bytes);
  const cut = 4 * tags;
  if (cut === 0) return { cut, words: "none", rest: bytes };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const ids = Array.from({ length: tags }, (_, i) => `id ${view.getUint16(14 + 4 * i) & 0xfff}`);
  const rest = new Uint8Array(bytes.length - cut);
  rest.set(bytes.subarray(0, 12));
  rest.set(bytes.subarray(12 + cut), 12);
  return { cut, words: ids.join(", "), rest };
}

function outlineOf(bytes: Uint8Array): Outline {
  const out = new Outline();
  outline(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0, bytes.length, out);
  return out;
}

/**
 * The frames are masked already. A different number of VLAN tags is one change, and the rest is compared without them.
 */
export function fieldChanges(expected: Changed, actual: Changed): FieldDifference[] {
  const changes: FieldDifference[] = [];
  const lengths = [expected, actual].map(({ masked, cutBytes }) => masked.length + cutBytes);
  const note = (field: string, was: string, is: string): number =>
    was === is ? 0 : changes.push({ field, offset: 0, expected: was, actual: is });
  note("frame.length", String(lengths[0]), String(lengths[1]));
  const isCut = expected.cutBytes > 0 || actual.cutBytes > 0;
  if (isCut) {
    const words = [expected, actual].map(({ masked }, i) => `${masked.length} of ${lengths[i]} bytes`);
    if (expected.cutBytes !== actual.cutBytes) note("frame.captured", words[0], words[1]);
  }
  let [a, b] = [untagged(expected.masked), untagged(actual.masked)];
  let moved = 0;
  if (a.cut !== b.cut) {
    changes.push({ field: "vlan tags", offset: 12, expected: a.words, actual: b.words });
    moved = a.cut;
  } else [a, b] = [a, b].map((side, i) => ({ ...side, rest: [expected, actual][i].masked })) as [typeof a, typeof b];
  // Bytes that a capture cut do not count as different.
  const common = isCut ? Math.min(a.rest.length, b.rest.length) : Number.POSITIVE_INFINITY;
  for (const change of layersChanges(a.rest.subarray(0, common), b.rest.subarray(0, common))) {
    changes.push({ ...change, offset: change.offset < 12 ? change.offset : change.offset + moved });
  }
  return changes.slice(0, mostChanges);
}

type Changed = Pick<FrameEntry, "masked" | "cutBytes">;

function layersChanges(expected: Uint8Array, actual: Uint8Array): FieldDifference[] {
  const was = dissect(expected);
  const is = dissect(actual);
  const changes: FieldDifference[] = [];
  const layers = layerNames(was.layers.map(({ header }) => header));
  let i = 0;
  for (; i < was.layers.length && i < is.layers.length; i++) {
    const [a, b] = [was.layers[i], is.layers[i]];
    if (a.header.protocol !== b.header.protocol) break;
    changes.push(...layerChanges(layers[i], a, b, expected, actual));
  }
  const names = (layers: readonly Layer[]): string =>
    layers.map(({ header }) => header.protocol).join(" ") || "nothing";
  if (i < was.layers.length || i < is.layers.length) {
    const at = Math.max(was.layers[i]?.start ?? 0, is.layers[i]?.start ?? 0);
    changes.push({
      field: "layers",
      offset: at,
      expected: names(was.layers.slice(i)),
      actual: names(is.layers.slice(i)),
    });
  } else {
    const a = expected.subarray(was.payload.start, was.payload.end);
    const b = actual.subarray(is.payload.start, is.payload.end);
    changes.push(...bytesChanges("payload", a, b, was.payload.start));
    changes.push(
      ...bytesChanges("padding", expected.subarray(was.payload.end), actual.subarray(is.payload.end), was.payload.end),
    );
  }
  return changes;
}

/** `name`: of the layer in its stack, e.g. `ipv4[1]` inside a tunnel. */
function layerChanges(name: string, a: Layer, b: Layer, expected: Uint8Array, actual: Uint8Array): FieldDifference[] {
  const fields = protocolNamed(a.header.protocol).fields(a.header as never);
  const changes: FieldDifference[] = [];
  for (const field of fields) {
    const end = (field.bitOffset + field.bits + 7) >> 3;
    if (end > a.headerBytes || end > b.headerBytes) continue;
    const was = formatField(field, readField(expected, a.start, field));
    const is = formatField(field, readField(actual, b.start, field));
    if (was === is) continue;
    const offset = a.start + (field.bitOffset >> 3);
    changes.push({ field: `${name}.${field.name}`, offset, expected: was, actual: is });
  }
  if (changes.length === 0 || a.headerBytes !== b.headerBytes) {
    const was = expected.subarray(a.start, a.start + a.headerBytes);
    const is = actual.subarray(b.start, b.start + b.headerBytes);
    changes.push(...bytesChanges(`${name} header`, was, is, a.start));
  }
  return changes;
}

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

function bytesChanges(what: string, a: Uint8Array, b: Uint8Array, offset: number): FieldDifference[] {
  let first = 0;
  while (first < a.length && first < b.length && a[first] === b[first]) first++;
  if (first === a.length && first === b.length) return [];
  const show = (bytes: Uint8Array): string => {
    const rest = bytes.length - first - shownBytes;
    return hex(bytes.subarray(first, first + shownBytes)) + (rest > 0 ? `… (${rest} more)` : "") || "nothing";
  };
  return [{ field: `${what} from byte ${first}`, offset: offset + first, expected: show(a), actual: show(b) }];
}

/** `UDP 198.18.0.1:1024 > 198.18.0.2:53, 60 bytes` */
export function frameSummary(bytes: Uint8Array): string {
  const { layers } = dissect(bytes);
  const texts = new Map<string, string>();
  for (const { header, start, headerBytes } of layers) {
    for (const field of protocolNamed(header.protocol).fields(header as never)) {
      const end = (field.bitOffset + field.bits + 7) >> 3;
      if (end <= headerBytes) texts.set(field.name, formatField(field, readField(bytes, start, field)));
    }
  }
  const innermost = layers.at(-1)?.header.protocol.toUpperCase() ?? "frame";
  const [src, dst] = [texts.get("src"), texts.get("dst")];
  const [srcPort, dstPort] = [texts.get("srcPort"), texts.get("dstPort")];
  const end = (address: string, port: string | undefined): string =>
    port === undefined ? address : `${address}:${port}`;
  const ends = src === undefined || dst === undefined ? "" : ` ${end(src, srcPort)} > ${end(dst, dstPort)}`;
  return `${innermost}${ends}, ${bytes.length} bytes`;
}
