/** Moves errors of values to the values' place in the file, and reads what both kinds of profile have in common. */
import { PktgenError } from "../errors.js";
import { terminalText } from "../terminal-text.js";
import { checkFrameBytes, type FrameSize, parseSizes } from "../units.js";
import { checkShape, quoted } from "./check.js";
import type { YamlDocument, YamlPath } from "./document.js";
import { eachOf } from "./mistakes.js";
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

/** Names stand in reports and on terminals: nothing in them may steer one. */
export function checkName(document: YamlDocument, path: YamlPath, name: string): void {
  if (terminalText(name) === name) return;
  throw document.errorAt(path, `the name ${quoted(name)} has control characters`, {
    accepted: "a name of letters, digits, spaces and signs",
  });
}

/** One entry of `sizes`: a size, a range of them, a name, or a mix. */
export function sizesAt(document: YamlDocument, path: YamlPath, value: unknown): readonly FrameSize[] {
  if (typeof value === "number" || typeof value === "string") {
    return at(document, path, () => parseSizes(String(value), "sizes"));
  }
  const isMix = typeof value === "object" && value !== null && ("mix" in value || "parts" in value);
  if (!isMix) {
    const what = `no size can be ${Array.isArray(value) ? "a list in a list" : quoted(value)}`;
    const accepted =
      "a size, a range 64-1518:64, imix, rfc2544, plan, or a mix: { mix: NAME, parts: [{ size, weight }] }";
    throw document.errorAt(path, what, { accepted });
  }
  const { mix, parts } = checkShape(mixSchema, document, path);
  checkName(document, [...path, "mix"], mix);
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
  return eachOf(value as unknown[], (entry, i) => sizesAt(document, ["sizes", i], entry)).flat();
}
