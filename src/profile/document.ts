/** YAML text that knows the place of each of its values, so that an error can point at it. */
import {
  Composer,
  type CST,
  type Document,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  Parser,
  visit,
  type YAMLMap,
} from "yaml";
import { type ErrorDetails, type PktgenError, usageError } from "../errors.js";

/** Keys and indices from the root. */
export type YamlPath = readonly (string | number)[];

export interface YamlDocument {
  /** Plain data. */
  readonly value: unknown;
  /** A usage error at the value of `path`, or, with `key`, at that key of it. */
  errorAt(path: YamlPath, what: string, details?: ErrorDetails, key?: string): PktgenError;
  /** For sorting errors: characters from the start. */
  offsetOf(path: YamlPath, key?: string): number;
}

/** The most that is shown of the yaml package's sentence, which may quote the file. */
const mostSentence = 160;

/** The yaml package's sentence without the code frame below it. */
function firstLine(message: string): string {
  const sentence = (message.split("\n")[0] ?? "").replace(/ at line \d+, column \d+:?$/, "");
  return sentence.length <= mostSentence ? sentence : `${sentence.slice(0, mostSentence)}…`;
}

/** The first alias. In a document without errors, only an alias can fail to become data. */
function offsetOfAlias(document: Document): number {
  let offset = 0;
  visit(document, {
    Alias: (_, node) => {
      offset = node.range?.[0] ?? 0;
      return visit.BREAK;
    },
  });
  return offset;
}

/** The first key that is there twice. The yaml package compares each key with each, which takes minutes for 100,000. */
function offsetOfSecond(document: Document): number | null {
  let offset: number | null = null;
  visit(document, {
    Map: (_, { items }) => {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        if (seen.has(key.value)) {
          offset = key.range?.[0] ?? 0;
          return visit.BREAK;
        }
        seen.add(key.value);
      }
      return undefined;
    },
  });
  return offset;
}

/** Finds the nodes of a document by their paths. Each map is read once, however many of its keys are asked for. */
class NodeFinder {
  readonly #root: Node | null;
  readonly #pairs = new WeakMap<YAMLMap, ReadonlyMap<string, Pair>>();

  constructor(document: Document) {
    this.#root = document.contents;
  }

  at(path: YamlPath): Node | undefined {
    let node: unknown = this.#root;
    for (const step of path) {
      if (isMap(node)) node = this.pair(node, String(step))?.value;
      else node = isSeq(node) ? node.items[Number(step)] : undefined;
    }
    return isNode(node) ? node : undefined;
  }

  pair(map: YAMLMap, key: string): Pair | undefined {
    const known = this.#pairs.get(map);
    if (known !== undefined) return known.get(key);
    const pairs = new Map(map.items.flatMap((pair) => (isScalar(pair.key) ? [[String(pair.key.value), pair]] : [])));
    this.#pairs.set(map, pairs);
    return pairs.get(key);
  }
}

/** Parses YAML 1.2 (core schema). `file` is for messages only. Throws at the first mistake in the syntax. */
export function parseYaml(text: string, file: string): YamlDocument {
  const lines = new LineCounter();
  const where = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const document = documentOf(text, lines, where);
  const [broken] = document.errors;
  if (broken !== undefined) {
    throw usageError(firstLine(broken.message), { where: where(broken.pos[0]), accepted: "YAML 1.2", cause: broken });
  }
  const second = offsetOfSecond(document);
  if (second !== null) throw usageError("Map keys must be unique", { where: where(second), accepted: "YAML 1.2" });
  let value: unknown;
  try {
    value = document.toJS();
  } catch (cause) {
    const details = { where: where(offsetOfAlias(document)), accepted: "*name after &name", cause };
    throw usageError(cause instanceof Error ? firstLine(cause.message) : String(cause), details);
  }
  const nodes = new NodeFinder(document);
  const offsetOf = (path: YamlPath, key?: string): number => {
    // A missing value has no place, so its nearest ancestor's is shown.
    for (let depth = path.length; depth >= 0; depth--) {
      const node = nodes.at(path.slice(0, depth));
      if (node?.range == null) continue;
      if (key === undefined || depth < path.length || !isMap(node)) return node.range[0];
      const pair = nodes.pair(node, key);
      return isScalar(pair?.key) ? (pair.key.range?.[0] ?? node.range[0]) : node.range[0];
    }
    return 0;
  };
  const read: YamlDocument = {
    value,
    offsetOf,
    errorAt: (path, what, details = {}, key) => usageError(what, { ...details, where: where(offsetOf(path, key)) }),
  };
  checkTree(read);
  return read;
}

/** Values in values. A stream's option in its header in its packet is at 9. */
const mostLevels = 50;
const levels = `up to ${mostLevels} levels of lists and keys`;

/** The file's only document. `where`: a place in it, in words. */
function documentOf(text: string, lines: LineCounter, where: (offset: number) => string): Document {
  const tokens = [...new Parser(lines.addNewLine).parse(text)];
  // What composes documents calls itself for each level, and V8 ends the process where the stack runs out in there.
  const deep = tooDeep(tokens);
  if (deep !== null) throw usageError("values are nested too deeply", { where: where(deep.offset), accepted: levels });
  const options = { lineCounter: lines, version: "1.2", uniqueKeys: false, logLevel: "error" } as const;
  const [first, second] = new Composer(options).compose(tokens, true, text.length);
  if (first !== undefined && second === undefined) return first as Document;
  throw usageError("there are several documents, with --- between them", {
    where: where(second?.range[0] ?? 0),
    accepted: "one document",
  });
}

/** The first token that is nested too deeply; without recursion. */
function tooDeep(tokens: readonly CST.Token[]): CST.Token | null {
  const open = tokens.map((token) => ({ token, level: 0 }));
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { token, level } = next;
    if (level > mostLevels) return token;
    if (token.type === "document" && token.value !== undefined) open.push({ token: token.value, level });
    if (!("items" in token)) continue;
    for (const { key, value } of token.items) {
      for (const inner of [key, value]) if (inner != null) open.push({ token: inner, level: level + 1 });
    }
  }
  return null;
}

/** Throws where a value contains itself, by an alias, or where values are nested too deeply. */
function checkTree(document: YamlDocument): void {
  const done = new Set<object>();
  const within: object[] = [];
  const check = (value: unknown, path: YamlPath): void => {
    if (typeof value !== "object" || value === null) return;
    if (within.includes(value)) {
      throw document.errorAt(path, "this alias stands for something that it is in", {
        accepted: "*name of a value that ends before the alias",
      });
    }
    if (within.length >= mostLevels) throw document.errorAt(path, "values are nested too deeply", { accepted: levels });
    if (done.has(value)) return;
    within.push(value);
    if (Array.isArray(value)) for (const [i, each] of value.entries()) check(each, [...path, i]);
    else for (const [key, each] of Object.entries(value)) check(each, [...path, key]);
    within.pop();
    done.add(value);
  };
  check(document.value, []);
}
