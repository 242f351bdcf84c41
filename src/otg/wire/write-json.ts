/** Messages of the normal form as proto3 JSON: 64-bit numbers as text, as clients expect them. */
import { messageNamed, type SchemaField } from "../schema/index.js";
import type { Value } from "./read-value.js";

type Written = Record<string, unknown>;

const isNumber64 = ({ type }: SchemaField): boolean => type.kind === "scalar" && type.scalar === "uint64";

/** By message: the fields that JSON has otherwise, or that have such fields. */
const changed = new Map<string, readonly SchemaField[]>();

function changedFields(name: string): readonly SchemaField[] {
  const known = changed.get(name);
  if (known !== undefined) return known;
  // A message may be in itself.
  changed.set(name, messageNamed(name).fields);
  const isChanged = (field: SchemaField): boolean =>
    isNumber64(field) || (field.type.kind === "message" && changedFields(field.type.message).length > 0);
  const fields = messageNamed(name).fields.filter(isChanged);
  changed.set(name, fields);
  return fields;
}

function written(field: SchemaField, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((one) => written(field, one));
  return field.type.kind === "message" ? jsonOf(field.type.message, value as Value) : String(value);
}

/** What JSON has as it is, is shared. */
export function jsonOf(name: string, value: Value): Written {
  const fields = changedFields(name);
  if (fields.length === 0) return value as Written;
  const json: Written = { ...value };
  for (const field of fields) {
    const given = value[field.name];
    if (given !== undefined) json[field.name] = written(field, given);
  }
  return json;
}
