/** Errors of values, moved to the values' place in the file; and what the two kinds of profile read alike. */
import { PktgenError } from "../errors.js";
import { checkFrameBytes, type FrameSize, parseSizes } from "../units.js";
import { checkShape } from "./check.js";
import type { YamlDocument, YamlPath } from "./document.js";
import { mixSchema } from "./schema.js";

/** Runs `make`; its usage errors move to `path` in the file. */
export function at<T>(document: YamlDocument, pathOf: YamlPath | ((where: string) => YamlPath), make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof PktgenError)) throw error;
    const path = typeof pathOf === "function" ? pathOf(error.where ?? "") : pathOf;
    throw document.errorAt(path, error.message, { ...error.details, cause: error });
  }
}

/** One entry of `sizes`: a size, a range of them, a name, or a mix. */
export function sizesAt(document: YamlDocument, path: YamlPath, value: unknown): readonly FrameSize[] {
  if (typeof value === "number" || typeof value === "string") {
    return at(document, path, () => parseSizes(String(value), "sizes"));
  }
  const { mix, parts } = checkShape(mixSchema, document, path);
  const checked = parts.map(({ size, weight }, i) => {
    const frameBytes = at(document, [...path, "parts", i, "size"], () => checkFrameBytes(size, "size"));
    return { frameBytes, weight };
  });
  return [{ kind: "mix", name: mix, parts: checked }];
}

/** `sizes`: one entry or a list. */
export function sizesOf(document: YamlDocument, value: unknown): readonly FrameSize[] {
  if (!Array.isArray(value)) return sizesAt(document, ["sizes"], value);
  if (value.length === 0) throw document.errorAt(["sizes"], "sizes is empty", { accepted: "at least one size" });
  return value.flatMap((entry: unknown, i) => sizesAt(document, ["sizes", i], entry));
}
