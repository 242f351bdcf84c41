/** From a program's values to the texts that options have, and from an option's error to a field's. Pure. */
import { PktgenError, usageError } from "../errors.js";
import { didYouMean } from "../nearest.js";
import { nameOf, type Option } from "./option.js";

/**
 * How a field's value becomes an option's text: `words` joins a list with commas, `rate` takes a number as frames per
 * second, `flag` is there or not, and `optional` is that or `words`. `texts` may be given again, `set` is `name=value`,
 * `bytes` is a text or bytes as `hex:…`, and `own` is not read as an option.
 */
export type RequestFieldKind = "words" | "rate" | "flag" | "optional" | "texts" | "bytes" | "set" | "own";

/** The kind of the field that an option is. */
export function fieldKindOf({ flags, repeats }: Pick<Option<never, unknown>, "flags" | "repeats">): RequestFieldKind {
  if (repeats === true) return "texts";
  if (flags === nameOf({ flags })) return "flag";
  if (flags.endsWith("]")) return "optional";
  return flags.endsWith("<rate>") ? "rate" : "words";
}

/** The fields of a request. */
export type FieldKinds<Request> = Readonly<Record<keyof Request & string, RequestFieldKind>>;

export type OptionTexts = Readonly<Record<string, string | true | readonly string[]>>;

const accepted: Readonly<Record<RequestFieldKind, string>> = {
  rate: 'frames per second as a number, or text such as "10kpps"',
  words: "text, a number, or a list of them",
  flag: "true or false",
  optional: "true or false, or text, a number, or a list of them",
  texts: "text, or a list of texts",
  bytes: "text, or bytes (Uint8Array)",
  set: "an object of names and values",
  own: "a value",
};

/** Without an exponent, which options do not have. */
const digits = (value: number): string =>
  value.toLocaleString("en-US", { useGrouping: false, maximumFractionDigits: 20 });

const isWord = (value: unknown): value is string | number =>
  typeof value === "string" || (typeof value === "number" && Number.isFinite(value));

const word = (value: string | number): string => (typeof value === "number" ? digits(value) : value);

/** undefined: the value is not of its kind. */
function textOf(kind: RequestFieldKind, value: unknown): string | true | readonly string[] | undefined {
  switch (kind) {
    case "flag":
      return value === true ? true : undefined;
    case "optional":
      return value === true ? true : textOf("words", value);
    case "rate":
      return typeof value === "number" && Number.isFinite(value) ? `${digits(value)}pps` : textOf("words", value);
    case "words":
      if (Array.isArray(value) && value.every(isWord)) return value.map(word).join(",");
      return isWord(value) ? word(value) : undefined;
    case "texts":
      if (Array.isArray(value) && value.every(isWord)) return value.map(word);
      return isWord(value) ? [word(value)] : undefined;
    case "bytes":
      if (value instanceof Uint8Array) return `hex:${Buffer.from(value).toString("hex")}`;
      return typeof value === "string" ? value : undefined;
    case "set":
      if (typeof value !== "object" || value === null) return undefined;
      return Object.entries(value).map(([name, setting]) => `${name}=${String(setting)}`);
    default:
      return undefined;
  }
}

const isNotGiven = (kind: RequestFieldKind, value: unknown): boolean =>
  value === undefined || (value === false && (kind === "flag" || kind === "optional"));

/**
 * The options that a request's fields are. A field that is `undefined` is not given, nor is a flag that is `false`.
 * @throws PktgenError (2) for what is no object, a field that does not exist, or a value of another kind.
 */
export function optionTexts<Request extends object>(request: Request, kinds: FieldKinds<Request>): OptionTexts {
  if (typeof request !== "object" || request === null || Array.isArray(request)) {
    throw usageError(`${shown(request)} is no request`, { accepted: "an object, e.g. { sizes: [64, 1518] }" });
  }
  const texts: Record<string, string | true | readonly string[]> = {};
  const known: Readonly<Record<string, RequestFieldKind>> = kinds;
  for (const [name, value] of Object.entries(request)) {
    if (!Object.hasOwn(known, name)) {
      const names = Object.keys(known);
      const hint = didYouMean(name, names);
      throw usageError("there is no such option", { where: name, accepted: names.join(", "), ...hint });
    }
    const kind = known[name]!;
    if (kind === "own" || isNotGiven(kind, value)) continue;
    const text = textOf(kind, value);
    if (text === undefined)
      throw usageError(`${shown(value)} cannot be its value`, { where: name, accepted: accepted[kind] });
    texts[name] = text;
  }
  return texts;
}

/** A value of a program, for an error. */
export function shown(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(shown).join(", ")}]`;
  return typeof value === "string" ? `"${value}"` : String(value);
}

/** `--pin-flows` is the field `pinFlows`. In the name of a file it stays. */
const fieldNames = (text: string): string =>
  text.replace(/(?<![\w./-])--([a-z][a-z0-9]*(?:-[a-z0-9]+)*)/g, (_, name: string) =>
    name.replace(/-([a-z0-9])/g, (_dash, letter: string) => letter.toUpperCase()),
  );

/** Runs what reads options; its errors name fields in place of options. */
export async function namingFields<T>(run: () => T | Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof PktgenError)) throw error;
    const { where, accepted: isAccepted, hint } = error;
    throw new PktgenError(error.exitCode, fieldNames(error.message), {
      ...(where === undefined ? {} : { where: fieldNames(where) }),
      ...(isAccepted === undefined ? {} : { accepted: fieldNames(isAccepted) }),
      ...(hint === undefined ? {} : { hint: fieldNames(hint) }),
      cause: error,
    });
  }
}

/** What a result says of how it was asked for: `run({"sizes":[64],"rate":"10kpps"})`. */
export function callText(name: string, request: object): string {
  const plain = (_key: string, value: unknown): unknown => {
    if (typeof value === "bigint") return String(value);
    if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
    return value;
  };
  const { profile } = request as { readonly profile?: unknown };
  const said = typeof profile === "object" ? { ...request, profile: "(an object)" } : request;
  return `${name}(${JSON.stringify(said, plain)})`;
}
