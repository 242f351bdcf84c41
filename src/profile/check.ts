/** Runs a schema over a YAML document. Mistakes become errors at their places, in the order of the text. */
import type { z } from "zod";
import type { PktgenError } from "../errors.js";
import { didYouMean } from "../nearest.js";
import type { YamlDocument, YamlPath } from "./document.js";
import { joined, mostListed } from "./mistakes.js";

/** The part of a zod schema that is needed to find what a path in it accepts. */
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

export const valueAtPath = (value: unknown, path: YamlPath): unknown =>
  path.reduce<unknown>((at, step) => (at as Readonly<Record<string | number, unknown>> | undefined)?.[step], value);

/** The most of a text that a message quotes. */
const mostQuoted = 60;

function inWords(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "an empty value";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a set of keys";
  return quoted(value);
}

/** As JSON, cut if it is long: a file of another kind may be one value of megabytes. */
export function quoted(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= mostQuoted ? text : `${text.slice(0, mostQuoted)}… (${text.length} characters)`;
}

/** What is known of keys at the top of a file, in addition to its schema. */
export interface TopKeys {
  /** Keys of the file's other kind. */
  readonly more: readonly string[];
  /** What to do about a key in the wrong place. */
  readonly hints: Readonly<Record<string, string>>;
}

function hintFor(key: string, keys: readonly string[], top: TopKeys | null): { readonly hint?: string } {
  const known = top !== null && Object.hasOwn(top.hints, key) ? top.hints[key] : undefined;
  if (known !== undefined) return { hint: known };
  return didYouMean(key, keys);
}

/** A bare number where a rate is a text. */
const rateHint = (value: unknown, accepted: string | undefined): { readonly hint?: string } =>
  typeof value === "number" && accepted?.startsWith("a rate") === true
    ? { hint: `${value} what? Frames per second are ${value}pps` }
    : {};

function locate(
  issue: z.core.$ZodIssue,
  document: YamlDocument,
  schema: SchemaNode,
  prefix: YamlPath,
  top: TopKeys | null,
): PktgenError[] {
  const below = issue.path as YamlPath;
  const path = [...prefix, ...below];
  const at = schemaAt(schema, below);
  if (issue.code === "unrecognized_keys") {
    const atTop = path.length === 0 ? top : null;
    const keys = [...keysOf(at), ...(atTop?.more ?? [])];
    const inOrder = issue.keys
      .map((key) => ({ key, offset: document.offsetOf(path, key) }))
      .sort((a, b) => a.offset - b.offset);
    return inOrder
      .slice(0, mostListed)
      .map(({ key }) =>
        document.errorAt(
          path,
          `unknown key ${quoted(key)}`,
          { accepted: keys.join(", "), ...hintFor(key, keys, atTop) },
          key,
        ),
      );
  }
  const value = valueAtPath(document.value, path);
  const name = below.filter((step) => typeof step === "string").join(".") || "the file";
  const what = value === undefined ? `${name} is missing` : `${name} can't be ${inWords(value)}`;
  const accepted = describedBy(at);
  return [
    document.errorAt(path, what, { ...(accepted === undefined ? {} : { accepted }), ...rateHint(value, accepted) }),
  ];
}

/** The value at `prefix`, typed; throws all its mistakes. `top`: where the prefix is empty. */
export function checkShape<T extends z.ZodType>(
  schema: T,
  document: YamlDocument,
  prefix: YamlPath = [],
  top: TopKeys | null = null,
): z.infer<T> {
  const parsed = schema.safeParse(valueAtPath(document.value, prefix));
  if (parsed.success) return parsed.data;
  const node = schema as unknown as SchemaNode;
  throw joined(parsed.error.issues.flatMap((issue) => locate(issue, document, node, prefix, top)));
}

/**
 * As checkShape of a whole file, but it ignores unknown keys if the rest is right. checkShape then reports them
 * together with the mistakes further inside.
 */
export function checkKnown<T extends z.ZodObject>(schema: T, document: YamlDocument, top: TopKeys): z.infer<T> {
  const loose = schema.strip().safeParse(document.value);
  return loose.success ? (loose.data as z.infer<T>) : checkShape(schema, document, [], top);
}
