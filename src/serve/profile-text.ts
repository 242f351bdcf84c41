/** A profile that comes as text in a request. Files that it names lie in the server's folder; no mistake says where that is. */
import { join } from "node:path";
import { PktgenError } from "../errors.js";
import { mistakesOf, type Profile, parseProfile, parseSettings } from "../profile/index.js";

interface TextPlace {
  /** Of the request: mistakes are at `field:line:column`. */
  readonly field: string;
  readonly folder: string;
  readonly set: readonly string[];
}

/** @throws PktgenError (2), which may have several mistakes */
export function profileOfText(text: string, { field, folder, set }: TextPlace): Profile {
  const file = join(folder, "request.yaml");
  const named = (words: string): string => words.replaceAll(file, field);
  try {
    const profile = parseProfile(text, file, { settings: parseSettings(set) });
    return { ...profile, file: field, notes: profile.notes.map(named) };
  } catch (error) {
    throw error instanceof PktgenError ? inField(error, named) : error;
  }
}

function inField(error: PktgenError, named: (words: string) => string): PktgenError {
  const all = mistakesOf(error);
  const { where, accepted, hint } = error;
  return new PktgenError(error.exitCode, named(error.message), {
    ...(where === undefined ? {} : { where: named(where) }),
    ...(accepted === undefined ? {} : { accepted }),
    ...(hint === undefined ? {} : { hint: named(hint) }),
    ...(all.length < 2 ? {} : { cause: new AggregateError(all.map((one) => inField(one, named))) }),
  });
}
