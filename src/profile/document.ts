/** YAML text that knows where each of its values stands, so that an error can point at it. */
import { type Document, isMap, isScalar, LineCounter, type Node, parseDocument, visit } from "yaml";
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

/** The yaml package's sentence without the code frame below it. */
const firstLine = (message: string): string =>
  (message.split("\n")[0] ?? "").replace(/ at line \d+, column \d+:?$/, "");

/** The first alias, which is what cannot be made into data where a document has no errors. */
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

/** Parses YAML 1.2 (core schema). `file` is for messages only. Throws at the first mistake in the syntax. */
export function parseYaml(text: string, file: string): YamlDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, version: "1.2", uniqueKeys: true, logLevel: "error" });
  const where = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const [broken] = document.errors;
  if (broken !== undefined) {
    throw usageError(firstLine(broken.message), { where: where(broken.pos[0]), accepted: "YAML 1.2", cause: broken });
  }
  let value: unknown;
  try {
    value = document.toJS();
  } catch (cause) {
    const details = { where: where(offsetOfAlias(document)), accepted: "*name after &name", cause };
    throw usageError(cause instanceof Error ? firstLine(cause.message) : String(cause), details);
  }
  const offsetOf = (path: YamlPath, key?: string): number => {
    // A value that is absent has no place of its own: its nearest ancestor's is shown.
    for (let depth = path.length; depth >= 0; depth--) {
      const node = document.getIn(path.slice(0, depth), true) as Node | undefined;
      if (node?.range == null) continue;
      if (key === undefined || depth < path.length || !isMap(node)) return node.range[0];
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === key);
      return isScalar(pair?.key) ? (pair.key.range?.[0] ?? node.range[0]) : node.range[0];
    }
    return 0;
  };
  return {
    value,
    offsetOf,
    errorAt: (path, what, details = {}, key) => usageError(what, { ...details, where: where(offsetOf(path, key)) }),
  };
}
