/**
 * Headers from words: the inputs that a protocol's header takes in a profile or on a command line, as data. One
 * function turns text and numbers into the values of its constructor. Errors name protocol, field and what is accepted.
 */
import { usageError } from "../errors.js";
import { didYouMean } from "../nearest.js";
import { parseIpv4, parseIpv6, parseMac } from "./address.js";

export type Input =
  /** 0 … 2^bits − 1; a number, or its text, decimal or 0x…; or one of the names, if there are any. */
  | {
      readonly kind: "uint";
      readonly bits: number;
      readonly names?: Readonly<Record<string, number>>;
      /** No numbers but the names' own; what to do about any other. */
      readonly only?: string;
    }
  | { readonly kind: "mac" | "ipv4" | "ipv6" | "flag" | "text" }
  /** Hex digits, with spaces, colons or hyphens between bytes; or a list of numbers. */
  | { readonly kind: "bytes" }
  | { readonly kind: "choice"; readonly of: readonly string[] }
  | { readonly kind: "object"; readonly of: Inputs }
  | { readonly kind: "list"; readonly of: Input };

/** By field name. `needed` are those without a default. */
export type Inputs = Readonly<Record<string, Input & { readonly needed?: true }>>;

/** A value of a profile: text, number, boolean, or lists and objects of them. */
export type InputValue = unknown;

/** For a protocol's table. */
export const input = {
  uint: (bits: number, names?: Readonly<Record<string, number>>): Input =>
    names === undefined ? { kind: "uint", bits } : { kind: "uint", bits, names },
  named: (bits: number, names: Readonly<Record<string, number>>, only: string): Input => ({
    kind: "uint",
    bits,
    names,
    only,
  }),
  mac: { kind: "mac" },
  ipv4: { kind: "ipv4" },
  ipv6: { kind: "ipv6" },
  flag: { kind: "flag" },
  text: { kind: "text" },
  bytes: { kind: "bytes" },
  choice: (...of: readonly string[]): Input => ({ kind: "choice", of }),
  object: (of: Inputs): Input => ({ kind: "object", of }),
  list: (of: Input): Input => ({ kind: "list", of }),
  needed: (of: Input): Input & { readonly needed: true } => ({ ...of, needed: true }),
} as const;

/** A constructor for values that `readInputs` read. */
export const made =
  <F, H>(construct: (fields: F) => H, defaults: Partial<F> = {}) =>
  (values: object): H =>
    construct({ ...defaults, ...values } as F);

/** Where in an input something is: `ipv4.options`, `igmp.records[1].group`. */
type Where = string;

/** The values as a constructor takes them. Throws a usage error for what is unknown, missing or not accepted. */
export function readInputs(inputs: Inputs, values: Readonly<Record<string, InputValue>>, where: Where): object {
  for (const name of Object.keys(values)) {
    if (Object.hasOwn(inputs, name)) continue;
    const names = Object.keys(inputs);
    throw usageError(`${where} has no field "${name}"`, {
      where: `${where}.${name}`,
      accepted: names.length === 0 ? "no fields" : names.join(", "),
      ...didYouMean(name, names),
    });
  }
  const read = Object.entries(inputs).flatMap(([name, input]) => {
    const value = values[name];
    if (value !== undefined && value !== null) return [[name, readInput(input, value, `${where}.${name}`)]];
    if (input.needed !== true) return [];
    throw usageError(`${where} needs ${name}`, { where, accepted: acceptedOf(input) });
  });
  return Object.fromEntries(read);
}

/** One value; throws a usage error. */
export function readInput(input: Input, value: InputValue, where: Where): unknown {
  const isText = typeof value === "string";
  switch (input.kind) {
    case "uint":
      return readUint(input, value, where);
    case "mac":
      return isText ? parseMac(value, where) : refuse(input, value, where);
    case "ipv4":
      return isText ? parseIpv4(value, where) : refuse(input, value, where);
    case "ipv6":
      return isText ? parseIpv6(value, where) : refuse(input, value, where);
    case "flag":
      return typeof value === "boolean" ? value : refuse(input, value, where);
    case "text":
      return isText ? value : refuse(input, value, where);
    case "bytes":
      return readBytes(value) ?? refuse(input, value, where);
    case "choice":
      return isText && input.of.includes(value) ? value : refuse(input, value, where);
    case "object":
      return isObject(value) ? readInputs(input.of, value, where) : refuse(input, value, where);
    case "list":
      if (!Array.isArray(value)) return refuse(input, value, where);
      return value.map((each, i) => readInput(input.of, each, `${where}[${i}]`));
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function readUint(input: Input & { kind: "uint" }, value: InputValue, where: Where): number {
  const named = typeof value === "string" && input.names !== undefined ? input.names[value] : undefined;
  if (named !== undefined) return named;
  const isNumber = typeof value === "number" || (typeof value === "string" && /^(0x[0-9a-fA-F]+|\d+)$/.test(value));
  const number = isNumber ? Number(value) : Number.NaN;
  const known = input.only === undefined || Object.values(input.names ?? {}).includes(number);
  const within = Number.isInteger(number) && number >= 0 && number < 2 ** input.bits;
  return known && within ? number : refuse(input, value, where);
}

/** Hex or numbers to bytes; null where it is neither. */
export function readBytes(value: InputValue): Uint8Array | null {
  if (value instanceof Uint8Array) return value;
  if (Array.isArray(value)) {
    return value.every((byte) => Number.isInteger(byte) && byte >= 0 && byte < 256) ? Uint8Array.from(value) : null;
  }
  const digits = typeof value === "string" ? value.replace(/^0x/, "").replaceAll(/[\s:-]/g, "") : "?";
  if (!/^([0-9a-fA-F]{2})*$/.test(digits)) return null;
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16));
}

function refuse(input: Input, value: InputValue, where: Where): never {
  const hint = input.kind === "uint" && input.only !== undefined ? { hint: input.only } : {};
  throw usageError(`${JSON.stringify(value)} is not accepted`, { where, accepted: acceptedOf(input), ...hint });
}

const namesInWords = (names: Readonly<Record<string, number>>): string =>
  Object.entries(names)
    .map(([name, number]) => `${name} (0x${number.toString(16)})`)
    .join(", ");

/** What is accepted, for an error. */
export function acceptedOf(input: Input): string {
  switch (input.kind) {
    case "uint": {
      if (input.only !== undefined) return namesInWords(input.names ?? {});
      const range = `0 to ${2 ** input.bits - 1}`;
      return input.names === undefined ? range : `${Object.keys(input.names).join(", ")}, or ${range}`;
    }
    case "mac":
      return "a MAC address, e.g. 00:11:22:33:44:10";
    case "ipv4":
      return "an IPv4 address, e.g. 198.18.0.1";
    case "ipv6":
      return "an IPv6 address, e.g. 2001:2::1";
    case "flag":
      return "true or false";
    case "text":
      return "text";
    case "bytes":
      return 'pairs of hex digits, e.g. "94 04 00 00"';
    case "choice":
      return input.of.join(", ");
    case "object":
      return `fields: ${Object.keys(input.of).join(", ")}`;
    case "list":
      return `a list, each ${acceptedOf(input.of)}`;
  }
}
