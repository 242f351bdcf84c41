/**
 * Parameters of a profile: `parameters: { dst: 198.19.0.1 }` gives names their defaults, `${dst}` in any value stands
 * for one, and `--set dst=…` sets it. A value that is just `${dst}` gets the parameter's type.
 */
import { parse } from "yaml";
import { usageError } from "../errors.js";
import { didYouMean } from "../nearest.js";
import type { YamlDocument, YamlPath } from "./document.js";

export type Parameters = ReadonlyMap<string, string | number | boolean>;

/** What --set gives, each name once. @throws PktgenError (2) */
export function parseSettings(texts: readonly string[]): Parameters {
  const settings = new Map<string, string | number | boolean>();
  for (const [name, value] of texts.map(parseSetting)) {
    if (settings.has(name)) {
      throw usageError(`the parameter "${name}" is set twice`, { where: "--set", accepted: "each parameter once" });
    }
    settings.set(name, value);
  }
  return settings;
}

/** `name=value`: the value as YAML reads it. */
function parseSetting(text: string): readonly [name: string, value: string | number | boolean] {
  const match = /^([A-Za-z_]\w*)=(.*)$/s.exec(text);
  if (match === null) throw usageError(`"${text}" sets nothing`, { where: "--set", accepted: "name=value" });
  const [, name, value] = match;
  let read: unknown;
  try {
    read = parse(value);
  } catch {
    read = value;
  }
  return [name, typeof read === "number" || typeof read === "boolean" ? read : value];
}

/** Settings over defaults; a usage error for a name that the profile does not have. */
export function settle(defaults: Parameters, settings: Parameters): Parameters {
  const names = [...defaults.keys()];
  for (const name of settings.keys()) {
    if (defaults.has(name)) continue;
    throw usageError(`the profile has no parameter "${name}"`, {
      where: "--set",
      accepted: names.length === 0 ? "nothing: it has no parameters" : names.join(", "),
      ...didYouMean(name, names),
    });
  }
  return new Map([...defaults, ...settings]);
}

/** The document with its values filled in; errors still point at the place in the text. */
export function withParameters(document: YamlDocument, parameters: Parameters): YamlDocument {
  return { ...document, value: fill(document, parameters, document.value, []) };
}

function fill(document: YamlDocument, parameters: Parameters, value: unknown, path: YamlPath): unknown {
  if (typeof value === "string") return fillText(document, parameters, value, path);
  if (Array.isArray(value)) return value.map((each, i) => fill(document, parameters, each, [...path, i]));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, each]) => [key, fill(document, parameters, each, [...path, key])]);
  return Object.fromEntries(entries);
}

function fillText(document: YamlDocument, parameters: Parameters, text: string, path: YamlPath): unknown {
  const settled = (name: string): string | number | boolean => {
    const value = parameters.get(name);
    if (value !== undefined) return value;
    const names = [...parameters.keys()];
    throw document.errorAt(path, `there is no parameter "${name}"`, {
      accepted: names.length === 0 ? "none: the profile has no parameters" : names.join(", "),
      ...didYouMean(name, names),
    });
  };
  const whole = /^\$\{(\w+)\}$/.exec(text);
  if (whole !== null) return settled(whole[1]);
  return text.replaceAll(/\$\{(\w+)\}/g, (_, name: string) => String(settled(name)));
}
