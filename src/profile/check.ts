/** Runs a schema over a YAML document; the first mistake, in the order of the text, becomes an error at its place. */
import type { z } from "zod";
import type { PktgenError } from "../errors.js";
import { nearest } from "../nearest.js";
import type { YamlDocument, YamlPath } from "./document.js";

/** As much of a zod schema as is needed to find what a path in it accepts. */
interface SchemaNode {
  readonly description?: string | undefined;
  readonly shape?: Readonly<Record<string, SchemaNode>>;
  readonly element?: SchemaNode;
  readonly unwrap?: () => SchemaNode;
}

/** Arrays have `unwrap` too, for their element; there the path decides. */
function schemaAt(schema: SchemaNode, path: YamlPath): SchemaNode | null {
  let node: SchemaNode | undefined = schema;
  for (const step of path) {
    while (node !== undefined && node.shape === undefined && node.element === undefined) node = node.unwrap?.();
    node = typeof step === "number" ? node?.element : node?.shape?.[step];
  }
  return node ?? null;
}

function keysOf(schema: SchemaNode | null): string[] {
  let node = schema ?? undefined;
  while (node !== undefined && node.shape === undefined && node.element === undefined) node = node.unwrap?.();
  return Object.keys(node?.shape ?? {});
}

/** `.partial()` wraps what was described. */
function describedBy(schema: SchemaNode | null): string | undefined {
  return schema?.description ?? (schema?.element === undefined ? schema?.unwrap?.().description : undefined);
}

const valueAt = (value: unknown, path: YamlPath): unknown =>
  path.reduce<unknown>((at, step) => (at as Readonly<Record<string | number, unknown>> | undefined)?.[step], value);

function inWords(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "an empty value";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a set of keys";
  return JSON.stringify(value);
}

/** Where it starts in the text, and the error. */
interface Located {
  readonly offset: number;
  readonly error: PktgenError;
}

function locate(issue: z.core.$ZodIssue, document: YamlDocument, schema: SchemaNode, prefix: YamlPath): Located {
  const below = issue.path as YamlPath;
  const path = [...prefix, ...below];
  const at = schemaAt(schema, below);
  if (issue.code === "unrecognized_keys") {
    const keys = keysOf(at);
    const key = issue.keys[0]!;
    const meant = nearest(key, keys);
    const details = { accepted: keys.join(", "), ...(meant === null ? {} : { hint: `did you mean ${meant}?` }) };
    return {
      offset: document.offsetOf(path, key),
      error: document.errorAt(path, `unknown key "${key}"`, details, key),
    };
  }
  const value = valueAt(document.value, path);
  const name = below.filter((step) => typeof step === "string").join(".") || "the file";
  const what = value === undefined ? `${name} is missing` : `${name} can't be ${inWords(value)}`;
  const accepted = describedBy(at);
  const error = document.errorAt(path, what, accepted === undefined ? {} : { accepted });
  return { offset: document.offsetOf(path), error };
}

/** The value at `prefix`, typed; throws the error that comes first in the text. */
export function checkShape<T extends z.ZodType>(schema: T, document: YamlDocument, prefix: YamlPath = []): z.infer<T> {
  const parsed = schema.safeParse(valueAt(document.value, prefix));
  if (parsed.success) return parsed.data;
  const located = parsed.error.issues.map((issue) => locate(issue, document, schema as unknown as SchemaNode, prefix));
  throw located.reduce((first, next) => (next.offset < first.offset ? next : first)).error;
}
