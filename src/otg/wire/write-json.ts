/** Messages of the normal form as proto3 JSON: 64-bit numbers as text, as clients expect them. */
import { messageNamed, type SchemaField } from "../schema/index.js";
import type { Value } from "./read-value.js";

function written(field: SchemaField, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((one) => written(field, one));
  if (field.type.kind === "message") return jsonOf(field.type.message, value as Value);
  return field.type.kind === "scalar" && field.type.scalar === "uint64" ? String(value) : value;
}

export function jsonOf(name: string, value: Value): Record<string, unknown> {
  const message = messageNamed(name);
  const json: Record<string, unknown> = {};
  for (const key of Object.keys(value)) json[key] = written(message.byName.get(key)!, value[key]);
  return json;
}
