/**
 * Names what lies at a byte of a dissected frame, so that a changed byte can be reported as `ipv4.ttl: 64, expected
 * 63`.
 */
import type { Dissection } from "./dissect.js";
import { type Field, type FieldValue, formatField, readField } from "./field.js";
import { fieldsOf, layerNames } from "./layout.js";

/** A field of a frame that was read. */
export interface LocatedField extends Field {
  /** Canonical, as in layout.ts: `ipv4.ttl`, `ipv4[1].ttl`. */
  readonly path: string;
  readonly layer: number;
  /** From the frame's first bit; `bitOffset` is from the header's. */
  readonly frameBitOffset: number;
  readonly value: FieldValue;
  /** The value as people write it. */
  readonly text: string;
}

/** All fields of a frame that was read, outermost first. */
export function locatedFields(bytes: Uint8Array, { layers }: Dissection): readonly LocatedField[] {
  const names = layerNames(layers.map(({ header }) => header));
  return layers.flatMap(({ header, start }, layer) =>
    fieldsOf(header).map((field) => {
      const value = readField(bytes, start, field);
      const path = `${names[layer]}.${field.name}`;
      const frameBitOffset = start * 8 + field.bitOffset;
      return { ...field, path, layer, frameBitOffset, value, text: formatField(field, value) };
    }),
  );
}

/** The fields that byte `offset` belongs to: several where they share it, none where it is reserved or no header's. */
export function fieldsAt(bytes: Uint8Array, dissection: Dissection, offset: number): readonly LocatedField[] {
  return locatedFields(bytes, dissection).filter(
    ({ frameBitOffset, bits }) => frameBitOffset < (offset + 1) * 8 && frameBitOffset + bits > offset * 8,
  );
}

/**
 * The names of byte `offset`: the paths of its fields (`ipv4.flags`, `ipv4.fragmentOffset`). Where no field has a name,
 * the header and the byte in it (`vxlan+1`), `payload+3` or `trailer+0`. Behind the frame: `beyond+0`.
 */
export function namesAt(bytes: Uint8Array, dissection: Dissection, offset: number): readonly string[] {
  const { layers, payload } = dissection;
  if (offset >= bytes.length) return [`beyond+${offset - bytes.length}`];
  if (offset >= payload.end) return [`trailer+${offset - payload.end}`];
  if (offset >= payload.start) return [`payload+${offset - payload.start}`];
  const fields = fieldsAt(bytes, dissection, offset);
  if (fields.length > 0) return fields.map(({ path }) => path);
  const names = layerNames(layers.map(({ header }) => header));
  const layer = layers.findLastIndex(({ start }) => start <= offset);
  return [`${names[layer]}+${offset - layers[layer].start}`];
}
