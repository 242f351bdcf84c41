/** The files that a profile of streams includes, each once and before the one that includes it. */
import { checkKnown } from "./check.js";
import { parseYaml, type YamlDocument, type YamlPath } from "./document.js";
import type { ProfileFiles } from "./files.js";
import { at } from "./located.js";
import type { Parameters } from "./parameters.js";
import { streamsKeys } from "./top-keys.js";
import { trafficSchema } from "./traffic-schema.js";

export interface Part {
  readonly document: YamlDocument;
  readonly file: string;
  readonly parameters: Parameters;
  readonly streams: readonly unknown[];
}

/** Files that include each other, one in the other. */
const mostLevels = 16;

/** `chain`: this file, and those that it was included by. A file that several include is there once, where it is first. */
export function withIncluded(
  document: YamlDocument,
  file: string,
  files: ProfileFiles,
  chain: readonly string[] = [files.profile],
): readonly Part[] {
  // Unknown keys are reported later, together with all mistakes in streams.
  const shape = checkKnown(trafficSchema, document, streamsKeys);
  const own = {
    document,
    file,
    parameters: new Map(Object.entries(shape.parameters ?? {})),
    streams: shape.streams ?? [],
  };
  const names = typeof shape.include === "string" ? [shape.include] : (shape.include ?? []);
  const included = names.flatMap((name, i) => {
    const path: YamlPath = typeof shape.include === "string" ? ["include"] : ["include", i];
    const refuse = (what: string, accepted: string) => document.errorAt(path, what, { accepted });
    if (names.indexOf(name) !== i) throw refuse(`${name} is included twice`, "each file once");
    const target = at(document, path, () => files.locate(name, file));
    if (chain.includes(target)) throw refuse(`${name} includes itself`, "files that do not include each other");
    if (chain.length >= mostLevels) throw refuse("files are included too deeply", `up to ${mostLevels} levels`);
    const { text } = at(document, path, () => files.include(name, file));
    return text === null ? [] : withIncluded(parseYaml(text, target), target, files, [...chain, target]);
  });
  return [...included, own];
}
